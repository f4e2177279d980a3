import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PASSWORD, Visitor } from '../support/app.js';
import { closeBrowsers, describeWithBrowser, inBrowser, openBrowser } from '../support/browser.js';
import { Server, newFolder } from '../support/server.js';
import { STORAGES } from '../support/storages.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ROOT = 'root@example.com';
const SIZE = { width: 1100, height: 900 };

describeWithBrowser('The administration in a real browser', () => {
  let browser: Browser | undefined;

  afterEach(async () => {
    const contexts = browser?.isConnected() ? browser.contexts() : [];
    await Promise.all(contexts.map((context) => context.close()));
  });

  afterAll(closeBrowsers);

  const newContext = async (): Promise<BrowserContext> => {
    if (!browser?.isConnected()) browser = await openBrowser();
    return browser.newContext({ viewport: SIZE, locale: 'en', acceptDownloads: true });
  };

  for (const storage of ['SQLite', 'PostgreSQL'] as const)
    STORAGES[storage].describe(`with ${storage}`, () => {
      let server: Server;
      let drop: () => Promise<void>;
      let dropSessions: () => Promise<void>;

      beforeAll(async () => {
        const opened = await STORAGES[storage].open();
        // The second server has its sessions in Redis.
        const redis = await STORAGES.Redis.open();
        [drop, dropSessions] = [opened.drop, redis.drop];
        const { SESSION_STORE_URL } = storage === 'PostgreSQL' ? redis.variables : opened.variables;
        const sessions = SESSION_STORE_URL === undefined ? {} : { SESSION_STORE_URL };
        const variables = { ...opened.variables, ...sessions, MAIL_URL: 'file:mail' };
        server = await Server.start(newFolder(), { ...variables, REGISTRATION: 'first' });
        const root = new Visitor(`${server.url}/api/v1`, {});
        await root.post('/users', { email: ROOT, password: PASSWORD });
        await root.post('/auth_session/login', { email: ROOT, password: PASSWORD });
        for (const name of ['Ann', 'Ben', 'Cleo']) {
          const user = { email: `${name.toLowerCase()}@example.com`, password: PASSWORD, first_name: name };
          expect((await root.post('/users', user)).status).toBe(201);
        }
      });

      afterAll(async () => {
        await server?.stop();
        await drop?.();
        await dropSessions?.();
      });

      /** A tab in a browser of its own, in which somebody has signed in on the page that they wanted to see. */
      const signedIn = async (path: string, email = ROOT): Promise<Page> => {
        const page = await (await newContext()).newPage();
        await page.goto(`${server.url}${path}`);
        await page.fill('[name=email]', email);
        await page.fill('[name=password]', PASSWORD);
        await page.click('form button[type=submit]');
        await page.waitForURL(`${server.url}${path}`);
        await page.waitForSelector('h1');
        return page;
      };

      const search = async (page: Page, fields: Readonly<Record<string, string>>): Promise<void> => {
        for (const [name, value] of Object.entries(fields)) {
          const field = page.locator(`.filters [name=${name}]`);
          await (name === 'sort' || name === 'disabled' ? field.selectOption(value) : field.fill(value));
        }
        await page.click('.filters button');
      };

      /** Waits until the texts at a selector are right. The policy of the pages forbids `waitForFunction`. */
      const expectTexts = async (
        page: Page,
        selector: string,
        areRight: (texts: readonly string[]) => boolean,
      ): Promise<void> => {
        let texts: readonly string[] = [];
        for (let looks = 0; looks < 100; looks += 1) {
          texts = await page.locator(selector).allTextContents();
          if (areRight(texts)) return;
          await delay(100);
        }
        throw new Error(`Not the texts that were expected at ${selector}: ${JSON.stringify(texts)}`);
      };

      /** Waits until the first column of the only table has these texts. */
      const expectRows = (page: Page, expected: readonly string[]) =>
        expectTexts(page, 'tbody th', (texts) => JSON.stringify(texts) === JSON.stringify(expected));

      it('leads people who are not signed in to the sign-in and back, and is for administrators only', () =>
        inBrowser(async () => {
          const page = await signedIn('/admin/people');
          await expectRows(page, [ROOT, 'ann@example.com', 'ben@example.com', 'cleo@example.com']);
          const other = await signedIn('/admin/people', 'ben@example.com');
          await other.waitForSelector('text=These pages are for administrators.');
          expect(await other.locator('table').count()).toBe(0);
        }));

      it('finds people by address, name, role and state, in any order', () =>
        inBrowser(async () => {
          const page = await signedIn('/admin/people');
          await search(page, { email: 'ANN' });
          await expectRows(page, ['ann@example.com']);
          await search(page, { email: '', name: 'cl' });
          await expectRows(page, ['cleo@example.com']);
          await search(page, { name: '', role: 'user', sort: '-email' });
          await expectRows(page, ['cleo@example.com', 'ben@example.com', 'ann@example.com']);
          await search(page, { role: '', disabled: 'true' });
          await page.waitForSelector('text=Nobody was found.');
          await page.goBack();
          await expectRows(page, ['cleo@example.com', 'ben@example.com', 'ann@example.com']);
        }));

      it('ends the sessions of a disabled person in another browser, who learns why', () =>
        inBrowser(async () => {
          const ann = await signedIn('/account/devices', 'ann@example.com');
          const page = await signedIn('/admin/people?email=ann');
          await page.click('tbody a');
          await page.waitForSelector('h2:has-text("Sessions")');
          await page.waitForSelector('.cards li');
          await page.click('text=Disable the account');
          await page.waitForSelector('text=Enable the account');
          await ann.click('nav >> text=Profile');
          await ann.waitForSelector('text=This account was disabled.');
          await page.click('text=Enable the account');
          await page.waitForSelector('text=Disable the account');
        }));

      it('ends all sessions of a person, and shows the events of that at once', () =>
        inBrowser(async () => {
          await signedIn('/account/devices', 'ann@example.com');
          const page = await signedIn('/admin/people?email=ann');
          await page.click('tbody a');
          await page.click('text=End all');
          await page.locator('section[aria-labelledby=sessions]', { hasText: 'There are none.' }).waitFor();
          await page.locator('section[aria-labelledby=events]', { hasText: 'ended_by_admin' }).waitFor();
        }));

      it('requires a new password by a link that is shown once', () =>
        inBrowser(async () => {
          const page = await signedIn('/admin/people?email=ben');
          await page.click('tbody a');
          await page.click('text=Require a new password');
          const link = (await page.textContent('code.secret'))!;
          await page.locator('section[aria-labelledby=sessions]', { hasText: 'There are none.' }).waitFor();
          await page.locator('section[aria-labelledby=events]', { hasText: 'reset' }).waitFor();
          expect(link).toMatch(/^http:..[^/]+\/account\/reset#token=/);
          const ben = new Visitor(`${server.url}/api/v1`, {});
          expect(
            (await ben.post('/auth_session/login', { email: 'ben@example.com', password: PASSWORD })).status,
          ).toBe(401);
          const his = await (await page.context().browser()!.newContext({ locale: 'en' })).newPage();
          await his.goto(link);
          await his.fill('[name=new_password]', `${PASSWORD} and more`);
          await his.click('main form button[type=submit]');
          await his.waitForSelector('.notice.good');
          await his.context().close();
          await page.reload();
          await page.waitForSelector('text=Require a new password');
          expect(await page.locator('code.secret').count()).toBe(0);
          await page.goto(`${server.url}/admin/person`);
          await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
        }));

      it('invites people, and asks again who the administrator is where the API does', () =>
        inBrowser(async () => {
          const page = await signedIn('/admin/people');
          await page.route('**/api/v1/invitations', async (route) => {
            const body = { code: 'session_not_fresh', status: 403, detail: 'Confirm.' };
            await route.fulfill({ status: 403, contentType: 'application/problem+json', json: body });
            await page.unroute('**/api/v1/invitations');
          });
          await page.fill('section [name=email]', 'dan@example.com');
          await page.click('section button[type=submit]');
          await page.fill('dialog [name=password]', PASSWORD);
          await page.click('dialog button[type=submit]');
          await page.waitForSelector('text=dan@example.com gets an e-mail');
          await search(page, { email: 'dan' });
          await expectRows(page, ['dan@example.com']);
        }));

      it('shows events by filters, exports the same ones, and counts them', () =>
        inBrowser(async () => {
          const guess = { email: 'cleo@example.com', password: 'a wrong one' };
          expect(
            (await new Visitor(`${server.url}/api/v1`, {}).post('/auth_session/login', guess)).status,
          ).toBe(401);
          const page = await signedIn('/admin/events');
          await search(page, { type: 'sign_in_failed', reason: 'wrong_password' });
          await page.waitForURL(/type=sign_in_failed/);
          await page.waitForSelector('tbody th:has-text("sign_in_failed")');
          expect(await page.locator('tbody th:not(:has-text("sign_in_failed"))').count()).toBe(0);
          const [download] = await Promise.all([
            page.waitForEvent('download'),
            page.click('text=Export as CSV'),
          ]);
          const csv = readFileSync(await download.path(), 'utf8');
          expect(csv.split('\r\n')[0]).toContain('type');
          expect(csv).toContain('sign_in_failed');
          expect(csv).not.toContain('user_created');
          await search(page, { type: 'nothing' });
          await page.waitForSelector('[role=alert]');
          await page.click('nav >> text=Overview');
          await page.waitForSelector('.figures');
          const figures = () => page.locator('.figures dd').allTextContents();
          expect(Number((await figures())[0])).toBeGreaterThanOrEqual(4);
          // They are counted after the first request.
          await page.reload();
          await expectTexts(page, '.figures dd', (figures) => Number(figures[1]) >= 1);
          await page.waitForSelector('.chart rect:not([height="0"])');
          await page.click('summary >> nth=1');
          await page.waitForSelector('th:has-text("wrong_password")');
        }));

      it.each(['light', 'dark'] as const)('can be used by everybody: %s', (colorScheme) =>
        inBrowser(async () => {
          const page = await signedIn('/admin/people');
          await page.emulateMedia({ colorScheme });
          const person = (await page.getAttribute('tbody a', 'href'))!;
          for (const path of ['/admin/people', person, '/admin/events', '/admin/']) {
            await page.setViewportSize(SIZE);
            await page.goto(`${server.url}${path}`);
            await page.waitForSelector('h1');
            await page.waitForLoadState('networkidle');
            await page.evaluate(AXE);
            const violations = await page.evaluate(
              `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`,
            );
            expect({ path, violations }).toEqual({ path, violations: [] });
            await page.screenshot({
              path: `build/screenshots/admin-${path.replace(/\?.*/, '').replaceAll('/', '-')}-${colorScheme}.png`,
              fullPage: true,
            });
            await page.setViewportSize({ width: 320, height: 700 });
            const width = await page.evaluate('document.documentElement.scrollWidth');
            expect({ path, width }).toEqual({ path, width: 320 });
          }
        }),
      );
    });
});
