import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { UserStore } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, type Visitor } from './support/app.js';

const NO_CURSOR =
  'This is not a cursor of this list in this order. Use the `Next-Cursor` of the previous page, with the same `sort`.';

describe('The search for users', () => {
  let app: TestApp;
  let root: Visitor;
  let ann: Visitor;

  const emails = ({ status, body }: Answer) => {
    expect(status).toBe(200);
    return (body as { email: string }[]).map(({ email }) => email.split('@')[0]);
  };
  const find = async (query: string) => emails(await root.get(`/users?${query}`));
  const faultsOf = async (query: string) => {
    const { status, body } = await root.get(`/users?${query}`);
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    return body.errors as { pointer: string; detail: string }[];
  };

  beforeAll(async () => {
    app = await TestApp.start();
    [root, ann] = [app.visitor(), app.visitor()];
    await app.addUser('root@example.com', 'admin');
    app.clock.advance(1);
    await app.addUser('ann@example.com');
    await root.login('root@example.com');
    await ann.login('ann@example.com');
    for (const [email, first_name, last_name] of [
      ['bea', 'Béa', 'Ångström'],
      ['ben', 'Ben', 'Adams'],
      ['cid', 'Cid', 'Benson'],
    ] as const) {
      app.clock.advance(1);
      await root.post('/users', { email: `${email}@example.com`, password: PASSWORD, first_name, last_name });
    }
    const cid = (await root.get('/users?email=cid')).body[0];
    await root.put(`/users/${cid.id}`, { disabled: true });
  });

  afterAll(() => app.stop());

  it.each([
    ['', ['root', 'ann', 'bea', 'ben', 'cid']],
    ['email=BE', ['bea', 'ben']],
    ['email=%20ben@Example', ['ben']],
    ['email=en', []],
    ['name=be', ['ben', 'cid']],
    ['name=B%C3%89a', ['bea']],
    ['name=a%CC%8Ang', ['bea']],
    ['name=adams%20b', ['ben']],
    ['name=BEN%20A', ['ben']],
    ['name=%25', []],
    ['name=_', []],
    ['name=*', []],
    ['name=%5C', []],
    ["name='%20or%201=1%20--", []],
    ['name=%F0%9F%A6%84', []],
    ['disabled=true', ['cid']],
    ['disabled=false', ['root', 'ann', 'bea', 'ben']],
    ['role=admin', ['root']],
    ['role=user&disabled=false', ['ann', 'bea', 'ben']],
    ['role=nobody', []],
    ['sort=-created', ['cid', 'ben', 'bea', 'ann', 'root']],
    ['sort=email', ['ann', 'bea', 'ben', 'cid', 'root']],
    ['sort=-email', ['root', 'cid', 'ben', 'bea', 'ann']],
    ['sort=name', ['root', 'ann', 'ben', 'cid', 'bea']],
    ['name=be&sort=-name', ['cid', 'ben']],
    ['email=b&name=b&role=user&disabled=false&sort=-email', ['ben', 'bea']],
  ])('with %j finds %j', async (query, found) => {
    expect(await find(query)).toEqual(found);
  });

  it.each([
    'sort=name',
    'sort=-email&disabled=false',
    'name=b&sort=-name',
    'email=b',
    'role=user&sort=-created',
  ])('with %j names the next page with its filters and its order', async (query) => {
    const all = await find(query);
    const seen: unknown[] = [];
    for (let path: string | null = `/users?limit=1&${query}`; path !== null;) {
      const answer: Answer = await root.get(path);
      seen.push(...emails(answer));
      path = answer.next;
      for (const part of path === null ? [] : query.split('&')) expect(path).toContain(part);
    }
    expect(seen).toEqual(all);
  });

  it('goes on behind names and addresses of any length', async () => {
    const name = '𐐷'.repeat(100);
    const email = `${'x'.repeat(64)}@${'y.'.repeat(80)}example.com`;
    for (const each of [email, `z${email.slice(1)}`])
      await root.post('/users', { email: each, password: PASSWORD, first_name: name, last_name: name });
    for (const sort of ['name', '-name', 'email', '-email']) {
      const { next } = await root.get(`/users?limit=1&name=${encodeURIComponent(name)}&sort=${sort}`);
      const second = await root.get(next!);
      expect([second.body.length, second.next]).toEqual([1, null]);
    }
  });

  it('names the next page of an empty one', async () => {
    const store = app.nest.get(UserStore);
    const next = { key: 'bea@example.com', createdAt: app.clock.now(), id: 'bea' };
    const list = jest.spyOn(store, 'list').mockResolvedValueOnce({ users: [], next });
    const first = await root.get('/users?email=b&sort=email');
    expect(emails(first)).toEqual([]);
    expect(first.headers.get('next-cursor')).not.toBeNull();
    expect(emails(await root.get(first.next!))).toEqual(['ben']);
    expect(list).toHaveBeenLastCalledWith(expect.objectContaining({ after: next, email: 'b' }));
    list.mockRestore();
  });

  it('refuses the cursor of another order, with a sentence', async () => {
    const sorts = ['created', '-created', 'email', '-email', 'name', '-name'];
    for (const sort of sorts) {
      const cursor = (await root.get(`/users?limit=1&sort=${sort}`)).headers.get('next-cursor');
      for (const other of sorts) {
        const query = `cursor=${cursor}&sort=${other}`;
        if (other === sort) expect((await root.get(`/users?${query}`)).status).toBe(200);
        else expect(await faultsOf(query)).toEqual([{ pointer: '/cursor', detail: NO_CURSOR }]);
      }
    }
  });

  it.each([
    ['disabled=1', '/disabled', 'disabled must be one of the following values: true, false.'],
    ['disabled=TRUE', '/disabled', 'disabled must be one of the following values: true, false.'],
    [
      'disabled=true&disabled=false',
      '/disabled',
      'disabled must be one of the following values: true, false.',
    ],
    ['disabled=constructor', '/disabled', 'disabled must be one of the following values: true, false.'],
    [
      'sort=age',
      '/sort',
      'sort must be one of the following values: created, -created, email, -email, name, -name.',
    ],
    [
      'sort=name&sort=name',
      '/sort',
      'sort must be one of the following values: created, -created, email, -email, name, -name.',
    ],
    ['name=', '/name', expect.any(String)],
    ['email=', '/email', expect.any(String)],
    ['role=', '/role', expect.any(String)],
    ['name=%20', '/name', 'must contain a visible character.'],
    ['name=%00', '/name', 'must not contain control or invisible characters.'],
    ['email=a%0D%0Ab', '/email', 'must not contain control or invisible characters.'],
    ['role=%E2%80%8B', '/role', 'must not contain control or invisible characters.'],
    [`name=${'x'.repeat(201)}`, '/name', 'name must be shorter than or equal to 200 characters.'],
    [`email=${'x'.repeat(255)}`, '/email', 'email must be shorter than or equal to 254 characters.'],
    ['name=a&name=b', '/name', 'name must be a string.'],
    ['q=ann', '/q', 'This is an unknown field. Leave it out.'],
  ])('with %j is refused for %s', async (query, pointer, detail) => {
    expect(await faultsOf(query)).toEqual([{ pointer, detail }]);
  });

  it('is for administrators alone', async () => {
    for (const query of ['email=a', 'sort=name', 'disabled=true'])
      expect(await ann.get(`/users?${query}`)).toMatchObject({
        status: 403,
        body: { code: 'role_required' },
      });
    expect((await app.visitor().get('/users?email=a')).status).toBe(401);
  });
});
