import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OutboxStore, TokenStore, UsersService } from 'coatcheck';
import { MemoryMailer, tokenIn } from 'coatcheck/testing';
import { type Answer, PASSWORD, TestApp } from './support/app.js';

const YEAR = 365 * 86_400_000;

/** Texts of none of the shapes that are stored. */
const SHAPES = [
  '{',
  '"text"',
  'text',
  '5',
  'null',
  'true',
  '[]',
  '{}',
  '[1]',
  '[null]',
  '[[]]',
  '[[1,2,3]]',
  '[["x","y","z"]]',
  '[["x",1e300,1e300]]',
  '{"tokens":5,"revokedHashes":5}',
  '{"tokens":[null,5,"x",{}],"revokedHashes":[null,5,{}]}',
  '{"id":null}',
];

/** What a part of a stored value can be instead. */
const OTHERS = [null, true, -1, 1e300, 'x', [], {}, undefined];

/** A JSON value with one part changed: each part in each way. */
function changed(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return OTHERS;
  return Object.entries(value).flatMap(([name, part]) =>
    [...OTHERS, ...changed(part)].map((other) => withPart(value, name, other)),
  );
}

function withPart(value: object, name: string, part: unknown): unknown {
  return Array.isArray(value) ? value.with(Number(name), part) : { ...value, [name]: part };
}

/** Spoilt forms of a stored text. */
function spoilt(text: string): string[] {
  const cut = [text.slice(0, -1), text.slice(0, text.length / 2), `${text}}`];
  const parts = text.startsWith('{') || text.startsWith('[') ? changed(JSON.parse(text)) : [];
  return [...new Set([...SHAPES, ...cut, ...parts.map((value) => JSON.stringify(value))])];
}

