import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AUDIT_TYPES,
  type AuditEvent,
  ALL_EVENTS,
  AuditStore,
  AuditSweeper,
  AuditTrail,
  SessionsService,
  type User,
  UsersService,
} from 'coatcheck';
import { anAuditEvent } from 'coatcheck/testing';
import { PASSWORD, TestApp, type Visitor, basic } from './support/app.js';

const NEW_PASSWORD = 'another good password';
const DAY = 86_400_000;
const ANY = ALL_EVENTS;
const MARKS = {
  'user-agent': 'Example/1.0',
  'x-request-id': 'request-0001',
};
const FROM_THERE = {
  via: 'http' as const,
  ip: '127.0.0.1',
  userAgent: 'Example/1.0',
  requestId: 'request-0001',
} satisfies Partial<AuditEvent>;

/** An application of whose trail one asks what is new. */
class AuditedApp {
  #seen: string | null = null;

  constructor(readonly app: TestApp) {}

  static async start(variables: Readonly<Record<string, string>> = {}): Promise<AuditedApp> {
    return new AuditedApp(await TestApp.start({ AUTH_TYPE: 'session_db_auth,basic_auth', ...variables }));
  }

  get store(): AuditStore {
    return this.app.nest.get(AuditStore);
  }

  visitor(headers: Readonly<Record<string, string>> = {}): Visitor {
    return this.app.visitor({ ...MARKS, ...headers });
  }

  async signedIn(email: string, password?: string): Promise<Visitor> {
    const visitor = this.visitor();
    expect((await visitor.login(email, password)).status).toBe(200);
    return visitor;
  }

