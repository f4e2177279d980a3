import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import {
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
  createServer,
  request,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret, TOTP } from 'otpauth';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Route } from 'playwright-core';
import { PASSWORD, Visitor, newDatabase } from '../support/app.js';
import {
  closeBrowsers,
  describeWithBrowser,
  inBrowser,
  newCertificate,
  openBrowser,
} from '../support/browser.js';
import { plainSource } from '../support/mail-server.js';
import { until } from '../support/processes.js';
import { Server, newFolder, operate } from '../support/server.js';
import { newPrefix } from '../support/services.js';
import { STORAGES } from '../support/storages.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENSHOTS = 'build/screenshots';
const ANOTHER = 'another battery of horses';
const NOT_FRESH = { status: 403, code: 'session_not_fresh', detail: 'Confirm your password.' };

/** What a page must never do: requests to other origins, violations of its policy, and errors of its scripts. */
const faults: string[] = [];

let browser: Browser | undefined;

const newContext = async (origin: string, options: BrowserContextOptions = {}): Promise<BrowserContext> => {
  if (!browser?.isConnected()) browser = await openBrowser();
  const context = await browser.newContext({
    locale: 'en',
    viewport: { width: 800, height: 700 },
    ...options,
  });
  context.setDefaultTimeout(15_000);
  context.on('request', (sent) => {
    const url = new URL(sent.url());
    if (url.protocol !== 'data:' && url.origin !== origin && !sent.isNavigationRequest())
      faults.push(url.href);
  });
  context.on('console', (message) => {
    if (/Content.Security.Policy|Trusted/i.test(message.text())) faults.push(message.text());
  });
  context.on('weberror', (error) => faults.push(String(error.error())));
  return context;
};

/** A server, its users and its mails. */
class Service {
  #users = 0;
  #admin: Visitor | null = null;

  private constructor(
    readonly server: Server,
    readonly folder: string,
    readonly origin: string,
    readonly variables: Readonly<Record<string, string>>,
  ) {}

  static async start(variables: Readonly<Record<string, string>> = {}): Promise<Service> {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const folder = newFolder();
    mkdirSync(join(folder, 'mail'));
    const all = {
      DATABASE_URL: newDatabase(),
      AUTH_TYPE: 'session_auth,token_auth',
      REGISTRATION: 'open',
      MAIL_URL: 'file:mail',
      PUBLIC_URL: origin,
      PASSKEY_ORIGINS: origin,
      SERVICE_NAME: 'Example',
      MAILS_PER_NETWORK: '1000',
      ...variables,
    };
    const server = await Server.start(folder, { ...all, API_PORT: String(port) });
    return new Service(server, folder, origin, all);
  }

  stop(): Promise<unknown> {
    return this.server.stop();
  }

  page(path: string): string {
    return `${this.origin}/account${path}`;
  }

  /** Adds a user. An administrator does, because a registration may end after its answer. */
  async newUser(): Promise<string> {
    this.#users += 1;
    const email = `person-${this.#users}@example.com`;
    this.#admin ??= await this.#newAdmin();
    expect(await this.#admin.post('/users', { email, password: PASSWORD })).toMatchObject({ status: 201 });
    return email;
  }

  async #newAdmin(): Promise<Visitor> {
    const email = 'admin@example.com';
    const args = ['user', 'create', '--email', email, '--role', 'admin', '--verified', '--password-stdin'];
    const input = `${PASSWORD}\n`;
    expect(await operate(this.folder, args, { input, variables: this.variables })).toMatchObject({ code: 0 });
    const admin = new Visitor(`${this.server.url}/api/v1`, {});
    expect(await admin.post('/auth_session/login', { email, password: PASSWORD })).toMatchObject({
      status: 200,
    });
    return admin;
  }