describe('A stored text that cannot be read', () => {
  const mailbox = new MemoryMailer();
  let app: TestApp;
  let store: TokenStore;
  /** The keys that were written since the last call. */
  const keys = new Set<string>();

  beforeAll(async () => {
    const limits = {
      MAILS_PER_NETWORK: '10000',
      MAILS_PER_ADDRESS: '10000',
      MAILS_PER_ACCOUNT: '10000',
      AUTH_THROTTLE: 'off',
    };
    app = await TestApp.start({ AUTH_TYPE: 'session_db_auth', ...limits }, {}, { mailer: mailbox });
    store = app.nest.get(TokenStore);
    const swap = store.swap.bind(store);
    store.swap = (key, ...rest) => {
      keys.add(key);
      return swap(key, ...rest);
    };
  });

  afterAll(() => app.stop());

  const settled = async () => {
    const outbox = app.nest.get(OutboxStore);
    for (let tries = 0; (await outbox.count('waiting')) > 0; tries += 1) {
      if (tries > 500) throw new Error('The outbox is not empty after five seconds.');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  let count = 0;
  /** A new user with a session. */
  const newUser = async () => {
    count += 1;
    const email = `user-${count}@example.com`;
    const { id } = await app.addUser(email);
    const visitor = app.visitor();
    expect((await visitor.login(email)).status).toBe(200);
    await settled();
    keys.clear();
    return { email, id, visitor, other: `other-${count}@example.com` };
  };
  const keyOf = (prefix: string) => {
    const found = [...keys].find((key) => key.startsWith(prefix));
    if (found === undefined) throw new Error(`There is no ${prefix} in ${[...keys].join(', ')}.`);
    return found;
  };
  const read = async (key: string) => (await store.read(key, app.clock.now()))!;
  const write = async (key: string, text: string) => {
    const now = app.clock.now();
    expect(await store.swap(key, await store.read(key, now), text, new Date(now.getTime() + YEAR), now)).toBe(
      true,
    );
  };
  const tokenFor = async (email: string, purpose: string) => {
    await settled();
    const mail = mailbox.messages.findLast(
      ({ to, text }) => to === email && text.includes(`#token=${purpose}-`),
    );
    return tokenIn(mail!);
  };

  /** Whether a spoilt text is one that could have been stored, and whose token is right. */
  const isSound = (text: string, good: string) => {
    const [now, before] = [JSON.parse(text), JSON.parse(good)] as Record<string, unknown>[];
    // The ids of a mail and of a change may be any text, and there may be no revoked passwords.
    const plain = (value: unknown) =>
      JSON.stringify(value, (name, part: unknown) =>
        ['mailId', 'about', 'isByAnyone', 'revokedHashes'].includes(name) ? undefined : part,
      );
    const [token] = now!['tokens'] as Record<string, unknown>[];
    return (
      plain(now) === plain(before) &&
      [token!['mailId'], token!['about']].every((id) => id === null || typeof id === 'string') &&
      typeof token!['isByAnyone'] === 'boolean'
    );
  };

  it.each([
    ['reset', '/password/forgot', '/password/reset'],
    ['verify', '/email/verification', '/email/verify'],
  ])('of a token is no valid token, and a new one replaces it: %s', async (purpose, ask, redeem) => {
    const { email, id } = await newUser();
    await app.visitor().post(ask, { email });
    let token = await tokenFor(email, purpose);
    const key = keyOf(`${purpose}:`);
    const good = await read(key);
    const body = () => ({ token, ...(purpose === 'reset' && { new_password: 'short' }) });
    const accepted: string[] = [];
    for (const text of spoilt(good)) {
      await write(key, text);
      const answer = await app.visitor().post(redeem, body());
      expectNoError(text, answer);
      // A password that is too short is refused after the token.
      if (answer.status === 200 || answer.body.code === 'validation_failed') accepted.push(text);
    }
    expect(accepted.length).toBeGreaterThan(0);
    for (const text of accepted) expect([text, isSound(text, good)]).toEqual([text, true]);
    await app.nest.get(UsersService).update(id, { emailVerifiedAt: null });
    for (const text of SHAPES) {
      await write(key, text);
      await app.visitor().post(ask, { email });
      token = await tokenFor(email, purpose);
      expect(JSON.parse(await read(key))).toMatchObject({ tokens: [{ mailId: expect.any(String) }] });
    }
    const stored = JSON.parse(await read(key)) as object;
    await write(key, JSON.stringify({ ...stored, revokedHashes: ['', 'x', '$2b$04$x'] }));
    const new_password = 'another good password';
    const last = await app.visitor().post(redeem, purpose === 'reset' ? { token, new_password } : { token });
    expect(last.status).toBe(200);
  });

  it('of a change of the address is no change, and a new one replaces it', async () => {
    const { email, other, visitor, id } = await newUser();
    const change = async () => expect((await visitor.put('/users/me', { email: other })).status).toBe(200);
    await change();
    const [confirm, cancel] = [await tokenFor(other, 'confirm'), await tokenFor(email, 'cancel')];
    const key = keyOf('address:');
    const good = await read(key);
    // Any other text could have been one of the addresses.
    const isPossible = (text: string) => text === good || /"(?:from|to)":"x"/.test(text);
    for (const text of spoilt(good).filter((one) => !isPossible(one))) {
      await write(key, text);
      expect([text, (await visitor.get('/users/me')).status]).toEqual([text, 200]);
      for (const [path, token] of [
        ['/email/confirm', confirm],
        ['/email/cancel', cancel],
      ] as const)
        expect([text, await app.visitor().post(path, { token })]).toMatchObject([text, { status: 400 }]);
    }
    for (const text of SHAPES) {
      await write(key, text);
      await change();
      expect(await read(key)).toContain(other);
    }
    expect((await app.nest.get(UsersService).find(id))?.email).toBe(email);
    const newest = await tokenFor(email, 'cancel');
    expect((await app.visitor().post('/email/cancel', { token: newest })).status).toBe(200);
  });

  it('of a limit or of known clients hinders no mail and no sign-in', async () => {
    const { email } = await newUser();
    const forget = () => app.visitor().post('/password/forgot', { email });
    await forget();
    expect((await app.visitor().login(email)).status).toBe(200);
    await settled();
    for (const kind of ['mails:from:', 'mails:to:', 'mails:of:', 'clients:']) {
      const key = keyOf(kind);
      const entries = JSON.parse(await read(key)) as unknown[];
      for (const text of spoilt(JSON.stringify(entries.slice(0, 2)))) {
        await write(key, text);
        const before = mailbox.messages.length;
        const answer = await (kind === 'clients:' ? app.visitor().login(email) : forget());
        expect([kind, text, answer.status]).toEqual([kind, text, kind === 'clients:' ? 200 : 202]);
        await settled();
        if (kind !== 'clients:') expect([text, mailbox.messages.length]).toEqual([text, before + 1]);
      }
    }
  });

  it('of a held address holds nothing, and is no error', async () => {
    const { email, other, visitor } = await newUser();
    await visitor.put('/users/me', { email: other });
    const token = await tokenFor(other, 'confirm');
    expect((await app.visitor().post('/email/confirm', { token })).status).toBe(200);
    const key = keyOf('held:');
    for (const text of SHAPES) {
      await write(key, text);
      expectNoError(text, await app.visitor().post('/users', { email, password: PASSWORD }));
      expectNoError(text, await visitor.get('/users/me'));
    }
  });
});

function expectNoError(text: string, { status, body }: Answer): void {
  expect([text, status < 500, status]).toEqual([text, true, status]);
  expect(body).not.toMatchObject({ code: 'internal_error' });
}
