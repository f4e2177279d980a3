import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UsersService } from 'coatcheck';
import { TestApp, type Visitor, basic, newDatabase } from './support/app.js';

const HOUSES = {
  memory: () => ({ AUTH_TYPE: 'session_auth,basic_auth', DATABASE_URL: 'memory:' }),
  SQLite: () => ({ AUTH_TYPE: 'session_db_auth,basic_auth', DATABASE_URL: newDatabase() }),
};

describe.each(Object.entries(HOUSES))('An address on %s', (_, variablesOf) => {
  let app: TestApp;
  let root: Visitor;
  let ann: Visitor;
  let id: string;
  let old: string;
  let count = 0;

  beforeAll(async () => {
    app = await TestApp.start(variablesOf());
    await app.addUser('root@example.com', 'admin');
    await app.addUser('ben@example.com');
    root = app.visitor();
    await root.login('root@example.com');
  });

  beforeEach(async () => {
    count += 1;
    old = `ann-${count}@example.com`;
    ({ id } = await app.addUser(old));
    ann = app.visitor();
    expect((await ann.login(old)).status).toBe(200);
  });

  afterAll(() => app.stop());

  const expectAddress = async (email: string) =>
    expect(await root.get(`/users/${id}`)).toMatchObject({ body: { email, first_name: null } });

  it('is changed by its user, who signs in with the new one from then on', async () => {
    const email = `lee-${count}@example.com`;
    expect(await ann.put(`/users/${id}`, { email: ` ${email}` })).toMatchObject({
      status: 200,
      body: { id, email },
    });
    expect(await app.visitor().login(email.toUpperCase())).toMatchObject({ status: 200, body: { id } });
    expect(await app.visitor().login(old)).toMatchObject({
      status: 401,
      body: { code: 'credentials_invalid' },
    });
  });

  it('is changed by an administrator', async () => {
    const email = `lee-${count}@example.com`;
    expect(await root.put(`/users/${id}`, { email })).toMatchObject({ status: 200, body: { id, email } });
    expect((await app.visitor().login(email)).status).toBe(200);
  });

  it('is changed by nobody else', async () => {
    const ben = app.visitor();
    await ben.login('ben@example.com');
    for (const email of ['lee@example.com', 'root@example.com'])
      expect(await ben.put(`/users/${id}`, { email })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    expect((await app.visitor().put(`/users/${id}`, { email: 'lee@example.com' })).status).toBe(401);
    await expectAddress(old);
  });

  it('leaves the sessions that there are', async () => {
    const there = app.visitor();
    await there.login(old);
    const email = `lee-${count}@example.com`;
    await ann.put(`/users/${id}`, { email });
    for (const visitor of [ann, there])
      expect(await visitor.get('/users/me')).toMatchObject({ status: 200, body: { email } });
  });

  it('is refused in Basic as soon as it is the old one, though it was known a moment before', async () => {
    const email = `lee-${count}@example.com`;
    const before = app.visitor(basic(old));
    for (let round = 0; round < 2; round += 1) expect((await before.get('/users/me')).status).toBe(200);
    expect((await before.put(`/users/${id}`, { email })).status).toBe(200);
    expect((await before.get('/users/me')).status).toBe(401);
    expect((await app.visitor(basic(email)).get('/users/me')).status).toBe(200);
    await app.addUser(old, 'user', 'the password of another');
    expect((await before.get('/users/me')).status).toBe(401);
  });

  it.each(['ben@example.com', ' BEN@Example.com'])('that is taken, %j, changes nothing', async (email) => {
    for (const visitor of [ann, root])
      expect(await visitor.put(`/users/${id}`, { email, first_name: 'Ann' })).toMatchObject({
        status: 409,
        body: { code: 'email_taken' },
      });
    await expectAddress(old);
  });

  it.each([
    'mallory',
    'mallory@example.com\u202e',
    'mallory@example.com, ben@example.com',
    `mallory@${'x'.repeat(254)}.com`,
    '',
    ['mallory@example.com'],
    { mallory: 1 },
    1,
  ])('that is none, %j, is refused by its place alone', async (email) => {
    const { status, body } = await ann.put(`/users/${id}`, { email, first_name: 'Ann' });
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    expect(body.errors).toEqual([{ pointer: '/email', detail: expect.any(String) }]);
    expect(JSON.stringify(body)).not.toContain('mallory');
    await expectAddress(old);
  });

  it('stays where null is sent', async () => {
    expect(await ann.put(`/users/${id}`, { email: null, last_name: 'Lee' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/email' }] },
    });
    expect((await ann.get('/users/me')).body).toMatchObject({ email: old });
  });

  it('is in the audit trail as changed, and not which it was', async () => {
    const email = `lee-${count}@example.com`;
    await ann.put(`/users/${id}`, { email });
    await ann.put(`/users/${id}`, { email, first_name: 'Ann' });
    await ann.put(`/users/${id}`, { email: 'ben@example.com' });
    const { body } = await root.get(`/audit?user=${id}&type=email_changed`);
    expect(body).toMatchObject([{ actor_id: id, subject_id: id, details: {} }]);
    expect(JSON.stringify(body)).not.toContain('@');
  });

  it('is free for another once its user has a new one', async () => {
    await ann.put(`/users/${id}`, { email: `lee-${count}@example.com` });
    const users = app.nest.get(UsersService);
    const ben = (await users.findByEmail('ben@example.com'))!;
    expect(await root.put(`/users/${ben.id}`, { email: old })).toMatchObject({
      status: 200,
      body: { id: ben.id, email: old },
    });
    expect((await root.put(`/users/${ben.id}`, { email: 'ben@example.com' })).status).toBe(200);
  });
});

describe.each(Object.entries(HOUSES))('An address under the course contract on %s', (_, variablesOf) => {
  it.each(['lee@hbtn.io', 'ben@hbtn.io', 'x', 1, null, ['y']])('is not changed by %j', async (email) => {
    const app = await TestApp.start({ ...variablesOf(), AUTH_COMPAT: 'alx' });
    try {
      const { id } = await app.addUser('ann@hbtn.io');
      await app.addUser('ben@hbtn.io');
      const ann = app.visitor(basic('ann@hbtn.io'));
      expect(await ann.put(`/users/${id}`, { email, first_name: 'Ann' })).toMatchObject({
        status: 200,
        body: { email: 'ann@hbtn.io', first_name: 'Ann' },
      });
      expect(await ann.get('/users/me')).toMatchObject({ status: 200, body: { email: 'ann@hbtn.io' } });
    } finally {
      await app.stop();
    }
  });
});
