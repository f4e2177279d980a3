import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SessionStore } from 'coatcheck';
import { TestApp, type Visitor } from './support/app.js';
import { STORAGES } from './support/storages.js';

let app: TestApp;

async function signedIn(email: string): Promise<Visitor> {
  const visitor = app.visitor();
  expect((await visitor.login(email)).status).toBe(200);
  return visitor;
}

/** An application with an administrator who is signed in. */
async function started(variables: Readonly<Record<string, string>> = {}): Promise<Visitor> {
  app = await TestApp.start({ AUTH_TYPE: 'session_db_auth,token_auth', ...variables });
  await app.addUser('root@example.com', 'admin');
  await app.addUser('ann@example.com');
  return signedIn('root@example.com');
}

for (const [name, storage] of Object.entries(STORAGES))
  storage.describe(`GET /stats/live with ${name}`, () => {
    it('counts the sessions and access tokens that are valid now', async () => {
      const { variables, drop } = await storage.open();
      const admin = await started({
        ...variables,
        AUTH_TYPE: name === 'memory' ? 'session_exp_auth' : 'session_db_auth,token_auth',
        SESSION_DURATION: '2h',
      });
      await signedIn('ann@example.com');
      app.clock.advance(7_200_000);
      const visitor = await signedIn('root@example.com');
      await (await signedIn('ann@example.com')).delete('/auth_session/logout');
      const expires_at = new Date(app.clock.now().getTime() + 86_400_000).toISOString();
      const wish = { label: 'backup', scope: 'read', expires_at };
      const hasTokens = (await visitor.post('/access_tokens', wish)).status === 201;
      expect(hasTokens).toBe(name !== 'memory');
      expect((await admin.get('/users/me')).status).toBe(401);
      const { status, body } = await visitor.get('/stats/live');
      expect([status, body]).toEqual([
        200,
        { sessions: hasTokens ? 2 : 1, hashing: { running: 0, waiting: 0 } },
      ]);
      await app.stop();
      await drop();
    });
  });

describe('GET /stats/live', () => {
  afterEach(() => app.stop());

  it('is for administrators', async () => {
    await started();
    expect((await app.visitor().get('/stats/live')).status).toBe(401);
    expect((await (await signedIn('ann@example.com')).get('/stats/live')).body.code).toBe('role_required');
  });

  it('has the passwords that are hashed now, and those that wait', async () => {
    const admin = await started({ PASSWORD_HASH_COST: '12' });
    const logins = Array.from({ length: 4 }, () => app.visitor().login('ann@example.com'));
    const seen: { running: number; waiting: number }[] = [];
    const state = { isDone: false };
    void Promise.all(logins).then(() => (state.isDone = true));
    while (!state.isDone) {
      seen.push((await admin.get('/stats/live')).body.hashing);
      await delay(5);
    }
    expect(Math.max(...seen.map(({ running }) => running))).toBeGreaterThan(0);
    expect(Math.max(...seen.map(({ waiting }) => waiting))).toBeGreaterThan(0);
    expect((await admin.get('/stats/live')).body.hashing).toEqual({ running: 0, waiting: 0 });
  });

  it('has null if the store cannot count', async () => {
    const admin = await started();
    Object.defineProperty(app.nest.get(SessionStore), 'countLive', { value: undefined });
    const { status, body } = await admin.get('/stats/live');
    expect([status, body.sessions]).toEqual([200, null]);
  });

  it('is a 503 if the store does not answer', async () => {
    const admin = await started();
    Object.defineProperty(app.nest.get(SessionStore), 'countLive', {
      value: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('The disk is gone.')) }),
      }),
    });
    const { status, body } = await admin.get('/stats/live');
    expect([status, body.code]).toEqual([503, 'store_unavailable']);
  });
});
