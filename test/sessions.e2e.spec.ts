import { hash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionStore, StoreUnavailableError, type User, UsersService } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, type Visitor, basic, newDatabase } from './support/app.js';
import { RedisServer } from './support/engines.js';
import { describeWithEngine } from './support/services.js';
import { STORAGES } from './support/storages.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two refusals of the same are the same to the byte. */
const MARKS = { 'x-request-id': 'request-0001' };
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.5';

const HOUSES = [
  ['session_auth', 'memory'],
  ['session_exp_auth', 'memory'],
  ['session_db_auth', 'SQLite'],
  ['session_db_auth', 'PostgreSQL'],
  ['session_db_auth', 'Redis'],
  ['session_db_auth,basic_auth', 'SQLite'],
] as const;

const tokenOwner = ({ cookie }: Visitor) => cookie!.slice('sid='.length);
const idOf = (visitor: Visitor) => tokenOwner(visitor).split('.')[0]!;
const idsOf = ({ body }: Answer) => body.map(({ id }: { id: string }) => id);
const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status).toSorted();
const unknownId = () => randomBytes(16).toString('base64url');

/** Ids that no session can have. */
const MALFORMED = ['nonsense', 'current', '__proto__', '%F0%9F%8D%AA', `${unknownId()}A`, 'x'.repeat(2000)];

/** All routes by which one meets sessions. */
const routesOf = (user: string, session: string): readonly (readonly [string, string, object?])[] => [
  ['GET', '/sessions'],
  ['GET', '/sessions/current'],
  ['POST', '/sessions/current/reauthenticate', { password: PASSWORD }],
  ['PATCH', `/sessions/${session}`, { label: 'Kitchen' }],
  ['DELETE', `/sessions/${session}`],
  ['DELETE', '/sessions'],
  ['DELETE', '/sessions?scope=all'],
  ['GET', `/users/${user}/sessions`],
  ['DELETE', `/users/${user}/sessions`],
  ['DELETE', `/users/${user}/sessions/${session}`],
];

async function signIn(visitor: Visitor, email: string, more: object = {}): Promise<Visitor> {
  expect((await visitor.post('/auth_session/login', { email, password: PASSWORD, ...more })).status).toBe(
    200,
  );
  return visitor;
}