  /** The newest link to a page in a mail to an address. */
  async linkTo(email: string, page: string): Promise<string> {
    let link: string | undefined;
    await until(() => {
      const folder = join(this.folder, 'mail');
      link = readdirSync(folder)
        .filter((name) => name.endsWith('.eml'))
        .toSorted()
        .map((name) => plainSource(readFileSync(join(folder, name), 'latin1')))
        .filter((source) => source.includes(`To: ${email}`))
        .flatMap((source) => /http\S+#token=[\w.~-]+/.exec(source) ?? [])
        .findLast((found) => new URL(found).pathname === `/account/${page}`);
      return link !== undefined;
    });
    return link!;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const submit = (page: Page) => page.locator('main form button[type=submit]').first().click();
const notice = (page: Page, text: string) => page.locator('.notice', { hasText: text }).waitFor();
const heading = (page: Page, text: string) => page.getByRole('heading', { level: 1, name: text }).waitFor();
const focused = (page: Page) =>
  page.evaluate<string>('document.activeElement.name || document.activeElement.textContent');
/** Waits until the focus is where it must be: pages move it after they are painted. */
const focusOn = (page: Page, name: string) => until(async () => (await focused(page)) === name);
const inDialog = (page: Page) => page.evaluate<boolean>("document.activeElement.closest('dialog') !== null");

const sessionCookie = async (page: Page) =>
  (await page.context().cookies()).find(({ name }) => /^(__Host-)?sid$/.test(name));

async function fillSignIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
}

/** A tab in which somebody has signed in, at a page of the account. */
async function signedIn(
  service: Service,
  email: string,
  path = '',
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await (await newContext(service.origin, options)).newPage();
  await page.goto(service.page(path));
  await fillSignIn(page, email);
  await submit(page);
  await page.locator('nav, .notice.bad').first().waitFor();
  expect(await page.locator('.notice.bad').allTextContents()).toEqual([]);
  return page;
}

/** Gives the page an authenticator, which answers at once. Returns what switches that on and off. */
async function addAuthenticator(page: Page): Promise<(isOn: boolean) => Promise<unknown>> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  const { authenticatorId } = await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return (enabled) => devTools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
}

/** Sets up an authenticator app on the page of the factors. Returns what gives its codes. */
async function addTotp(page: Page): Promise<(steps?: number) => string> {
  await page.getByRole('button', { name: 'Add an authenticator app' }).click();
  const secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
  expect(await page.locator('.qr').getAttribute('src')).toContain('svg');
  expect(await page.getByRole('link', { name: 'Open the app' }).getAttribute('href')).toContain(
    `secret=${secret}`,
  );
  const code = (steps = 0) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });
  await page.fill('[name=code]', code());
  await page.getByRole('button', { name: 'Confirm' }).click();
  return code;
}

