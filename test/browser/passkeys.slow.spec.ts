import { once } from 'node:events';
import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Secret, TOTP } from 'otpauth';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { PASSWORD, TestApp, Visitor } from '../support/app.js';
import {
  Pages,
  closeBrowsers,
  describeWithBrowser,
  inBrowser,
  newCertificate,
  openBrowser,
} from '../support/browser.js';
import { documentedPrograms } from '../support/documented.js';
import { Server, newFolder } from '../support/server.js';
import { STORAGES } from '../support/storages.js';

const SECOND_STEP = '/auth_session/second_step';
const WRONG = { status: 403, body: { code: 'factor_invalid' } };
const ANONYMOUS = { status: 401 };

const [ADD = '', SIGN_IN = ''] = documentedPrograms('second-factors', 'Passkeys', 'js');
const FINISH = SIGN_IN.replaceAll('/auth_session/passkey', SECOND_STEP);
/** In place of the setup in a session, that of a sign-in. */
const SET_UP = ADD.replaceAll('/factors/', `${SECOND_STEP}/`);
const CONFIRM = SIGN_IN.replaceAll('/auth_session/passkey', '/factors/confirm');

/** A program that asks for no user verification, whatever the server has asked for. */
const unverified = (program: string) =>
  program.replace(
    'const publicKey',
    `options.userVerification = 'discouraged';
     options.authenticatorSelection = { userVerification: 'discouraged', residentKey: 'discouraged' };
     const publicKey`,
  );

/** The answer of the server. If the browser refuses to use a passkey, status 0 and the name of the error. */
interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
  readonly body: any;
}

interface Picture {
  /** Red, green, blue and opacity of the first pixel. */
  readonly corner: readonly number[];
  /** The share of black pixels. */
  readonly dark: number;
}

/** In the page: its SVG as a picture of 200 by 200 pixels. */
const PICTURE_OF_SVG = `(async () => {
  const image = new Image(200, 200);
  image.src = 'data:image/svg+xml,' + encodeURIComponent(document.querySelector('svg').outerHTML);
  await image.decode();
  const context = Object.assign(document.createElement('canvas'), { width: 200, height: 200 }).getContext('2d');
  context.drawImage(image, 0, 0, 200, 200);
  const { data } = context.getImageData(0, 0, 200, 200);
  const isDark = (_, index) => data[index * 4] < 64 && data[index * 4 + 3] === 255;
  return { corner: [...data.slice(0, 4)], dark: Array.from({ length: 40000 }, isDark).filter(Boolean).length / 40000 };
})()`;