for (const [type, name] of HOUSES) {
  const storage = STORAGES[name];

  storage.describe(`The sessions of a user, AUTH_TYPE=${type} on ${name}`, () => {
    let app: TestApp;
    let variables: Readonly<Record<string, string>>;
    let drop: () => Promise<void>;
    let ann: User;
    let ben: User;
    let count = 0;

    beforeAll(async () => {
      const opened = await storage.open();
      drop = opened.drop;
      variables = { AUTH_TYPE: type, STORE_TIMEOUT: '10s', ...opened.variables };
      app = await TestApp.start(variables);
      await app.addUser('root@example.com', 'admin');
    });

    beforeEach(async () => {
      count += 1;
      ann = await app.addUser(`ann-${count}@example.com`);
      ben = await app.addUser(`ben-${count}@example.com`);
    });

    afterAll(async () => {
      await app.stop();
      await drop();
    });

    const as = ({ email }: { email: string }, headers = {}, more = {}) =>
      signIn(app.visitor({ ...MARKS, ...headers }), email, more);
    const asRoot = () => as({ email: 'root@example.com' });
    const inTurn = async (number: number) => {
      const visitors: Visitor[] = [];
      for (let made = 0; made < number; made += 1) {
        visitors.push(await as(ann));
        app.clock.advance(1000);
      }
      return visitors;
    };
    const lives = async ({ cookie }: Pick<Visitor, 'cookie'>) =>
      (await app.visitor({ cookie: cookie! }).get('/users/me')).status === 200;

    /** That the session is over, which its holder hears with the next request. */
    const expectOver = async (visitor: Visitor, code: string) => {
      const { status, body } = await visitor.get('/users/me');
      expect([status, body.code]).toEqual([401, code]);
    };

    describe('are listed', () => {
      it('newest first, their own alone, with all that tells them apart', async () => {
        const begin = app.clock.now().getTime();
        const at = (ms: number) => new Date(begin + ms).toISOString();
        const ends = (expires: number, idle: number) =>
          type === 'session_auth'
            ? { expires_at: null, idle_expires_at: null }
            : { expires_at: at(expires), idle_expires_at: at(idle) };
        const phone = await as(ann, { 'user-agent': IPHONE });
        await as(ben);
        app.clock.advance(1000);
        const laptop = await as(ann, { 'user-agent': FIREFOX }, { remember: true });
        app.clock.advance(2 * MINUTE);
        await phone.get('/users/me');
        expect((await phone.send('PATCH', `/sessions/${idOf(phone)}`, { label: 'Phone' })).status).toBe(200);
        const { status, headers, body } = await laptop.get('/sessions');
        expect([status, headers.get('link')]).toEqual([200, null]);
        const seen = 1000 + 2 * MINUTE;
        expect(body).toEqual([
          {
            id: idOf(laptop),
            current: true,
            kind: 'remembered',
            transport: 'cookie',
            scope: 'write',
            label: null,
            created_at: at(1000),
            authenticated_at: at(1000),
            proofs: { password: at(1000) },
            last_seen_at: at(type === 'session_auth' ? seen : 1000),
            ...ends(1000 + 30 * DAY, 1000 + 14 * DAY),
            ip: '127.0.0.1',
            device: { browser: 'Firefox 128.5', os: 'Linux' },
          },
          {
            id: idOf(phone),
            current: false,
            kind: 'session',
            transport: 'cookie',
            scope: 'write',
            label: 'Phone',
            created_at: at(0),
            authenticated_at: at(0),
            proofs: { password: at(0) },
            last_seen_at: at(seen),
            ...ends(12 * HOUR, seen + 30 * MINUTE),
            ip: '127.0.0.1',
            device: { browser: 'Safari 18.5', os: 'iOS' },
          },
        ]);
      });

      it('page by page along the links, also where all began in one millisecond', async () => {
        const visitors = [await as(ann), await as(ann), await as(ann), ...(await inTurn(4))];
        const all = idsOf(await visitors[0]!.get('/sessions'));
        expect(all.slice(0, 3)).toEqual(visitors.slice(4).map(idOf).toReversed());
        expect(all.slice(3).toSorted()).toEqual(visitors.slice(0, 4).map(idOf).toSorted());
        for (const limit of [1, 2, 3, 7]) {
          const seen: string[] = [];
          let path: string | null = `/sessions?limit=${limit}`;
          while (path !== null && seen.length <= all.length) {
            const page: Answer = await visitors[0]!.get(path);
            expect(page.body.length).toBeLessThanOrEqual(limit);
            seen.push(...idsOf(page));
            path = page.next;
          }
          expect(seen).toEqual(all);
        }
      });

      it('without those that ended between two pages, and with all others', async () => {
        const [e, d, c, b, a] = (await inTurn(5)) as [Visitor, Visitor, Visitor, Visitor, Visitor];
        const first = await e.get('/sessions?limit=2');
        expect(idsOf(first)).toEqual([idOf(a), idOf(b)]);
        await e.delete(`/sessions/${idOf(b)}`);
        await e.delete(`/sessions/${idOf(c)}`);
        const second = await e.get(first.next!);
        expect(idsOf(second)).toEqual([idOf(d), idOf(e)]);
        expect(second.next).toBeNull();
      });

      it('by their kind, on each page', async () => {
        const plain = await inTurn(2);
        const remembered = [await as(ann, {}, { remember: true }), await as(ann, {}, { remember: true })];
        const first = await plain[0]!.get('/sessions?kind=remembered&limit=1');
        const second = await plain[0]!.get(first.next!);
        expect([...idsOf(first), ...idsOf(second)].toSorted()).toEqual(remembered.map(idOf).toSorted());
        expect(second.next).toBeNull();
        expect(idsOf(await plain[0]!.get('/sessions?kind=session'))).toEqual(plain.map(idOf).toReversed());
        expect((await plain[0]!.get('/sessions?kind=access_token')).body).toEqual([]);
      });

      it('after a place in another’s list, and still their own alone', async () => {
        const [visitor] = await inTurn(1);
        const cursor = Buffer.from(`${app.clock.now().getTime()}:${idOf(await as(ben))}`);
        expect(idsOf(await visitor!.get(`/sessions?cursor=${cursor.toString('base64url')}`))).toEqual([
          idOf(visitor!),
        ]);
      });

      it.each([
        'limit=0',
        'limit=101',
        'limit=-1',
        'limit=x',
        'limit=',
        'limit=1&limit=2',
        'cursor=',
        'cursor=nonsense',
        'cursor=a&cursor=b',
        'cursor[]=a',
        `cursor=${Buffer.from('1:').toString('base64url')}`,
        `cursor=${Buffer.from('9999999999999999:a').toString('base64url')}`,
        `cursor=${Buffer.from("1:' or 1=1").toString('base64url')}`,
        `cursor=${'a'.repeat(201)}`,
        'kind=nonsense',
        'kind=session&kind=remembered',
        'kind[$ne]=session',
        'scope=all',
        'user=root',
        '__proto__[kind]=session',
      ])('not for ?%s', async (query) => {
        const { status, body } = await (await as(ann)).get(`/sessions?${query}`);
        expect([status, body.code]).toEqual([400, 'validation_failed']);
      });
    });

    it('say by which one a request came, and whose it is', async () => {
      const [, here] = await inTurn(2);
      const { status, body } = await here!.get('/sessions/current');
      expect(status).toBe(200);
      expect(body).toEqual({
        session: (await here!.get('/sessions')).body[0],
        user: (await here!.get('/users/me')).body,
      });
      expect(body).toMatchObject({ session: { id: idOf(here!), current: true }, user: { id: ann.id } });
    });

    it('are in answers without a token, its secret, a hash of it, or anything as long', async () => {
      const [here, there, third] = (await inTurn(3)) as [Visitor, Visitor, Visitor];
      const root = await asRoot();
      const tokens = [here, there, third, root].map(tokenOwner);
      const answers = [await here.get('/users/me')];
      const ask = async (visitor: Visitor, method: string, path: string, body?: object) => {
        answers.push(await visitor.send(method, path, body));
      };
      const renewed = await here.post('/sessions/current/reauthenticate', { password: PASSWORD });
      expect(renewed.status).toBe(200);
      tokens.push(tokenOwner(here));
      answers.push(renewed);
      for (const [method, path, body] of routesOf(ann.id, idOf(third)).filter(([verb]) => verb !== 'DELETE'))
        for (const visitor of [here, root]) await ask(visitor, method, path, body);
      tokens.push(tokenOwner(here), tokenOwner(root));
      for (const path of [`/sessions?limit=1`, `/users/${ann.id}/sessions?limit=1`, '/audit'])
        await ask(root, 'GET', path);
      await ask(here, 'DELETE', `/sessions/${idOf(there)}`);
      await ask(there, 'GET', '/sessions');
      await ask(root, 'DELETE', `/users/${ann.id}/sessions/${idOf(third)}`);
      await ask(root, 'DELETE', `/users/${ann.id}/sessions`);
      await ask(here, 'GET', '/sessions');
      await ask(root, 'DELETE', '/sessions?scope=all');
      const said = answers.map(({ headers, body }) =>
        JSON.stringify([[...headers].filter(([header]) => header !== 'set-cookie'), body]),
      );
      expect(said.filter((text) => text.includes(ann.id)).length).toBeGreaterThan(1);
      expect(new Set(tokens).size).toBeGreaterThan(5);
      for (const token of tokens) {
        const secret = token.split('.')[1]!;
        const hashes = (['base64url', 'base64', 'hex'] as const).map((form) => hash('sha256', secret, form));
        for (const word of [secret, ...hashes])
          expect(said.filter((text) => text.includes(word.replace(/=+$/, '')))).toEqual([]);
      }
      for (const { body } of answers) expect(JSON.stringify(body)).not.toMatch(/[\w+/-]{43}/);
    });

    describe('are given a name', () => {
      const rename = (visitor: Visitor, id: string, body: object) =>
        visitor.send('PATCH', `/sessions/${id}`, body);

      it.each([
        'Kitchen',
        'x',
        'Büro, 2. Stock',
        '台所のパソコン',
        '👩‍💻 at work',
        '🏳️‍🌈',
        '<script>alert(1)</script>',
        '__proto__',
        'x'.repeat(100),
        '🍪'.repeat(100),
      ])('such as %j', async (label) => {
        const [there, here] = (await inTurn(2)) as [Visitor, Visitor];
        const { status, body } = await rename(here, idOf(there), { label });
        expect([status, body.label, body.id, body.current]).toEqual([200, label, idOf(there), false]);
        const list = (await here.get('/sessions')).body;
        expect(list).toEqual([expect.objectContaining({ id: idOf(here), label: null }), body]);
      });

      it('another one, and none', async () => {
        const here = await as(ann);
        for (const label of ['Kitchen', 'Office', null]) {
          expect(await rename(here, idOf(here), { label })).toMatchObject({
            status: 200,
            body: { label, current: true },
          });
          expect((await here.get('/sessions/current')).body.session.label).toBe(label);
        }
      });

      it.each([
        [{ label: '' }],
        [{ label: '   ' }],
        [{ label: '\u00a0\u3000' }],
        [{ label: '\u200d' }],
        [{ label: 'two\nlines' }],
        [{ label: 'a\u0000b' }],
        [{ label: 'a\u007fb' }],
        [{ label: 'a\u202eb' }],
        [{ label: 'x'.repeat(101) }],
        [{ label: '🍪'.repeat(101) }],
        [{ label: `x${'\ufe0f'.repeat(101)}` }],
        [{ label: 7 }],
        [{ label: true }],
        [{ label: ['Kitchen'] }],
        [{ label: { toString: 'Kitchen' } }],
        [{}],
        [{ label: 'Kitchen', id: 'x' }],
        [{ label: 'Kitchen', kind: 'remembered' }],
      ])('but not by %j', async (body) => {
        const here = await as(ann);
        const answer = await rename(here, idOf(here), body);
        expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
        expect((await here.get('/sessions/current')).body.session.label).toBeNull();
      });
    });

    it('are nobody else’s, who cannot tell them from ones that are not there', async () => {
      const [here, there] = (await inTurn(2)) as [Visitor, Visitor];
      const other = await as(ben);
      const root = await asRoot();
      await here.delete(`/sessions/${idOf(there)}`);
      const ids = [unknownId(), idOf(here), idOf(there), idOf(root), ...MALFORMED];
      for (const [method, body] of [['PATCH', { label: 'Mine' }], ['DELETE']] as const) {
        const answers = await Promise.all(ids.map((id) => other.send(method, `/sessions/${id}`, body)));
        expect(answers[0]).toMatchObject({ status: 404, body: { code: 'not_found' } });
        for (const answer of answers) expect([answer.status, answer.body]).toEqual([404, answers[0]!.body]);
      }
      const own = await here.send('PATCH', `/sessions/${idOf(there)}`, { label: 'Gone' });
      expect([own.status, own.body.code]).toEqual([404, 'not_found']);
      expect((await root.send('PATCH', `/sessions/${idOf(here)}`, { label: 'Hers' })).status).toBe(404);
      expect((await root.delete(`/sessions/${idOf(here)}`)).status).toBe(404);
      expect(await here.get('/sessions/current')).toMatchObject({
        status: 200,
        body: { session: { label: null } },
      });
    });

    describe('are ended', () => {
      it('one of them, at once, and the others go on', async () => {
        const [there, third, here] = (await inTurn(3)) as [Visitor, Visitor, Visitor];
        const answer = await here.delete(`/sessions/${idOf(there)}`);
        expect([answer.status, answer.body]).toEqual([200, {}]);
        expect([answer.headers.get('set-cookie'), answer.headers.get('clear-site-data')]).toEqual([
          null,
          null,
        ]);
        expect(idsOf(await here.get('/sessions'))).toEqual([idOf(here), idOf(third)]);
        await expectOver(there, 'session_ended_elsewhere');
        expect([await lives(here), await lives(third)]).toEqual([true, true]);
        expect((await here.delete(`/sessions/${idOf(third)}`)).status).toBe(200);
        expect((await here.delete(`/sessions/${idOf(third)}`)).status).toBe(404);
      });

      it('the one that asks, whose browser forgets us', async () => {
        const [there, here] = (await inTurn(2)) as [Visitor, Visitor];
        const token = here.cookie!;
        const { status, headers, body } = await here.delete(`/sessions/${idOf(here)}`);
        expect([status, body]).toEqual([200, {}]);
        expect(headers.get('set-cookie')).toMatch(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/);
        expect(headers.get('clear-site-data')).toBe('"cache"');
        await expectOver(app.visitor({ cookie: token }), 'session_signed_out');
        expect(await lives(there)).toBe(true);
      });

      it('all others, and no one else’s', async () => {
        const [here, ...others] = (await inTurn(4)) as [Visitor, ...Visitor[]];
        const other = await as(ben);
        for (const [path, ended] of [
          ['/sessions', 3],
          ['/sessions?scope=others', 0],
        ] as const) {
          const answer = await here.delete(path);
          expect([answer.status, answer.body]).toEqual([200, { ended }]);
          expect(answer.headers.get('set-cookie')).toBeNull();
          expect(answer.headers.get('clear-site-data')).toBeNull();
        }
        for (const visitor of others) await expectOver(visitor, 'session_ended_elsewhere');
        expect(idsOf(await here.get('/sessions'))).toEqual([idOf(here)]);
        expect(await lives(other)).toBe(true);
      });

      it('all, also the one that asks, whose browser forgets us', async () => {
        const [here, ...others] = (await inTurn(3)) as [Visitor, ...Visitor[]];
        const other = await as(ben);
        const token = here.cookie!;
        const { status, headers, body } = await here.delete('/sessions?scope=all');
        expect([status, body]).toEqual([200, { ended: 3 }]);
        expect(headers.get('set-cookie')).toMatch(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/);
        expect(headers.get('clear-site-data')).toBe('"cache"');
        await expectOver(app.visitor({ cookie: token }), 'session_signed_out');
        for (const visitor of others) await expectOver(visitor, 'session_ended_elsewhere');
        expect((await (await asRoot()).get(`/users/${ann.id}/sessions`)).body).toEqual([]);
        expect(await lives(other)).toBe(true);
      });

      it.each(['scope=nonsense', 'scope=', 'scope=all&scope=others', 'all=true', 'kind=session'])(
        'not for ?%s',
        async (query) => {
          const [there, here] = (await inTurn(2)) as [Visitor, Visitor];
          const { status, body } = await here.delete(`/sessions?${query}`);
          expect([status, body.code]).toEqual([400, 'validation_failed']);
          expect([await lives(here), await lives(there)]).toEqual([true, true]);
        },
      );

      it('once, by one of two who do it at once', async () => {
        const [here, there] = (await inTurn(2)) as [Visitor, Visitor];
        for (let round = 0; round < 10; round += 1) {
          const id = idOf(await as(ann));
          const answers = [here, there, here, there].map((visitor) => visitor.delete(`/sessions/${id}`));
          expect(statusesOf(await Promise.all(answers))).toEqual([200, 404, 404, 404]);
        }
        for (let round = 0; round < 5; round += 1) {
          const { cookie } = await as(ann);
          const twins = [1, 2, 3].map(() => app.visitor({ cookie: cookie! }));
          const id = cookie!.split(/[=.]/)[1]!;
          const answers = await Promise.all(twins.map((twin) => twin.delete(`/sessions/${id}`)));
          expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
        }
      });

      it('each once, however many do it to all at once', async () => {
        const [here] = (await inTurn(6)) as [Visitor];
        const answers = await Promise.all([1, 2, 3].map(() => here.delete('/sessions')));
        expect(statusesOf(answers)).toEqual([200, 200, 200]);
        expect(answers.reduce((sum, { body }) => sum + body.ended, 0)).toBe(5);
        await inTurn(4);
        const { cookie } = here;
        const twins = [1, 2, 3].map(() => app.visitor({ cookie: cookie! }));
        const last = await Promise.all(twins.map((twin) => twin.delete('/sessions?scope=all')));
        const ended = last.filter(({ status }) => status === 200).map(({ body }) => body.ended);
        expect(ended.reduce((sum, one) => sum + one, 0)).toBe(5);
      });
    });

    describe('are an administrator’s to see and end', () => {
      it('as their user sees them, with none that is current', async () => {
        const [visitor] = await inTurn(3);
        const root = await asRoot();
        const listed = (await visitor!.get('/sessions')).body;
        const { status, body } = await root.get(`/users/${ann.id}/sessions`);
        expect(status).toBe(200);
        expect(body).toMatchObject(listed.map(({ id }: { id: string }) => ({ id, current: false })));
        expect(body.slice(0, 2)).toEqual(listed.slice(0, 2));
        const page = await root.get(`/users/${ann.id}/sessions?limit=2&kind=session`);
        expect(page.next).toContain(`/users/${ann.id}/sessions?limit=2&kind=session&cursor=`);
        const next = await root.get(page.next!);
        expect([...page.body, ...next.body]).toEqual(body);
        for (const query of ['limit=0', 'cursor=nonsense', 'kind=nonsense', 'more=1'])
          expect((await root.get(`/users/${ann.id}/sessions?${query}`)).status).toBe(400);
      });

      it('their own too, which are current where they are', async () => {
        const { id } = await app.addUser(`admin-${count}@example.com`, 'admin');
        const [here, there] = [
          await as({ email: `admin-${count}@example.com` }),
          await as({ email: `admin-${count}@example.com` }),
        ];
        const { body } = await here.get(`/users/${id}/sessions`);
        expect(body).toEqual((await here.get('/sessions')).body);
        expect((await here.delete(`/users/${id}/sessions`)).body).toEqual({ ended: 2 });
        for (const visitor of [here, there]) await expectOver(visitor, 'session_ended_by_admin');
      });

      it('one of them, at once, and the others go on', async () => {
        const [there, third] = (await inTurn(2)) as [Visitor, Visitor];
        const root = await asRoot();
        const answer = await root.delete(`/users/${ann.id}/sessions/${idOf(there)}`);
        expect([answer.status, answer.body]).toEqual([200, {}]);
        await expectOver(there, 'session_ended_by_admin');
        expect(await lives(third)).toBe(true);
        const twins = [1, 2].map(() => root.delete(`/users/${ann.id}/sessions/${idOf(third)}`));
        expect(statusesOf(await Promise.all(twins))).toEqual([200, 404]);
      });

      it('all of them, at once, and no one else’s', async () => {
        const visitors = await inTurn(3);
        const [root, other] = [await asRoot(), await as(ben)];
        for (const ended of [3, 0]) {
          const answer = await root.delete(`/users/${ann.id}/sessions`);
          expect([answer.status, answer.body]).toEqual([200, { ended }]);
        }
        for (const visitor of visitors) await expectOver(visitor, 'session_ended_by_admin');
        expect([await lives(root), await lives(other)]).toEqual([true, true]);
      });

      it('but not where there is no such user, or the session is another’s', async () => {
        const [other, root] = [await as(ben), await asRoot()];
        const id = idOf(other);
        const answers = await Promise.all([
          root.get('/users/nobody/sessions'),
          root.delete('/users/nobody/sessions'),
          root.delete(`/users/nobody/sessions/${id}`),
          root.delete(`/users/${ann.id}/sessions/${id}`),
          ...MALFORMED.map((malformed) => root.delete(`/users/${ann.id}/sessions/${malformed}`)),
          ...MALFORMED.map((malformed) => root.get(`/users/${malformed}/sessions`)),
        ]);
        const [first] = answers;
        for (const { status, body } of answers) {
          expect([status, body.code]).toEqual([404, 'not_found']);
          expect(body).toEqual(first?.body);
        }
        expect(await lives(other)).toBe(true);
      });

      it('and no one else’s, be there anything or not', async () => {
        const [here] = (await inTurn(1)) as [Visitor];
        const other = await as(ben);
        for (const [method, ends] of [
          ['GET', ''],
          ['DELETE', ''],
          ['DELETE', `/${idOf(other)}`],
          ['DELETE', `/${unknownId()}`],
        ] as const) {
          const answers = await Promise.all(
            [ann.id, ben.id, 'nobody'].map((user) => here.send(method, `/users/${user}/sessions${ends}`)),
          );
          expect(answers[0]).toMatchObject({ status: 403, body: { code: 'role_required' } });
          for (const { status, body } of answers) expect([status, body]).toEqual([403, answers[0]!.body]);
        }
        expect([await lives(here), await lives(other)]).toEqual([true, true]);
      });

      it('of a disabled user there are none, also when they are enabled again', async () => {
        const [there] = (await inTurn(2)) as [Visitor];
        const [root, id] = [await asRoot(), idOf(there)];
        const users = app.nest.get(UsersService);
        for (const disabled of [true, false]) {
          await users.update(ann.id, { disabled });
          expect(await root.get(`/users/${ann.id}/sessions`)).toMatchObject({ status: 200, body: [] });
          expect((await root.delete(`/users/${ann.id}/sessions/${id}`)).status).toBe(404);
        }
        expect(await lives(there)).toBe(false);
      });
    });

    it('are not shown to clients that are not signed in', async () => {
      const id = idOf(await as(ann));
      for (const [method, path, body] of routesOf(ann.id, id))
        expect(await app.visitor().send(method, path, body)).toMatchObject({
          status: 401,
          body: { code: 'credentials_missing' },
        });
    });

    if (name !== 'memory')
      it('are unknown while the store is down, which is a 503 on each route', async () => {
        const other = await TestApp.start(variables);
        const root = await signIn(other.visitor(), 'root@example.com');
        const token = root.cookie;
        await other.closeStores();
        for (const [method, path, body] of routesOf(ann.id, idOf(root))) {
          const answer = await root.send(method, path, body);
          expect([method, path, answer.status, answer.body.code]).toEqual([
            method,
            path,
            503,
            'store_unavailable',
          ]);
          expect([answer.headers.get('retry-after'), answer.headers.get('set-cookie')]).toEqual(['1', null]);
        }
        await other.stop();
        expect(await lives({ cookie: token })).toBe(true);
      });
  });
}

