import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionStore } from 'coatcheck';
import * as fc from 'fast-check';
import { type Answer, PASSWORD, TestApp, type Visitor } from './support/app.js';
import { closeBrowsers, describeWithBrowser, inBrowser, openProfile } from './support/browser.js';

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];
const REMEMBERED = { remember: true };

/** For how many seconds the browser is to keep the cookie that an answer sets; null for none, or none that lasts. */
function maxAgeOf({ headers }: Answer): number | null {
  const [, seconds] = /; Max-Age=(\d+)/.exec(headers.getSetCookie().join('\n')) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

/** The same attribute, told twice: a client that does not know the one heeds the other. */
function expiresOf({ headers }: Answer): number {
  return Date.parse(/; Expires=([^;]+)/.exec(headers.getSetCookie().join('\n'))?.[1] ?? '');
}

describe('A sign-in that asks to be remembered', () => {
  let app: TestApp;
  let people = 0;

  beforeAll(async () => {
    app = await TestApp.start();
  });

  afterAll(() => app.stop());

  async function newcomer(wish: object = REMEMBERED): Promise<{ visitor: Visitor; answer: Answer }> {
    const email = `visitor-${(people += 1)}@example.com`;
    await app.addUser(email);
    const visitor = app.visitor();
    const answer = await visitor.login(email, PASSWORD, wish);
    expect(answer.status).toBe(200);
    return { visitor, answer };
  }

  const sessionOf = async (visitor: Visitor) => (await visitor.get('/sessions/current')).body.session;

  it('opens a session of a kind and of limits of its own, which its user sees', async () => {
    const { visitor } = await newcomer();
    const now = app.clock.now().getTime();
    expect(await sessionOf(visitor)).toMatchObject({
      kind: 'remembered',
      transport: 'cookie',
      scope: 'write',
      expires_at: new Date(now + 30 * DAY).toISOString(),
      idle_expires_at: new Date(now + 14 * DAY).toISOString(),
    });
    expect((await visitor.get('/sessions?kind=remembered')).body).toHaveLength(1);
    expect((await visitor.get('/sessions?kind=session')).body).toEqual([]);
  });

  it.each([{}, { remember: false }, { remember: null }])('is one only where %j says so', async (wish) => {
    const { visitor, answer } = await newcomer(wish);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    const now = app.clock.now().getTime();
    expect(await sessionOf(visitor)).toMatchObject({
      kind: 'session',
      expires_at: new Date(now + 12 * HOUR).toISOString(),
      idle_expires_at: new Date(now + 30 * MINUTE).toISOString(),
    });
    app.clock.advance(29 * MINUTE);
    expect(maxAgeOf(await visitor.get('/users/me'))).toBeNull();
    const again = await visitor.post('/sessions/current/reauthenticate', { password: PASSWORD });
    expect(again.headers.getSetCookie()).toHaveLength(1);
    expect(maxAgeOf(again)).toBeNull();
  });

  it.each(['yes', 'true', 1, 0, '', [true], {}])('is refused where it says so by %j', async (remember) => {
    await app.addUser(`odd-${(people += 1)}@example.com`);
    const visitor = app.visitor();
    expect(await visitor.login(`odd-${people}@example.com`, PASSWORD, { remember })).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ pointer: '/remember' }] },
    });
    expect(visitor.cookie).toBeNull();
  });

  it('ends when it was left idle, to the second', async () => {
    const { visitor } = await newcomer();
    app.clock.advance(14 * DAY - SECOND);
    expect((await visitor.get('/users/me')).status).toBe(200);
    app.clock.advance(14 * DAY);
    expect(await visitor.get('/users/me')).toMatchObject({
      status: 401,
      body: { code: 'session_expired_idle', ended_at: app.clock.now().toISOString() },
    });
    expect(visitor.cookie).toBeNull();
  });

  it('ends however much it is used, to the second', async () => {
    const { visitor } = await newcomer();
    for (const days of [10, 10]) {
      app.clock.advance(days * DAY);
      expect((await visitor.get('/users/me')).status).toBe(200);
    }
    app.clock.advance(10 * DAY - SECOND);
    expect((await visitor.get('/users/me')).status).toBe(200);
    app.clock.advance(SECOND);
    expect(await visitor.get('/users/me')).toMatchObject({
      status: 401,
      body: { code: 'session_expired_absolute', ended_at: app.clock.now().toISOString() },
    });
  });

  it('gives a cookie that lasts as long as the session can', async () => {
    const { answer } = await newcomer();
    expect(maxAgeOf(answer)).toBe((30 * DAY) / SECOND);
    expect(Math.abs(expiresOf(answer) - Date.now() - 30 * DAY)).toBeLessThan(MINUTE);
  });

  it('has its cookie sent by no later use, whose answer could come after the token was replaced', async () => {
    const { visitor } = await newcomer();
    for (const days of [1, 13, 13]) {
      app.clock.advance(days * DAY);
      const noted = await visitor.get('/users/me');
      expect(noted.status).toBe(200);
      expect(noted.headers.getSetCookie()).toEqual([]);
    }
  });

  it('has all of its time again when its user proves the password again', async () => {
    const { visitor } = await newcomer();
    const { id } = await sessionOf(visitor);
    app.clock.advance(13 * DAY);
    const renewed = await visitor.post('/sessions/current/reauthenticate', { password: PASSWORD });
    expect(maxAgeOf(renewed)).toBe((30 * DAY) / SECOND);
    const now = app.clock.now().getTime();
    expect(await sessionOf(visitor)).toMatchObject({
      id,
      kind: 'remembered',
      authenticated_at: new Date(now).toISOString(),
      expires_at: new Date(now + 30 * DAY).toISOString(),
    });
  });

  it('is remembered still after a change of the password, with all of its time again', async () => {
    const { visitor } = await newcomer();
    app.clock.advance(13 * DAY);
    const change = { current_password: PASSWORD, new_password: 'another good password' };
    const changed = await visitor.put('/users/me/password', change);
    expect(changed.status).toBe(200);
    expect(maxAgeOf(changed)).toBe((30 * DAY) / SECOND);
    expect(await sessionOf(visitor)).toMatchObject({ kind: 'remembered' });
  });

  it('has one cookie in an answer, the last word on it, where a use is noted too', async () => {
    const { visitor } = await newcomer();
    app.clock.advance(DAY);
    const renewed = await visitor.post('/sessions/current/reauthenticate', { password: PASSWORD });
    expect(renewed.headers.getSetCookie()).toHaveLength(1);
    app.clock.advance(DAY);
    const left = await visitor.delete('/auth_session/logout');
    expect(left.headers.getSetCookie()).toEqual([expect.stringMatching(/^sid=; .*Expires=Thu, 01 Jan 1970/)]);
  });

  it('is replaced by a usual one of the same client', async () => {
    const { visitor } = await newcomer();
    const before = app.visitor();
    before.cookie = visitor.cookie;
    const answer = await visitor.login(`visitor-${people}@example.com`);
    expect(maxAgeOf(answer)).toBeNull();
    expect((await before.get('/users/me')).status).toBe(401);
    expect((await visitor.get('/sessions')).body).toMatchObject([{ kind: 'session' }]);
  });

  it('never gives a cookie that outlives its session, nor one that is gone before it, whatever its user does', async () => {
    const cookies: number[] = [];
    const deeds = fc.constantFrom('look', 'prove', 'change', 'rename', 'sign in');
    const pauses = fc.integer({ min: 1, max: 13 * DAY });
    const life = fc.array(fc.tuple(deeds, pauses), { minLength: 10, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(life, async (steps) => {
        const { visitor, answer } = await newcomer();
        let [password, id] = [PASSWORD, (await sessionOf(visitor)).id];
        let last = answer;
        const act = async (deed: string): Promise<Answer> => {
          const next = `${PASSWORD} of late ${cookies.length + app.clock.now().getTime()}`;
          if (deed === 'prove') return visitor.post('/sessions/current/reauthenticate', { password });
          if (deed === 'rename') return visitor.send('PATCH', `/sessions/${id}`, { label: next });
          if (deed === 'look') return visitor.get('/users/me');
          if (deed === 'sign in') return visitor.login(`visitor-${people}@example.com`, password, REMEMBERED);
          const change = { current_password: password, new_password: next };
          const changed = await visitor.put('/users/me/password', change);
          if (changed.status === 200) password = next;
          return changed;
        };
        for (const [deed, pause] of steps) {
          expect(last.headers.getSetCookie().length).toBeLessThanOrEqual(1);
          const age = maxAgeOf(last);
          if (age !== null) {
            const end = Date.parse((await sessionOf(visitor)).expires_at);
            const gone = app.clock.now().getTime() + age * SECOND;
            expect(gone).toBeLessThanOrEqual(end);
            expect(gone).toBeGreaterThan(end - SECOND);
            cookies.push(age);
          }
          app.clock.advance(pause);
          last = await act(deed);
          if (last.status === 401) last = await act('sign in');
          expect(last.status).toBe(200);
          id = (await sessionOf(visitor)).id;
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
    expect(cookies.length).toBeGreaterThan(30);
  });

  it('under session_auth, which knows no limits, gives the cookie that browsers keep the longest', async () => {
    const endless = await TestApp.start({ AUTH_TYPE: 'session_auth' });
    await endless.addUser('ann@example.com');
    const ann = endless.visitor();
    expect(maxAgeOf(await ann.login('ann@example.com', PASSWORD, REMEMBERED))).toBe((400 * DAY) / SECOND);
    expect((await ann.get('/sessions/current')).body.session).toMatchObject({
      kind: 'remembered',
      expires_at: null,
      idle_expires_at: null,
    });
    await endless.stop();
  });

  it.each([
    [{ SESSION_REMEMBER_DURATION: '3h', SESSION_REMEMBER_IDLE_TIMEOUT: '2h' }, 2 * HOUR, 3 * HOUR],
    [{ SESSION_REMEMBER_DURATION: '7d' }, 7 * DAY, 7 * DAY],
    [{ SESSION_REMEMBER_IDLE_TIMEOUT: '2d' }, 2 * DAY, 30 * DAY],
  ])('lives by %j', async (variables, idle, absolute) => {
    const other = await TestApp.start(variables);
    await other.addUser('ann@example.com');
    const ann = other.visitor();
    expect(maxAgeOf(await ann.login('ann@example.com', PASSWORD, REMEMBERED))).toBe(absolute / SECOND);
    const now = other.clock.now().getTime();
    expect((await ann.get('/sessions/current')).body.session).toMatchObject({
      expires_at: new Date(now + absolute).toISOString(),
      idle_expires_at: new Date(now + idle).toISOString(),
    });
    other.clock.advance(idle - SECOND);
    expect((await ann.get('/users/me')).status).toBe(200);
    other.clock.advance(absolute - idle + SECOND);
    expect((await ann.get('/users/me')).status).toBe(401);
    await other.stop();
  });

  it.each(['true', 'false', '1', 'yes'])(
    'is a usual session under the course contract (%s)',
    async (remember) => {
      const course = await TestApp.start({ AUTH_COMPAT: 'alx', SESSION_DURATION: '3600' });
      const { id } = await course.addUser('ann@example.com');
      const form = new URLSearchParams({ email: 'ann@example.com', password: PASSWORD, remember });
      const answer = await course.visitor().send('POST', '/auth_session/login', form);
      expect(answer.status).toBe(200);
      expect(maxAgeOf(answer)).toBeNull();
      const sessions = await course.nest.get(SessionStore).findByUser(id, course.clock.now());
      expect(sessions).toMatchObject([{ kind: 'session' }]);
      await course.stop();
    },
  );
});

describeWithBrowser('A real browser that is closed and opened again', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
    await app.addUser('ann@example.com');
  });

  afterAll(async () => {
    await closeBrowsers();
    await app.stop();
  });

  /** A browser on a profile, at a page of the API. */
  async function open(profile: string) {
    const context = await openProfile(profile);
    const page = await context.newPage();
    await page.goto(`${app.root}/docs`);
    const call = (method: string, path: string, body?: object) =>
      page.evaluate<number>(
        `fetch(${JSON.stringify(`/api/v1${path}`)}, ${JSON.stringify({
          method,
          ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
        })}).then(({ status }) => status)`,
      );
    const cookies = () => context.cookies(app.root);
    return {
      login: (wish: object) =>
        call('POST', '/auth_session/login', { email: 'ann@example.com', password: PASSWORD, ...wish }),
      look: () => call('GET', '/users/me'),
      cookies,
      close: () => context.close(),
    };
  }

  const newProfile = () => mkdtempSync(join(tmpdir(), 'coatcheck-profile-'));

  it('is signed in still where it asked to be remembered', () =>
    inBrowser(async () => {
      const profile = newProfile();
      const before = await open(profile);
      expect(await before.login(REMEMBERED)).toBe(200);
      const [token] = await before.cookies();
      expect(Math.abs(token!.expires * SECOND - Date.now() - 30 * DAY)).toBeLessThan(MINUTE);
      await before.close();
      const after = await open(profile);
      expect(await after.cookies()).toEqual([token]);
      expect(await after.look()).toBe(200);
    }));

  it('is signed in no more where it did not', () =>
    inBrowser(async () => {
      const profile = newProfile();
      const before = await open(profile);
      expect(await before.login({})).toBe(200);
      expect(await before.cookies()).toMatchObject([{ name: 'sid', expires: -1 }]);
      expect(await before.look()).toBe(200);
      await before.close();
      const after = await open(profile);
      expect(await after.cookies()).toEqual([]);
      expect(await after.look()).toBe(401);
    }));

  it('is signed in no more where the last sign-in did not, whatever the one before asked', () =>
    inBrowser(async () => {
      const profile = newProfile();
      const before = await open(profile);
      expect(await before.login(REMEMBERED)).toBe(200);
      expect(await before.login({ remember: false })).toBe(200);
      expect(await before.cookies()).toMatchObject([{ name: 'sid', expires: -1 }]);
      await before.close();
      const after = await open(profile);
      expect(await after.cookies()).toEqual([]);
      expect(await after.look()).toBe(401);
    }));
});