describeWithBrowser('A passkey in a real browser', () => {
  let browser: Browser | undefined;

  afterEach(async () => {
    const contexts = browser?.isConnected() ? browser.contexts() : [];
    await Promise.all(contexts.map((context) => context.close()));
  });

  afterAll(closeBrowsers);

  const theBrowser = async (): Promise<Browser> => {
    if (!browser?.isConnected()) browser = await openBrowser();
    return browser;
  };

  for (const storage of ['SQLite', 'PostgreSQL'] as const)
    STORAGES[storage].describe(`with ${storage}`, () => {
      const folder = newFolder();
      let server: Server;
      let front: HttpServer;
      let other: HttpServer;
      let variables: Readonly<Record<string, string>>;
      let drop: () => Promise<void>;
      let users = 0;

      beforeAll(async () => {
        ({ variables, drop } = await STORAGES[storage].open());
        [front, other] = [await servePages(), await servePages()];
        const trusted = [originOf(front), originOf(other), originOf(front, '127.0.0.1')];
        variables = { ...variables, REGISTRATION: 'open', TRUSTED_ORIGINS: trusted.join(',') };
        server = await Server.start(folder, settings());
      });

      const settings = () => ({ ...variables, PASSKEY_ORIGINS: originOf(front) });

      afterAll(async () => {
        await server?.stop();
        for (const pages of [front, other]) pages?.close().closeAllConnections();
        await drop?.();
      });

      const newUser = async (): Promise<string> => {
        users += 1;
        const email = `ann-${users}@example.com`;
        const { status } = await new Visitor(`${server.url}/api/v1`, {}).post('/users', {
          email,
          password: PASSWORD,
        });
        expect(status).toBe(201);
        return email;
      };

      /** A user who has added a passkey by the code of the documents, and the tab where that was done. */
      const withPasskey = async () => {
        const [email, tab] = [await newUser(), await Tab.open(await theBrowser(), originOf(front), server)];
        expect(await tab.login(email)).toMatchObject({ status: 200 });
        const added = await tab.run(ADD);
        expect(added).toMatchObject({ status: 201, body: { passkey: { name: 'My laptop' } } });
        return { email, tab, added };
      };

      it('is added by the documented code, with ten recovery codes, and its user stays signed in', () =>
        inBrowser(async () => {
          const { email, tab, added } = await withPasskey();
          expect(new Set(added.body.recovery_codes).size).toBe(10);
          expect((await tab.send('GET', '/factors')).body.passkeys).toMatchObject([{ name: 'My laptop' }]);
          expect(await tab.send('GET', '/users/me')).toMatchObject({ status: 200, body: { email } });
          expect(await tab.run(ADD)).toEqual({ status: 0, body: 'InvalidStateError' });
        }));

      it('signs in by the documented code, without a user name and a password', () =>
        inBrowser(async () => {
          const { email, tab } = await withPasskey();
          await tab.signOut();
          expect(await tab.run(SIGN_IN)).toMatchObject({ status: 200, body: { email } });
          expect(await tab.send('GET', '/users/me')).toMatchObject({ status: 200, body: { email } });
          expect((await tab.send('GET', '/sessions/current')).body.session.proofs).toEqual({
            passkey: expect.any(String),
          });
        }));

      it('finishes a sign-in by password', () =>
        inBrowser(async () => {
          const { email, tab } = await withPasskey();
          await tab.signOut();
          expect(await tab.login(email)).toMatchObject({
            status: 403,
            body: { code: 'second_factor_required', factors: ['passkey', 'recovery_code'] },
          });
          expect(await tab.send('GET', '/users/me')).toMatchObject(ANONYMOUS);
          expect(await tab.run(FINISH)).toMatchObject({ status: 200, body: { email } });
          expect((await tab.send('GET', '/sessions/current')).body.session.proofs).toEqual({
            password: expect.any(String),
            passkey: expect.any(String),
          });
        }));

      it('is removed from a session that it has confirmed', () =>
        inBrowser(async () => {
          const { email, tab, added } = await withPasskey();
          await tab.signOut();
          const withoutFactors = await Server.start(folder, { ...variables, MFA: 'off' });
          try {
            expect(await tab.login(email, withoutFactors)).toMatchObject({ status: 200 });
          } finally {
            await withoutFactors.stop();
          }
          const path = `/factors/passkeys/${added.body.passkey.id}`;
          expect(await tab.send('DELETE', path)).toMatchObject({
            status: 403,
            body: { code: 'session_not_fresh' },
          });
          expect(await tab.run(CONFIRM)).toMatchObject({ status: 200 });
          expect(await tab.send('DELETE', path)).toEqual({ status: 200, body: {} });
          await tab.signOut();
          expect(await tab.run(SIGN_IN)).toMatchObject(WRONG);
          expect(await tab.login(email)).toMatchObject({ status: 200 });
        }));

      it('opens no session and is not added if its user is not verified', () =>
        inBrowser(async () => {
          const { email, tab } = await withPasskey();
          await tab.signOut();
          await tab.verifyUser(false);
          expect(await tab.run(SIGN_IN)).toEqual({ status: 0, body: 'NotAllowedError' });
          expect(await tab.run(unverified(SIGN_IN))).toMatchObject(WRONG);
          await tab.login(email);
          expect(await tab.run(FINISH)).toEqual({ status: 0, body: 'NotAllowedError' });
          expect(await tab.run(unverified(FINISH))).toMatchObject(WRONG);
          expect(await tab.send('GET', '/users/me')).toMatchObject(ANONYMOUS);
          expect(await tab.login(await newUser())).toMatchObject({ status: 200 });
          expect(await tab.run(ADD)).toEqual({ status: 0, body: 'NotAllowedError' });
          await tab.useAuthenticator({ hasUserVerification: false });
          expect(await tab.run(unverified(ADD))).toMatchObject(WRONG);
          expect((await tab.send('GET', '/factors')).body.passkeys).toEqual([]);
          await tab.useAuthenticator({ hasUserVerification: true });
          expect(await tab.run(unverified(ADD))).toMatchObject({ status: 201 });
        }));

      it('opens no session from a page of another port or host, even if its origin is trusted', () =>
        inBrowser(async () => {
          const { email, tab } = await withPasskey();
          await tab.signOut();
          await tab.page.goto(originOf(other));
          expect(await tab.run(SIGN_IN)).toMatchObject(WRONG);
          await tab.login(email);
          expect(await tab.run(FINISH)).toMatchObject(WRONG);
          expect(await tab.send('GET', '/users/me')).toMatchObject(ANONYMOUS);
          await tab.page.goto(originOf(front, '127.0.0.1'));
          expect(await tab.run(SIGN_IN)).toEqual({ status: 0, body: 'SecurityError' });
          await tab.page.goto(originOf(front));
          expect(await tab.run(SIGN_IN)).toMatchObject({ status: 200, body: { email } });
        }));

      it('signs in only the browser that asked for the challenge', () =>
        inBrowser(async () => {
          const { email, tab } = await withPasskey();
          await tab.signOut();
          const thiefBrowser = await openBrowser();
          const thief = await Tab.open(thiefBrowser, originOf(front), server);
          // The last request of the program is the answer to the challenge: here it is kept and not sent.
          const [, ask = '', path, body] = /^([^]+)await post\((.+?), (.+)\);\n$/.exec(SIGN_IN)!;
          const { body: answer } = await tab.run(`${ask} last = { status: 200, body: ${body} };`);
          const send = `await post(${path}, ${JSON.stringify(answer)});`;
          await thief.run("await post('/auth_session/passkey/options');");
          expect(await thief.run(send)).toMatchObject(WRONG);
          expect(await thief.send('GET', '/users/me')).toMatchObject(ANONYMOUS);
          expect(await tab.run(send)).toMatchObject({ status: 200, body: { email } });
          expect(await tab.run(send)).toMatchObject(WRONG);
          await thiefBrowser.close();
        }));

      it('signs in by the autofill of the browser', () =>
        inBrowser(async () => {
          const { email, tab } = await withPasskey();
          await tab.signOut();
          await tab.page.setContent('<input autocomplete="username webauthn" autofocus>');
          expect(await tab.page.evaluate('PublicKeyCredential.isConditionalMediationAvailable()')).toBe(true);
          const autofill = SIGN_IN.replace(
            'get({ publicKey })',
            "get({ publicKey, mediation: 'conditional' })",
          );
          expect(autofill).not.toBe(SIGN_IN);
          expect(await tab.run(autofill)).toMatchObject({ status: 200, body: { email } });
          expect(await tab.send('GET', '/users/me')).toMatchObject({ status: 200, body: { email } });
        }));

      it.each(['a passkey', 'an authenticator app'])(
        'is not asked of a user who sets up %s while signing in',
        (factor) =>
          inBrowser(async () => {
            const required = await Server.start(folder, { ...settings(), MFA: 'required' });
            try {
              const [email, tab] = [
                await newUser(),
                await Tab.open(await theBrowser(), originOf(front), required),
              ];
              expect(await tab.login(email)).toMatchObject({
                status: 403,
                body: { code: 'factor_setup_required' },
              });
              expect(await tab.send('GET', '/users/me')).toMatchObject(ANONYMOUS);
              const done = factor === 'a passkey' ? await tab.run(SET_UP) : await tab.setUpApp();
              expect(done).toMatchObject({ status: 200, body: { email, recovery_codes: expect.any(Array) } });
              expect(await tab.send('GET', '/users/me')).toMatchObject({ status: 200, body: { email } });
              await tab.signOut();
              const factors = [factor === 'a passkey' ? 'passkey' : 'totp', 'recovery_code'];
              const asked = { status: 403, body: { code: 'second_factor_required', factors } };
              expect(await tab.login(email)).toMatchObject(asked);
            } finally {
              await required.stop();
            }
          }),
      );

      it('can have an authenticator app beside it, whose QR code is black on white in the page', () =>
        inBrowser(async () => {
          const { tab } = await withPasskey();
          const { body } = await tab.send('POST', '/factors/totp');
          await tab.page.setContent(`<div style="width: 200px">${body.qr_code}</div>`);
          expect(await tab.page.locator('svg').boundingBox()).toMatchObject({ width: 200, height: 200 });
          const { corner, dark } = await tab.page.evaluate<Picture>(PICTURE_OF_SVG);
          expect(corner).toEqual([255, 255, 255, 255]);
          expect(dark).toBeGreaterThan(0.2);
          expect(dark).toBeLessThan(0.6);
        }));
    });
});