describe('The sessions of a user who authenticates by Basic', () => {
  let app: TestApp;
  let ann: Visitor;

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth,basic_auth' });
    await app.addUser('ann@example.com');
    ann = app.visitor(basic('ann@example.com'));
  });

  afterAll(() => app.stop());

  it('are seen, named and ended, and none of them is current', async () => {
    const visitors = [];
    for (let made = 0; made < 4; made += 1) {
      visitors.push(await signIn(app.visitor(), 'ann@example.com'));
      app.clock.advance(1000);
    }
    const ids = visitors.map(idOf);
    const list = await ann.get('/sessions');
    expect(idsOf(list)).toEqual(ids.toReversed());
    expect(list.body.map(({ current }: { current: boolean }) => current)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(await ann.send('PATCH', `/sessions/${ids[0]}`, { label: 'Kitchen' })).toMatchObject({
      status: 200,
      body: { label: 'Kitchen', current: false },
    });
    expect(await ann.delete(`/sessions/${ids[0]}`)).toMatchObject({ status: 200, body: {} });
    expect((await visitors[0]!.get('/users/me')).body.code).toBe('session_ended_elsewhere');
    const others = await ann.delete('/sessions');
    expect([others.status, others.body, others.headers.get('set-cookie')]).toEqual([200, { ended: 3 }, null]);
    await signIn(app.visitor(), 'ann@example.com');
    const all = await ann.delete('/sessions?scope=all');
    expect([all.status, all.body, all.headers.get('set-cookie')]).toEqual([200, { ended: 1 }, null]);
    expect((await ann.get('/sessions')).body).toEqual([]);
    expect((await ann.get('/users/me')).status).toBe(200);
  });

  it('are none that the request came by, or that can be proven anew', async () => {
    for (const answer of [
      await ann.get('/sessions/current'),
      await ann.post('/sessions/current/reauthenticate', { password: PASSWORD }),
    ])
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});

describe('A server without sessions', () => {
  it.each(['standard', 'alx'])('has no routes to them (%s)', async (dialect) => {
    const app = await TestApp.start({ AUTH_TYPE: 'basic_auth', AUTH_COMPAT: dialect });
    const { id } = await app.addUser('root@example.com', 'admin');
    const root = app.visitor(basic('root@example.com'));
    expect((await root.get('/users/me')).status).toBe(200);
    for (const [method, path, body] of routesOf(id, unknownId())) {
      const answer = await root.send(method, path, body);
      expect([method, path, answer.status, answer.body.error]).toEqual([method, path, 404, 'Not found']);
      expect((await app.visitor().send(method, path, body)).status).toBe(401);
    }
    await app.stop();
  });
});

describe('The sessions of a user, in alx', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      AUTH_TYPE: 'session_db_auth',
      AUTH_COMPAT: 'alx',
      SESSION_DURATION: '3600',
      DATABASE_URL: newDatabase(),
    });
    await app.addUser('ann@example.com');
  });

  afterAll(() => app.stop());

  const signedIn = async () => {
    const visitor = app.visitor();
    await visitor.post(
      '/auth_session/login',
      new URLSearchParams({ email: 'ann@example.com', password: PASSWORD }),
    );
    return visitor;
  };

  it('have its times and its refusals, and can be ended however long ago their user proved themselves', async () => {
    const there = await signedIn();
    app.clock.advance(10 * MINUTE);
    const here = await signedIn();
    app.clock.advance(10 * MINUTE);
    expect((await here.get('/sessions')).body).toMatchObject([
      {
        id: idOf(here),
        current: true,
        created_at: '2026-01-01T12:10:00',
        expires_at: '2026-01-01T13:10:00',
        idle_expires_at: null,
      },
      { id: idOf(there), current: false, created_at: '2026-01-01T12:00:00' },
    ]);
    for (const [path, label, status, error] of [
      [`/sessions/${idOf(there)}`, '', 400, 'label missing'],
      [`/sessions/${idOf(there)}`, ' ', 400, 'Wrong format'],
      [`/sessions/${unknownId()}`, 'Kitchen', 404, 'Not found'],
    ] as const) {
      const answer = await here.send('PATCH', path, { label });
      expect([answer.status, answer.body]).toEqual([status, { error }]);
    }
    expect((await here.delete('/sessions')).body).toEqual({ ended: 1 });
    const refused = await there.get('/sessions');
    expect([refused.status, refused.body]).toEqual([403, { error: 'Forbidden' }]);
    const out = await here.delete('/sessions?scope=all');
    expect([out.status, out.body, out.headers.get('set-cookie')]).toEqual([200, { ended: 1 }, null]);
    expect(out.headers.get('clear-site-data')).toBeNull();
    expect((await here.get('/sessions')).status).toBe(403);
  });
});

