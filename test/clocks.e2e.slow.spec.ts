import { afterEach, expect, it } from '@jest/globals';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { STORAGES } from './support/storages.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const YEAR = 365 * DAY;

const AHEAD: readonly (readonly [string, number])[] = [
  ['a second', SECOND],
  ['a quarter of an hour', 15 * MINUTE],
  ['a year', YEAR],
];

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`A clock that was ahead, with ${storage}`, () => {
    const cleanups: (() => Promise<void>)[] = [];

    afterEach(async () => {
      for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
    });

    /** Several processes on one new place, each with a clock of its own. */
    const start = async (count: number, more: Readonly<Record<string, string>> = {}): Promise<TestApp[]> => {
      const { variables, drop } = await open();
      cleanups.push(drop);
      const types = variables.DATABASE_URL === 'memory:' ? 'session_exp_auth' : 'session_db_auth';
      const apps: TestApp[] = [];
      for (let index = 0; index < count; index += 1)
        apps.push(await TestApp.start({ AUTH_TYPE: `${types},basic_auth`, ...variables, ...more }));
      cleanups.push(...apps.map((app) => () => app.stop()));
      return apps;
    };
    const startOne = async (more?: Readonly<Record<string, string>>) => (await start(1, more))[0]!;

    const fail = async (app: TestApp, times: number, address: (index: number) => string) => {
      for (let index = 0; index < times; index += 1) await app.visitor().login(address(index), 'wrong');
    };

    it.each(AHEAD)('%s refuses no network after it was put right', async (_, ahead) => {
      const app = await startOne({ AUTH_FAILURES_PER_NETWORK: '5', AUTH_FAILURES_PER_SERVER: '6' });
      await app.addUser('ann@example.com');
      app.clock.advance(ahead);
      await fail(app, 6, (index) => `nobody-${index}@example.com`);
      expect((await app.visitor().login('ann@example.com')).status).toBe(429);
      app.clock.advance(-ahead);
      expect((await app.visitor().login('ann@example.com')).status).toBe(200);
    });

    it.each([DAY, YEAR])('delays no account for more than the longest delay (%i ms)', async (ahead) => {
      const app = await startOne();
      await app.addUser('ann@example.com');
      app.clock.advance(ahead);
      await fail(app, 6, () => 'ann@example.com');
      app.clock.advance(-ahead);
      expect((await app.visitor().login('ann@example.com')).status).toBe(200);
    });

    it.each([
      ['a second', SECOND, 200],
      ['six minutes', 6 * MINUTE, 401],
      ['a year', YEAR, 401],
    ])('%s ahead opened a session that outlives no limit', async (_, ahead, status) => {
      const app = await startOne();
      await app.addUser('ann@example.com');
      const visitor = app.visitor();
      app.clock.advance(ahead);
      await visitor.login('ann@example.com');
      app.clock.advance(-ahead);
      expect((await visitor.get('/users/me')).status).toBe(status);
      app.clock.advance(12 * 60 * MINUTE);
      expect((await visitor.get('/users/me')).status).toBe(401);
    });

    it('does not stretch the idle limit by a use in the future', async () => {
      const app = await startOne();
      await app.addUser('ann@example.com');
      const visitor = app.visitor();
      await visitor.login('ann@example.com', PASSWORD, { remember: true });
      app.clock.advance(13 * DAY);
      expect((await visitor.get('/users/me')).status).toBe(200);
      app.clock.advance(-13 * DAY);
      expect((await visitor.get('/users/me')).status).toBe(401);
    });

    it('tells of an end in the future why, and not since when', async () => {
      const app = await startOne();
      const { id } = await app.addUser('ann@example.com');
      const visitor = app.visitor();
      await visitor.login('ann@example.com');
      app.clock.advance(10 * MINUTE);
      expect((await app.visitor(basic('ann@example.com')).delete('/sessions')).body).toEqual({ ended: 1 });
      app.clock.advance(-10 * MINUTE);
      const { status, body } = await visitor.get('/users/me');
      expect([id, status, body.code, body.ended_at]).toEqual([id, 401, 'session_ended_elsewhere', undefined]);
    });

    if (storage !== 'memory')
      it.each(AHEAD)('%s forgives an account for those that are right, too', async (_, ahead) => {
        const [fast, right] = (await start(2, { AUTH_FAILURES_PER_NETWORK: '1000' })) as [TestApp, TestApp];
        const { id } = await right.addUser('ann@example.com');
        await right.addUser('root@example.com', 'admin');
        await fail(right, 6, () => 'ann@example.com');
        fast.clock.advance(ahead);
        const answer = await fast.visitor(basic('root@example.com')).put(`/users/${id}`, { disabled: false });
        expect(answer.status).toBe(200);
        expect((await right.visitor().login('ann@example.com')).status).toBe(200);
      });

    it('believes no proof of a password for longer than a quarter of an hour', async () => {
      const app = await startOne({ AUTH_TYPE: 'basic_auth' });
      const { id } = await app.addUser('ann@example.com');
      const visitor = app.visitor(basic('ann@example.com'));
      const signIns = async () => {
        await app.addUser('root@example.com', 'admin').catch(() => {});
        const root = app.visitor(basic('root@example.com', PASSWORD));
        const { body } = await root.get(`/audit?user=${id}&type=sign_in`);
        return body.length as number;
      };
      app.clock.advance(YEAR);
      await visitor.get('/users/me');
      app.clock.advance(-YEAR);
      await visitor.get('/users/me');
      expect(await signIns()).toBe(2);
    });
  });
}