describeWithBrowser('The cookies of second steps over HTTPS', () => {
  afterAll(closeBrowsers);

  it('are bound to the host, and are removed when they are used', () =>
    inBrowser(async () => {
      const certificate = newCertificate();
      const pages = await Pages.serve(certificate);
      const origin = `https://localhost:${pages.port}`;
      const settings = {
        NODE_ENV: 'production',
        AUTH_TYPE: 'session_db_auth',
        PASSWORD_HASH_COST: '10',
        FACTOR_KEY: 'a key of factors with 32 characters',
        TRUSTED_ORIGINS: origin,
        PASSKEY_ORIGINS: origin,
      };
      const app = await TestApp.start(settings, {}, { httpsOptions: certificate });
      try {
        app.clock.advance(Date.now() - app.clock.now().getTime());
        const { email } = await app.addUser('ann@example.com');
        const browser = await openBrowser();
        const tab = await Tab.open(browser, origin, { url: app.root });
        const cookies = async () => {
          const all = await tab.page.context().cookies(app.root.replace('127.0.0.1', 'localhost'));
          return Object.fromEntries(all.map(({ name, value: _, expires: __, ...facts }) => [name, facts]));
        };
        const ofHost = { domain: 'localhost', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' };
        await tab.login(email);
        expect(await tab.run(ADD)).toMatchObject({ status: 201 });
        await tab.signOut();
        expect(await tab.login(email)).toMatchObject({ status: 403 });
        expect(await cookies()).toEqual({ '__Host-sid_pending': ofHost });
        expect(await tab.run(FINISH)).toMatchObject({ status: 200, body: { email } });
        expect(await cookies()).toEqual({ '__Host-sid': ofHost });
        await tab.signOut();
        await tab.run("await post('/auth_session/passkey/options');");
        expect(await cookies()).toEqual({ '__Host-sid_passkey': ofHost });
        expect(await tab.run(SIGN_IN)).toMatchObject({ status: 200, body: { email } });
        expect(await cookies()).toEqual({ '__Host-sid': ofHost });
      } finally {
        await closeBrowsers();
        await app.stop();
        await pages.stop();
      }
    }));
});

/** Serves an empty page on a free port. */
async function servePages(): Promise<HttpServer> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>A page</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function originOf(server: HttpServer, host = 'localhost'): string {
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** A page with an authenticator and cookies of its own. */
class Tab {
  #authenticatorId = '';

  private constructor(
    readonly page: Page,
    private readonly devTools: CDPSession,
    private readonly server: Pick<Server, 'url'>,
  ) {}

  static async open(browser: Browser, origin: string, server: Pick<Server, 'url'>): Promise<Tab> {
    const page = await browser.newPage();
    await page.goto(origin);
    const devTools = await page.context().newCDPSession(page);
    await devTools.send('WebAuthn.enable');
    const tab = new Tab(page, devTools, server);
    await tab.useAuthenticator({ hasUserVerification: true });
    return tab;
  }

  /** Replaces the authenticator by a new one, which has no passkeys. */
  async useAuthenticator({ hasUserVerification }: { hasUserVerification: boolean }): Promise<void> {
    const earlier = this.#authenticatorId;
    if (earlier)
      await this.devTools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: earlier });
    const { authenticatorId } = await this.devTools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification,
        isUserVerified: hasUserVerification,
        automaticPresenceSimulation: true,
      },
    });
    this.#authenticatorId = authenticatorId;
  }

  async verifyUser(isUserVerified: boolean): Promise<void> {
    const authenticatorId = this.#authenticatorId;
    await this.devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  }

  login(email: string, server = this.server): Promise<Answer> {
    return this.send('POST', '/auth_session/login', { email, password: PASSWORD }, server);
  }

  async signOut(): Promise<void> {
    expect(await this.send('DELETE', '/auth_session/logout')).toMatchObject({ status: 200 });
    expect(await this.send('GET', '/users/me')).toMatchObject(ANONYMOUS);
  }

  /** Sets up an authenticator app in a sign-in that asks for a factor. */
  async setUpApp(): Promise<Answer> {
    const { secret } = (await this.send('POST', `${SECOND_STEP}/totp`)).body;
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    return this.send('POST', `${SECOND_STEP}/totp/confirm`, { code });
  }

  /** Sends a request by `fetch` in the page. */
  send(method: string, path: string, body?: object, server = this.server): Promise<Answer> {
    const args = [method, path, body].map((one) => JSON.stringify(one)).join(', ');
    return this.run(`last = await send(${args});`, server);
  }

  /** Runs a program of the documents in the page; the last answer to its function `post`. */
  run(program: string, { url } = this.server): Promise<Answer> {
    const api = `${url.replace('127.0.0.1', 'localhost')}/api/v1`;
    return this.page.evaluate<Answer>(`(async () => {
      let last;
      const send = async (method, path, body) => {
        const headers = body ? { 'Content-Type': 'application/json' } : {};
        const request = { method, headers, body: JSON.stringify(body), credentials: 'include' };
        const answer = await fetch(${JSON.stringify(api)} + path, request);
        return { status: answer.status, body: await answer.json() };
      };
      const post = async (path, body) => (last = await send('POST', path, body)).body;
      try {
        ${program}
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        return { status: 0, body: error.name };
      }
      return last;
    })()`);
  }
}