  /** What happened since the last time, oldest first. */
  async news(): Promise<AuditEvent[]> {
    await this.app.nest.get(AuditTrail).flush();
    const { events } = await this.store.list(ANY, 2000, null);
    const news = events.filter(({ id }) => this.#seen === null || id > this.#seen);
    this.#seen = events[0]?.id ?? null;
    return news.toReversed();
  }
}

const typesOf = (events: readonly AuditEvent[]) => events.map(({ type }) => type);
const idOf = (visitor: Visitor) => visitor.cookie!.split(/[=.]/)[1]!;

describe('The audit trail', () => {
  const met = new Set<string>();
  let audited: AuditedApp;
  let root: User;
  let ann: User;

  beforeAll(async () => {
    audited = await AuditedApp.start();
    root = await audited.app.addUser('root@example.com', 'admin');
    ann = await audited.app.addUser('ann@example.com');
  });

  /** Each clause has a window of its own, in which repetitions are counted together. */
  beforeEach(async () => {
    audited.app.clock.advance(600_000);
    await audited.news();
  });

  afterAll(() => audited.app.stop());

  /** All that happened since the clause began, which is exactly this. */
  const expectNews = async (...expected: Partial<AuditEvent>[]) => {
    const news = await audited.news();
    typesOf(news).forEach((type) => met.add(type));
    expect(news).toEqual(expected.map((one) => expect.objectContaining(one)));
    return news;
  };

  it('has a sign-in with the session that it opened, once', async () => {
    const visitor = await audited.signedIn('ann@example.com');
    const of = { actorId: ann.id, subjectId: ann.id, sessionId: idOf(visitor), at: audited.app.clock.now() };
    await expectNews({
      type: 'sign_in',
      ...of,
      ...FROM_THERE,
      details: { method: 'login', kind: 'session', transport: 'cookie' },
    });
  });

  it('has of what kind a session is', async () => {
    await audited.visitor().post('/auth_session/login', {
      email: 'ann@example.com',
      password: PASSWORD,
      remember: true,
    });
    await expectNews({
      type: 'sign_in',
      subjectId: ann.id,
      details: { method: 'login', kind: 'remembered', transport: 'cookie' },
    });
  });

  it('has each new name of a session, without the name, and of what was none nothing', async () => {
    const visitor = await audited.signedIn('ann@example.com');
    const other = await audited.signedIn('root@example.com');
    await audited.news();
    const sessionId = idOf(visitor);
    const rename = (by: Visitor, id: string, label: unknown) =>
      by.send('PATCH', `/sessions/${id}`, { label });
    await rename(visitor, sessionId, 'Kitchen');
    await rename(visitor, sessionId, null);
    await rename(visitor, sessionId, '');
    await rename(visitor, 'nonsense', 'Kitchen');
    await rename(other, sessionId, 'Kitchen');
    const of = { actorId: ann.id, subjectId: ann.id, sessionId, ...FROM_THERE, details: {} };
    await expectNews({ type: 'session_renamed', count: 2, ...of });
  });

  it('has what people are asked to prove anew, and whether they do', async () => {
    const visitor = await audited.signedIn('ann@example.com');
    audited.app.clock.advance(300_001);
    await audited.news();
    const prove = (password: string) => visitor.post('/sessions/current/reauthenticate', { password });
    expect((await visitor.delete('/sessions')).status).toBe(403);
    expect((await prove('wrong')).status).toBe(403);
    expect((await prove(PASSWORD)).status).toBe(200);
    const of = { actorId: ann.id, subjectId: ann.id, ...FROM_THERE };
    const sessionId = idOf(visitor);
    await expectNews(
      { type: 'step_up_demanded', ...of, details: { route: 'DELETE /api/v1/sessions' } },
      { type: 'reauthentication_failed', ...of, sessionId, details: {} },
      { type: 'reauthenticated', ...of, sessionId, details: {} },
    );
  });

  it('has who ended the session of whom, from where', async () => {
    await audited.app.addUser('hal@example.com');
    const visitors = [];
    for (let count = 0; count < 4; count += 1) visitors.push(await audited.signedIn('hal@example.com'));
    const [here, there, third, fourth] = visitors as [Visitor, Visitor, Visitor, Visitor];
    const admin = await audited.signedIn('root@example.com');
    const { id: subjectId } = (await here.get('/users/me')).body;
    const ids = visitors.map(idOf);
    await audited.news();
    for (const twin of [here, third]) await twin.delete(`/sessions/${ids[1]}`);
    await admin.delete(`/users/${subjectId}/sessions/${ids[2]}`);
    await here.delete('/sessions');
    await admin.delete(`/users/${subjectId}/sessions`);
    await Promise.all([there, third, fourth].map((one) => one.delete('/sessions')));
    const ended = (actorId: string, sessionId: string | undefined, reason: string) =>
      ({
        type: 'session_ended',
        actorId,
        subjectId,
        sessionId,
        ...FROM_THERE,
        details: { reason },
      }) as Partial<AuditEvent>;
    await expectNews(
      ended(subjectId, ids[1], 'ended_elsewhere'),
      ended(root.id, ids[2], 'ended_by_admin'),
      ended(subjectId, ids[3], 'ended_elsewhere'),
      ended(root.id, ids[0], 'ended_by_admin'),
    );
  });

  it('has each new address, without it, and each that was taken', async () => {
    const { id } = await audited.app.addUser('ida@example.com');
    const visitor = await audited.signedIn('ida@example.com');
    const admin = await audited.signedIn('root@example.com');
    await audited.news();
    for (const email of ['ida@example.com', 'ida-2@example.com', 'ann@example.com'])
      await visitor.put(`/users/${id}`, { email });
    await admin.put(`/users/${id}`, { email: 'ida-3@example.com' });
    await admin.post('/users', { email: 'ann@example.com', password: PASSWORD });
    const of = { actorId: id, subjectId: id, ...FROM_THERE };
    const news = await expectNews(
      { type: 'email_changed', ...of, details: {} },
      { type: 'address_taken', ...of, details: { route: 'PUT /api/v1/users/:id' } },
      { type: 'email_changed', ...of, actorId: root.id, details: {} },
      {
        type: 'address_taken',
        ...of,
        actorId: root.id,
        subjectId: root.id,
        details: { route: 'POST /api/v1/users' },
      },
    );
    expect(JSON.stringify(news)).not.toContain('@example.com');
  });

  it('has nothing of requests that are merely signed in', async () => {
    const visitor = await audited.signedIn('ann@example.com');
    await audited.news();
    for (const path of ['/users/me', '/stats', '/nowhere']) await visitor.get(path);
    audited.app.clock.advance(120_000);
    await visitor.get('/users/me');
    await audited.visitor().get('/users/me');
    await audited.visitor({ cookie: 'sid=nonsense' }).get('/users/me');
    await expectNews();
  });

  it('has a sign-out as the end of the session, and of the second none', async () => {
    const visitor = await audited.signedIn('ann@example.com');
    await audited.news();
    const token = visitor.cookie!;
    const logouts = [audited.visitor({ cookie: token }), audited.visitor({ cookie: token })];
    await Promise.all(logouts.map((one) => one.delete('/auth_session/logout')));
    const of = { actorId: ann.id, subjectId: ann.id, sessionId: token.split(/[=.]/)[1]! };
    await expectNews({ type: 'session_ended', ...of, ...FROM_THERE, details: { reason: 'signed_out' } });
  });

  it('has the end of the session that a sign-in replaces, whatever user it belonged to', async () => {
    const visitor = await audited.signedIn('root@example.com');
    const brought = idOf(visitor);
    await audited.news();
    await visitor.login('ann@example.com');
    await expectNews(
      { type: 'session_ended', actorId: ann.id, subjectId: root.id, sessionId: brought },
      { type: 'sign_in', actorId: ann.id, subjectId: ann.id },
    );
  });

  it('has each sign-in that failed and why, of an address without account no more than that', async () => {
    const gone = await audited.app.addUser('gone@example.com');
    await audited.app.nest.get(UsersService).update(gone.id, { disabled: true });
    await audited.news();
    await audited.visitor().login('ann@example.com', 'wrong');
    await audited.visitor().login('my-secret-typed-here', 'wrong');
    await audited.visitor().login('gone@example.com');
    const failed = { type: 'sign_in_failed', actorId: null, ...FROM_THERE } as const;
    const method = 'login';
    const news = await expectNews(
      { ...failed, subjectId: ann.id, details: { method, reason: 'wrong_password' } },
      { ...failed, subjectId: null, details: { method, reason: 'unknown_email' } },
      { ...failed, subjectId: gone.id, details: { method, reason: 'user_disabled' } },
    );
    expect(JSON.stringify(news)).not.toContain('my-secret');
  });

  it('has one sign-in of a Basic credential while that is known, and each failure', async () => {
    const visitor = audited.visitor(basic('ann@example.com'));
    for (let round = 0; round < 3; round += 1) expect((await visitor.get('/users/me')).status).toBe(200);
    for (let round = 0; round < 2; round += 1)
      await audited.visitor(basic('ann@example.com', 'wrong')).get('/users/me');
    await audited.visitor({ authorization: 'Basic nonsense' }).get('/users/me');
    const failed = { type: 'sign_in_failed', actorId: null, ...FROM_THERE } as const;
    const wrong = {
      ...failed,
      subjectId: ann.id,
      details: { method: 'basic', reason: 'wrong_password' },
    } as const;
    await expectNews(
      { type: 'sign_in', actorId: ann.id, sessionId: null, details: { method: 'basic' } },
      { ...wrong, count: 2 },
      { ...failed, subjectId: null, details: { method: 'basic', reason: 'malformed' } },
    );
  });

  it('has a new password and all that it ends, and one that is not changed', async () => {
    const bob = await audited.app.addUser('bob@example.com');
    const [here, there] = [
      await audited.signedIn('bob@example.com'),
      await audited.signedIn('bob@example.com'),
    ];
    const before = [idOf(here), idOf(there)];
    await audited.news();
    const change = (current_password: string, new_password: string) =>
      here.put('/users/me/password', { current_password, new_password });
    await change(PASSWORD, 'short');
    await change('wrong', NEW_PASSWORD);
    expect((await change(PASSWORD, NEW_PASSWORD)).status).toBe(200);
    const of = { actorId: bob.id, subjectId: bob.id, ...FROM_THERE };
    const ended = { type: 'session_ended', ...of, details: { reason: 'password_changed' } } as const;
    const news = await expectNews(
      { type: 'password_change_failed', ...of },
      { type: 'password_changed', ...of },
      ended,
      ended,
      { type: 'session_opened', ...of, sessionId: idOf(here) },
    );
    const ids = news.filter(({ type }) => type === 'session_ended').map(({ sessionId }) => sessionId);
    expect(ids.toSorted()).toEqual(before.toSorted());
  });

  it('has a reset token that is issued, used, and refused', async () => {
    const kay = await audited.app.addUser('kay@example.com');
    const admin = await audited.signedIn('root@example.com');
    const there = await audited.signedIn('kay@example.com');
    await audited.news();
    const issue = (body: object) => admin.post(`/users/${kay.id}/password_reset`, body);
    const { token } = (await issue({})).body;
    const byAdmin = { actorId: (await admin.get('/users/me')).body.id, subjectId: kay.id, ...FROM_THERE };
    await expectNews({ type: 'password_reset_issued', ...byAdmin, details: {} });
    const visitor = audited.visitor();
    for (let uses = 0; uses < 2; uses += 1)
      await visitor.post('/password/reset', { token, new_password: NEW_PASSWORD });
    const byNobody = { actorId: null, ...FROM_THERE };
    const ended = { type: 'session_ended', details: { reason: 'password_changed' } } as const;
    const byOwner = { actorId: kay.id, subjectId: kay.id, ...FROM_THERE };
    await expectNews(
      { type: 'password_reset', ...byOwner },
      { ...ended, ...byOwner, sessionId: idOf(there) },
      { type: 'password_reset_failed', ...byNobody, subjectId: null },
    );
    const again = await audited.signedIn('kay@example.com', NEW_PASSWORD);
    await audited.news();
    await issue({ revoke: true });
    await expectNews(
      { ...ended, ...byAdmin, sessionId: idOf(again) },
      { type: 'password_reset_issued', ...byAdmin, details: { reason: 'revoked' } },
    );
  });

  it('has users made, given a role, disabled, enabled and deleted by an administrator', async () => {
    const admin = await audited.signedIn('root@example.com');
    await audited.news();
    const { id } = (await admin.post('/users', { email: 'cid@example.com', password: PASSWORD })).body;
    await admin.put(`/users/${id}`, { first_name: 'Cid' });
    await admin.put(`/users/${id}`, { role: 'admin' });
    await admin.put(`/users/${id}`, { role: 'admin', disabled: true });
    await Promise.all([1, 2].map(() => admin.put(`/users/${id}`, { disabled: false })));
    await Promise.all([1, 2].map(() => admin.delete(`/users/${id}`)));
    const of = { actorId: root.id, subjectId: id, ...FROM_THERE };
    await expectNews(
      { type: 'user_created', ...of, details: { role: 'user' } },
      { type: 'role_changed', ...of, details: { from: 'user', to: 'admin' } },
      { type: 'user_disabled', ...of },
      { type: 'user_enabled', ...of },
      { type: 'user_deleted', ...of },
    );
  });

  it('has each right that is refused, also where the answer conceals that', async () => {
    const visitor = await audited.signedIn('ann@example.com');
    await audited.news();
    await visitor.get('/audit');
    await visitor.get('/users');
    await visitor.post('/users', { email: 'dan@example.com', password: PASSWORD });
    await visitor.put(`/users/${ann.id}`, { role: 'admin' });
    await visitor.get(`/users/${root.id}`);
    await visitor.put(`/users/${root.id}`, { first_name: 'Mallory' });
    await visitor.delete('/users/nobody');
    await visitor.get('/users/me');
    const refused = (route: string) =>
      ({
        type: 'right_refused',
        actorId: ann.id,
        subjectId: ann.id,
        ...FROM_THERE,
        details: { route },
      }) as const;
    await expectNews(
      refused('GET /api/v1/audit'),
      refused('GET /api/v1/users'),
      refused('POST /api/v1/users'),
      { ...refused('PUT /api/v1/users/:id'), count: 2 },
      refused('GET /api/v1/users/:id'),
      refused('DELETE /api/v1/users/:id'),
    );
  });

  it('has what another site asked for', async () => {
    const { status } = await audited.visitor({ origin: 'https://evil.example' }).login('ann@example.com');
    expect(status).toBe(403);
    await expectNews({
      type: 'cross_site_refused',
      actorId: null,
      ...FROM_THERE,
      details: { route: 'POST /api/v1/auth_session/login' },
    });
  });

  it('has a session whose token is replaced, once for two simultaneous requests', async () => {
    const { cookie } = await audited.signedIn('ann@example.com');
    await audited.news();
    const token = cookie!.split('=')[1]!;
    const sessions = audited.app.nest.get(SessionsService);
    await Promise.all([sessions.rotate(token), sessions.rotate(token)]);
    await expectNews({
      type: 'session_rotated',
      subjectId: ann.id,
      sessionId: token.split('.')[0]!,
      via: 'program',
    });
  });

  it('has sessions that are ended one by one or all, once for racing callers', async () => {
    const eve = await audited.app.addUser('eve@example.com');
    const ids = [
      idOf(await audited.signedIn('eve@example.com')),
      idOf(await audited.signedIn('eve@example.com')),
    ];
    await audited.news();
    const sessions = audited.app.nest.get(SessionsService);
    await Promise.all([1, 2].map(() => sessions.end(ids[0]!, 'ended_by_admin')));
    await Promise.all([1, 2].map(() => sessions.endAll(eve.id, 'ended_by_admin')));
    const ended = {
      type: 'session_ended',
      subjectId: eve.id,
      details: { reason: 'ended_by_admin' },
    } as const;
    await expectNews({ ...ended, sessionId: ids[0]! }, { ...ended, sessionId: ids[1]! });
  });

  it('tells a new role from one that two administrators give at once', async () => {
    const users = audited.app.nest.get(UsersService);
    const { id } = await users.create(
      { email: 'fay@example.com', password: PASSWORD, firstName: null, lastName: null },
      'user',
    );
    await audited.news();
    await Promise.all(Array.from({ length: 10 }, () => users.update(id, { role: 'admin' })));
    await expectNews({ type: 'role_changed', subjectId: id, details: { from: 'user', to: 'admin' } });
  });

  it('has each sign-in that is throttled, by the account or by the network', async () => {
    const gus = await audited.app.addUser('gus@example.com');
    const failed = { type: 'sign_in_failed', subjectId: gus.id } as const;
    const visitor = audited.visitor();
    await audited.news();
    for (let made = 0; made < 5; made += 1) await visitor.login('gus@example.com', 'wrong');
    await visitor.login('gus@example.com');
    await audited.visitor(basic('gus@example.com')).get('/users/me');
    const throttled = { type: 'sign_in_throttled', actorId: null, subjectId: gus.id } as const;
    await expectNews(
      { ...failed, count: 5 },
      { ...throttled, details: { method: 'login' } },
      { ...throttled, details: { method: 'basic' } },
    );
    for (let made = 0; made < 50; made += 1) await visitor.login(`nobody-${made}@example.com`, 'wrong');
    expect((await visitor.login('gus@example.com')).status).toBe(429);
    const route = 'POST /api/v1/auth_session/login';
    await expectNews(
      { type: 'sign_in_failed', subjectId: null },
      { ...throttled, subjectId: null, details: { route } },
    );
  });

  it('met every type of event here, but for those below and of earlier versions', () => {
    const elsewhere = new Set<string>([
      'setup_code_refused',
      'sign_out',
      // Those of exports are in their own tests.
      'audit_exported',
      // Those of mails are in the tests of the flows by e-mail.
      'password_reset_requested',
      'email_verified',
      'email_change_requested',
      'email_change_cancelled',
      'email_token_refused',
      'mail_limited',
      'user_invited',
      // Those of factors are in the tests of second factors.
      'second_step_begun',
      'second_step_failed',
      'factor_added',
      'factor_removed',
      'factors_reset',
      'recovery_codes_created',
      'passkey_copied',
    ]);
    expect([...met].toSorted()).toEqual(AUDIT_TYPES.filter((type) => !elsewhere.has(type)).toSorted());
  });
});

describe('The audit trail under special settings', () => {
  let audited: AuditedApp;

  afterEach(() => audited.app.stop());

  it.each([
    ['evict_oldest', ['session_ended', 'sign_in']],
    ['refuse', ['sign_in_failed']],
  ])('has whom a limit ends or refuses (%s)', async (policy, expected) => {
    audited = await AuditedApp.start({ SESSION_MAX_PER_USER: '1', SESSION_LIMIT_POLICY: policy });
    const { id } = await audited.app.addUser('ann@example.com');
    const first = idOf(await audited.signedIn('ann@example.com'));
    await audited.news();
    await audited.visitor().login('ann@example.com');
    const news = await audited.news();
    expect(typesOf(news)).toEqual(expected);
    expect(news[0]).toMatchObject(
      policy === 'refuse'
        ? { subjectId: id, details: { reason: 'session_limit_reached' } }
        : { subjectId: id, sessionId: first, details: { reason: 'evicted' } },
    );
  });

  it('has each session that 20 sign-ins at once evict, once', async () => {
    audited = await AuditedApp.start({ SESSION_MAX_PER_USER: '3' });
    await audited.app.addUser('ann@example.com');
    await audited.news();
    await Promise.all(Array.from({ length: 20 }, () => audited.visitor().login('ann@example.com')));
    const ended = (await audited.news()).filter(({ type }) => type === 'session_ended');
    expect(ended).toHaveLength(17);
    expect(new Set(ended.map(({ sessionId }) => sessionId)).size).toBe(17);
  });

  it('has the first administrator, and attempts without a setup code or with a wrong one', async () => {
    audited = await AuditedApp.start({ SETUP_CODE: 'a-setup-code-that-is-long' });
    const found = (setup_code?: string) =>
      audited.visitor().post('/users', { email: 'root@example.com', password: PASSWORD, setup_code });
    await found();
    await found('a-wrong-one');
    const { id } = (await found('a-setup-code-that-is-long')).body;
    const refused = { type: 'setup_code_refused', actorId: null, details: { route: 'POST /api/v1/users' } };
    expect(await audited.news()).toMatchObject([
      { ...refused, count: 2 },
      { type: 'user_created', actorId: null, subjectId: id, details: { role: 'admin' } },
    ]);
  });

  it('holds no one up whose event cannot be kept, and undoes nothing', async () => {
    audited = await AuditedApp.start();
    await audited.app.addUser('ann@example.com');
    const { store } = audited;
    const append = store.append.bind(store);
    store.append = () => Promise.reject(new Error('The disk is full.'));
    const ann = audited.visitor();
    expect((await ann.login('ann@example.com')).status).toBe(200);
    expect((await ann.get('/users/me')).status).toBe(200);
    expect((await ann.get('/users')).status).toBe(403);
    store.append = append;
    await audited.news();
    expect((await ann.delete('/auth_session/logout')).status).toBe(200);
    expect(typesOf(await audited.news())).toEqual(['session_ended']);
  });

  it('has 10,000 refused requests of a user and of an unknown client as one row each, beside all other events', async () => {
    audited = await AuditedApp.start({ DATABASE_URL: 'memory:', AUTH_TYPE: 'session_auth' });
    await audited.app.addUser('ann@example.com');
    const ann = await audited.signedIn('ann@example.com');
    await audited.news();
    const stranger = audited.visitor({ origin: 'https://evil.example' });
    for (let asked = 0; asked < 10_000; asked += 50)
      await Promise.all(
        Array.from({ length: 50 }, () => [ann.get('/users'), stranger.post('/auth_session/login')]).flat(),
      );
    await audited.visitor().login('ann@example.com', 'wrong');
    await audited.signedIn('ann@example.com');
    const news = await audited.news();
    expect(typesOf(news).slice(0, 2).toSorted()).toEqual(['cross_site_refused', 'right_refused']);
    expect(news.slice(0, 2).map(({ count }) => count)).toEqual([10_000, 10_000]);
    expect(typesOf(news).slice(2)).toEqual(['sign_in_failed', 'sign_in']);
    audited.app.clock.advance(600_000);
    await stranger.post('/auth_session/login');
    expect(await audited.news()).toMatchObject([{ type: 'cross_site_refused', count: 1 }]);
  });

  it('is forgotten when it is older than AUDIT_RETENTION', async () => {
    audited = await AuditedApp.start({ AUDIT_RETENTION: '30d' });
    await audited.app.addUser('ann@example.com');
    for (let count = 0; count < 3; count += 1) await audited.signedIn('ann@example.com');
    audited.app.clock.advance(30 * DAY);
    await audited.signedIn('ann@example.com');
    const sweeper = audited.app.nest.get(AuditSweeper);
    expect(await sweeper.sweep()).toBe(0);
    audited.app.clock.advance(1);
    expect(await sweeper.sweep()).toBe(4);
    expect(typesOf(await audited.news())).toEqual(['sign_in']);
  });
});

describe('GET /audit', () => {
  let audited: AuditedApp;
  let admin: Visitor;
  let ann: User;

  beforeAll(async () => {
    audited = await AuditedApp.start();
    await audited.app.addUser('root@example.com', 'admin');
    ann = await audited.app.addUser('ann@example.com');
    await audited.visitor().login('ann@example.com', 'wrong');
    for (let count = 0; count < 3; count += 1) await audited.signedIn('ann@example.com');
    admin = await audited.signedIn('root@example.com');
  });

  afterAll(() => audited.app.stop());

  it('is for administrators', async () => {
    expect((await audited.visitor().get('/audit')).status).toBe(401);
    const { status, body } = await (await audited.signedIn('ann@example.com')).get('/audit');
    expect([status, body.code]).toEqual([403, 'role_required']);
  });

  it('shows events with exactly these keys', async () => {
    const { status, body } = await admin.get('/audit?type=sign_in_failed');
    expect(status).toBe(200);
    expect(body).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        at: '2026-01-01T12:00:00.000Z',
        count: 1,
        last_at: '2026-01-01T12:00:00.000Z',
        type: 'sign_in_failed',
        via: 'http',
        actor_id: null,
        subject_id: ann.id,
        session_id: null,
        ip: '127.0.0.1',
        user_agent: 'Example/1.0',
        request_id: 'request-0001',
        details: { method: 'login', reason: 'wrong_password' },
      },
    ]);
  });

  it('goes page by page along the links, by the same filters', async () => {
    const seen: string[] = [];
    let path: string | null = `/audit?limit=2&user=${ann.id}&type=sign_in`;
    while (path !== null) {
      const { body, next }: Awaited<ReturnType<Visitor['get']>> = await admin.get(path);
      expect(body.length).toBeLessThanOrEqual(2);
      seen.push(...body.map((event: { id: string }) => event.id));
      path = next;
    }
    const all = (await admin.get('/audit')).body.filter(
      (event: { type: string; subject_id: string }) =>
        event.type === 'sign_in' && event.subject_id === ann.id,
    );
    expect(seen).toEqual(all.map((event: { id: string }) => event.id));
    expect(seen.length).toBeGreaterThan(2);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'type=nonsense',
    'type=sign_in,nonsense',
    'type=sign_in&type=nonsense',
    'type=sign_in,',
    'type=',
    'reason=nonsense',
    'reason=evicted&reason=revoked',
    'ip=nonsense',
    'ip=127.0.0.0/8',
    'from=yesterday',
    'from=2026-02-30',
    'from=2026-01-01T12:00:00',
    'from=2026-01-01T12:00:60Z',
    'from=1767268800000',
    'to=',
    'to=2026-01-01T12:00:00+02:00',
    'from=2026-01-01&to=2026-01-01',
    'user=%00',
    'user[]=x',
    'cursor=nonsense',
    'cursor=00000000-0000-4000-8000-000000000000',
    'more=1',
  ])('refuses ?%s', async (query) => {
    const { status, body } = await admin.get(`/audit?${query}`);
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    const [, name] = /(?:^|&)(\w+)\W[^&]*$/.exec(query)!;
    const pointer = query.includes('[') ? '' : `/${name}`; // not repeated, because no field has such a name
    expect(body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
  });

  it('lists the events that match all of many conditions, page by page', async () => {
    const at = (minutes: number) => new Date(Date.UTC(2026, 0, 2, 12, minutes));
    const failed = (minutes: number, facts: Partial<AuditEvent> = {}) =>
      anAuditEvent({
        type: 'sign_in_failed',
        at: at(minutes),
        actorId: null,
        subjectId: ann.id,
        ip: '2001:db8::1',
        details: { method: 'login', reason: 'wrong_password' },
        ...facts,
      });
    const matching = [failed(1), failed(2, { type: 'reauthentication_failed' }), failed(3)];
    await audited.store.append(
      ...matching,
      failed(0),
      failed(4),
      failed(2, { ip: '2001:db8::2' }),
      failed(2, { subjectId: 'somebody' }),
      failed(2, { type: 'sign_in' }),
      failed(2, { details: { reason: 'evicted' } }),
    );
    const conditions = {
      user: ann.id,
      reason: 'wrong_password',
      ip: '2001:DB8:0::1',
      from: '2026-01-02T13:01:00+01:00',
      to: '2026-01-02T12:03:00.001Z',
    };
    for (const types of [
      [['type', 'sign_in_failed,reauthentication_failed']],
      ['sign_in_failed', 'reauthentication_failed'].map((type) => ['type', type]),
    ]) {
      const found: string[] = [];
      let path: string | null =
        `/audit?${new URLSearchParams([...Object.entries(conditions), ...types, ['limit', '1']] as [string, string][])}`;
      while (path !== null) {
        const { status, body, next }: Awaited<ReturnType<Visitor['get']>> = await admin.get(path);
        expect([status, body.length <= 1]).toEqual([200, true]);
        found.push(...body.map((event: { id: string }) => event.id));
        path = next;
      }
      expect(found).toEqual(matching.map(({ id }) => id).toReversed());
    }
    expect((await admin.get('/audit?from=2026-01-02&to=2026-01-03&reason=evicted')).body).toHaveLength(1);
    expect((await admin.get('/audit?from=2026-01-03')).body).toEqual([]);
  });
});
