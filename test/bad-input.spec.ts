import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { SessionToken } from '../src/sessions/session-token.js';
import { keyOf } from '../src/storage/sql/session-key.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';

type Json = Readonly<Record<string, unknown>>;
type Headers = readonly (readonly [name: string, value: string])[];
type Route = readonly [method: string, path: string];

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Part of whatever is sent in the wrong place or form; no answer and no log may repeat it. */
const SECRET = 'Tr0ub4dor-and-3';
/** The same in paths, which the log does repeat. */
const PLACE = 'n0wh3re-to-be-found';
const PASSWORD = 'a staple for a battery';
const ADMIN = 'admin@example.com';
const GUEST = 'guest@example.com';

const LOGIN: Route = ['POST', '/api/v1/auth_session/login'];
const LOGOUT: Route = ['DELETE', '/api/v1/auth_session/logout'];
const REGISTER: Route = ['POST', '/api/v1/users'];
const ME: Route = ['GET', '/api/v1/users/me'];
const RENAME: Route = ['PUT', '/api/v1/users/nobody'];
const CHANGE_PASSWORD: Route = ['PUT', '/api/v1/users/me/password'];
const ISSUE_RESET: Route = ['POST', '/api/v1/users/nobody/password_reset'];
const RESET: Route = ['POST', '/api/v1/password/reset'];
const REAUTHENTICATE: Route = ['POST', '/api/v1/sessions/current/reauthenticate'];
const LABEL: Route = ['PATCH', '/api/v1/sessions/nobody'];
const MAKE_TOKEN: Route = ['POST', '/api/v1/access_tokens'];
const LIST: Route = ['GET', '/api/v1/users'];
const STATUS: Route = ['GET', '/api/v1/status'];

const WITH_BODY = [
  LOGIN,
  REGISTER,
  RENAME,
  CHANGE_PASSWORD,
  REAUTHENTICATE,
  LABEL,
  MAKE_TOKEN,
  ISSUE_RESET,
  RESET,
];

const ON_EVERY_ANSWER = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** How our cookie is taken back: with the attributes that it was given with. */
const EXPIRED = 'sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax';

const JSON_TYPE: Headers = [['Content-Type', 'application/json']];
const KIB = 1024;

const folder = newFolder();
let server: Server;
let adminToken: string;
let guestToken: string;
let guestId: string;

beforeAll(async () => {
  const create = ['user', 'create', '--password-stdin', '--email'];
  await makeDatabase(folder);
  await operate(folder, [...create, ADMIN, '--role', 'admin'], { input: PASSWORD });
  await operate(folder, [...create, GUEST], { input: PASSWORD });
  server = await Server.start(folder, { REGISTRATION: 'open', AUTH_TYPE: 'session_db_auth,token_auth' });
  adminToken = tokenOwner(await signIn(ADMIN));
  const answer = await signIn(GUEST);
  guestToken = tokenOwner(answer);
  guestId = String(parse(answer)['id']);
});

afterAll(() => server.stop());

afterEach(async () => {
  const answer = await ask(STATUS);
  expect(answer.text).toBe('{"status":"OK"}');
});

describe('A body', () => {
  const BODIES: readonly (readonly [what: string, body: string | Buffer])[] = [
    ['broken JSON', `{"password": "${SECRET}", "email"`],
    ['JSON with a bare word', `{"password": ${SECRET}}`],
    ['JSON with more behind it', `{"password": "${SECRET}"} ${SECRET}`],
    ['JSON with a line break in a string', `{"password": "${SECRET}\n"}`],
    ['an array', `[{"password": "${SECRET}"}]`],
    ['an empty array', '[]'],
    ['a JSON string', `"${SECRET}"`],
    ['a number', '42'],
    ['true', 'true'],
    ['null', 'null'],
    ['blanks', '   '],
    ['nothing', ''],
    ['a lone high surrogate as address', '{"email": "\\ud800@b.co", "password": "a staple for a battery"}'],
    ['a lone low surrogate as address', '{"email": "\\udc00@b.co", "password": "a staple for a battery"}'],
    ['a lone surrogate as password', '{"email": "a@b.co", "password": "a staple for a \\udfff battery"}'],
    [
      'a lone surrogate as new password',
      '{"current_password": "x", "new_password": "\\ud83da staple for a battery"}',
    ],
    ['a lone surrogate as name', '{"first_name": "\\ude00\\ud83d"}'],
    ['a lone surrogate as key', '{"\\ud800": 1}'],
    ['a lone surrogate deep down', '{"a": {"b": [{"c": "\\ud800"}]}}'],
    ['arrays nested 9 deep', `{"a": ${nested('[', ']', 8)}}`],
    ['objects nested 9 deep', nested('{"a":', '}', 9)],
    ['arrays nested 5,000 deep', `{"a": ${nested('[', ']', 5000)}}`],
    ['arrays nested 5,000 deep and not closed', `{"a": ${'['.repeat(5000)}`],
    ['objects nested 2,000 deep', nested('{"a":', '}', 2000)],
    ['a key named __proto__', `{"__proto__": {"role": "admin", "password": "${SECRET}"}}`],
    ['a key named __proto__ deep down', '{"a": {"__proto__": {"isAdmin": true}}}'],
    [
      'bytes that are not UTF-8',
      Buffer.from('{"email": "a@b.co", "password": "a staple f\xf6r a battery"}', 'latin1'),
    ],
    [
      'bytes of an overlong UTF-8 form',
      Buffer.from('{"email": "a@b.co", "password": "a staple \xc0\xaf battery"}', 'latin1'),
    ],
    ['bytes of UTF-16', Buffer.from('{"email": "a@b.co", "password": "a staple for a battery"}', 'utf16le')],
  ];
  const rows = WITH_BODY.flatMap(([method, path]) =>
    BODIES.filter(([what]) => what !== 'nothing' || path !== ISSUE_RESET[1]).map(
      ([what, body]) => [method, path, what, body] as const,
    ),
  );

  it.each(rows)('of %s %s that is %s is malformed JSON', async (method, path, _, body) => {
    const answer = await ask([method, path], { token: tokenFor(path), headers: JSON_TYPE, body });
    refuses(answer, 400, 'malformed_json');
  });

  it.each(WITH_BODY)('of %s %s that names a member twice is refused', async (method, path) => {
    for (const body of [
      `{"password": "${SECRET}", "password": "${SECRET}"}`,
      `{"email": "a@b.co", "\\u0065mail": "${SECRET}"}`,
      `{"a": [{"${SECRET}": 1, "${SECRET}": 2}]}`,
      `{"__proto__": 1, "__proto__": "${SECRET}"}`,
    ]) {
      const answer = await ask([method, path], { token: tokenFor(path), headers: JSON_TYPE, body });
      refuses(answer, 400, 'duplicate_member');
    }
  });

  it('may be left out of a request for a reset token', async () => {
    refuses(await ask(ISSUE_RESET, { token: adminToken }), 404, 'not_found');
    refuses(await ask(ISSUE_RESET, { token: adminToken, headers: JSON_TYPE }), 404, 'not_found');
  });

  it.each(WITH_BODY)('of %s %s may nest 8 deep as far as JSON is concerned', async (...route) => {
    const answer = await ask(route, {
      token: tokenFor(route[1]),
      headers: JSON_TYPE,
      body: nested('{"a":', '}', 8),
    });
    refuses(answer, 400, 'validation_failed');
  });

  it.each([
    ['its length announced', 'length', 16 * KIB + 1],
    ['chunks', 'chunks', 16 * KIB + 1],
    ['a megabyte, its length announced', 'length', KIB * KIB],
    ['a megabyte in chunks', 'chunks', KIB * KIB],
  ] as const)('of more than 16 KiB is too large: %s', async (_, framing, size) => {
    const body = jsonOfSize(size);
    for (const route of WITH_BODY) {
      const answer =
        framing === 'length'
          ? await ask(route, { token: tokenFor(route[1]), headers: JSON_TYPE, body })
          : await askInChunks(route, body);
      refuses(answer, 413, 'body_too_large');
    }
  });

  it('of exactly 16 KiB is read', async () => {
    refuses(await ask(LOGIN, { headers: JSON_TYPE, body: jsonOfSize(16 * KIB) }), 400, 'validation_failed');
    refuses(await askInChunks(LOGIN, jsonOfSize(16 * KIB)), 400, 'validation_failed');
  });

  it('that is announced as too large is refused before it arrives', async () => {
    const { socket, answered } = open(head(LOGIN, [...JSON_TYPE, ['Content-Length', '1000000000']]));
    refuses(await answered, 413, 'body_too_large');
    socket.destroy();
  });

  it('that is too large is refused before it ends', async () => {
    const { socket, answered } = open(head(LOGIN, [...JSON_TYPE, ['Transfer-Encoding', 'chunked']]));
    for (let chunk = 0; chunk < 64; chunk += 1) socket.write(`400\r\n${'x'.repeat(KIB)}\r\n`);
    refuses(await answered, 413, 'body_too_large');
    socket.destroy();
  });

  it('is not read without a credential where one is required', async () => {
    const answer = await ask(CHANGE_PASSWORD, { headers: JSON_TYPE, body: `{"${SECRET}` });
    refuses(answer, 401, 'credentials_missing');
  });
});

