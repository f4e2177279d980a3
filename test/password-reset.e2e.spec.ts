import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ALL_EVENTS, AuditStore, PasswordHasher, PasswordResetService } from 'coatcheck';
import { PASSWORD, TestApp, type Visitor, basic } from './support/app.js';
import { STORAGES } from './support/storages.js';

const DAY = 24 * 3_600_000;
const NEXT = 'another good password';
const INVALID = { status: 400, body: { code: 'reset_token_invalid' } };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

const reset = (app: TestApp, token: string, new_password = NEXT) =>
  app.visitor().post('/password/reset', { token, new_password });

for (const [storage, { describe: describeStorage, open }] of Object.entries(STORAGES)) {
  describeStorage(`A reset token, with ${storage}`, () => {
    /** As many servers as are asked for at one new place, a user and an administrator who is signed in. */
    const start = async (count = 1) => {
      const { variables, drop } = await open();
      cleanups.push(drop);
      const type = storage === 'memory' ? 'session_auth' : 'session_db_auth,token_auth';
      const apps: TestApp[] = [];
      for (let index = 0; index < count; index += 1)
        apps.push(await TestApp.start({ AUTH_TYPE: `${type},basic_auth`, ...variables }));
      cleanups.push(...apps.map((app) => () => app.stop()));
      const [app] = apps as [TestApp];
      await app.addUser('root@example.com', 'admin');
      const { id } = await app.addUser('ann@example.com');
      const root = app.visitor();
      await root.login('root@example.com');
      const issue = async (visitor: Visitor = root, body?: object): Promise<string> => {
        const answer = await visitor.post(`/users/${id}/password_reset`, body);
        expect(answer.status).toBe(201);
        return answer.body.token;
      };
      return { app, other: apps.at(-1)!, root, id, issue };
    };
    const signIn = (app: TestApp, password: string) => app.visitor().login('ann@example.com', password);

    it('takes no password that was revoked, and says in the trail whose it is', async () => {
      const { app, id, issue } = await start();
      await issue(undefined, { revoke: true });
      const token = await issue(undefined, { revoke: true });
      expect(await reset(app, token, PASSWORD)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/new_password' }] },
      });
      expect((await reset(app, token)).status).toBe(200);
      const root = app.visitor(basic('root@example.com'));
      const { body } = await root.get(`/audit?user=${id}&type=password_reset`);
      expect(body).toMatchObject([{ actor_id: id, subject_id: id }]);
    });

    it('sets a new password once, and ends what the old one opened', async () => {
      const { app, root, id } = await start();
      const ann = app.visitor();
      await ann.login('ann@example.com');
      const { status, body } = await root.post(`/users/${id}/password_reset`);
      const expires_at = new Date(app.clock.now().getTime() + DAY).toISOString();
      expect([status, body]).toEqual([
        201,
        { token: expect.stringMatching(/^reset-[\w-]{48}\.[\w-]{43}$/), expires_at },
      ]);
      expect((await ann.get('/users/me')).status).toBe(200);
      expect(await reset(app, body.token)).toMatchObject({ status: 200, body: {} });
      expect(await ann.get('/users/me')).toMatchObject({ status: 401, body: { code: 'password_changed' } });
      expect((await signIn(app, PASSWORD)).status).toBe(401);
      expect((await app.visitor(basic('ann@example.com')).get('/users/me')).status).toBe(401);
      expect((await signIn(app, NEXT)).status).toBe(200);
      expect(await reset(app, body.token, 'a third good password')).toMatchObject(INVALID);
      expect((await signIn(app, NEXT)).status).toBe(200);
      const { events } = await app.nest.get(AuditStore).list({ ...ALL_EVENTS, userId: id }, 100, null);
      expect(events.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['password_reset_issued', 'password_reset', 'session_ended']),
      );
    });

    it('is used once by many at once, on two servers', async () => {
      const { app, other, issue } = await start(storage === 'memory' ? 1 : 2);
      const token = await issue();
      const passwords = Array.from({ length: 8 }, (_, index) => `${NEXT} number ${index}`);
      const answers = await Promise.all(
        passwords.map((password, index) => reset(index % 2 === 0 ? app : other, token, password)),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 7 }, () => 400)]);
      expect((await signIn(other, passwords[statuses.indexOf(200)]!)).status).toBe(200);
    });

    it('is one of many that are issued at once', async () => {
      const { app, other, id } = await start(storage === 'memory' ? 1 : 2);
      const issued = await Promise.all(
        [app, other, app, other].map((one) => one.nest.get(PasswordResetService).issue(id)),
      );
      // A password that is refused shows that the token is valid, and does not use it.
      const answers = await Promise.all(issued.map(({ token }) => reset(app, token.reveal(), PASSWORD)));
      expect(answers.map(({ body }) => body.code).toSorted()).toEqual([
        ...Array.from({ length: 3 }, () => 'reset_token_invalid'),
        'validation_failed',
      ]);
    });

    it('is valid for 24 hours, and a refused password does not use it', async () => {
      const { app, issue } = await start();
      const token = await issue();
      app.clock.advance(DAY - 1);
      for (const password of ['short', 'ann@example.com', PASSWORD])
        expect(await reset(app, token, password)).toMatchObject({
          status: 400,
          body: { code: 'validation_failed', errors: [{ pointer: '/new_password' }] },
        });
      expect((await reset(app, token)).status).toBe(200);
      const late = await issue(app.visitor(basic('root@example.com')));
      app.clock.advance(DAY);
      expect(await reset(app, late)).toMatchObject(INVALID);
    });

    it.each([
      ['a second', 1000, 200],
      ['an hour', 3_600_000, 400],
      ['a year', 365 * DAY, 400],
    ])('does not last longer by a clock that was ahead by %s', async (_, ahead, status) => {
      const { app, id } = await start();
      app.clock.advance(ahead);
      const { token } = await app.nest.get(PasswordResetService).issue(id);
      app.clock.advance(-ahead);
      expect((await reset(app, token.reveal())).status).toBe(status);
    });

    it('is invalid after a newer one, a change of the password, disabling and deleting', async () => {
      const { app, root, id, issue } = await start();
      const [first, second] = [await issue(), await issue()];
      expect(await reset(app, first)).toMatchObject(INVALID);
      const ann = app.visitor();
      await ann.login('ann@example.com');
      const change = { current_password: PASSWORD, new_password: 'a third good password' };
      expect((await ann.put('/users/me/password', change)).status).toBe(200);
      expect(await reset(app, second)).toMatchObject(INVALID);
      const third = await issue();
      for (const disabled of [true, false]) {
        expect((await root.put(`/users/${id}`, { disabled })).status).toBe(200);
        expect(await reset(app, third)).toMatchObject(INVALID);
      }
      const fourth = await issue();
      expect((await root.delete(`/users/${id}`)).status).toBe(200);
      expect(await reset(app, fourth)).toMatchObject(INVALID);
      expect((await root.post(`/users/${id}/password_reset`)).status).toBe(404);
    });

    it('leaves the old password valid, or makes it invalid at once where asked to', async () => {
      const { app, root, issue } = await start();
      const ann = app.visitor();
      await ann.login('ann@example.com');
      await issue(root, { revoke: false });
      expect((await ann.get('/users/me')).status).toBe(200);
      const token = await issue(root, { revoke: true });
      expect(await ann.get('/users/me')).toMatchObject({ status: 401, body: { code: 'password_changed' } });
      expect((await signIn(app, PASSWORD)).status).toBe(401);
      expect((await app.visitor(basic('ann@example.com')).get('/users/me')).status).toBe(401);
      expect((await reset(app, token)).status).toBe(200);
      expect((await signIn(app, NEXT)).status).toBe(200);
    });

    it('clears the failed attempts of its user', async () => {
      const { app, issue } = await start();
      for (let index = 0; index < 6; index += 1) await signIn(app, 'wrong');
      expect((await signIn(app, PASSWORD)).status).toBe(401);
      expect((await reset(app, await issue())).status).toBe(200);
      expect((await signIn(app, NEXT)).status).toBe(200);
    });

    it('that is not valid is refused in the same words, and before any password is hashed', async () => {
      const { app, id, issue } = await start();
      const used = await issue();
      await reset(app, used);
      const valid = await issue();
      const hasher = app.nest.get(PasswordHasher);
      const calls = [jest.spyOn(hasher, 'hash'), jest.spyOn(hasher, 'verify')];
      const stranger = Buffer.from('8e2e7f3a-6f0b-4c55-9d5c-0d1c8f3b7a10').toString('base64url');
      const tokens = [
        used,
        `${valid}A`,
        valid.slice(0, -2),
        valid.toUpperCase(),
        valid.replace('reset-', ''),
        ` ${valid}`,
        `reset-${stranger}.${'A'.repeat(43)}`,
        `reset-${Buffer.from(id).toString('base64url')}.${'A'.repeat(43)}`,
        'x',
      ];
      const answers = await Promise.all(tokens.map((token) => reset(app, token)));
      const bodies = answers.map(({ body: { requestId: _, ...rest } }) => JSON.stringify(rest));
      expect(new Set(bodies).size).toBe(1);
      expect(answers[0]).toMatchObject(INVALID);
      for (const call of calls) expect(call).not.toHaveBeenCalled();
      for (const call of calls) call.mockRestore();
      expect((await reset(app, valid, 'a third good password')).status).toBe(200);
    });
  });
}