describe('A store that fails in the midst of a request', () => {
  it.each([
    ['findByUser', 'GET', '/sessions'],
    ['find', 'PATCH', '/sessions/:id'],
    ['rename', 'PATCH', '/sessions/:id'],
    ['find', 'DELETE', '/sessions/:id'],
    ['end', 'DELETE', '/sessions/:id'],
    ['end', 'DELETE', '/sessions/:current'],
    ['endAll', 'DELETE', '/sessions'],
    ['end', 'DELETE', '/sessions?scope=all'],
    ['findByUser', 'GET', '/users/:user/sessions'],
    ['endAll', 'DELETE', '/users/:user/sessions'],
    ['find', 'DELETE', '/users/:user/sessions/:id'],
    ['end', 'DELETE', '/users/:user/sessions/:id'],
  ] as const)('in %s, is a 503 of %s %s, and nobody is signed out', async (failing, method, pattern) => {
    const app = await TestApp.start();
    const { id } = await app.addUser('root@example.com', 'admin');
    const [there, root] = [
      await signIn(app.visitor(), 'root@example.com'),
      await signIn(app.visitor(), 'root@example.com'),
    ];
    const token = root.cookie;
    const store = app.nest.get(SessionStore);
    const path = pattern.replace(':id', idOf(there)).replace(':current', idOf(root)).replace(':user', id);
    Object.assign(store, { [failing]: () => Promise.reject(new StoreUnavailableError()) });
    const { status, headers, body } = await root.send(
      method,
      path,
      method === 'PATCH' ? { label: 'Kitchen' } : undefined,
    );
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'store_unavailable', '1']);
    expect([headers.get('set-cookie'), headers.get('clear-site-data')]).toEqual([null, null]);
    expect(root.cookie).toBe(token);
    expect((await root.get('/users/me')).status).toBe(200);
    await app.stop();
  });
});