/** Passes a request on to a server, as a proxy does. */
function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { url }: { readonly url: string },
  changed: RequestOptions = {},
): void {
  const { url: path, method, headers } = incoming;
  const inner = request(url, { path, method, headers, ...changed }, (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(inner);
}

/** The next request is answered as if the session were no longer fresh. */
async function makeStale(page: Page, pattern: string): Promise<void> {
  const contentType = 'application/problem+json';
  await page.route(
    pattern,
    (route) => route.fulfill({ status: 403, contentType, body: JSON.stringify(NOT_FRESH) }),
    {
      times: 1,
    },
  );
}

/** The violations that axe finds. */
const violations = (page: Page) =>
  page.evaluate<string[]>(`(async () => {
    if (!window.axe) { ${AXE} }
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '));
  })()`);

describeWithBrowser('The pages of the account', () => {
  beforeAll(() => void mkdirSync(SCREENSHOTS, { recursive: true }));
  afterEach(async () => {
    const contexts = browser?.isConnected() ? browser.contexts() : [];
    await Promise.all(contexts.map((context) => context.close()));
    expect(faults.splice(0)).toEqual([]);
  });

  afterAll(closeBrowsers);

  for (const storage of ['SQLite', 'PostgreSQL'] as const)
    STORAGES[storage].describe(
      storage === 'SQLite' ? 'on SQLite' : 'on PostgreSQL, with sessions in Redis',
      () => {
        let service: Service;
        let drops: (() => Promise<void>)[] = [];
        beforeAll(async () => {
          const { variables, drop } = await STORAGES[storage].open();
          const redis = newPrefix();
          drops = [drop, ...(storage === 'SQLite' ? [] : [redis.drop])];
          const sessions: Record<string, string> =
            storage === 'SQLite' ? {} : { SESSION_STORE_URL: redis.url };
          service = await Service.start({ ...variables, ...sessions });
        });
        afterAll(async () => {
          await service?.stop();
          for (const drop of drops) await drop();
        });

        it('register somebody, sign them in and out, and say what was wrong', () =>
          inBrowser(async () => {
            const page = await (await newContext(service.origin)).newPage();
            const email = `new-${Date.now()}@example.com`;
            await page.goto(service.page('/register'));
            await fillSignIn(page, email, 'short');
            await submit(page);
            await page.locator('.fault').waitFor();
            await focusOn(page, 'password');
            await page.fill('[name=password]', PASSWORD);
            await submit(page);
            await notice(page, 'We have sent you an e-mail.');
            await page.getByRole('link', { name: 'Sign in' }).click();
            await fillSignIn(page, email, 'wrong');
            await page.evaluate('window.isSame = true');
            await submit(page);
            await notice(page, 'The e-mail address or the password is wrong.');
            await focusOn(page, 'Sign in');
            expect(await page.evaluate('window.isSame')).toBe(true);
            expect([await page.inputValue('[name=email]'), await page.inputValue('[name=password]')]).toEqual(
              [email, 'wrong'],
            );
            await page.fill('[name=password]', PASSWORD);
            await submit(page);
            await heading(page, 'Profile');
            expect(await sessionCookie(page)).toMatchObject({ expires: -1, httpOnly: true });
            await page.getByRole('button', { name: 'Sign out' }).click();
            await heading(page, 'Sign in');
            expect(await sessionCookie(page)).toBeUndefined();
            await fillSignIn(page, email);
            await page.getByLabel('Keep me signed in').check();
            await submit(page);
            await heading(page, 'Profile');
            const cookie = await sessionCookie(page);
            expect(cookie!.expires).toBeGreaterThan(Date.now() / 1000 + 24 * 60 * 60);
          }));

        it('say why somebody was signed out, and lead back to where they were', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            const [first, second] = [
              await signedIn(service, email),
              await signedIn(service, email, '/devices'),
            ];
            await second.getByRole('button', { name: 'Sign out everywhere else' }).click();
            await notice(second, 'One session was ended.');
            await first.getByRole('link', { name: 'Devices' }).click();
            await notice(first, 'This session was ended from another device.');
            await fillSignIn(first, email);
            await submit(first);
            await heading(first, 'Devices');
            expect(new URL(first.url()).pathname).toBe('/account/devices');
          }));

        it('set a new password by the link of a mail, once', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            const page = await (await newContext(service.origin)).newPage();
            await page.goto(service.page('/sign-in'));
            await page.getByRole('link', { name: 'Forgot your password?' }).click();
            await page.fill('[name=email]', email);
            await submit(page);
            await notice(page, 'we have sent it an e-mail');
            const link = await service.linkTo(email, 'reset');
            for (const sentence of ['Your password is changed', 'This link is not valid any more']) {
              await page.goto('about:blank');
              await page.goto(link);
              await page.fill('[name=new_password]', ANOTHER);
              expect(page.url()).toBe(service.page('/reset'));
              await submit(page);
              await notice(page, sentence);
            }
            await page.goto(service.page('/sign-in'));
            await fillSignIn(page, email, ANOTHER);
            await submit(page);
            await heading(page, 'Profile');
          }));

        it('verify an address by a button: a program that opens the link changes nothing', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            const page = await (await newContext(service.origin)).newPage();
            const sent: string[] = [];
            page.on('request', (one) => void (one.method() !== 'GET' && sent.push(one.url())));
            const link = await service.linkTo(email, 'verify');
            await page.goto(link);
            await heading(page, 'Verify your address');
            await page.waitForLoadState('networkidle');
            expect(sent).toEqual([]);
            expect(page.url()).not.toContain('token');
            await page.getByRole('button', { name: 'Verify my address' }).click();
            await notice(page, 'Your address is verified.');
            await page.goto('about:blank');
            await page.goto(link);
            await page.getByRole('button', { name: 'Verify my address' }).click();
            await notice(page, 'This link is not valid any more.');
            await page.fill('[name=email]', email);
            await submit(page);
            await notice(page, 'We have sent you an e-mail.');
          }));

        it('change the address by the link of a mail, and cancel that by another', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            const other = `other-${email}`;
            const page = await signedIn(service, email);
            await page
              .locator('section', { hasText: 'New e-mail address' })
              .locator('[name=email]')
              .fill(other);
            await page.getByRole('button', { name: 'Change the address' }).click();
            await notice(page, `We have sent an e-mail to ${other}`);
            await page.goto(await service.linkTo(other, 'email'));
            await page.getByRole('button', { name: 'Use this address' }).click();
            await notice(page, 'Your account has the new address.');
            await page.getByRole('link', { name: 'My account' }).click();
            await page.locator('.who', { hasText: other }).waitFor();
            await page.goto(await service.linkTo(email, 'email/cancel'));
            await page.getByRole('button', { name: 'Keep the old address' }).click();
            await notice(page, 'Your account has its old address.');
          }));

        it('rename and end sessions, after a confirmation that Escape cancels', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            await signedIn(service, email);
            const page = await signedIn(service, email, '/devices');
            const cards = page.locator('.cards > li');
            await cards.nth(1).waitFor();
            await cards.first().getByRole('button', { name: 'Rename' }).click();
            await page.fill('[name=label]', 'Old laptop');
            await page.getByRole('button', { name: 'Save' }).click();
            await page.getByRole('heading', { name: 'Old laptop' }).waitFor();
            await focusOn(page, 'Rename');
            const signOut = cards
              .filter({ hasNotText: 'this device' })
              .getByRole('button', { name: 'Sign out' });
            await makeStale(page, '**/api/v1/sessions/*');
            await signOut.click();
            await page.locator('dialog').waitFor();
            await until(() => inDialog(page));
            await page.keyboard.press('Escape');
            await page.locator('dialog').waitFor({ state: 'detached' });
            await focusOn(page, 'Sign out');
            await page.reload();
            await cards.nth(1).waitFor();
            await makeStale(page, '**/api/v1/sessions/*');
            await signOut.click();
            await page.fill('dialog [name=password]', 'wrong');
            await page.keyboard.press('Enter');
            await page.locator('dialog .notice.bad').waitFor();
            await page.fill('dialog [name=password]', PASSWORD);
            await page.keyboard.press('Enter');
            await notice(page, 'One session was ended.');
            expect(await cards.count()).toBe(1);
            await focusOn(page, 'Devices');
          }));

        it('add second factors, and sign in by each of them', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            const page = await signedIn(service, email, '/factors');
            await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
            const answer = await addAuthenticator(page);
            const codeOf = await addTotp(page);
            await page.locator('.codes').waitFor();
            await focusOn(page, 'Recovery codes');
            const codes = await page.locator('.code-list code').allTextContents();
            expect(new Set(codes).size).toBe(10);
            await page.getByRole('button', { name: 'Copy' }).click();
            await page.getByRole('button', { name: 'Copied' }).waitFor();
            expect(await page.evaluate('navigator.clipboard.readText()')).toBe(codes.join('\n'));
            await page.emulateMedia({ media: 'print' });
            expect(await page.locator('header, nav, button, footer').filter({ visible: true }).count()).toBe(
              0,
            );
            expect((await page.locator('.codes').boundingBox())!.width).toBeGreaterThan(700);
            await page.emulateMedia({ media: 'screen' });
            await page.getByRole('button', { name: 'I have saved them' }).click();
            await page.fill('[name=name]', 'My laptop');
            await page.getByRole('button', { name: 'Add a passkey' }).click();
            await page.getByRole('heading', { name: 'My laptop' }).waitFor();
            await page.getByRole('button', { name: 'Rename: My laptop' }).click();
            await page.locator('li [name=name]').fill('My phone');
            await page.getByRole('button', { name: 'Save' }).click();
            await page.getByRole('heading', { name: 'My phone' }).waitFor();

            const signOut = async () => {
              await answer(false);
              await page.getByRole('button', { name: 'Sign out' }).click();
              await page.locator('[name=remember]').waitFor();
            };
            const firstStep = async () => {
              await fillSignIn(page, email);
              await submit(page);
              await heading(page, 'Confirm that it is you');
            };
            await signOut();
            await firstStep();
            await page.getByRole('button', { name: 'Use an authenticator app' }).click();
            await page.fill('[name=code]', '000000');
            await submit(page);
            await notice(page, 'This code or passkey is not valid');
            await page.fill('[name=code]', codeOf(1));
            await submit(page);
            await heading(page, 'Profile');
            await signOut();
            await firstStep();
            await page.getByRole('button', { name: 'Use a recovery code' }).click();
            await page.fill('[name=recovery_code]', codes[0]!);
            await submit(page);
            await heading(page, 'Profile');
            await signOut();
            await firstStep();
            await answer(true);
            await page.getByRole('button', { name: 'Use a passkey' }).click();
            await heading(page, 'Profile');
            // Without the list, where the authenticator would answer before the click.
            await page.evaluate('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
            await signOut();
            await answer(true);
            await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
            await heading(page, 'Profile');
            // With it: the authenticator answers at once also if the browser only offers the passkey.
            await signOut();
            await answer(true);
            await page.reload();
            await heading(page, 'Profile');
            await page.getByRole('link', { name: 'Second factors' }).click();
            await page.getByText('9 codes are left.').waitFor();
            await page.getByRole('button', { name: 'Remove: My phone' }).click();
            await page.getByRole('heading', { name: 'My phone' }).waitFor({ state: 'detached' });
          }));

        it('create an access token, show it once, and end it', () =>
          inBrowser(async () => {
            const page = await signedIn(service, await service.newUser(), '/tokens');
            await page.fill('[name=label]', 'backup');
            await page.getByRole('button', { name: 'Create the token' }).dblclick();
            const token = (await page.locator('.secret').textContent())!;
            const use = async () =>
              (
                await fetch(`${service.origin}/api/v1/users/me`, {
                  headers: { Authorization: `Bearer ${token}` },
                })
              ).status;
            expect(await use()).toBe(200);
            await page.reload();
            await page.getByRole('heading', { name: 'backup' }).waitFor();
            expect(await page.locator('.cards > li').count()).toBe(1);
            expect(await page.content()).not.toContain(token);
            await page.getByRole('button', { name: 'End: backup' }).click();
            await page.getByText('You have no access tokens.').waitFor();
            expect(await use()).toBe(401);
          }));

        it('change the password, and delete the account', () =>
          inBrowser(async () => {
            const email = await service.newUser();
            const page = await signedIn(service, email, '/password');
            await page.fill('[name=current_password]', 'wrong');
            await page.fill('[name=new_password]', ANOTHER);
            await submit(page);
            await notice(page, 'The current password is wrong.');
            await page.fill('[name=current_password]', PASSWORD);
            await submit(page);
            await notice(page, 'Your password is changed.');
            await page.getByRole('link', { name: 'Profile' }).click();
            await page.getByRole('button', { name: 'Delete the account' }).click();
            await page.locator('dialog').getByRole('button', { name: 'Delete the account' }).click();
            await heading(page, 'Sign in');
            await fillSignIn(page, email, ANOTHER);
            await submit(page);
            await notice(page, 'The e-mail address or the password is wrong.');
          }));
      },
    );

  describe('whatever the storage', () => {
    let service: Service;
    let app: ReturnType<typeof createServer>;
    let trusted: string;
    beforeAll(async () => {
      app = createServer((_, response) =>
        response.setHeader('Content-Type', 'text/html').end('<title>The app</title>'),
      );
      app.listen(0, '127.0.0.1');
      await once(app, 'listening');
      trusted = `http://app.test:${(app.address() as AddressInfo).port}`;
      service = await Service.start({ TRUSTED_ORIGINS: trusted });
    });
    afterAll(async () => {
      await service?.stop();
      app?.close().closeAllConnections();
    });

    it('lead to `next` on their own or a trusted origin only', () =>
      inBrowser(async () => {
        const email = await service.newUser();
        const page = await (await newContext(service.origin)).newPage();
        const { host } = new URL(service.origin);
        const account = service.page('/');
        const after = async (next: string) => {
          await page.context().clearCookies();
          await page.goto(service.page(`/sign-in?${new URLSearchParams({ next })}`));
          await fillSignIn(page, email);
          await submit(page);
          await page.waitForURL((url) => !url.pathname.endsWith('/sign-in'));
          return page.url();
        };
        expect(await after('/account/devices?a=b')).toBe(service.page('/devices?a=b'));
        expect(await after(`${trusted}/there?a=b`)).toBe(`${trusted}/there?a=b`);
        for (const next of [
          '//evil.test',
          'https://evil.test',
          'javascript:alert(1)',
          'data:text/html,x',
          '\\\\evil.test',
          '/\\evil.test',
          `http://ann:secret@${host}/account/devices`,
          `http://:secret@${host}/account/devices`,
          `http://${host}@evil.test/`,
          '/\t/evil.test',
          '\n//evil.test',
          'java\nscript:alert(1)',
          `blob:${service.origin}/x`,
          service.page('/sign-in'),
          'http://',
        ])
          expect([next, await after(next)]).toEqual([next, account]);
      }, 100_000));

    it('say how long to wait after too many attempts', () =>
      inBrowser(async () => {
        const limited = await Service.start({ AUTH_FAILURES_PER_NETWORK: '2' });
        try {
          const page = await (await newContext(limited.origin)).newPage();
          await page.goto(limited.page('/sign-in'));
          await fillSignIn(page, 'nobody@example.com', 'wrong');
          for (const sentence of ['is wrong', 'is wrong', 'Too many failed attempts. Wait ']) {
            const answered = page.waitForResponse('**/login');
            await submit(page);
            await answered;
            await notice(page, sentence);
          }
          expect(await page.locator('.notice').textContent()).toMatch(
            /Wait [1-9]\d* seconds, then try again\./,
          );
        } finally {
          await limited.stop();
        }
      }));

    it('set up a required factor during the sign-in, and tell why the last one stays', () =>
      inBrowser(async () => {
        const strict = await Service.start({ MFA: 'required' });
        try {
          const email = 'strict@example.com';
          await new Visitor(`${strict.origin}/api/v1`, {}).post('/users', { email, password: PASSWORD });
          await strict.linkTo(email, 'verify');
          const page = await (await newContext(strict.origin)).newPage();
          await page.goto(strict.page('/factors'));
          await fillSignIn(page, email);
          await submit(page);
          await heading(page, 'Add a second factor');
          await addTotp(page);
          await page.getByRole('button', { name: 'I have saved them' }).click();
          await heading(page, 'Second factors');
          await notice(page, 'you cannot remove the last one');
          await page.getByRole('button', { name: 'Remove' }).click();
          await notice(page, 'This is your last second factor. Add another one first.');
        } finally {
          await strict.stop();
        }
      }));

    it('say what to do when the server fails, keep the form, and work afterwards', () =>
      inBrowser(async () => {
        const email = await service.newUser();
        const page = await (await newContext(service.origin)).newPage();
        await page.goto(service.page('/sign-in'));
        await fillSignIn(page, email);
        const html = { contentType: 'text/html', body: '<h1>Bad gateway</h1>' };
        const failures: [string, (route: Route) => Promise<void>][] = [
          ['The server does not answer.', (route) => route.abort()],
          [
            'Wait 7 seconds',
            (route) => route.fulfill({ ...html, status: 503, headers: { 'Retry-After': '7' } }),
          ],
          ['The server does not answer.', (route) => route.fulfill({ ...html, status: 500 })],
          ['The server does not answer.', (route) => route.fulfill({ ...html, status: 200 })],
          ['The request was refused', (route) => route.fulfill({ ...html, status: 403 })],
        ];
        for (const [sentence, fail] of failures) {
          await page.route('**/login', fail, { times: 1 });
          await submit(page);
          await notice(page, sentence);
          expect(await page.inputValue('[name=password]')).toBe(PASSWORD);
        }
        let sent = 0;
        await page.route('**/login', async (route) => {
          sent += 1;
          await new Promise((resolve) => void setTimeout(resolve, 1_000));
          await route.continue();
        });
        await page.locator('button[type=submit]').dblclick();
        await page.locator('form[aria-busy=true]').waitFor();
        expect(await page.locator('.notice').count()).toBe(0);
        await heading(page, 'Profile');
        expect(sent).toBe(1);
        await page.route('**/api/**', (route) => route.abort());
        await page.reload();
        await heading(page, 'This page could not be loaded');
        await page.unroute('**/api/**');
        await page.getByRole('button', { name: 'Try again' }).click();
        await heading(page, 'Profile');
      }));

    it('work below a path that a proxy adds in front', () =>
      inBrowser(async () => {
        const proxy = createServer((incoming, outgoing) => {
          const { url = '/', headers } = incoming;
          if (!url.startsWith('/auth/')) {
            outgoing.writeHead(404).end();
            return;
          }
          const { host, origin } = new URL(service.origin);
          const sender = headers.origin === undefined ? {} : { origin };
          pass(incoming, outgoing, service.server, {
            path: url.slice(5),
            headers: { ...headers, host, ...sender },
          });
        }).listen(0, '127.0.0.1');
        await once(proxy, 'listening');
        try {
          const origin = `http://localhost:${(proxy.address() as AddressInfo).port}`;
          const page = await (await newContext(origin)).newPage();
          const outside: string[] = [];
          page.on(
            'request',
            (sent) => void (/^https?:..[^/]+\/auth\//.test(sent.url()) || outside.push(sent.url())),
          );
          await page.goto(`${origin}/auth/account`);
          await fillSignIn(page, await service.newUser());
          await submit(page);
          await heading(page, 'Profile');
          for (const name of ['Devices', 'Password', 'Second factors', 'Access tokens']) {
            await page.getByRole('link', { name }).click();
            await heading(page, name);
            await page.reload();
            await heading(page, name);
          }
          await page.goto(`${origin}/auth/account/email/cancel#token=x`);
          await heading(page, 'Keep your old address');
          expect(outside.filter((url) => !url.startsWith('data:'))).toEqual([]);
        } finally {
          proxy.close().closeAllConnections();
        }
      }));

    it('register the administrator by the setup code, in production behind HTTPS', () =>
      inBrowser(async () => {
        const code = 'the code of the operator';
        const variables = {
          NODE_ENV: 'production',
          SETUP_CODE: code,
          MFA: 'off',
          DATABASE_URL: newDatabase(),
          PASSWORD_HASH_COST: '10',
        };
        const server = await Server.start(newFolder(), variables);
        expect(server.output()).toContain('https://<your host>/account/register\n');
        const front = createSecureServer(newCertificate(), (incoming, outgoing) =>
          pass(incoming, outgoing, server),
        ).listen(0, '127.0.0.1');
        await once(front, 'listening');
        try {
          const origin = `https://localhost:${(front.address() as AddressInfo).port}`;
          const page = await (await newContext(origin)).newPage();
          await page.goto(`${origin}/account/register`);
          await notice(page, 'The first account becomes the administrator.');
          await fillSignIn(page, 'ann@example.com');
          await page.fill('[name=setup_code]', 'a wrong code');
          await submit(page);
          await page.locator('.notice.bad', { hasText: 'setup code' }).waitFor();
          expect(await page.inputValue('[name=setup_code]')).toBe('a wrong code');
          await page.fill('[name=setup_code]', code);
          await submit(page);
          await heading(page, 'Profile');
          expect(await sessionCookie(page)).toMatchObject({ name: '__Host-sid', secure: true });
          await page.goto(`${origin}/admin/people`);
          await page.getByRole('link', { name: 'ann@example.com' }).waitFor();
        } finally {
          front.close().closeAllConnections();
          await server.stop();
        }
      }));

    it('are used with the keyboard only, and put the focus where the person continues', () =>
      inBrowser(async () => {
        const page = await (await newContext(service.origin)).newPage();
        const email = await service.newUser();
        await page.goto(service.page('/sign-in'));
        await page.locator('[name=email]:focus').waitFor();
        await page.keyboard.type(email);
        await page.keyboard.press('Tab');
        await page.keyboard.type(PASSWORD);
        const outline = () => page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
        for (let step = 0; step < 3; step += 1) {
          await page.keyboard.press('Tab');
          expect(await outline()).toBe('solid');
        }
        await page.keyboard.press('Enter');
        await heading(page, 'Profile');
        await focusOn(page, 'Profile');
        expect(await page.title()).toBe('Profile · Example');
        await page.keyboard.press('Shift+Tab');
        await focusOn(page, 'Access tokens');
        await page.evaluate("document.querySelector('header').isSame = true");
        await page.keyboard.press('Enter');
        await heading(page, 'Access tokens');
        await focusOn(page, 'Access tokens');
        expect(await page.title()).toBe('Access tokens · Example');
        expect(await page.evaluate("document.querySelector('header').isSame")).toBe(true);
        await page.goBack();
        await heading(page, 'Profile');
        await page.getByRole('button', { name: 'Delete the account' }).focus();
        await page.keyboard.press('Enter');
        await page.locator('dialog').waitFor();
        await until(() => inDialog(page));
        for (let step = 0; step < 4; step += 1) {
          await page.keyboard.press('Tab');
          expect(await page.evaluate("document.querySelector('nav').contains(document.activeElement)")).toBe(
            false,
          );
        }
        await page.keyboard.press('Escape');
        await page.locator('dialog').waitFor({ state: 'detached' });
        await focusOn(page, 'Delete the account');
      }));

    it('run no script that somebody puts into them', () =>
      inBrowser(async () => {
        const page = await (await newContext(service.origin)).newPage();
        await page.goto(service.page('/sign-in'));
        await heading(page, 'Sign in');
        const tried = await page.evaluate<unknown>(`(async () => {
          const blocked = [];
          addEventListener('securitypolicyviolation', ({ effectiveDirective }) => blocked.push(effectiveDirective));
          const isRefused = (() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } })();
          const image = new Image();
          image.src = 'https://evil.test/x.png';
          const style = document.createElement('style');
          style.textContent = 'body { display: none }';
          document.head.append(image, style);
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { isRefused, blocked: blocked.sort() };
        })()`);
        expect(tried).toEqual({
          isRefused: true,
          blocked: ['img-src', 'require-trusted-types-for', 'style-src-elem'],
        });
        expect(faults.splice(0).length).toBeGreaterThan(1);
      }));

    /** Pages and states by name: where they are, and what to do there. */
    const VISITORS: Readonly<Record<string, string>> = {
      'sign-in': '/sign-in',
      register: '/register',
      forgot: '/forgot',
      reset: '/reset#token=x',
      verify: '/verify#token=x',
      'confirm-address': '/email#token=x',
      'cancel-address': '/email/cancel#token=x',
      'not-found': '/nothing',
    };
    const OWN: Readonly<Record<string, string>> = {
      profile: '/',
      devices: '/devices',
      password: '/password',
      factors: '/factors',
      tokens: '/tokens',
    };
    /** What password managers are told about each field, on all pages. */
    const AUTOCOMPLETE: Readonly<Record<string, readonly string[]>> = {
      'sign-in': ['email=username webauthn', 'password=current-password', 'remember='],
      register: ['email=username', 'first_name=given-name', 'last_name=family-name', 'password=new-password'],
      forgot: ['email=username'],
      reset: ['new_password=new-password'],
      profile: ['first_name=given-name', 'last_name=family-name', 'email=email'],
      password: ['username=username', 'current_password=current-password', 'new_password=new-password'],
      factors: ['name=off'],
      tokens: ['label=off', 'scope=', 'scope=', 'expires_at=off'],
    };

    it.each(['en', 'de'] as const)(
      'are accessible, fit on small screens and have no motion where none is wanted: %s',
      (language) =>
        inBrowser(async () => {
          const email = await service.newUser();
          const options = { locale: language, reducedMotion: 'reduce' } as const;
          const visitor = await (await newContext(service.origin, options)).newPage();
          const member = await signedIn(service, email, '', options);
          const look = async (page: Page, name: string) => {
            await page.locator('main[aria-busy]').waitFor({ state: 'detached' });
            await page.locator('h1').waitFor();
            await page.waitForLoadState('networkidle');
            expect(await page.evaluate('document.documentElement.lang')).toBe(language);
            const sheets = language === 'en' ? (['light', 'dark'] as const) : (['light'] as const);
            for (const colorScheme of sheets) {
              await page.emulateMedia({ colorScheme });
              expect([name, colorScheme, await violations(page)]).toEqual([name, colorScheme, []]);
            }
            await page.emulateMedia({ colorScheme: 'light' });
            await page.screenshot({ path: join(SCREENSHOTS, `${name}-${language}.png`), fullPage: true });
            await page.setViewportSize({ width: 320, height: 700 });
            expect([name, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([name, 320]);
            await page.screenshot({ path: join(SCREENSHOTS, `${name}-${language}-320.png`), fullPage: true });
            await page.setViewportSize({ width: 800, height: 700 });
            const moving =
              "[...document.querySelectorAll('*')].filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length";
            expect(await page.evaluate(moving)).toBe(0);
            const fields =
              "[...document.querySelectorAll('input')].map(({ name, autocomplete }) => name + '=' + autocomplete)";
            expect([name, await page.evaluate(fields)]).toEqual([name, AUTOCOMPLETE[name] ?? []]);
          };
          for (const [page, places] of [
            [visitor, VISITORS],
            [member, OWN],
          ] as const)
            for (const [name, path] of Object.entries(places)) {
              await page.goto('about:blank');
              await page.goto(service.page(path));
              await look(page, name);
            }
          const titles = await member.locator('nav a').allTextContents();
          expect(titles).toEqual(
            language === 'en'
              ? ['Profile', 'Devices', 'Password', 'Second factors', 'Access tokens']
              : ['Profil', 'Geräte', 'Passwort', 'Zweite Faktoren', 'Zugriffstoken'],
          );
        }, 100_000),
    );

    it('have accessible dialogs, codes and refusals, light and dark', () =>
      inBrowser(async () => {
        const page = await signedIn(service, await service.newUser(), '/factors');
        const look = async (name: string) => {
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.emulateMedia({ colorScheme });
            expect([name, colorScheme, await violations(page)]).toEqual([name, colorScheme, []]);
          }
          await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
        };
        await page.getByRole('button', { name: 'Add an authenticator app' }).click();
        await page.locator('.qr').waitFor();
        await look('authenticator-app');
        await page.reload();
        await addTotp(page);
        await page.locator('.codes').waitFor();
        await look('recovery-codes');
        await page.getByRole('link', { name: 'Access tokens' }).click();
        await page.fill('[name=label]', 'backup');
        await makeStale(page, '**/api/v1/access_tokens');
        await page.getByRole('button', { name: 'Create the token' }).click();
        await page.locator('dialog').waitFor();
        await look('confirmation');
        await page.fill('dialog [name=password]', PASSWORD);
        await page.keyboard.press('Enter');
        await page.locator('.secret').waitFor();
        await look('new-access-token');
      }, 100_000));
  });
});
