import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ALL_USERS, SessionStore, UserStore } from 'coatcheck';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PASSWORD, TestApp } from '../support/app.js';
import {
  Pages,
  closeBrowsers,
  describeWithBrowser,
  inBrowser,
  inTime,
  newCertificate,
  openBrowser,
} from '../support/browser.js';
import { WAYS, type Way, scriptOf } from './ways.js';

const HOUR = 3_600_000;
const VICTIM = 'victim@example.com';
const MALLORY = 'mallory@example.com';

/** What came of a way at the server. */
interface Arrival {
  readonly method: string;
  readonly status: () => number;
}

describeWithBrowser('A page in a real browser', () => {
  let browser: Browser | undefined;
  let context: BrowserContext;
  let pages: Pages;
  let app: TestApp;
  let root: string;
  let api: string;
  /** The page of the API, of its own origin, where the victim has signed in. */
  let home: Page;
  let places: Readonly<Record<'evil' | 'sibling' | 'front', string>>;
  let facts: Readonly<Record<string, string>>;
  let newcomers = 0;
  const kept = new Map<string, Page>();
  const arrivals = new Map<string, Arrival[]>();

  beforeAll(async () => {
    const certificate = newCertificate();
    pages = await Pages.serve(certificate);
    const at = (host: string) => `https://${host}:${pages.port}`;
    places = { evil: at('evil.test'), sibling: at('sibling.site.test'), front: at('front.site.test') };
    app = await TestApp.start(
      {
        NODE_ENV: 'production',
        MFA: 'off',
        PASSWORD_HASH_COST: '10',
        API_DOCS: 'on',
        TRUSTED_ORIGINS: places.front,
      },
      {},
      { httpsOptions: certificate },
    );
    (app.nest.getHttpServer() as Server).prependListener('request', note);
    root = `https://app.site.test:${new URL(app.root).port}`;
    api = `${root}/api/v1`;
    const { id } = await app.addUser(VICTIM, 'admin');
    await app.addUser(MALLORY, 'user', `${PASSWORD}=`);
    facts = { app: api, victimId: id, mallory: MALLORY, password: PASSWORD };
  });

  afterAll(async () => {
    await closeBrowsers();
    await Promise.all([app?.stop(), pages?.stop()]);
  });

  /** Runs a test in the browser where the victim has signed in, without the pages that earlier tests opened. */
  const inHome = (steps: (browser: Browser) => Promise<void>) =>
    inBrowser(async () => {
      if (!browser?.isConnected()) browser = await openHome();
      const left = context.pages().filter((page) => page !== home && ![...kept.values()].includes(page));
      await Promise.all(left.map((page) => page.close()));
      await steps(browser);
    });

  async function openHome(): Promise<Browser> {
    const browser = await openBrowser();
    kept.clear();
    context = await browser.newContext();
    home = await context.newPage();
    await home.goto(`${root}/docs`);
    const answer = await call(home, 'POST', '/auth_session/login', { email: VICTIM, password: PASSWORD });
    expect(answer.status).toBe(200);
    return browser;
  }

  function note(request: IncomingMessage, response: ServerResponse): void {
    const way = new URL(request.url ?? '/', 'https://app.test').searchParams.get('way') ?? '';
    const list = arrivals.get(way) ?? [];
    arrivals.set(way, list);
    list.push({
      method: request.method ?? '',
      status: () => (response.writableEnded ? response.statusCode : 0),
    });
  }

  /** The page that is kept for a place, as new. */
  async function pageAt(place: string): Promise<Page> {
    const page = kept.get(place) ?? (await context.newPage());
    kept.set(place, page);
    await page.goto(place);
    return page;
  }

  /** Calls the API by `fetch` in a page, as its visitor; what the page may not read is an empty answer. */
  async function call(page: Page, method: string, path: string, body?: object) {
    const code = `
      try {
        const answer = await fetch(app + ${JSON.stringify(path)}, {
          method: ${JSON.stringify(method)},
          credentials: 'include',
          headers: ${body ? `{ 'Content-Type': 'application/json' }` : '{}'},
          body: ${body ? JSON.stringify(JSON.stringify(body)) : 'undefined'},
        });
        return { status: answer.status, body: await answer.json() };
      } catch {
        return { status: 0, body: null };
      }`;
    // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
    return page.evaluate<{ status: number; body: any }>(scriptOf({ code }, facts));
  }

  /** All that a page could have changed: the users, their sessions, and the token of the victim. */
  async function state() {
    const { users } = await app.nest.get(UserStore).list(ALL_USERS);
    const sessions = await Promise.all(
      users.map((user) => app.nest.get(SessionStore).findByUser(user.id, app.clock.now())),
    );
    const cookies = await context.cookies(api);
    return {
      users,
      sessions: sessions.flat().map(({ id, userId }) => ({ id, userId })),
      tokens: cookies.filter(({ name }) => name === '__Host-sid').map(({ value }) => value),
    };
  }

  /** Tries a way from a page of another origin; what the page could read of the server, or null. */
  async function attempt(way: Way, place: string): Promise<unknown> {
    const name = `${WAYS.indexOf(way)}-${new URL(place).hostname}`;
    // A way that is repeated has to arrive again.
    arrivals.delete(name);
    const page = await pageAt(place);
    const read = await page
      .evaluate<unknown>(scriptOf(way, { ...facts, way: name }))
      .catch((error: Error) => {
        if (/context was destroyed|navigation/i.test(error.message)) return null;
        throw error;
      });
    if (way.leaves) kept.delete(place);
    if (way.arrives) await eventually(() => changing(name).length > 0);
    else if (way.leaves) await eventually(() => arrivals.has(name));
    await eventually(() => (arrivals.get(name) ?? []).every(({ status }) => status() > 0));
    return read ?? null;
  }

  const changing = (name: string) =>
    (arrivals.get(name) ?? []).filter(({ method }) => !['GET', 'HEAD', 'OPTIONS'].includes(method));

  /** Someone who has signed in on the page of the API, in a browser of their own. */
  async function newcomer(browser: Browser, name: string) {
    newcomers += 1;
    const email = `${name}-${newcomers}@example.com`;
    const { id } = await app.addUser(email, 'admin');
    const own = await browser.newContext();
    const page = await own.newPage();
    await page.goto(home.url());
    const answer = await call(page, 'POST', '/auth_session/login', { email, password: PASSWORD });
    expect(answer).toMatchObject({ status: 200, body: { email } });
    return { id, own, page };
  }

  it.each(WAYS.map((way) => [way.name, way] as const))(
    'of another site or of a sibling changes and reads nothing by %s',
    (_, way) =>
      inHome(async () => {
        const before = await state();
        const attempts = [places.evil, places.sibling].map((place) =>
          inTime(`The way at ${place}`, attempt(way, place), 20_000),
        );
        const read = await Promise.all(attempts);
        expect(read).toEqual([null, null]);
        expect(await state()).toEqual(before);
        expect((await call(home, 'GET', '/users/me')).body).toMatchObject({ email: VICTIM });
      }),
  );

  it('had its say at the server in fifty ways and more, and was refused in each', () => {
    const asked = [...arrivals.keys()].filter((name) => name !== '' && changing(name).length > 0);
    expect(new Set(asked.map((name) => name.split('-', 1)[0])).size).toBeGreaterThanOrEqual(50);
    const answers = asked.flatMap((name) => changing(name).map(({ status }) => [name, status()]));
    expect(answers.filter(([, status]) => status !== 403)).toEqual([]);
  });

  it.each(['login', 'register', 'logout', 'rename', 'remove', 'password'])(
    'of our own origin does and reads all that by fetch of JSON to %s',
    (name) =>
      inHome(async (browser) => {
        const { id, own, page } = await newcomer(browser, name);
        const before = await state();
        const way = WAYS.find((one) => one.name === `fetch of JSON to ${name}`)!;
        const mine = { ...facts, way: 'ours', victimId: id };
        const text = await page.evaluate<string>(scriptOf(way, mine));
        expect(JSON.parse(text)).not.toHaveProperty('code');
        expect(await state()).not.toEqual(before);
        await own.close();
      }),
  );

  it('of an origin that is trusted does and reads all that', () =>
    inHome(async (browser) => {
      const { id, own } = await newcomer(browser, 'ann');
      const front = await own.newPage();
      await front.goto(places.front);
      expect(await call(front, 'GET', '/users/me')).toMatchObject({ status: 200, body: { id } });
      const names = { first_name: 'Ann', last_name: 'Lee' };
      expect(await call(front, 'PUT', `/users/${id}`, names)).toMatchObject({ status: 200, body: names });
      const code = `
      const first = await fetch(app + '/users?limit=1', { credentials: 'include' });
      const [, link] = /^<(.+)>; rel="next"$/.exec(first.headers.get('Link'));
      const second = await fetch(new URL(link, first.url), { credentials: 'include' });
      const same = await fetch(app + '/users?limit=1&cursor=' + first.headers.get('Next-Cursor'), { credentials: 'include' });
      return [second.status, JSON.stringify(await second.json()) === JSON.stringify(await same.json())];`;
      expect(await front.evaluate(scriptOf({ code }, facts))).toEqual([200, true]);
      expect(await call(front, 'DELETE', '/auth_session/logout')).toEqual({ status: 200, body: {} });
      expect(await call(front, 'GET', '/users/me')).toMatchObject({ status: 401 });
      await own.close();
    }));

  it('keeps no cookie of ours once its visitor has signed out, but what applications stored there', () =>
    inHome(async (browser) => {
      const { own, page } = await newcomer(browser, 'ben');
      const sibling = await own.newPage();
      await sibling.goto(places.sibling);
      await sibling.evaluate(
        `document.cookie = 'theirs=kept; Path=/; Secure'; localStorage.setItem('theirs', 'kept')`,
      );
      await page.evaluate(`localStorage.setItem('drafts', 'kept')`);
      expect((await call(page, 'DELETE', '/auth_session/logout')).status).toBe(200);
      expect(await page.evaluate(`localStorage.getItem('drafts')`)).toBe('kept');
      expect(await sibling.evaluate(`[document.cookie, localStorage.getItem('theirs')]`)).toEqual([
        'theirs=kept',
        'kept',
      ]);
      expect((await own.cookies()).map(({ name }) => name)).toEqual(['theirs']);
      await own.close();
    }));

  it('forgets a token that has ended', () =>
    inHome(async (browser) => {
      const { own, page } = await newcomer(browser, 'cid');
      app.clock.advance(HOUR);
      expect(await call(page, 'GET', '/users/me')).toMatchObject({ body: { code: 'session_expired_idle' } });
      expect(await own.cookies()).toEqual([]);
      await own.close();
    }));

  it('of the API shows all of it, tries a route, and breaks no rule of its policy', () =>
    inHome(async () => {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await page.goto(home.url());
      await page.click('#operations-service-getStatus');
      await page.click('text=Try it out');
      await page.click('text=Execute');
      await page.waitForSelector('.live-responses-table >> text=/"OK"/');
      expect(complaints).toEqual([]);
    }));
});

async function eventually(isSo: () => boolean): Promise<void> {
  for (let patience = 200; !isSo(); patience -= 1) {
    if (patience === 0) throw new Error('What was to happen has not.');
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
}