describe('A reset token', () => {
  it.each(['basic_auth', 'token_auth'])('is issued and taken under AUTH_TYPE=%s', async (type) => {
    const app = await TestApp.start({ AUTH_TYPE: type });
    cleanups.push(() => app.stop());
    await app.addUser('root@example.com', 'admin');
    const { id } = await app.addUser('ann@example.com');
    const root = app.visitor(type === 'basic_auth' ? basic('root@example.com') : {});
    if (type === 'token_auth') await root.login('root@example.com', PASSWORD, { transport: 'bearer' });
    const { body } = await root.send('POST', `/users/${id}/password_reset`, { revoke: true });
    expect((await reset(app, body.token)).status).toBe(200);
    const isSignedIn = async (password: string) =>
      type === 'basic_auth'
        ? (await app.visitor(basic('ann@example.com', password)).get('/users/me')).status
        : (await app.visitor().login('ann@example.com', password, { transport: 'bearer' })).status;
    expect([await isSignedIn(PASSWORD), await isSignedIn(NEXT)]).toEqual([401, 200]);
  });

  it('shows nothing of its secret but where it is revealed', async () => {
    const app = await TestApp.start();
    cleanups.push(() => app.stop());
    const { id } = await app.addUser('ann@example.com');
    const { token } = await app.nest.get(PasswordResetService).issue(id);
    const [, secret = ''] = token.reveal().split('.');
    expect(`${token} ${JSON.stringify({ token })}`).toBe(
      `OneTimeToken(reset, ${id}) {"token":"OneTimeToken(reset, ${id})"}`,
    );
    expect(secret).toHaveLength(43);
  });

  it('is unknown in the course contract', async () => {
    const app = await TestApp.start({ AUTH_COMPAT: 'alx', AUTH_TYPE: 'basic_auth', DATABASE_URL: 'memory:' });
    cleanups.push(() => app.stop());
    const { id } = await app.addUser('root@example.com', 'admin');
    const root = app.visitor(basic('root@example.com'));
    for (const path of [`/users/${id}/password_reset`, '/password/reset'])
      expect((await root.post(path, { revoke: true })).status).toBe(404);
    expect((await root.get('/registration')).status).toBe(404);
  });
});