describe('A content type', () => {
  const GOOD = JSON.stringify({ email: GUEST, password: PASSWORD });
  const FORM = `email=${encodeURIComponent(GUEST)}&password=${encodeURIComponent(PASSWORD)}`;
  const MULTIPART = ['email', GUEST, 'password', PASSWORD]
    .map((text, index) =>
      index % 2 ? `${text}\r\n` : `--x\r\nContent-Disposition: form-data; name="${text}"\r\n\r\n`,
    )
    .join('')
    .concat('--x--\r\n');

  it.each<readonly [type: string | null, body: string | Buffer]>([
    [null, GOOD],
    ['', GOOD],
    ['application/x-www-form-urlencoded', FORM],
    ['multipart/form-data; boundary=x', MULTIPART],
    ['text/plain', GOOD],
    ['text/plain; application/json', GOOD],
    ['text/plain, application/json', GOOD],
    ['Text/Plain;charset=UTF-8;application/json', GOOD],
    ['text/plain;\tapplication/json', GOOD],
    ['application/x-www-form-urlencoded; application/json', GOOD],
    ['multipart/form-data; boundary="application/json"', GOOD],
    ['; application/json', GOOD],
    ['application /json', GOOD],
    ['application/json/', GOOD],
    ['"application/json"', GOOD],
    ["application/json'", GOOD],
    ['application\\json', GOOD],
    ['application%2fjson', GOOD],
    ['text/plain+json', GOOD],
    ['text/ping', 'PING'],
    ['text/plain; charset=application/json', GOOD],
    ['text/json', GOOD],
    ['application/problem+json', GOOD],
    ['application/vnd.api+json', GOOD],
    ['application/jsonp', GOOD],
    ['application/*', GOOD],
    ['*/*', GOOD],
    ['json', GOOD],
    ['application/json, text/plain', GOOD],
    ['application/json; charset=latin1', GOOD],
    ['application/json; charset=us-ascii', GOOD],
    ['application/json; charset=utf-8-sig', GOOD],
    ['application/json; charset=utf-7', GOOD],
    ['application/json; charset=utf-16', Buffer.from(GOOD, 'utf16le')],
    ['application/json; charset=utf-16le', Buffer.from(GOOD, 'utf16le')],
    ['application/json; charset=UTF-32', GOOD],
    [`application/json; charset=${SECRET}`, GOOD],
    [SECRET, GOOD],
  ])('%j is not supported', async (type, body) => {
    const headers: Headers = type === null ? [] : [['Content-Type', type]];
    for (const route of WITH_BODY) {
      refuses(await ask(route, { token: tokenFor(route[1]), headers, body }), 415, 'unsupported_media_type');
    }
  });

  it.each([
    ['application/json', 'application/json'],
    ['application/json', 'text/plain'],
    ['text/plain', 'application/json'],
    ['', 'application/json'],
    ['application/json', ''],
  ])('that stands twice is not supported: %j and %j', async (first, second) => {
    const headers: Headers = [
      ['Content-Type', first],
      ['content-type', second],
    ];
    for (const route of WITH_BODY) {
      const answer = await ask(route, { token: tokenFor(route[1]), headers, body: GOOD });
      refuses(answer, 415, 'unsupported_media_type');
    }
  });

  it.each(['gzip', 'deflate', 'br', 'GZIP', 'gzip, gzip', 'identity, gzip', SECRET])(
    'of a body under the coding %s is not supported',
    async (coding) => {
      const headers: Headers = [...JSON_TYPE, ['Content-Encoding', coding]];
      refuses(await ask(LOGIN, { headers, body: gzipSync(GOOD) }), 415, 'unsupported_media_type');
    },
  );

  it('of a small body that unpacks to 64 MiB costs nothing', async () => {
    const body = gzipSync(Buffer.alloc(64 * KIB * KIB, ' '));
    const answer = await ask(LOGIN, { headers: [...JSON_TYPE, ['Content-Encoding', 'gzip']], body });
    refuses(answer, 415, 'unsupported_media_type');
  });

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json;charset=utf8',
    'application/json; charset="UTF8"',
    'application/json; charset=',
    'application/json ; x=y',
  ])('%j is JSON, with and without a byte order mark', async (type) => {
    for (const body of [GOOD, `\ufeff${GOOD}`]) {
      const answer = await ask(LOGIN, { headers: [['Content-Type', type]], body });
      expect(answer.status).toBe(200);
    }
  });

  it.each([
    ['alone', '\ufeff'],
    ['twice', `\ufeff\ufeff${GOOD}`],
    ['behind a blank', ` \ufeff${GOOD}`],
    ['at the end', `${GOOD}\ufeff`],
    ['of UTF-16', Buffer.from(`\ufeff${GOOD}`, 'utf16le')],
  ])('makes no JSON of a byte order mark %s', async (_, body) => {
    refuses(await ask(LOGIN, { headers: JSON_TYPE, body }), 400, 'malformed_json');
  });
});