describeWithEngine.redis('A session store that is down beside a database that is not', () => {
  it('is a 503 on each route that asks it, and has all sessions when it is back', async () => {
    const redis = await RedisServer.start();
    const app = await TestApp.start({
      AUTH_TYPE: 'session_db_auth,basic_auth',
      SESSION_STORE_URL: redis.url,
    });
    const { id } = await app.addUser('root@example.com', 'admin');
    const [root, there] = [app.visitor(basic('root@example.com')), app.visitor()];
    await signIn(there, 'root@example.com');
    expect((await root.get('/sessions')).body).toHaveLength(1);
    await redis.kill();
    const bound = routesOf(id, idOf(there)).filter(([, path]) => !path.includes('current'));
    for (const [visitor, routes] of [
      [root, bound],
      [there, routesOf(id, idOf(there))],
    ] as const)
      for (const [method, path, body] of routes) {
        const answer = await visitor.send(method, path, body);
        expect([method, path, answer.status, answer.body.code]).toEqual([
          method,
          path,
          503,
          'store_unavailable',
        ]);
      }
    await redis.restart();
    for (let asked = 0; asked < 100 && (await root.get('/sessions')).status === 503; asked += 1)
      await new Promise((resolve) => void setTimeout(resolve, 50));
    expect(idsOf(await root.get('/sessions'))).toEqual([idOf(there)]);
    expect((await there.get('/sessions/current')).status).toBe(200);
    await app.stop();
    await redis.close();
  });
});
