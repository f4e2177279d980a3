import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PASSWORD, Visitor } from './support/app.js';
import { RedisServer, command } from './support/engines.js';
import { Server, makeDatabase, newFolder, operate } from './support/server.js';
import { describeWithEngine } from './support/services.js';

const [ANN, ROOT] = ['ann@example.com', 'root@example.com'];

describeWithEngine.redis('A server whose Redis is full', () => {
  const folder = newFolder();
  let redis: RedisServer;
  let server: Server;
  let variables: Readonly<Record<string, string>>;

  const isFull = (full: boolean) => command(redis.port, 'CONFIG', 'SET', 'maxmemory', full ? '1' : '0');
  const visitor = () => new Visitor(`${server.url}/api/v1`, {});
  const signedIn = async (email: string) => {
    const one = visitor();
    expect((await one.login(email)).status).toBe(200);
    return one;
  };
  /** Why a session has ended, or null. */
  const endOf = async (cookie: string) =>
    (await visitor().send('GET', '/users/me', undefined, { cookie })).body?.code ?? null;

  beforeAll(async () => {
    redis = await RedisServer.start();
    variables = { SESSION_STORE_URL: redis.url };
    await makeDatabase(folder, variables);
    for (const [email, role] of [
      [ANN, 'user'],
      [ROOT, 'admin'],
    ] as const) {
      const args = ['user', 'create', '--email', email, '--role', role, '--password-stdin'];
      expect(await operate(folder, args, { input: PASSWORD, variables })).toMatchObject({ code: 0 });
    }
    server = await Server.start(folder, { STORE_TIMEOUT: '10s', ...variables });
  });
  afterAll(async () => {
    await server.stop('SIGKILL');
    await redis.close();
  });

  it('signs people out, one or all of their sessions, and tells them why', async () => {
    const [here, there, other] = [await signedIn(ANN), await signedIn(ANN), await signedIn(ANN)];
    const [cookie, elsewhere] = [there.cookie!, other.cookie!];
    await isFull(true);
    try {
      expect((await here.get('/users/me')).status).toBe(200);
      expect((await there.delete('/auth_session/logout')).status).toBe(200);
      expect(await endOf(cookie)).toBe('session_signed_out');
      expect((await here.delete('/sessions')).status).toBeLessThan(300);
      expect(await endOf(elsewhere)).toBe('session_ended_elsewhere');
      expect((await visitor().login(ANN)).status).toBe(503);
      expect((await visitor().get('/health/ready')).status).toBe(503);
    } finally {
      await isFull(false);
    }
  });

  it('changes passwords, ends all sessions and takes the new password later', async () => {
    const [here, there] = [await signedIn(ANN), await signedIn(ANN)];
    const cookie = there.cookie!;
    const change = { current_password: PASSWORD, new_password: `new ${PASSWORD}` };
    await isFull(true);
    try {
      expect((await here.put('/users/me/password', change)).status).toBeLessThan(300);
      expect(await endOf(cookie)).toBe('password_changed');
      expect((await here.get('/users/me')).body.code).toBe('password_changed');
    } finally {
      await isFull(false);
    }
    const again = { email: ANN, password: change.new_password };
    expect((await visitor().post('/auth_session/login', again)).status).toBe(200);
  });

  it('disables accounts', async () => {
    const root = await signedIn(ROOT);
    const created = await root.post('/users', { email: 'ben@example.com', password: PASSWORD });
    const ben = await signedIn('ben@example.com');
    const cookie = ben.cookie!;
    await isFull(true);
    try {
      const answer = await root.put(`/users/${created.body.id as string}`, { disabled: true });
      expect(answer.status).toBe(200);
      expect(await endOf(cookie)).toBe('user_disabled');
    } finally {
      await isFull(false);
    }
  });

  it('does not start and says why, while operators can disable accounts', async () => {
    const cookie = (await signedIn(ROOT)).cookie!;
    const args = ['user', 'create', '--email', 'second@example.com', '--role', 'admin', '--password-stdin'];
    await operate(folder, args, { input: PASSWORD, variables });
    await isFull(true);
    try {
      expect(await operate(folder, ['user', 'disable', ROOT], { variables })).toMatchObject({ code: 0 });
      expect(await endOf(cookie)).toBe('user_disabled');
      await expect(Server.start(folder, variables)).rejects.toThrow(/SESSION_STORE_URL.*OOM/s);
    } finally {
      await isFull(false);
    }
  });
});
