import { afterEach, expect, it } from '@jest/globals';
import { createClient } from '@redis/client';
import SqliteConnection from 'better-sqlite3';
import { userTag } from '../src/sessions/session-token.js';
import { type Answer, TestApp, type Visitor, newDatabase } from './support/app.js';
import { describeWithRedis, newPrefix } from './support/services.js';

let app: TestApp;

afterEach(() => app.stop());

async function signedIn(email: string, role: 'user' | 'admin' = 'user') {
  const { id } = await app.addUser(email, role);
  const visitor = app.visitor();
  expect((await visitor.login(email)).status).toBe(200);
  return { id, visitor };
}

const shortOf = ({ status, body }: Answer) => `${status} ${body.code ?? ''}`.trim();

/** That the holder of what was spoilt is a stranger, and nobody else notices. */
async function expectToBeNothing(spoilt: { id: string; visitor: Visitor }, root: Visitor, other: Visitor) {
  for (let round = 0; round < 3; round += 1) {
    const asked = [spoilt.visitor.get('/users/me'), other.get('/users/me'), spoilt.visitor.get('/sessions')];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([401, 200, 401]);
  }
  for (const path of ['/sessions', '/users', '/audit']) expect((await root.get(path)).status).toBe(200);
}

it('a session, a user and an event in SQLite that cannot be read are nothing, and lists go on', async () => {
  const url = newDatabase();
  app = await TestApp.start({ DATABASE_URL: url });
  const root = await signedIn('root@example.com', 'admin');
  const [ann, ben, cat] = [
    await signedIn('ann@example.com'),
    await signedIn('ben@example.com'),
    await signedIn('cat@example.com'),
  ];
  const raw = new SqliteConnection(url.slice('sqlite:'.length));
  raw
    .prepare(`update coatcheck_sessions set secret_hash = '', created_at = 'noon' where user_id = ?`)
    .run(ann.id);
  raw.prepare(`update coatcheck_users set updated_at = 'noon' where id = ?`).run(ben.id);
  raw.prepare(`update coatcheck_audit_events set details = '{' where subject_id = ?`).run(ann.id);
  await expectToBeNothing(ann, root.visitor, cat.visitor);
  await expectToBeNothing(ben, root.visitor, cat.visitor);
  expect((await root.visitor.get(`/users/${ann.id}/sessions`)).body).toEqual([]);
  expect(shortOf(await root.visitor.get(`/users/${ben.id}`))).toBe('404 not_found');
  expect((await root.visitor.get('/users')).body).toHaveLength(3);
  expect((await root.visitor.delete(`/users/${ann.id}/sessions`)).status).toBe(200);
  expect((await app.visitor().login('ann@example.com')).status).toBe(200);
  expect(shortOf(await app.visitor().login('ben@example.com'))).toBe('401 credentials_invalid');
  raw.close();
});

describeWithRedis('Sessions in Redis that cannot be read', () => {
  it.each([
    ['a list where a hash is expected', 'rPush'],
    ['a line that is none of ours', 'hSet'],
  ] as const)('are nothing, and lists, ends and sign-ins go on: %s', async (_, how) => {
    const { url, prefix, drop } = newPrefix();
    app = await TestApp.start({ SESSION_STORE_URL: url });
    const root = await signedIn('root@example.com', 'admin');
    const [ann, cat] = [await signedIn('ann@example.com'), await signedIn('cat@example.com')];
    const raw = createClient({ url });
    await raw.connect();
    const key = `${prefix}:${userTag(ann.id)}`;
    const [id = ''] = (await raw.hKeys(key)).filter((field) => field !== '');
    await raw.del(key);
    if (how === 'rPush') await raw.rPush(key, 'x');
    else await raw.hSet(key, id, '{"userId":');
    await expectToBeNothing(ann, root.visitor, cat.visitor);
    expect((await root.visitor.get(`/users/${ann.id}/sessions`)).body).toEqual([]);
    expect((await root.visitor.delete(`/users/${ann.id}/sessions`)).body).toEqual({ ended: 0 });
    const again = app.visitor();
    expect((await again.login('ann@example.com')).status).toBe(200);
    expect((await again.get('/sessions')).body).toHaveLength(1);
    expect((await root.visitor.put(`/users/${ann.id}`, { disabled: true })).status).toBe(200);
    raw.destroy();
    await drop();
  });
});

it('a store that cannot answer is a 503, and not an entry that cannot be read', async () => {
  app = await TestApp.start();
  const ann = await signedIn('ann@example.com');
  await app.closeStores();
  expect(shortOf(await ann.visitor.get('/users/me'))).toBe('503 store_unavailable');
});