describe('A field', () => {
  const NO_TEXT: readonly unknown[] = [
    0,
    -1.5,
    true,
    false,
    [],
    ['a'],
    [SECRET],
    {},
    { length: 20 },
    { toString: SECRET },
  ];
  const NOTHING: readonly unknown[] = [null, '', undefined];
  const NO_ROLE: readonly unknown[] = [null, '', 'root', 'Admin', ['admin'], { admin: true }, 1, true];
  const NO_BOOLEAN: readonly unknown[] = ['', 'true', 'false', 0, 1, [], [true], {}];
  const NO_TRANSPORT: readonly unknown[] = ['', 'Bearer', 'header', ['cookie'], { cookie: true }, 1, true];
  const NO_LABEL: readonly unknown[] = [
    '',
    ' \u00a0',
    '\u200b',
    '\u200d',
    'a\u0000b',
    'a\r\nb',
    '\u202etxt.exe',
    'x'.repeat(101),
  ];
  const NO_SCOPE: readonly unknown[] = [
    null,
    undefined,
    '',
    'admin',
    'Read',
    ['read'],
    { read: true },
    1,
    true,
  ];
  const NO_END: readonly unknown[] = [
    'tomorrow',
    '1767225600000',
    '2000-01-01',
    '2027-02-30',
    '2027-13-01',
    '9999-12-31',
    '2027-01-01T00:00:00',
    '2027-01-01 00:00:00Z',
    'Fri, 01 Jan 2027 00:00:00 GMT',
    `2027-01-01T00:00:00Z${SECRET}`,
  ];
  const tooLong = SECRET.repeat(700);

  const rows: (readonly [route: Route, field: string, value: unknown])[] = [
    ...[...NO_TEXT, ...NOTHING].flatMap((value) => [
      [LOGIN, 'email', value] as const,
      [LOGIN, 'password', value] as const,
      [REGISTER, 'email', value] as const,
      [REGISTER, 'password', value] as const,
      [CHANGE_PASSWORD, 'new_password', value] as const,
      [REAUTHENTICATE, 'password', value] as const,
      [RESET, 'token', value] as const,
      [RESET, 'new_password', value] as const,
      [MAKE_TOKEN, 'label', value] as const,
      [MAKE_TOKEN, 'expires_at', value] as const,
    ]),
    ...[...NO_TEXT, ''].map((value) => [CHANGE_PASSWORD, 'current_password', value] as const),
    ...[...NO_TEXT, undefined].map((value) => [LABEL, 'label', value] as const),
    ...[...NO_LABEL, tooLong].flatMap((value) => [
      [LABEL, 'label', value] as const,
      [MAKE_TOKEN, 'label', value] as const,
    ]),
    ...NO_SCOPE.map((value) => [MAKE_TOKEN, 'scope', value] as const),
    ...NO_END.map((value) => [MAKE_TOKEN, 'expires_at', value] as const),
    ...NO_BOOLEAN.flatMap((value) => [
      [LOGIN, 'remember', value] as const,
      [ISSUE_RESET, 'revoke', value] as const,
    ]),
    [RESET, 'token', tooLong],
    ...NO_TRANSPORT.map((value) => [LOGIN, 'transport', value] as const),
    ...[...NO_TEXT, 'x'.repeat(201), tooLong].flatMap((value) => [
      [REGISTER, 'first_name', value] as const,
      [REGISTER, 'last_name', value] as const,
      [RENAME, 'first_name', value] as const,
      [RENAME, 'last_name', value] as const,
    ]),
    ...NO_ROLE.map((value) => [RENAME, 'role', value] as const),
    ...[...NO_BOOLEAN, null].map((value) => [RENAME, 'disabled', value] as const),
    [RENAME, 'email', null],
    [REGISTER, 'email', `${tooLong}@example.com`],
    [REGISTER, 'password', tooLong],
    [CHANGE_PASSWORD, 'new_password', tooLong],
  ];

  it.each(rows.map(([[method, path], field, value]) => [method, path, field, brief(value), value] as const))(
    'of %s %s is refused by its place: %s as %s',
    async (method, path, field, _, value) => {
      const body = { ...good([method, path]), [field]: value };
      const answer = await send([method, path], body, tokenFor(path));
      refuses(answer, 400, 'validation_failed');
      expect(parse(answer)['errors']).toMatchObject([{ pointer: `/${field}` }]);
    },
  );

  it.each(WITH_BODY)('of %s %s that nobody asked for is refused by its name', async (...route) => {
    for (const name of [
      'role_',
      'id',
      'is_admin',
      'Email',
      'credentialVersion',
      'password_hash',
      '$gt',
      'a.b',
    ]) {
      const answer = await send(route, { ...good(route), [name]: SECRET }, tokenFor(route[1]));
      refuses(answer, 400, 'validation_failed');
      expect(parse(answer)['errors']).toEqual([
        { pointer: `/${name}`, detail: 'This is an unknown field. Leave it out.' },
      ]);
    }
  });

  it.each([
    '',
    ' ',
    `${SECRET} ${SECRET}`,
    `${SECRET}!`,
    `<b>${SECRET}</b>`,
    `\u202e${SECRET}`,
    `${SECRET}\u0000`,
    SECRET.repeat(5),
  ])('that nobody asked for and whose name is no name is not repeated: %j', async (name) => {
    for (const route of WITH_BODY) {
      const answer = await send(route, { ...good(route), [name]: SECRET }, tokenFor(route[1]));
      refuses(answer, 400, 'validation_failed');
      expect(parse(answer)['errors']).toEqual([
        { pointer: '', detail: 'There is an unknown field. Leave it out.' },
      ]);
    }
  });

  it('has its name escaped as JSON pointers want it', async () => {
    const answer = await send(LOGIN, { ...good(LOGIN), 'a/b~c~1': 1 });
    expect(parse(answer)['errors']).toEqual([
      { pointer: '/a~1b~0c~01', detail: 'This is an unknown field. Leave it out.' },
    ]);
  });

  it.each<readonly [route: Route, body: Json, pointers: readonly string[]]>([
    [LOGIN, { email: 1, remember: 'yes', colour: 'red' }, ['/email', '/password', '/remember', '/colour']],
    [
      REGISTER,
      { email: 'no address', password: 'short', first_name: 5, colour: 'red', constructor: 1 },
      ['/email', '/password', '/first_name', '/colour', '/constructor'],
    ],
    [REGISTER, { email: 'no address', password: 'short' }, ['/email', '/password']],
    [REGISTER, { email: 'no address', password: 'password1234567' }, ['/email', '/password']],
    [
      RENAME,
      { email: 'no address', first_name: 'a\u0000', role: 'root', colour: 1 },
      ['/email', '/first_name', '/role', '/colour'],
    ],
    [CHANGE_PASSWORD, { new_password: 'short', colour: 1 }, ['/new_password', '/colour']],
    [RESET, { new_password: 'short', colour: 1 }, ['/token', '/new_password', '/colour']],
    [CHANGE_PASSWORD, { new_password: 'short', current_password: 1 }, ['/new_password', '/current_password']],
    [
      MAKE_TOKEN,
      { label: '', scope: 'all', expires_at: '2000-01-01', x: 1 },
      ['/label', '/scope', '/expires_at', '/x'],
    ],
  ])('is refused together with all others that are wrong: %j %j', async (route, body, pointers) => {
    const answer = await send(route, body, tokenFor(route[1]));
    refuses(answer, 400, 'validation_failed');
    const errors = parse(answer)['errors'] as { readonly pointer: string }[];
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual([...pointers].toSorted());
    expect(answer.text).not.toContain('short');
  });

  it.each(['constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'then'])(
    'named %s is unknown like any other, and touches no object but its own',
    async (name) => {
      for (const route of WITH_BODY) {
        const body = { ...good(route), [name]: { prototype: { role: 'admin', disabled: true } } };
        const answer = await send(route, body, tokenFor(route[1]));
        refuses(answer, 400, /malformed_json|validation_failed/);
      }
      expect(parse(await ask(ME, { token: guestToken }))).toMatchObject({ role: 'user', first_name: null });
    },
  );

  it('does not make a new client an administrator', async () => {
    for (const extra of [{ role: 'admin' }, { Role: 'admin' }, { user: { role: 'admin' } }]) {
      refuses(await send(REGISTER, { ...good(REGISTER), ...extra }), 400, 'validation_failed');
    }
  });

  it.each([
    'plain',
    'a@',
    '@b.co',
    'a@b',
    'a b@c.co',
    'a@b.co,c@d.co',
    '<a@b.co>',
    'Name <a@b.co>',
    'a\u0000@b.co',
    'a@b.co\u0000',
    'a@b.co\r\nBcc: c@d.co',
    '"a\nb"@b.co',
    '"a\u0001b"@b.co',
    'a@b\u2024co',
    `${'a'.repeat(65)}@b.co`,
    `a@${'b'.repeat(64)}.co`,
    `a@${'b.'.repeat(130)}co`,
  ])('that is no address is refused: %j', async (email) => {
    const answer = await send(REGISTER, { email, password: PASSWORD });
    refuses(answer, 400, 'validation_failed');
    expect(parse(answer)['errors']).toMatchObject([{ pointer: '/email' }]);
  });

  it.each([
    'GUEST@EXAMPLE.COM',
    'Guest@example.com',
    ' guest@example.com',
    'guest@example.com\t',
    'ｇuest@example.com'.normalize('NFKC'),
  ])('that spells a taken address otherwise is taken: %j', async (email) =>
    refuses(await send(REGISTER, { email, password: PASSWORD }), 409, 'email_taken'),
  );

  it.each([
    ['an e-mail', { email: SECRET.repeat(500), password: PASSWORD }],
    ['an e-mail with NUL', { email: `${GUEST}\u0000`, password: PASSWORD }],
    ['an e-mail with a pattern', { email: '%', password: PASSWORD }],
    ['an e-mail with SQL', { email: "' or 1=1 --", password: PASSWORD }],
    ['a password', { email: GUEST, password: SECRET.repeat(700) }],
    ['a password with SQL', { email: GUEST, password: "' or '1'='1" }],
  ])('at login that is strange is only wrong: %s', async (_, body) => {
    refuses(await send(LOGIN, body), 401, 'credentials_invalid');
  });

  it.each([
    ['another', SECRET],
    ['a long one', SECRET.repeat(700)],
    ['one with SQL', "' or '1'='1"],
    ['one with NUL', `${PASSWORD}\u0000`],
  ])('that is to prove a caller anew and is strange is only wrong: %s', async (_, password) => {
    const token = tokenOwner(await signIn(GUEST));
    refuses(await send(REAUTHENTICATE, { password }, token), 403, 'current_password_wrong');
    expect((await ask(ME, { token })).status).toBe(200);
  });
});

describe('A password', () => {
  const LONG = Array.from({ length: 100 }, (_, index) => String.fromCodePoint(33 + ((index * 37) % 90))).join(
    '',
  );

  it('counts to its last character', async () => {
    await register('long@example.com', LONG);
    expect((await signIn('long@example.com', LONG)).status).toBe(200);
  });

  it.each([
    ['its first 72 bytes', LONG.slice(0, 72)],
    ['its first 72 bytes and others', LONG.slice(0, 72) + SECRET],
    ['all but its last character', LONG.slice(0, -1)],
    ['it and NUL', `${LONG}\u0000`],
    ['it and NUL and more', `${LONG}\u0000x`],
    ['it and a blank', `${LONG} `],
    ['a blank and it', ` ${LONG}`],
    ['it in upper case', LONG.toUpperCase()],
    ['it in lower case', LONG.toLowerCase()],
    ['it twice', LONG + LONG],
  ])('is not matched by %s', async (_, password) => {
    refuses(await signIn('long@example.com', password), 401, 'credentials_invalid');
  });

  it('with NUL in it counts behind the NUL', async () => {
    await register('nul@example.com', 'a staple\u0000for a battery');
    expect((await signIn('nul@example.com', 'a staple\u0000for a battery')).status).toBe(200);
    refuses(await signIn('nul@example.com', 'a staple\u0000for another one'), 401, 'credentials_invalid');
    refuses(await signIn('nul@example.com', 'a staple'), 401, 'credentials_invalid');
  });

  it.each([
    ['composed', 'a stäple for ån Öre', 'NFC', 'NFD'],
    ['decomposed', 'a stäple for ån Öre', 'NFD', 'NFC'],
    ['hangul', '한글 비밀번호는 길어야 안전하다', 'NFC', 'NFD'],
    ['vietnamese', 'ệ'.repeat(200) + 'ạ', 'NFC', 'NFD'],
  ])('is the same however its letters are composed: %s', async (name, password, registered, presented) => {
    await register(`${name}@example.com`, password.normalize(registered));
    expect((await signIn(`${name}@example.com`, password.normalize(presented))).status).toBe(200);
  });

  it('is not the same as one that only looks like it', async () => {
    await register('looks@example.com', 'a ﬁne staple for a battery');
    refuses(await signIn('looks@example.com', 'a fine staple for a battery'), 401, 'credentials_invalid');
  });

  it.each([
    ['256 letters', `${'x'.repeat(255)}y`],
    ['256 signs of 4 bytes', `${'🔑'.repeat(255)}🚪`],
    ['15 signs of 4 bytes', `${'🔑'.repeat(14)}🚪`],
    ['15 blanks and signs', ` ${'! '.repeat(7)}`.replace('!', '?')],
  ])('may have %s', async (name, password) => {
    const email = `${name.replaceAll(' ', '-')}@example.com`;
    await register(email, password);
    expect((await signIn(email, password)).status).toBe(200);
  });

  it.each([
    ['257 letters', 'x'.repeat(257)],
    ['257 signs of 4 bytes', '🔑'.repeat(257)],
    ['1,025 bytes', 'x'.repeat(1025)],
    ['16,000 bytes', 'x'.repeat(16_000)],
    ['14 letters', 'x'.repeat(14)],
    ['14 signs of two units each', '🔑'.repeat(14)],
    ['14 signs in 28 code points before composition', 'é'.normalize('NFD').repeat(14)],
  ])('may not have %s', async (_, password) => {
    const answer = await send(REGISTER, { email: 'length@example.com', password });
    refuses(answer, 400, 'validation_failed');
    expect(parse(answer)['errors']).toMatchObject([{ pointer: '/password' }]);
    const change = { current_password: PASSWORD, new_password: password };
    refuses(await send(CHANGE_PASSWORD, change, guestToken), 400, 'validation_failed');
  });

  it.each([
    ['wrong', SECRET],
    ['of 257 letters', 'x'.repeat(257)],
    ['of 1,025 bytes', '🔑'.repeat(257)],
    ['of 16,000 bytes', 'x'.repeat(16_000)],
    ['one letter', 'x'],
  ])('that is %s tells nobody whether the address is known', async (_, password) => {
    const [known, unknown] = await Promise.all([
      signIn(GUEST, password),
      signIn('nobody@example.com', password),
    ]);
    refuses(known, 401, 'credentials_invalid');
    expect(withoutRequestId(known)).toEqual(withoutRequestId(unknown));
  });
});

describe('A cookie', () => {
  it.each<readonly [what: string, cookie: (token: string) => string | readonly string[], code: string]>([
    ['the token twice', (t) => `sid=${t}; sid=${t}`, 'credentials_invalid'],
    ['the token twice without a blank', (t) => `sid=${t};sid=${t}`, 'credentials_invalid'],
    ['the token twice with blanks around', (t) => `sid = ${t} ;  sid =${t}`, 'credentials_invalid'],
    ['the token twice with tabs around', (t) => `\tsid\t=${t};\tsid=${t}`, 'credentials_invalid'],
    ['the token and another', (t) => `sid=${t}; sid=${SECRET}`, 'credentials_invalid'],
    ['another and the token', (t) => `sid=${SECRET}; sid=${t}`, 'credentials_invalid'],
    ['the token and nothing', (t) => `sid=${t}; sid=`, 'credentials_invalid'],
    ['the token on two lines', (t) => [`sid=${t}`, `sid=${t}`], 'credentials_invalid'],
    ['another and the token on two lines', (t) => [`sid=${SECRET}`, `a=b; sid=${t}`], 'credentials_invalid'],
    ['an empty value', () => 'sid=', 'credentials_invalid'],
    ['a blank', () => 'sid= ', 'credentials_invalid'],
    ['no value at all', () => 'sid', 'credentials_missing'],
    ['the token without a name', (t) => `=${t}`, 'credentials_missing'],
    ['the token alone', (t) => t, 'credentials_missing'],
    ['the name in upper case', (t) => `SID=${t}`, 'credentials_missing'],
    ['the name with a prefix', (t) => `__Host-sid=${t}`, 'credentials_missing'],
    ['the name percent-encoded', (t) => `%73id=${t}`, 'credentials_missing'],
    ['the name in quotes', (t) => `"sid"=${t}`, 'credentials_missing'],
    ['the name with a blank of Latin-1', (t) => `\xa0sid=${t}`, 'credentials_invalid'],
    ['the name of a prototype', (t) => `__proto__=${t}`, 'credentials_missing'],
    ['the token percent-encoded', (t) => `sid=${t.replace('.', '%2E')}`, 'credentials_invalid'],
    ['the token percent-encoded throughout', (t) => `sid=${percentEncoded(t)}`, 'credentials_invalid'],
    ['the token in quotes', (t) => `sid="${t}"`, 'credentials_invalid'],
    ['the token as JSON', (t) => `sid=j:"${t}"`, 'credentials_invalid'],
    ['the token in a JSON array', (t) => `sid=j:["${t}"]`, 'credentials_invalid'],
    ['a JSON object', () => 'sid=j:{"toString":1,"length":65}', 'credentials_invalid'],
    ['JSON nested 3,000 deep', () => `sid=j:${nested('[', ']', 3000)}`, 'credentials_invalid'],
    ['the token as if signed', (t) => `sid=s:${t}.signature`, 'credentials_invalid'],
    ['the token and a letter', (t) => `sid=${t}A`, 'credentials_invalid'],
    ['the token without its last letter', (t) => `sid=${t.slice(0, -1)}`, 'credentials_invalid'],
    [
      'the token with other last bits',
      (t) => `sid=${t.slice(0, -1)}${t.endsWith('_') ? '-' : '_'}`,
      'credentials_invalid',
    ],
    ['the token with padding', (t) => `sid=${t}=`, 'credentials_invalid'],
    ['the token in upper case', (t) => `sid=${t.toUpperCase()}`, 'credentials_invalid'],
    ['the id of the token alone', (t) => `sid=${t.split('.')[0]}`, 'credentials_invalid'],
    ['the id with another secret', (t) => `sid=${t.split('.')[0]}.${'A'.repeat(43)}`, 'credentials_invalid'],
    ['the token of nobody', () => `sid=${'A'.repeat(22)}.${'A'.repeat(43)}`, 'credentials_invalid'],
    ['two tokens in one', (t) => `sid=${t},${t}`, 'credentials_invalid'],
    ['a path', () => 'sid=../../coatcheck.db', 'credentials_invalid'],
    ['SQL', () => "sid=' or '1'='1", 'credentials_invalid'],
    ['bytes of Latin-1', () => 'sid=\xff\xfe', 'credentials_invalid'],
    ['8,000 letters', () => `sid=${'A'.repeat(8000)}`, 'credentials_invalid'],
  ])('that is %s opens nothing, and is taken back where it is ours and no token', async (_, cookie, code) => {
    const lines = [cookie(guestToken)].flat();
    const headers: Headers = lines.map((line) => ['Cookie', line]);
    const routes: readonly Route[] = [ME, LOGOUT, CHANGE_PASSWORD, ['GET', '/api/v1/nowhere'], REGISTER];
    for (const route of routes.slice(0, code === 'credentials_missing' ? 4 : 5)) {
      const answer = await ask(route, { headers });
      refuses(answer, 401, code);
      const isToken = SessionToken.parse(lines[0]!.slice('sid='.length)) !== null && lines.length === 1;
      const isKept = code === 'credentials_missing' || isToken;
      expect(answer.headers.get('set-cookie')).toBe(isKept ? undefined : EXPIRED);
    }
    expect((await ask(ME, { token: guestToken })).status).toBe(200);
  });

  it.each(['\u0000', '\u0001', '\n', '\r', '\u001b[2J', '\u007f'])(
    'with the control byte %j is malformed',
    async (byte) => {
      refuses(await ask(ME, { headers: [['Cookie', `sid=${byte}${guestToken}`]] }), 400, 'malformed_request');
      refuses(
        await ask(ME, { headers: [['Cookie', `a=b${byte}; sid=${guestToken}`]] }),
        400,
        'malformed_request',
      );
    },
  );

  it.each([`sid=${SECRET}`, 'sid=', 'sid=a; sid=b', 'sid=j:{}'])(
    '%j that is invalid does not keep its client from signing in',
    async (cookie) => {
      const answer = await ask(LOGIN, {
        headers: [...JSON_TYPE, ['Cookie', cookie]],
        body: JSON.stringify({ email: GUEST, password: PASSWORD }),
      });
      expect(answer.status).toBe(200);
      expect((await ask(ME, { token: tokenOwner(answer) })).status).toBe(200);
    },
  );

  it('is the only place of a token', async () => {
    refuses(
      await ask(ME, { headers: [['Authorization', `Bearer ${guestToken}`]] }),
      401,
      'credentials_invalid',
    );
    const places: readonly (readonly [Route, Headers])[] = [
      [ME, [['Authorization', `Session ${guestToken}`]]],
      [ME, [['X-Session-Id', guestToken]]],
      [ME, [['Cookie2', `sid=${guestToken}`]]],
      [['GET', `/api/v1/users/me?sid=${guestToken}`], []],
      [['GET', `/api/v1/users/me;sid=${guestToken}`], []],
    ];
    for (const [route, headers] of places) refuses(await ask(route, { headers }), 401, 'credentials_missing');
  });
});

describe('The address of a client', () => {
  const FAR = '203.0.113.7';

  it.each(['1.2.3.4', SECRET, '1.2.3.4, 5.6.7.8', '::1', '<script>'])(
    'is that of the connection where no proxy is trusted, whatever a header says: %s',
    async (claim) =>
      expect(await storedAddress(server, folder, [['X-Forwarded-For', claim]])).toBe('127.0.0.1'),
  );

  describe('behind one proxy', () => {
    const behind = newFolder();
    let proxied: Server;

    beforeAll(async () => {
      await makeDatabase(behind);
      await operate(behind, ['user', 'create', '--password-stdin', '--email', GUEST], { input: PASSWORD });
      proxied = await Server.start(behind, { TRUST_PROXY: '1' });
    });
    afterAll(() => proxied.stop());

    it.each<readonly [claim: string, stored: string]>([
      [FAR, FAR],
      [`1.2.3.4, ${FAR}`, FAR],
      [`${SECRET}, <script>, 127.0.0.1, ${FAR}`, FAR],
      [`${FAR}:4711`, FAR],
      ['2001:db8::7', '2001:db8::7'],
      ['fe80::1%eth0', 'fe80::1'],
      [`fe80::1%${'a'.repeat(100)}`, 'fe80::1'],
    ])('is the last one named, if it is one: %j', async (claim, stored) => {
      expect(await storedAddress(proxied, behind, [['X-Forwarded-For', claim]])).toBe(stored);
    });

    it.each([SECRET, '<script>alert(1)</script>', '1.2.3.4.5', '0x7f.1', "' or 1=1 --", 'unknown'])(
      'is that of the proxy, which names no address but %j',
      async (claim) => {
        expect(await storedAddress(proxied, behind, [['X-Forwarded-For', claim]])).toBe('127.0.0.1');
      },
    );

    it('is that of the connection where the proxy names none', async () => {
      expect(await storedAddress(proxied, behind, [])).toBe('127.0.0.1');
    });
  });

  it('keeps no more of the browser than 256 characters', async () => {
    const answer = await signIn(GUEST, PASSWORD, [['User-Agent', 'x'.repeat(8000)]]);
    expect(storedSession(folder, answer).user_agent).toBe('x'.repeat(256));
  });

  it.each(['0.0.0.0/0', '10.0.0.1,::/0'])(
    'is never believed from everywhere: TRUST_PROXY=%s',
    async (trust) => {
      await expect(startAndStop({ TRUST_PROXY: trust })).rejects.toThrow('TRUST_PROXY');
    },
  );
});

describe('An answer', () => {
  const PRIVATE: readonly Route[] = [
    ME,
    LIST,
    ['GET', '/api/v1/stats'],
    ['PUT', '/api/v1/users/me/password'],
    ['GET', '/api/v1/nowhere'],
  ];

  it.each(PRIVATE)('to %s %s names no software, has no tag and is kept by no cache', async (...route) => {
    for (const token of [adminToken, undefined]) {
      const { headers } = await ask(route, { token });
      expect(headers.has('x-powered-by')).toBe(false);
      expect(headers.has('server')).toBe(false);
      expect(headers.has('etag')).toBe(false);
      expect(headers.has('last-modified')).toBe(false);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('vary')).toMatch(/\bCookie\b/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-type')).toMatch(/^application\/(problem\+)?json$/);
    }
  });

  it('is sent in full to a client that names a tag or a date', async () => {
    const headers: Headers = [
      ['If-None-Match', '*'],
      ['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ['Range', 'bytes=0-1'],
    ];
    const answer = await ask(ME, { token: guestToken, headers });
    expect(answer.status).toBe(200);
    expect(parse(answer)).toMatchObject({ email: GUEST });
  });

  it('is JSON whatever the client would rather have', async () => {
    for (const type of ['text/html', 'application/xml', '*/*;q=0', SECRET]) {
      refuses(await ask(ME, { headers: [['Accept', type]] }), 401, 'credentials_missing');
    }
  });
});

describe('A method', () => {
  it.each<readonly [method: string, path: string, allow: string]>([
    ['POST', '/api/v1/status', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/api/v1/unauthorized', 'GET, HEAD, OPTIONS'],
    ['TRACE', '/api/v1/status', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/api/v1/status', 'GET, HEAD, OPTIONS'],
    ['QUERY', '/api/v1/status', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/v1/auth_session/login', 'OPTIONS, POST'],
    ['HEAD', '/api/v1/auth_session/login', 'OPTIONS, POST'],
    ['PUT', '/api/v1/auth_session/login/', 'OPTIONS, POST'],
    ['POST', '/api/v1/health/live', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/v1/registration', 'GET, HEAD, OPTIONS'],
  ])('%s that %s does not know is not allowed without a credential', async (method, path, allow) => {
    const answer = await ask([method, path]);
    if (method === 'HEAD') expect(answer).toMatchObject({ status: 405, text: '' });
    else refuses(answer, 405, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it.each([
    ['PATCH', '/api/v1/users', /\bGET\b.*\bPOST\b/],
    ['POST', '/api/v1/users/nobody', /\bDELETE\b.*\bGET\b.*\bPATCH\b.*\bPUT\b/],
    ['GET', '/api/v1/users/nobody/password_reset', /\bPOST\b/],
    ['PATCH', '/api/v1/users/me/password', /\bPUT\b/],
    ['POST', '/api/v1/users/me', /\bGET\b/],
    ['POST', '/api/v1/stats', /\bGET\b/],
    ['GET', '/api/v1/auth_session/logout', /\bDELETE\b/],
  ])(
    '%s that %s does not know is not allowed to a user, and 401 without a credential',
    async (method, path, allow) => {
      const answer = await ask([method, path], { token: guestToken });
      refuses(answer, 405, 'method_not_allowed');
      expect(answer.headers.get('allow')).toMatch(allow);
      refuses(await ask([method, path]), 401, 'credentials_missing');
    },
  );

  it('HEAD is GET without the body', async () => {
    const [got, headed] = await Promise.all(
      ['GET', 'HEAD'].map((method) => ask([method, '/api/v1/users/me'], { token: guestToken })),
    );
    expect(headed).toMatchObject({ status: 200, text: '' });
    expect(headed?.headers.get('content-length')).toBe(got?.headers.get('content-length'));
    expect(await ask(['HEAD', '/api/v1/users/me'])).toMatchObject({ status: 401, text: '' });
  });

  it('OPTIONS reveals nothing without a credential, and admits no other origin', async () => {
    const headers: Headers = [
      ['Origin', 'https://evil.example'],
      ['Access-Control-Request-Method', 'DELETE'],
    ];
    const answer = await ask(['OPTIONS', '/api/v1/users/me'], { headers });
    refuses(answer, 401, 'credentials_missing');
    expect(answer.headers.has('allow')).toBe(false);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    refuses(await ask(['OPTIONS', '/api/v1/nowhere']), 401, 'credentials_missing');
    refuses(await ask(['OPTIONS', '*']), 401, 'credentials_missing');
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    'is what the request line says, not %s',
    async (name) => {
      const answer = await ask(['GET', '/api/v1/auth_session/logout?_method=DELETE'], {
        token: guestToken,
        headers: [[name, 'DELETE']],
      });
      refuses(answer, 405, 'method_not_allowed');
    },
  );

  it('CONNECT gets no tunnel', async () => {
    expect((await answerTo('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n')).status).not.toBe(
      200,
    );
  });
});

describe('A request', () => {
  const HOST = 'Host: localhost\r\nConnection: close\r\n';
  const GET = `GET /api/v1/status HTTP/1.1\r\n${HOST}`;
  const POST = `POST /api/v1/auth_session/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;

  it.each([
    ['is no HTTP', `${SECRET}\r\n\r\n`],
    ['is the beginning of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['has no target', `GET HTTP/1.1\r\n${HOST}\r\n`],
    ['has a blank in its target', `GET /api/v1/${PLACE} x HTTP/1.1\r\n${HOST}\r\n`],
    ['has NUL in its target', `GET /api/v1/status\0 HTTP/1.1\r\n${HOST}\r\n`],
    ['has a relative target', `GET api/v1/status HTTP/1.1\r\n${HOST}\r\n`],
    ['has an unknown version', `GET /api/v1/status HTTP/9.9\r\n${HOST}\r\n`],
    ['has an unknown method', `BREW /api/v1/status HTTP/1.1\r\n${HOST}\r\n`],
    ['has its method in lower case', `get /api/v1/status HTTP/1.1\r\n${HOST}\r\n`],
    ['has no path in its target', `GET http://[::1/api/v1/status HTTP/1.1\r\n${HOST}\r\n`],
    ['has no host in its target', `GET http:// HTTP/1.1\r\n${HOST}\r\n`],
    ['has a target of another scheme', `GET x:// HTTP/1.1\r\n${HOST}\r\n`],
    ['has the target of OPTIONS', `GET * HTTP/1.1\r\n${HOST}\r\n`],
    ['names a host twice', `GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n${HOST}\r\n`],
    ['names two hosts', `GET /api/v1/status HTTP/1.1\r\n${HOST}HOST: evil.example\r\n\r\n`],
    ['names no host', 'GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['has a header without a colon', `${GET}${SECRET}\r\n\r\n`],
    ['has a blank in the name of a header', `${GET}A ${SECRET}: b\r\n\r\n`],
    ['has a blank before a colon', `${GET}A : b\r\n\r\n`],
    ['has NUL in a header', `${GET}A: b\0c\r\n\r\n`],
    ['has a length that is no number', `${POST}Content-Length: ${SECRET}\r\n\r\n`],
    ['has a negative length', `${POST}Content-Length: -1\r\n\r\n`],
    ['has two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['has a length and chunks', `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['has an unknown transfer coding', `${POST}Transfer-Encoding: x${SECRET}\r\n\r\n{}`],
    ['has chunks in another coding', `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['has a chunk without a size', `${POST}Transfer-Encoding: chunked\r\n\r\n${SECRET}\r\n`],
  ])('that %s is malformed', async (_, bytes) => refuses(await answerTo(bytes), 400, 'malformed_request'));

  it.each([
    ['a target of 20,000 letters', `GET /api/v1/${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`],
    ['a header of 20,000 letters', `${GET}A: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['2,000 headers of 10 letters', `${GET}${'Header: abcd\r\n'.repeat(2000)}\r\n`],
  ])('with %s has headers that are too large', async (_, bytes) => {
    refuses(await answerTo(bytes), 431, 'headers_too_large');
  });

  it('with a chunk of long extensions has a body that is too large', async () => {
    const chunk = `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`;
    refuses(await answerTo(`${POST}Transfer-Encoding: chunked\r\n\r\n${chunk}`), 413, 'body_too_large');
  });

  it('that expects what nobody knows is told so', async () => {
    refuses(await answerTo(`${POST}Expect: ${SECRET}\r\n\r\n`), 417, /./);
  });

  it('with 200 headers is served', async () => {
    const headers: Headers = Array.from({ length: 200 }, (_, index) => [`X-Header-${index}`, SECRET]);
    expect((await ask(STATUS, { headers })).status).toBe(200);
    expect((await ask(ME, { headers, token: guestToken })).status).toBe(200);
  });

  it('that asks for another protocol is served as it is', async () => {
    const headers: Headers = [['Upgrade', 'h2c']];
    refuses(await ask(ME, { headers }), 401, 'credentials_missing');
  });
});

describe('A path', () => {
  it.each(
    [
      '//api/v1/users/me',
      '/api/v1//users/me',
      '/api/v1/users//me',
      '/api/v1/users/./me',
      '/api/v1/status/../users/me',
      '/api/v1/status/..%2fusers/me',
      '/api/v1/status/%2e%2e/users/me',
      '/api/v1/status;/../users/me',
      '/api/v1/status%00/../users/me',
      '/api/v1/users/me;x=1',
      '/api/v1/users/me%00',
      '/api/v1/users/me%2f',
      '/api/v1/users/me%20',
      '/api/v1/users/me%0d%0aX-Injected:%20yes',
      '/api/v1/users/me.json',
      '/api/v1/users/me/..',
      '/api/v1/users/me/?/api/v1/status',
      '/api/v1/users/me?path=/api/v1/status',
      '/api/v1/users/me#/api/v1/status',
      '/api/v1/users/me/',
      '/api/v1\\users\\me',
      '/api/v1/users\\me',
      '/API/V1/users/me',
      '/api/v1/USERS/me',
      '/api/v1/users/ME',
      '/api/v1/users/%6d%65',
      '/api/v1/%75sers/me',
      '/%61pi/v1/users/me',
      '/api/v1/users/%zz',
      '/api/v1/users/%',
      '/api/v1/users/%ff',
      '/api/v1/users/%c0%ae',
      '/api/v1/%ff',
      '/%',
      '/api/v1/users/%ud800',
      '/api/v1/users/\xff\xfe',
      'http://other.example/api/v1/users/me',
      'http://admin:pass@other.example/api/v1/users/me',
      'http://other.example',
      'https:///api/v1/users/me',
      '/api/v1/users/nobody',
      '/api/v1/users?limit=1',
      '/api/v1/stats/',
      '/api/v1/sessions',
      '/api/v1',
      '/nowhere',
      '/users/me',
      '/package.json',
      '/coatcheck.db',
      '/api/v1/../../coatcheck.db',
      '/docs/../coatcheck.db',
      '/docs/..%2f..%2fpackage.json',
      '/docs/%2e%2e/%2e%2e/package.json',
      '/.git/config',
      '/__proto__',
      '/api/v1/constructor',
      `/api/v1/${PLACE}`,
      `/api/v1/users/${'x'.repeat(10_000)}`,
      `/${'a/'.repeat(5000)}`,
    ].map(titled),
  )('is refused without a credential: %s', async (_, path) => {
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const answer = await ask([method, path]);
      const code = { 400: 'malformed_request', 401: 'credentials_missing', 421: 'host_not_allowed' }[
        answer.status
      ];
      refuses(answer, answer.status, code ?? 'another status');
      expect(answer.headers.has('x-injected')).toBe(false);
    }
  });

  it.each([
    ['/api/v1/users/%zz', 404, 'not_found'],
    ['/api/v1/users/%ff', 404, 'not_found'],
    ['/api/v1/%ff', 404, 'not_found'],
    ['/api/v1//users/me', 404, 'not_found'],
    ['/api/v1/status/../users/me', 404, 'not_found'],
    ['/API/v1/users/me', 404, 'not_found'],
    [`/${PLACE}`, 404, 'not_found'],
  ])('that is not ours is told so to a user: %s', async (path, status, code) => {
    refuses(await ask(['GET', path], { token: guestToken }), status, code);
  });

  const IDS = [
    'x',
    '0',
    '-1',
    'ME',
    'null',
    'undefined',
    '__proto__',
    'constructor',
    '%00',
    '%2e%2e',
    '..%2f..%2fstats',
    '%27%20or%201=1--',
    '%F0%9F%94%91',
    '00000000-0000-0000-0000-000000000000',
    '00000000-0000-0000-0000-000000000000%20',
    'x'.repeat(10_000),
    '%F0%9F%94%91'.repeat(800),
  ];

  it.each(IDS.map(titled))('with the id %s leads to nobody', async (_, id) => {
    for (const token of [adminToken, guestToken]) {
      refuses(await ask(['GET', `/api/v1/users/${id}`], { token }), 404, 'not_found');
      refuses(await ask(['DELETE', `/api/v1/users/${id}`], { token }), 404, 'not_found');
      refuses(await send(['PUT', `/api/v1/users/${id}`], {}, token), 404, 'not_found');
      refuses(await ask(['DELETE', `/api/v1/sessions/${id}`], { token }), 404, 'not_found');
    }
  });

  it("with another's id leads nowhere", async () => {
    const { id } = parse(await ask(ME, { token: adminToken }));
    for (const spelling of [String(id), String(id).toUpperCase(), `${String(id)}%00`]) {
      refuses(await ask(['GET', `/api/v1/users/${spelling}`], { token: guestToken }), 404, 'not_found');
      refuses(await ask(['DELETE', `/api/v1/users/${spelling}`], { token: guestToken }), 404, 'not_found');
      refuses(
        await send(['PUT', `/api/v1/users/${spelling}`], { role: 'user' }, guestToken),
        404,
        'not_found',
      );
    }
  });

  it('with their own id makes nobody an administrator', async () => {
    for (const change of [
      { role: 'admin' },
      { role: 'user' },
      { disabled: false },
      { role: 'user', disabled: false },
    ]) {
      refuses(await send(['PUT', `/api/v1/users/${guestId}`], change, guestToken), 403, 'role_required');
    }
  });
});

describe('A query', () => {
  it.each(
    [
      'limit=0',
      'limit=101',
      'limit=-1',
      'limit=1e3',
      'limit=1e1',
      'limit=0x10',
      'limit=abc',
      'limit=1.5',
      'limit=',
      'limit',
      'limit=%00',
      'limit=%205',
      'limit=NaN',
      'limit=Infinity',
      'limit=null',
      'limit=true',
      `limit=${'9'.repeat(8000)}`,
      'limit=5&limit=5',
      'limit=5&limit=abc',
      'limit[]=5',
      'limit[a]=5',
      'limit[__proto__]=5',
      `limit=${SECRET}`,
      'cursor=',
      'cursor=x',
      'cursor=%00',
      'cursor=%ff',
      'cursor=%',
      `cursor=${SECRET}`,
      'cursor=a&cursor=b',
      'cursor[]=a',
      `cursor=${'A'.repeat(201)}`,
      `cursor=${'A'.repeat(8000)}`,
      `cursor=${base64('1:')}`,
      `cursor=${base64(':x')}`,
      `cursor=${base64('-1:x')}`,
      `cursor=${base64('9999999999999999:x')}`,
      `cursor=${base64("1:' or 1=1 --")}`,
      `cursor=${base64('{"createdAt":1,"id":"x"}')}`,
      'offset=1',
      'Limit=1',
      `${SECRET}+!=${SECRET}`,
      '__proto__=1',
      '__proto__[limit]=1',
      'constructor=1',
      'constructor[prototype][limit]=1',
      'toString=1',
      `${'a[b]'.repeat(1000)}=1`,
    ].map(titled),
  )('of %s is refused', async (_, query) => {
    refuses(await ask(['GET', `/api/v1/users?${query}`], { token: adminToken }), 400, 'validation_failed');
    refuses(await ask(['GET', `/api/v1/users?${query}`]), 401, 'credentials_missing');
  });

  it('of several faults is refused with all of them', async () => {
    const query = 'limit=0&cursor=x&offset=1';
    for (const path of ['/users', '/sessions', '/audit']) {
      const answer = await ask(['GET', `/api/v1${path}?${query}`], { token: adminToken });
      refuses(answer, 400, 'validation_failed');
      const errors = parse(answer)['errors'] as { readonly pointer: string }[];
      expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['/cursor', '/limit', '/offset']);
    }
  });

  it.each(['?', '?limit=1', '?limit=100', '?limit=007'])('of %j is answered', async (query) => {
    expect((await ask(['GET', `/api/v1/users${query}`], { token: adminToken })).status).toBe(200);
  });

  it('of 3,000 parameters is answered at once', async () => {
    const query = Array.from({ length: 3000 }, (_, index) => `${index % 10}`).join('&');
    expect((await ask(['GET', `/api/v1/status?${query}`])).status).toBe(200);
    refuses(await ask(['GET', `/api/v1/users?${query}`], { token: adminToken }), 400, 'validation_failed');
  });
});

describe('A request of another site', () => {
  const UNSAFE: readonly Route[] = [
    LOGIN,
    LOGOUT,
    REGISTER,
    RENAME,
    ['DELETE', '/api/v1/users/nobody'],
    CHANGE_PASSWORD,
    ['DELETE', '/api/v1/sessions'],
    ['DELETE', '/api/v1/sessions/nobody'],
    ['POST', '/api/v1/sessions/current/reauthenticate'],
    ['DELETE', '/api/v1/users/nobody/sessions'],
    ['POST', '/api/v1/nowhere'],
    ['PATCH', '/api/v1/status'],
  ];
  const SIGNS: readonly Headers[] = [
    [['Sec-Fetch-Site', 'cross-site']],
    [['Sec-Fetch-Site', 'same-site']],
    [['Sec-Fetch-Site', SECRET]],
    [['Sec-Fetch-Site', '']],
    [['Sec-Fetch-Site', 'Same-Origin']],
    [['Sec-Fetch-Site', 'same-origin,none']],
    [['Sec-Fetch-Site', 'same-origin, cross-site']],
    [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Sec-Fetch-Site', 'cross-site'],
    ],
    [['Origin', 'https://evil.example']],
    [['Origin', 'null']],
    [['Origin', SECRET]],
    [['Origin', 'http://127.0.0.1']],
    [['Origin', 'http://127.0.0.1:1']],
    [['Origin', 'http://127.0.0.1.evil.example']],
    [['Origin', '']],
    [['Origin', 'http://']],
    [['Origin', 'http:']],
    [['Origin', 'about:blank']],
    [['Origin', 'file://']],
    [
      ['Origin', 'https://evil.example'],
      ['X-Forwarded-Host', 'evil.example'],
    ],
    [
      ['Origin', 'https://evil.example'],
      ['Forwarded', 'host=evil.example;proto=https'],
    ],
    [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Origin', 'https://evil.example'],
    ],
    [
      ['Sec-Fetch-Site', 'none'],
      ['Origin', 'null'],
    ],
  ];

  /** Signs that are as good as ours, but for a trifle. */
  const nearly = (): Headers[] => {
    const own = server.url;
    const { port } = new URL(own);
    const origins = [
      own.replace('http:', 'https:'),
      own.replace('http:', 'HTTP:'),
      own.replace('http:', 'ws:'),
      own.replace('http://', 'http:'),
      own.replace('http://', ''),
      `${own}/`,
      `${own}.`,
      own.replace(`:${port}`, `.:${port}`),
      own.replace(port, `0${port}`),
      own.slice(0, -1),
      `${own}0`,
      own.replace('127.0.0.1', 'localhost'),
      own.replace('127.0.0.1', '127.1'),
      own.replace('127.0.0.1', '127.0.0.1.'),
      own.replace('127.0.0.1', 'a@127.0.0.1'),
      `https://${own}`,
      `${own} https://evil.example`,
      `https://evil.example, ${own}`,
      `null, ${own}`,
    ];
    return [
      ...origins.map((origin): Headers => [['Origin', origin]]),
      [
        ['Origin', own],
        ['Origin', own],
      ],
      [
        ['Origin', own],
        ['Sec-Fetch-Site', 'cross-site'],
      ],
      [
        ['Origin', own],
        ['Sec-Fetch-Site', 'same-site'],
      ],
    ];
  };

  it.each(UNSAFE)('is refused before anything else is looked at: %s %s', async (...route) => {
    for (const sign of [...SIGNS, ...nearly()]) {
      for (const token of [adminToken, undefined]) {
        const body = JSON.stringify(good(route));
        refuses(
          await ask(route, { token, headers: [...JSON_TYPE, ...sign], body }),
          403,
          'cross_site_request',
        );
      }
    }
  });

  it('is known by its sign however many headers stand before that', async () => {
    const many: Headers = Array.from({ length: 3000 }, () => ['A', 'b']);
    const headers: Headers = [...JSON_TYPE, ...many, ['Origin', 'https://evil.example']];
    const body = JSON.stringify({ email: GUEST, password: PASSWORD });
    refuses(await ask(LOGIN, { headers, body }), 403, 'cross_site_request');
  });

  it.each<readonly [Headers]>([[[['Sec-Fetch-Site', 'same-origin']]], [[['Sec-Fetch-Site', 'none']]], [[]]])(
    'is told from one of ours: %j',
    async (headers) => {
      expect((await signIn(GUEST, PASSWORD, headers)).status).toBe(200);
      expect((await signIn(GUEST, PASSWORD, [...headers, ['Origin', server.url]])).status).toBe(200);
    },
  );
});

describe('The id of a request', () => {
  it.each(
    [
      'short',
      'x'.repeat(65),
      'x'.repeat(4000),
      'spaces in between',
      '<script>alert(1)</script>',
      'quote"quote"quote',
      'line%0d%0abreak',
      '\xfcml\xe4ut-1234',
      'a,b,c,d,e,f,g',
      '../../../etc/passwd',
      '${jndi:ldap://x}',
      '',
    ].map(titled),
  )('is ours where the one that is sent looks odd: %s', async (_, id) => {
    const answer = await ask(ME, { headers: [['X-Request-Id', id]] });
    refuses(answer, 401, 'credentials_missing');
    expect(answer.headers.get('x-request-id')).not.toBe(id);
    if (id !== '') expect(answer.text).not.toContain(id);
  });

  it('is ours where two are sent', async () => {
    const answer = await ask(ME, {
      headers: [
        ['X-Request-Id', 'first-of-two'],
        ['X-Request-Id', 'second-of-two'],
      ],
    });
    refuses(answer, 401, 'credentials_missing');
    expect(answer.text).not.toContain('of-two');
  });

  it.each(['12345678', 'a.b_c-D9', 'x'.repeat(64)])(
    'is the one that is sent where that is plain: %s',
    async (id) => {
      const answer = await ask(ME, { headers: [['X-Request-Id', id]] });
      refuses(answer, 401, 'credentials_missing');
      expect(answer.headers.get('x-request-id')).toBe(id);
      expect(parse(answer)['requestId']).toBe(id);
    },
  );
});

describe('Many at once', () => {
  it('who register one address become one user', async () => {
    const answers = await times(50, () => send(REGISTER, { email: 'race@example.com', password: PASSWORD }));
    const [made, ...rest] = answers.toSorted((a, b) => a.status - b.status);
    expect(made?.status).toBe(201);
    for (const answer of rest) refuses(answer, 409, 'email_taken');
  });

  it('who register one address in different spellings become one user', async () => {
    const spellings = ['Spell@example.com', 'spell@example.com', 'SPELL@example.com', 'spell@EXAMPLE.com'];
    const answers = await Promise.all(
      spellings.map((email) => send(REGISTER, { email, password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
  });

  it('who register first make one administrator', async () => {
    const fresh = newFolder();
    const empty = await Server.start(fresh);
    try {
      const answers = await times(20, (index) =>
        send(REGISTER, { email: `first-${index}@example.com`, password: PASSWORD }, undefined, empty),
      );
      const [founder, ...rest] = answers.toSorted((a, b) => a.status - b.status);
      expect(founder?.status).toBe(201);
      expect(parse(founder!)).toMatchObject({ role: 'admin' });
      for (const answer of rest) refuses(answer, 401, 'credentials_missing');
    } finally {
      await empty.stop();
    }
  });

  it('who sign out with one token end it once', async () => {
    const token = tokenOwner(await signIn(GUEST));
    const answers = await times(20, () => ask(LOGOUT, { token }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expect([401, 404]).toContain(answer.status);
    refuses(await ask(ME, { token }), 401, 'session_signed_out');
  });

  it('who change one password change it once', async () => {
    await register('change@example.com', PASSWORD);
    const token = tokenOwner(await signIn('change@example.com'));
    const answers = await times(20, (index) =>
      send(CHANGE_PASSWORD, { current_password: PASSWORD, new_password: `${PASSWORD} ${index}` }, token),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expect([401, 403]).toContain(answer.status);
    refuses(await signIn('change@example.com'), 401, 'credentials_invalid');
  });
});

describe('A slow client', () => {
  it('is cut off after 10 seconds without headers and 15 without a body, and need not consent', async () => {
    const headers = 'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n';
    const body = `${head(LOGIN, [...JSON_TYPE, ['Content-Length', '1000']])}{`;
    const chunks = `${head(LOGIN, [...JSON_TYPE, ['Transfer-Encoding', 'chunked']])}1\r\n{\r\n`;
    const [silent, ...slow] = await Promise.all([
      stall(''),
      stall('GET /api/v1/status HT'),
      stall(headers, { more: 'X: y\r\n' }),
      stall(headers, { more: 'X: y\r\n', deaf: true }),
      stall(body),
      stall(body, { more: ' ' }),
      stall(body, { more: ' ', deaf: true }),
      stall(chunks, { more: '1\r\n \r\n' }),
    ]);
    expect(silent.seconds).toBeLessThan(12);
    for (const { answer } of slow) refuses(answer, 408, 'request_timeout');
    for (const { seconds } of slow.slice(0, 3)) expect(seconds).toBeLessThan(13);
    for (const { seconds } of slow.slice(3)) expect(seconds).toBeLessThan(18);
  });
});

describe('After all that', () => {
  it('the server is as small as a server is', () => {
    const memory = memoryOf(server);
    if (memory !== null) expect(memory).toBeLessThan(400 * KIB * KIB);
  });

  it('the log tells of no fault of ours and repeats no secret', () => {
    expect(server.output()).not.toContain('internal_error');
    expect(server.output()).not.toContain('store_unavailable');
    expect(server.output()).not.toContain(SECRET);
    expect(server.output()).not.toContain(PASSWORD);
    expect(server.output()).not.toContain(adminToken.split('.')[1]);
  });
});

/** That an answer is the problem it has to be, and that nothing which was sent comes back in it. */
function refuses(answer: Answer, status: number, code: string | RegExp): void {
  expect(answer).toMatchObject({ status, text: expect.stringMatching(/^\{.*\}$/) });
  expect(parse(answer)).toMatchObject({
    type: 'about:blank',
    title: expect.any(String),
    status,
    code: typeof code === 'string' ? code : expect.stringMatching(code),
    detail: expect.any(String),
    error: expect.any(String),
    requestId: expect.stringMatching(/^[\w.-]{8,64}$/),
  });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(Object.fromEntries(answer.headers)).toMatchObject(ON_EVERY_ANSWER);
  expect(answer.headers.get('vary')).toMatch(/^Cookie(, Origin, Sec-Fetch-Site)?$/);
  expect(answer.headers.has('www-authenticate')).toBe(status === 401);
  expect([undefined, EXPIRED]).toContain(answer.headers.get('set-cookie'));
  const all = [...answer.headers].join('\n') + answer.text;
  for (const sent of [SECRET, PLACE, PASSWORD]) expect(all).not.toContain(sent);
}

async function ask(
  route: Route,
  {
    token,
    headers = [],
    body,
    at = server,
  }: {
    readonly token?: string | undefined;
    readonly headers?: Headers;
    readonly body?: string | Buffer;
    readonly at?: Server;
  } = {},
): Promise<Answer> {
  const cookie: Headers = token === undefined ? [] : [['Cookie', `sid=${token}`]];
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body as string);
  const length: Headers = body === undefined ? [] : [['Content-Length', String(bytes.length)]];
  return open(head(route, [...cookie, ...headers, ...length], at), { rest: bytes, at }).answered;
}

async function askInChunks(route: Route, body: string): Promise<Answer> {
  const chunks = body.match(/.{1,1000}/gs)!.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const headers: Headers = [...JSON_TYPE, ['Cookie', `sid=${adminToken}`], ['Transfer-Encoding', 'chunked']];
  return open(head(route, headers), { rest: Buffer.from(`${chunks.join('')}0\r\n\r\n`) }).answered;
}

function answerTo(bytes: string): Promise<Answer> {
  return open(bytes).answered;
}

function head([method, path]: Route, headers: Headers, at: Server = server): string {
  const lines = [['Host', new URL(at.url).host], ['Connection', 'close'], ...headers].map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** Sends bytes as they are; the answer is whatever has come back when the connection is over. */
function open(start: string, { rest = Buffer.alloc(0), at = server, deaf = false } = {}) {
  const { hostname, port } = new URL(at.url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: deaf });
  const received: Buffer[] = [];
  const closed = new Promise<string>((resolve) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(received).toString()));
  });
  socket.write(Buffer.concat([Buffer.from(start, 'latin1'), rest]));
  return { socket, answered: closed.then(read) };
}

/** Sends a beginning and perhaps more, bit by bit, until the server lets go; a deaf client goes on when told to stop. */
async function stall(start: string, { more = '', deaf = false } = {}) {
  const began = Date.now();
  const { socket, answered } = open(start, { deaf });
  const drip = setInterval(() => more !== '' && socket.write(more), 100);
  const patience = setTimeout(() => socket.destroy(), 20_000);
  const answer = await answered;
  clearInterval(drip);
  clearTimeout(patience);
  return { answer, seconds: (Date.now() - began) / 1000 };
}

/** No header may stand twice, `Set-Cookie` among them; a challenge has a line of its own (RFC 9110, section 11.6.1). */
function read(response: string): Answer {
  const [top = '', ...rest] = response.split('\r\n\r\n');
  const [line = '', ...lines] = top.split('\r\n');
  const fields = lines.filter(
    (field, index) =>
      !(/^www-authenticate:/i.test(field) && /^www-authenticate:/i.test(lines[index - 1] ?? '')),
  );
  const headers = new Map(
    fields.map((field) => {
      const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(field) ?? [];
      return [name.toLowerCase(), value] as const;
    }),
  );
  expect(headers.size).toBe(fields.length);
  return { status: Number(line.split(' ')[1] ?? 0), headers, text: rest.join('\r\n\r\n') };
}

function parse({ text }: Answer): Json {
  return JSON.parse(text) as Json;
}

function send(route: Route, body: Json, token?: string, at: Server = server): Promise<Answer> {
  return ask(route, { token, headers: JSON_TYPE, body: JSON.stringify(body), at });
}

function signIn(
  email: string,
  password = PASSWORD,
  headers: Headers = [],
  at: Server = server,
): Promise<Answer> {
  return ask(LOGIN, { headers: [...JSON_TYPE, ...headers], body: JSON.stringify({ email, password }), at });
}

async function register(email: string, password: string): Promise<void> {
  expect((await send(REGISTER, { email, password })).status).toBe(201);
}

function tokenOwner({ headers }: Answer): string {
  const [, token = ''] = /^sid=([^;]+)/.exec(headers.get('set-cookie') ?? '') ?? [];
  return token;
}

/** Signing in ends the session of the token that is brought along, so that the tests bring none. */
function tokenFor(path: string): string | undefined {
  return path === LOGIN[1] ? undefined : adminToken;
}

/** A body that a route takes, apart from there being nobody of that name. */
function good([method, path]: Route): Json {
  if (path.endsWith('/login')) return { email: GUEST, password: PASSWORD };
  if (path === ISSUE_RESET[1]) return { revoke: false };
  if (path === RESET[1]) return { token: 'reset-x.y', new_password: `new ${PASSWORD}` };
  if (path.endsWith('/reauthenticate')) return { password: PASSWORD };
  if (path === MAKE_TOKEN[1])
    return { label: 'Backup', scope: 'read', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
  if (method === 'PATCH') return { label: 'At home' };
  if (path.endsWith('/password')) return { current_password: PASSWORD, new_password: `new ${PASSWORD}` };
  return method === 'POST' ? { email: 'new@example.com', password: PASSWORD } : { first_name: 'Ada' };
}

function storedSession(where: string, answer: Answer): { ip: string | null; user_agent: string | null } {
  const database = new SqliteConnection(join(where, 'coatcheck.db'), { readonly: true });
  const [id] = tokenOwner(answer).split('.');
  const row = database.prepare('select ip, user_agent from coatcheck_sessions where key = ?').get(keyOf(id!));
  database.close();
  return row as ReturnType<typeof storedSession>;
}

async function storedAddress(at: Server, where: string, headers: Headers): Promise<string | null> {
  return storedSession(where, await signIn(GUEST, PASSWORD, headers, at)).ip;
}

async function startAndStop(variables: Readonly<Record<string, string>>): Promise<void> {
  await (await Server.start(newFolder(), variables)).stop();
}

/** In bytes; null where the machine does not tell. */
function memoryOf(one: Server): number | null {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * KIB;
  } catch {
    return null;
  }
}

function withoutRequestId({ status, headers, text }: Answer) {
  const rest = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
  return { status, headers: rest, text: text.replace(/"requestId":"[^"]*"/, '') };
}

function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

function nested(opening: string, closing: string, depth: number): string {
  const core = opening === '[' ? '' : '1';
  return opening.repeat(depth) + core + closing.repeat(depth);
}

function jsonOfSize(size: number): string {
  const empty = JSON.stringify({ email: '' });
  return JSON.stringify({ email: 'x'.repeat(size - empty.length) });
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 60);
}

/** A row of a table whose text may be too long for a title. */
function titled(text: string): readonly [title: string, text: string] {
  return [brief(text), text];
}
