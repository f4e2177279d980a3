import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';

type Variables = Readonly<Record<string, string>>;

interface Person {
  readonly email: string;
  readonly password: string;
}

interface Ask {
  readonly method?: string;
  readonly authorization?: string;
  readonly cookie?: string;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: OutgoingHttpHeaders;
}

type Body = Pick<Ask, 'type' | 'body'>;

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: unknown;
}

const BOB = { email: 'bob@hbtn.io', password: 'H0lbertonSchool98!' };
const COLONS = { email: 'bob100@hbtn.io', password: 'H0lberton:School:98!' };
const BLANK = { email: 'bobsession@hbtn.io', password: 'fake pwd' };
const UNICODE = { email: 'zoë@hbtn.io', password: 'пароль 🔑 ÿ>?>?~' };
const CAPITAL = { email: 'Capital@hbtn.io', password: 'a+b%20c&d=e;f' };
const PEOPLE = [BOB, COLONS, BLANK, UNICODE, CAPITAL];

const API = '/api/v1';
const STATUS = `${API}/status`;
const STATS = `${API}/stats`;
const USERS = `${API}/users`;
const ME = `${API}/users/me`;
const LOGIN = `${API}/auth_session/login`;
const LOGOUT = `${API}/auth_session/logout`;
const NOWHERE = `${API}/nowhere`;
const NOBODY = `${USERS}/8e2e7f3a-6f0b-4c55-9d5c-0d1c8f3b7a10`;

const COOKIE = '_my_session_id';
const ALX = { AUTH_COMPAT: 'alx', SESSION_NAME: COOKIE };
const JUNK_HEADER = { authorization: 'junk' };
const JUNK_COOKIE = { cookie: `${COOKIE}=junk` };

const UNAUTHORIZED = json(401, { error: 'Unauthorized' });
const FORBIDDEN = json(403, { error: 'Forbidden' });
const NOT_FOUND = json(404, { error: 'Not found' });
const WRONG_FORMAT = json(400, { error: 'Wrong format' });
const EMAIL_MISSING = json(400, { error: 'email missing' });
const PASSWORD_MISSING = json(400, { error: 'password missing' });
const UNKNOWN_EMAIL = json(404, { error: 'no user found for this email' });
const WRONG_PASSWORD = json(401, { error: 'wrong password' });
const DONE = json(200, {});

/** For how many milliseconds a session is watched that may have one second to live. */
const WATCHED = 1500;

const UUID4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;

const folder = newFolder();
let api: Client;

beforeAll(async () => {
  const [first, ...others] = PEOPLE.map((person) => () => seed(person));
  await makeDatabase(folder);
  await first!();
  await inThrees(others, (seedOne) => seedOne());
});

const STRATEGIES = [
  ['auth', 'nobody'],
  ['basic_auth', 'header'],
  ['session_auth', 'cookie'],
  ['session_exp_auth', 'cookie'],
  ['session_db_auth', 'cookie'],
] as const;

const OPEN: [path: string, answer: Answer][] = [
  [STATUS, json(200, { status: 'OK' })],
  [`${STATUS}/`, json(200, { status: 'OK' })],
  [`${STATUS}?path=${STATS}`, json(200, { status: 'OK' })],
  [`${STATUS}/?`, json(200, { status: 'OK' })],
  [`${API}/unauthorized`, UNAUTHORIZED],
  [`${API}/unauthorized/`, UNAUTHORIZED],
  [`${API}/forbidden`, FORBIDDEN],
  [`${API}/forbidden/?a`, FORBIDDEN],
];

const CLOSED = [
  STATS,
  `${STATS}/`,
  USERS,
  ME,
  NOBODY,
  LOGOUT,
  NOWHERE,
  '/',
  '/status',
  API,
  `${STATUS}x`,
  `${STATUS}/x`,
  `${STATUS}//`,
  `${STATUS};x`,
  `${API}/stat`,
  `${API}/STATUS`,
  `${API.toUpperCase()}/status`,
  `/x${STATUS}`,
  `${STATUS}/../stats`,
  `${STATS}?path=${STATUS}`,
  `${API}/unauthorized/x`,
  `${API}/forbiddenx`,
  `${API}/auth_session/`,
  `${LOGIN}/x`,
  `${LOGIN}s`,
  `${API}/%ZZ`,
  `${USERS}/%ZZ`,
  `${USERS}/%E0%A4`,
  `${API}/auth_session/Login`,
];

const HEADERS: Record<string, string | undefined> = {
  no: undefined,
  junk: 'Basic junk',
  foreign: 'Bearer 12345',
  wrong: basic({ ...BOB, password: 'wrong' }),
  right: basic(BOB),
};

/** What a header and a cookie get on a protected path where nobody, the header or the cookie is accepted. */
const COMBINATIONS: [header: string, cookie: string, nobody: number, header: number, cookie: number][] = [
  ['no', 'no', 401, 401, 401],
  ['no', 'foreign', 401, 401, 401],
  ['no', 'dead', 403, 403, 403],
  ['no', 'live', 403, 403, 200],
  ['junk', 'no', 403, 403, 403],
  ['junk', 'dead', 403, 403, 403],
  ['junk', 'live', 403, 403, 200],
  ['foreign', 'no', 403, 403, 403],
  ['foreign', 'foreign', 403, 403, 403],
  ['foreign', 'live', 403, 403, 200],
  ['wrong', 'no', 403, 403, 403],
  ['wrong', 'live', 403, 403, 200],
  ['right', 'no', 403, 200, 403],
  ['right', 'foreign', 403, 200, 403],
  ['right', 'dead', 403, 200, 403],
  ['right', 'live', 403, 200, 200],
];

describe.each(STRATEGIES)('Under AUTH_TYPE=%s, which accepts %s,', (strategy, accepted) => {
  const cookies: Record<string, string | undefined> = {
    no: undefined,
    foreign: `other=${COOKIE}; ${COOKIE.toUpperCase()}=junk`,
    dead: `${COOKIE}=ebdeef51-8a3b-4c9f-9e0e-0f5f1d8a1c55`,
  };

  serve({ AUTH_TYPE: strategy });
  beforeAll(async () => {
    cookies['live'] = accepted === 'cookie' ? await api.signIn(BOB) : cookies['dead'];
  });

  it.each(OPEN)('%s answers everyone, whatever they present', async (path, answer) => {
    for (const credentials of [{}, JUNK_HEADER, JUNK_COOKIE]) {
      expect(await api.answer(path, credentials)).toEqual(answer);
    }
  });

  it.each(CLOSED)('%s is closed', async (path) => {
    expect(await api.answer(path)).toEqual(UNAUTHORIZED);
    expect(await api.answer(path, JUNK_HEADER)).toEqual(FORBIDDEN);
    expect(await api.answer(path, JUNK_COOKIE)).toEqual(FORBIDDEN);
  });

  it.each(['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    '%s is closed before routes are looked for',
    async (method) => {
      for (const path of [USERS, ME, NOBODY, STATS, LOGOUT, NOWHERE]) {
        expect((await api.send(path, { method })).status).toBe(401);
        expect((await api.send(path, { method, ...JUNK_HEADER })).status).toBe(403);
      }
    },
  );

  const column = ({ nobody: 2, header: 3, cookie: 4 } as const)[accepted];
  const combinations = COMBINATIONS.map((row) => [row[0], row[1], row[column]] as const);
  it.each(combinations)('%s header and %s cookie give %i', async (header, cookie, status) => {
    const credentials = { authorization: HEADERS[header], cookie: cookies[cookie] };
    const me = await api.send(ME, credentials);
    const nowhere = await api.send(NOWHERE, credentials);
    const wrongMethod = await api.send(USERS, { method: 'PATCH', ...credentials });
    expect([me.status, nowhere.status, wrongMethod.status]).toEqual(
      status === 200 ? [200, 404, 405] : [status, status, status],
    );
  });

  it('a body is not looked at before the credentials', async () => {
    const broken = { method: 'POST', type: 'application/json', body: '{' };
    expect(await api.answer(USERS, broken)).toEqual(UNAUTHORIZED);
    expect(await api.answer(USERS, { ...broken, ...JUNK_COOKIE })).toEqual(FORBIDDEN);
  });

  it('a preflight is answered', async () => {
    const headers = { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'DELETE' };
    const reply = await api.send(ME, { method: 'OPTIONS', headers });
    expect(reply.status).toBe(204);
    expect(reply.headers['access-control-allow-origin']).toBe('*');
  });
});

describe('A Basic header', () => {
  const people = [
    ...PEOPLE,
    { email: 'replaced@hbtn.io', password: 'x\uFFFD' },
    { email: 'ab', password: 'c' },
  ];

  serve({ AUTH_TYPE: 'basic_auth' });
  beforeAll(async () => {
    for (const person of people.slice(PEOPLE.length)) {
      expect((await api.create(person)).status).toBe(201);
    }
  });

  it.each(people)('signs $email in, whose password is $password', async (person) => {
    const answer = await api.answer(ME, { authorization: basic(person) });
    expect(answer).toEqual(json(200, aUser(person.email)));
  });

  const right = encode(`${BOB.email}:${BOB.password}`);
  const unicode = encode(`${UNICODE.email}:${UNICODE.password}`);

  it('of these people has all that encodings differ in', () => {
    const paddings = people.map((person) => basic(person).replace(/^[^=]+/, ''));
    expect(new Set(paddings)).toEqual(new Set(['', '=', '==']));
    expect(unicode).toMatch(/[+/].*[^=]=$/);
    expect(right).not.toMatch(/=/);
  });

  it.each([
    ['the scheme alone', 'Basic'],
    ['the scheme in lower case', `basic ${right}`],
    ['the scheme in upper case', `BASIC ${right}`],
    ['no blank', `Basic${right}`],
    ['two blanks', `Basic  ${right}`],
    ['a tab for the blank', `Basic\t${right}`],
    ['another scheme', `Bearer ${right}`],
    ['another scheme in front', `Bearer Basic ${right}`],
    ['no scheme', right],
    ['text that is not encoded', `Basic ${BOB.email}:${BOB.password}`],
    ['characters outside the alphabet', 'Basic Holberton School'],
    ['a blank inside', `Basic ${right.slice(0, 8)} ${right.slice(8)}`],
    ['something behind a comma', `Basic ${right}, Basic ${right}`],
    ['the padding missing', `Basic ${unicode.replaceAll('=', '')}`],
    ['too much padding', `Basic ${right}====`],
    ['one sign too many', `Basic ${right}A`],
    ['bits set that nobody reads', `Basic ${unicode.replace(/.=$/, (end) => `${following(end)}=`)}`],
    ['base64url', `Basic ${unicode.replaceAll('+', '-').replaceAll('/', '_')}`],
    ['bytes that are not UTF-8', 'Basic test'],
    ['a bad byte that stands for itself', `Basic ${encode('replaced@hbtn.io:x\xff', 'latin1')}`],
    ['a byte order mark', `Basic ${encode(`\uFEFF${BOB.email}:${BOB.password}`)}`],
    ['no colon', `Basic ${encode(BOB.email)}`],
    ['a colon alone', `Basic ${encode(':')}`],
    ['no e-mail', `Basic ${encode(`:${BOB.password}`)}`],
    ['no password', `Basic ${encode(`${BOB.email}:`)}`],
    ['an unknown e-mail', basic({ ...BOB, email: 'nobody@hbtn.io' })],
    ['the e-mail in another case', basic({ ...BOB, email: 'Bob@hbtn.io' })],
    ['the e-mail in lower case', basic({ ...CAPITAL, email: 'capital@hbtn.io' })],
    ['a blank before the e-mail', basic({ ...BOB, email: ` ${BOB.email}` })],
    ['a wrong password', basic({ ...BOB, password: 'H0lbertonSchool98' })],
    ['a blank behind the password', basic({ ...BOB, password: `${BOB.password} ` })],
    ['a line break behind the password', basic({ ...BOB, password: `${BOB.password}\n` })],
    ['the password up to its first colon', basic({ ...COLONS, password: 'H0lberton' })],
    ['the password without its blank', basic({ ...BLANK, password: 'fakepwd' })],
    ['the password of someone else', basic({ ...BOB, password: BLANK.password })],
  ])('with %s is refused', async (_, authorization) => {
    expect(await api.answer(ME, { authorization })).toEqual(FORBIDDEN);
  });
});

describe('The login', () => {
  serve({ AUTH_TYPE: 'session_auth' });

  it.each<[string, Person, Body]>([
    ['a urlencoded form', BOB, form(BOB)],
    ['a charset', BOB, { ...form(BOB), type: 'application/x-www-form-urlencoded;charset=utf-8' }],
    ['a type in upper case', BOB, { ...form(BOB), type: 'APPLICATION/X-WWW-FORM-URLENCODED' }],
    ['a blank sent as plus', BLANK, urlencoded('email=bobsession@hbtn.io&password=fake+pwd')],
    ['a blank sent as percent', BLANK, urlencoded('email=bobsession%40hbtn.io&password=fake%20pwd')],
    ['colons', COLONS, form(COLONS)],
    ['colons as they are', COLONS, urlencoded('password=H0lberton:School:98!&email=bob100@hbtn.io')],
    ['more than ASCII', UNICODE, form(UNICODE)],
    ['signs that mean something to forms', CAPITAL, form(CAPITAL)],
    ['a multipart form', BOB, multipart(...pairs(BOB))],
    ['a multipart form with a blank', BLANK, multipart(...pairs(BLANK))],
    ['a multipart form with more than ASCII', UNICODE, multipart(...pairs(UNICODE))],
    ['a multipart form with plus and percent', CAPITAL, multipart(...pairs(CAPITAL))],
    ['another password behind the first', BOB, form(BOB, ['password', 'wrong'])],
    ['another e-mail behind the first', BOB, form(BOB, ['email', 'nobody@hbtn.io'])],
    ['an empty e-mail behind the first', BOB, form(BOB, ['email', ''])],
    ['repeated fields', BOB, multipart(...pairs(BOB), ['email', 'nobody@hbtn.io'], ['password', 'x'])],
    [
      'fields of other names',
      BOB,
      form(BOB, ['remember', 'on'], ['email[]', 'x'], ['__proto__', 'x'], ['id', '1']),
    ],
  ])('takes %s', async (_, { email }, sent) => {
    const { status, headers, body } = await api.send(LOGIN, { method: 'POST', ...sent });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual(aUser(email));
    expect(headers['set-cookie']).toHaveLength(1);
  });

  const unknown = { email: 'nobody@hbtn.io', password: 'x' };

  it.each<[string, Body, Answer]>([
    ['nothing', {}, EMAIL_MISSING],
    ['an empty form', urlencoded(''), EMAIL_MISSING],
    ['an empty multipart form', multipart(), EMAIL_MISSING],
    ['a password alone', urlencoded('password=x'), EMAIL_MISSING],
    ['an empty e-mail', urlencoded('email=&password=x'), EMAIL_MISSING],
    ['an e-mail without a value', urlencoded('email&password=x'), EMAIL_MISSING],
    ['two empty fields', urlencoded('email=&password='), EMAIL_MISSING],
    ['an empty e-mail before a full one', urlencoded(`email=&email=${BOB.email}&password=x`), EMAIL_MISSING],
    ['the e-mail in another name', urlencoded(`Email=${BOB.email}&password=x`), EMAIL_MISSING],
    ['the e-mail as a list', urlencoded(`email[]=${BOB.email}&password=x`), EMAIL_MISSING],
    ['the e-mail in a list', urlencoded(`email[0]=${BOB.email}&password=x`), EMAIL_MISSING],
    ['the e-mail as a file', multipart(['email"; filename="e', BOB.email], ['password', 'x']), EMAIL_MISSING],
    ['JSON', { type: 'application/json', body: JSON.stringify(BOB) }, EMAIL_MISSING],
    ['broken JSON', { type: 'application/json', body: '{' }, EMAIL_MISSING],
    ['a form that says it is text', { ...form(BOB), type: 'text/plain' }, EMAIL_MISSING],
    ['a form that does not say what it is', { body: form(BOB).body }, EMAIL_MISSING],
    [
      'multipart without a boundary',
      { ...multipart(...pairs(BOB)), type: 'multipart/form-data' },
      EMAIL_MISSING,
    ],
    ['an e-mail alone', urlencoded(`email=${BOB.email}`), PASSWORD_MISSING],
    ['an empty password', urlencoded(`email=${BOB.email}&password=`), PASSWORD_MISSING],
    ['an empty password in multipart', multipart(['email', BOB.email], ['password', '']), PASSWORD_MISSING],
    ['an empty password before the right one', urlencoded(`password=&${form(BOB).body}`), PASSWORD_MISSING],
    ['an unknown e-mail without a password', urlencoded(`email=${unknown.email}`), PASSWORD_MISSING],
    ['an unknown e-mail', form(unknown), UNKNOWN_EMAIL],
    ['an unknown e-mail in multipart', multipart(...pairs(unknown)), UNKNOWN_EMAIL],
    [
      'an unknown e-mail before a known one',
      urlencoded(`email=${unknown.email}&${form(BOB).body}`),
      UNKNOWN_EMAIL,
    ],
    ['an e-mail that is a blank', form({ ...BOB, email: ' ' }), UNKNOWN_EMAIL],
    ['an e-mail that is a name of JavaScript', form({ ...BOB, email: '__proto__' }), UNKNOWN_EMAIL],
    ['the e-mail in another case', form({ ...BOB, email: 'BOB@hbtn.io' }), UNKNOWN_EMAIL],
    ['the e-mail in lower case', form({ ...CAPITAL, email: 'capital@hbtn.io' }), UNKNOWN_EMAIL],
    ['the e-mail with a blank behind', form({ ...BOB, email: `${BOB.email} ` }), UNKNOWN_EMAIL],
    ['a wrong password', form({ ...BOB, password: 'wrong' }), WRONG_PASSWORD],
    ['a wrong password in multipart', multipart(...pairs({ ...BOB, password: 'wrong' })), WRONG_PASSWORD],
    ['a wrong password before the right one', urlencoded(`password=wrong&${form(BOB).body}`), WRONG_PASSWORD],
    ['a password that is a blank', form({ ...BOB, password: ' ' }), WRONG_PASSWORD],
    ['the password with a blank behind', form({ ...BOB, password: `${BOB.password} ` }), WRONG_PASSWORD],
    ['the password in another case', form({ ...BOB, password: BOB.password.toLowerCase() }), WRONG_PASSWORD],
    ['the password up to its colon', form({ ...COLONS, password: 'H0lberton' }), WRONG_PASSWORD],
    ['the password of someone else', form({ ...BOB, password: BLANK.password }), WRONG_PASSWORD],
    ['a password of ten thousand letters', form({ ...BOB, password: 'x'.repeat(10_000) }), WRONG_PASSWORD],
  ])('refuses %s and sets no cookie', async (_, sent, answer) => {
    expect(await api.answer(LOGIN, { method: 'POST', ...sent })).toEqual(answer);
    expect((await api.send(LOGIN, { method: 'POST', ...sent })).headers['set-cookie']).toBeUndefined();
  });

  it('does not read the query', async () => {
    const query = `?${form(BOB).body}`;
    expect(await api.answer(LOGIN + query, { method: 'POST' })).toEqual(EMAIL_MISSING);
    const password = urlencoded('password=wrong');
    expect(await api.answer(LOGIN + query, { method: 'POST', ...password })).toEqual(EMAIL_MISSING);
    expect(await api.answer(LOGIN + query, { method: 'POST', ...form(unknown) })).toEqual(UNKNOWN_EMAIL);
  });

  it('sets a cookie for the whole site and the time that the browser runs', async () => {
    const { headers } = await api.send(LOGIN, { method: 'POST', ...form(BOB) });
    const [pair, ...attributes] = headers['set-cookie']![0]!.split('; ');
    expect(pair).toMatch(/^_my_session_id=[\w.-]{36,}$/);
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
  });

  it('names the cookie as SESSION_NAME says', async () => {
    await during({ AUTH_TYPE: 'session_auth', SESSION_NAME: 'hbnb' }, async (other) => {
      const cookie = await other.signIn(BOB);
      expect(cookie).toMatch(/^hbnb=/);
      expect((await other.send(ME, { cookie })).status).toBe(200);
      expect((await other.send(ME, { cookie: cookie.replace('hbnb', COOKIE) })).status).toBe(401);
    });
  });

  it('accepts requests with another credential', async () => {
    for (const credentials of [JUNK_HEADER, JUNK_COOKIE, { cookie: await api.signIn(BLANK) }]) {
      const login = { method: 'POST', ...form(BOB), ...credentials };
      expect(await api.answer(`${LOGIN}/`, login)).toEqual(json(200, aUser(BOB.email)));
    }
  });

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])('answers %s to everyone with 405', async (method) => {
    for (const credentials of [{}, JUNK_HEADER, JUNK_COOKIE, { cookie: await api.signIn(BLANK) }]) {
      const { status, headers } = await api.send(LOGIN, { method, ...credentials });
      expect([status, methodsOf(headers)]).toEqual([405, allowing('POST')]);
    }
  });
});

describe.each(['session_auth', 'session_exp_auth', 'session_db_auth'])('A session of %s', (strategy) => {
  let cookie: string;

  serve({ AUTH_TYPE: strategy });
  beforeAll(async () => void (cookie = await api.signIn(BOB)));

  it('is of the user who signed in', async () => {
    const others = await Promise.all([BLANK, UNICODE].map((person) => api.signIn(person)));
    expect(await api.answer(ME, { cookie })).toEqual(json(200, aUser(BOB.email)));
    expect(await api.answer(ME, { cookie: others[0] })).toEqual(json(200, aUser(BLANK.email)));
    expect(await api.answer(`${ME}/`, { cookie: others[1] })).toEqual(json(200, aUser(UNICODE.email)));
  });

  it('is found among other cookies', async () => {
    expect((await api.send(ME, { cookie: `a=b; ${cookie}; ${COOKIE}2=c; x${COOKIE}=d` })).status).toBe(200);
  });

  it('is new with each login and leaves the others alone', async () => {
    const more = [await api.signIn(BOB), await api.signIn(BOB)];
    expect(new Set([cookie, ...more]).size).toBe(3);
    for (const one of [cookie, ...more]) expect((await api.send(ME, { cookie: one })).status).toBe(200);
  });

  it('ends with the logout, and it alone', async () => {
    const mine = await api.signIn(BOB);
    const { status, headers, body } = await api.send(LOGOUT, { method: 'DELETE', cookie: mine });
    expect([status, headers['content-type'], JSON.parse(body)]).toEqual([200, 'application/json', {}]);
    expect(headers['set-cookie']).toBeUndefined();
    expect(await api.answer(ME, { cookie: mine })).toEqual(FORBIDDEN);
    expect((await api.send(ME, { cookie })).status).toBe(200);
  });

  it('cannot be signed out of twice', async () => {
    const logout = { method: 'DELETE', cookie: await api.signIn(BOB) };
    expect(await api.answer(`${LOGOUT}/`, logout)).toEqual(DONE);
    expect(await api.answer(LOGOUT, logout)).toEqual(FORBIDDEN);
    expect(await api.answer(`${LOGOUT}/`, logout)).toEqual(FORBIDDEN);
  });

  it('is signed out of by its cookie alone', async () => {
    const logout = { method: 'DELETE' };
    expect(await api.answer(LOGOUT, logout)).toEqual(UNAUTHORIZED);
    expect(await api.answer(LOGOUT, { ...logout, authorization: basic(BOB) })).toEqual(FORBIDDEN);
    expect(await api.answer(LOGOUT, { ...logout, ...JUNK_COOKIE })).toEqual(FORBIDDEN);
    const mine = await api.signIn(BOB);
    expect(await api.answer(LOGOUT, { ...logout, ...JUNK_HEADER, cookie: mine })).toEqual(DONE);
  });

  it.each<[string, Body]>([
    ['a form', urlencoded('a=b')],
    ['broken JSON', { type: 'application/json', body: '{' }],
    ['text', { type: 'text/plain', body: 'bye' }],
  ])('is signed out of whatever body comes along: %s', async (_, sent) => {
    const logout = { method: 'DELETE', cookie: await api.signIn(BOB), ...sent };
    expect(await api.answer(LOGOUT, logout)).toEqual(DONE);
  });

  it('is not ended by other methods at the logout', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
      const { status, headers } = await api.send(LOGOUT, { method, cookie });
      expect([status, methodsOf(headers)]).toEqual([405, allowing('DELETE')]);
    }
    expect((await api.send(ME, { cookie })).status).toBe(200);
  });

  it('is opened by a login that is excluded from all checks, with and without a slash', async () => {
    for (const credentials of [{}, JUNK_HEADER, JUNK_COOKIE]) {
      for (const path of [LOGIN, `${LOGIN}/`, `${LOGIN}?x`]) {
        expect(await api.answer(path, { method: 'POST', ...credentials })).toEqual(EMAIL_MISSING);
      }
    }
  });

  it.each<[string, (value: string) => string]>([
    ['__proto__', () => '__proto__'],
    ['constructor', () => 'constructor'],
    ['toString', () => 'toString'],
    ['hasOwnProperty', () => 'hasOwnProperty'],
    ['undefined', () => 'undefined'],
    ['null', () => 'null'],
    ['[object Object]', () => '[object Object]'],
    ['text with blanks', () => 'C is fun'],
    ['an object in JSON', () => 'j:{"a":1}'],
    ['its value in JSON', (value) => `j:"${value}"`],
    ['its value as if it were signed', (value) => `s:${value}`],
    ['its value as if it were signed and encoded', (value) => `s%3A${value}.c2lnbmF0dXJl`],
    ['its value percent-encoded', percentEncoded],
    ['its value cut short', (value) => value.slice(0, -1)],
    ['its value made longer', (value) => `${value}0`],
    ['its value in the other case', (value) => value.replaceAll(/[a-z]/gi, otherCase)],
    ['its value backwards', (value) => [...value].toReversed().join('')],
    ['a percent sign that encodes nothing', (value) => `${value}%`],
    ['ten thousand letters', () => 'x'.repeat(10_000)],
    ['a wildcard', () => '%'],
    ['a quotation mark of SQL', () => "' OR '1'='1"],
  ])('is not named by %s', async (_, valueOf) => {
    const value = cookie.slice(COOKIE.length + 1);
    expect(await api.answer(ME, { cookie: `${COOKIE}=${valueOf(value)}` })).toEqual(FORBIDDEN);
  });

  it('shows its user as they are now and dies with them', async () => {
    const person = { email: `short-lived@${strategy}.io`, password: 'x' };
    const created = await api.create(person, { cookie });
    const { id } = JSON.parse(created.body) as { id: string };
    const theirs = await api.signIn(person);
    const change = { method: 'PUT', cookie: theirs, ...asJson({ first_name: 'Ada' }) };
    expect((await api.send(`${USERS}/${id}`, change)).status).toBe(200);
    expect(await api.answer(ME, { cookie: theirs })).toEqual(json(200, aUser(person.email, 'Ada')));
    expect(await api.answer(`${USERS}/${id}`, { method: 'DELETE', cookie: theirs })).toEqual(DONE);
    expect(await api.answer(ME, { cookie: theirs })).toEqual(FORBIDDEN);
    expect(await api.answer(LOGIN, { method: 'POST', ...form(person) })).toEqual(UNKNOWN_EMAIL);
  });
});

it.each([
  ['session_auth', 'is forgotten', 403],
  ['session_exp_auth', 'is forgotten', 403],
  ['session_db_auth', 'lives on', 200],
])(
  'A session of %s %s when the server starts again, and one that was ended stays so',
  async (strategy, _, status) => {
    const [live, ended] = await during({ AUTH_TYPE: strategy }, async (client) => {
      const both = [await client.signIn(BOB), await client.signIn(BOB)] as const;
      await client.send(LOGOUT, { method: 'DELETE', cookie: both[1] });
      return both;
    });
    await during({ AUTH_TYPE: strategy }, async (client) => {
      expect((await client.send(ME, { cookie: live })).status).toBe(status);
      expect(await client.answer(ME, { cookie: ended })).toEqual(FORBIDDEN);
    });
  },
  20_000,
);

describe('SESSION_DURATION', () => {
  const rows: [strategy: string, duration: string | null, isMortal: boolean][] = [
    ['session_exp_auth', '1', true],
    ['session_exp_auth', ' 1 ', true],
    ['session_exp_auth', '0_1', true],
    ['session_db_auth', '+1', true],
    ['session_auth', '1', false],
    ['session_exp_auth', null, false],
    ['session_exp_auth', '', false],
    ['session_exp_auth', '0', false],
    ['session_exp_auth', '1s', false],
    ['session_exp_auth', '1.0', false],
    ['session_exp_auth', '0x1', false],
    ['session_db_auth', '-1', false],
  ];
  const lives = new Map<string, number | null>();

  beforeAll(async () => {
    await inThrees(rows, async ([strategy, duration]) => {
      const variables: Variables = duration === null ? {} : { SESSION_DURATION: duration };
      lives.set(`${strategy} ${duration}`, await lifeOf({ AUTH_TYPE: strategy, ...variables }));
    });
  });

  it.each(rows.filter(([, , isMortal]) => isMortal))(
    'of %s and %j ends a session that long after it began, however often it is used',
    (strategy, duration) => {
      expect(lives.get(`${strategy} ${duration}`)).toBeGreaterThanOrEqual(1000);
    },
  );

  it.each(rows.filter(([, , isMortal]) => !isMortal))(
    'of %s and %j ends no session',
    (strategy, duration) => {
      expect(lives.get(`${strategy} ${duration}`)).toBeNull();
    },
  );
});

describe('The users', () => {
  const bob = { authorization: basic(BOB) };
  const ids = new Map<string, string>();

  serve({ AUTH_TYPE: 'basic_auth', TZ: 'Asia/Tokyo' });
  beforeAll(async () => {
    const { body } = await api.send(USERS, bob);
    for (const { id, email } of JSON.parse(body) as { id: string; email: string }[]) ids.set(email, id);
  });

  it('are listed with these keys and no other, and counted', async () => {
    const list = (await api.answer(USERS, bob)).body as { email: string; first_name: string | null }[];
    expect(list.map(({ email }) => email)).toEqual(expect.arrayContaining(PEOPLE.map(({ email }) => email)));
    expect(list).toEqual(list.map(({ email, first_name: first }) => aUser(email, first)));
    expect(await api.answer(STATS, bob)).toEqual(json(200, { users: list.length }));
    expect(await api.answer(`${USERS}/`, bob)).toEqual(json(200, list));
  });

  it.each(PEOPLE)('show $email to everyone who is signed in', async ({ email }) => {
    const path = `${USERS}/${ids.get(email)}`;
    expect(await api.answer(path, bob)).toEqual(json(200, { ...aUser(email), id: ids.get(email) }));
    expect((await api.send(`${path}/`, bob)).status).toBe(200);
  });

  it.each(['1', 'undefined', '__proto__', 'Me', '%2e', '%ZZ'])('do not include %s', async (id) => {
    const path = `${USERS}/${id}`;
    const change = { method: 'PUT', ...bob, ...asJson({ first_name: 'Bob' }) };
    expect(await api.answer(path, bob)).toEqual(NOT_FOUND);
    expect(await api.answer(path, { method: 'DELETE', ...bob })).toEqual(NOT_FOUND);
    expect(await api.answer(path, change)).toEqual(NOT_FOUND);
  });

  it('know "me" for reading only', async () => {
    expect(await api.answer(ME, bob)).toEqual(json(200, { ...aUser(BOB.email), id: ids.get(BOB.email) }));
    expect(await api.answer(ME, { method: 'DELETE', ...bob })).toEqual(NOT_FOUND);
    const change = { method: 'PUT', ...bob, ...asJson({ first_name: 'Bob' }) };
    expect(await api.answer(ME, change)).toEqual(NOT_FOUND);
  });

  it('cannot change or remove each other', async () => {
    const path = `${USERS}/${ids.get(BLANK.email)}`;
    expect(await api.answer(path, { method: 'DELETE', ...bob })).toEqual(NOT_FOUND);
    const change = { method: 'PUT', ...bob, ...asJson({ first_name: 'X' }) };
    expect(await api.answer(path, change)).toEqual(NOT_FOUND);
    expect(await api.answer(path, bob)).toEqual(json(200, aUser(BLANK.email)));
  });

  describe('take a new one', () => {
    it.each<[string, object, first: string | null, last: string | null]>([
      ['without names', {}, null, null],
      ['with names', { first_name: 'Zoë', last_name: 'O’Neil' }, 'Zoë', 'O’Neil'],
      ['with one name', { last_name: 'Dylan' }, null, 'Dylan'],
      ['with names that are null', { first_name: null, last_name: null }, null, null],
      ['with names that are empty', { first_name: '', last_name: '' }, '', ''],
      ['with fields that nobody knows', { id: '1', role: 'admin', created_at: 1 }, null, null],
      ['with a field of an odd type that nobody asked for', { setup_code: 1 }, null, null],
    ])('%s', async (title, names, first, last) => {
      const person = { email: `${title.replaceAll(' ', '-')}@hbtn.io`, password: 'x' };
      const creation = { method: 'POST', ...bob, ...asJson({ ...person, ...names }) };
      expect(await api.answer(`${USERS}/`, creation)).toEqual(json(201, aUser(person.email, first, last)));
    });

    it.each<[string, Person]>([
      ['an e-mail in capitals', { email: 'LOUD@HBTN.IO', password: 'loud' }],
      ['blanks around the e-mail', { email: ' blanks@hbtn.io ', password: 'blanks' }],
      ['a letter and its accent apart', { email: 'e\u0301ric@hbtn.io', password: 'e\u0301' }],
      ['no e-mail address at all', { email: 'x', password: 'y' }],
      ['a password of blanks', { email: 'only-blanks@hbtn.io', password: '   ' }],
      ['a password of two hundred letters', { email: 'long@hbtn.io', password: `${'x'.repeat(199)}y` }],
    ])('who signs in with the same text: %s', async (_, person) => {
      expect((await api.create(person)).status).toBe(201);
      expect(await api.answer(ME, { authorization: basic(person) })).toEqual(json(200, aUser(person.email)));
    });

    it('and look at the whole of a long password', async () => {
      const person = { email: 'very-long@hbtn.io', password: `${'x'.repeat(199)}y` };
      expect((await api.create(person)).status).toBe(201);
      const other = { ...person, password: `${'x'.repeat(199)}z` };
      expect(await api.answer(ME, { authorization: basic(other) })).toEqual(FORBIDDEN);
    });

    it('with the time in UTC, to the second', async () => {
      const { body } = await api.create({ email: 'now@hbtn.io', password: 'x' });
      const user = JSON.parse(body) as { created_at: string; updated_at: string };
      expect(Math.abs(Date.parse(`${user.created_at}Z`) - Date.now())).toBeLessThan(60_000);
      expect(user.updated_at).toBe(user.created_at);
    });

    it('and count them', async () => {
      const before = (await api.answer(STATS, bob)).body as { users: number };
      expect((await api.create({ email: 'counted@hbtn.io', password: 'x' })).status).toBe(201);
      expect(await api.answer(STATS, bob)).toEqual(json(200, { users: before.users + 1 }));
    });

    it('but none for an e-mail that has one', async () => {
      const answer = await api.answer(USERS, { method: 'POST', ...bob, ...asJson(BLANK) });
      expect(answer).toEqual(json(400, { error: expect.stringMatching(/^Can't create User: ./) }));
    });

    it('with the last of two values of one name', async () => {
      const body = '{"email":"first@hbtn.io","email":"last@hbtn.io","password":"x"}';
      const creation = { method: 'POST', ...bob, type: 'application/json', body };
      expect(await api.answer(USERS, creation)).toEqual(json(201, aUser('last@hbtn.io')));
    });

    it.each<[string, Body, Answer]>([
      ['nothing', {}, WRONG_FORMAT],
      ['an empty body', { type: 'application/json', body: '' }, WRONG_FORMAT],
      ['null', { type: 'application/json', body: 'null' }, WRONG_FORMAT],
      ['broken JSON', { type: 'application/json', body: '{"email":"a"' }, WRONG_FORMAT],
      ['a form', form(BOB), WRONG_FORMAT],
      ['a multipart form', multipart(...pairs(BOB)), WRONG_FORMAT],
      ['JSON that says it is text', { ...asJson(BOB), type: 'text/plain' }, WRONG_FORMAT],
      ['JSON that does not say what it is', { body: asJson(BOB).body }, WRONG_FORMAT],
      ['an empty object', asJson({}), EMAIL_MISSING],
      ['a password alone', asJson({ password: 'x' }), EMAIL_MISSING],
      ['an empty e-mail', asJson({ email: '', password: 'x' }), EMAIL_MISSING],
      ['two empty fields', asJson({ email: '', password: '' }), EMAIL_MISSING],
      ['the password first and no e-mail', asJson({ password: '', email: '' }), EMAIL_MISSING],
      ['an e-mail alone', asJson({ email: 'new@hbtn.io' }), PASSWORD_MISSING],
      ['an empty password', asJson({ email: 'new@hbtn.io', password: '' }), PASSWORD_MISSING],
      ['an e-mail that is taken, alone', asJson({ email: BOB.email }), PASSWORD_MISSING],
    ])('but not from %s', async (_, sent, answer) => {
      expect(await api.answer(USERS, { method: 'POST', ...bob, ...sent })).toEqual(answer);
    });
  });

  describe('take changes of one, by the same', () => {
    const eve = { email: 'eve@hbtn.io', password: 'x', first_name: 'Eve', last_name: 'Online' };
    const change = { method: 'PUT', authorization: basic(eve) };
    let path: string;

    beforeAll(async () => {
      const { body } = await api.create(eve);
      path = `${USERS}/${(JSON.parse(body) as { id: string }).id}`;
    });

    it.each<[string, object, first: string, last: string]>([
      ['both names', { first_name: 'Ada', last_name: 'Lovelace' }, 'Ada', 'Lovelace'],
      ['one name', { first_name: 'Grace' }, 'Grace', 'Lovelace'],
      ['the other name', { last_name: 'Hopper' }, 'Grace', 'Hopper'],
      ['a name that is empty', { first_name: '' }, '', 'Hopper'],
      ['names that are null', { first_name: null, last_name: null }, '', 'Hopper'],
      ['nothing', {}, '', 'Hopper'],
      ['what may not be changed', { id: '1', email: 'x', password: 'y', created_at: 'z' }, '', 'Hopper'],
      ['fields of ours', { first_name: 'Eve', role: 'admin', disabled: true }, 'Eve', 'Hopper'],
      ['fields of ours in odd types', { role: 1, disabled: 'x' }, 'Eve', 'Hopper'],
    ])('%s', async (_, changes, first, last) => {
      expect(await api.answer(`${path}/`, { ...change, ...asJson(changes) })).toEqual(
        json(200, aUser(eve.email, first, last)),
      );
      expect(await api.answer(path, bob)).toEqual(json(200, aUser(eve.email, first, last)));
      expect((await api.send(ME, { authorization: basic(eve) })).status).toBe(200);
    });

    it.each<[string, Body]>([
      ['nothing', {}],
      ['null', { type: 'application/json', body: 'null' }],
      ['broken JSON', { type: 'application/json', body: '{' }],
      ['a form', urlencoded('first_name=Form')],
      ['JSON that says it is text', { ...asJson({ first_name: 'Text' }), type: 'text/plain' }],
    ])('but not from %s', async (_, sent) => {
      expect(await api.answer(path, { ...change, ...sent })).toEqual(WRONG_FORMAT);
    });

    it('and let them go', async () => {
      expect(await api.answer(`${path}/`, { ...change, method: 'DELETE' })).toEqual(DONE);
      expect(await api.answer(ME, { authorization: basic(eve) })).toEqual(FORBIDDEN);
      expect(await api.answer(path, bob)).toEqual(NOT_FOUND);
    });
  });

  it('are listed whole, however many', async () => {
    const crowd = Array.from({ length: 100 }, (_, n) => ({ email: `crowd${n}@hbtn.io`, password: 'x' }));
    await Promise.all(crowd.map((person) => api.create(person)));
    const { users } = (await api.answer(STATS, bob)).body as { users: number };
    expect((await api.answer(USERS, bob)).body).toHaveLength(users);
  });
});

describe('Every answer', () => {
  const bob = { authorization: basic(BOB) };

  serve({ AUTH_TYPE: 'basic_auth' });

  it.each([
    ['PUT', STATUS, 'GET'],
    ['DELETE', `${STATUS}/`, 'GET'],
    ['POST', `${API}/unauthorized`, 'GET'],
    ['PATCH', `${API}/forbidden`, 'GET'],
  ])('to %s %s is 405 without a credential too, with the allowed methods', async (method, path, allowed) => {
    for (const credentials of [{}, JUNK_HEADER, bob]) {
      const { status, headers } = await api.send(path, { method, ...credentials });
      expect([status, methodsOf(headers)]).toEqual([405, allowing(allowed)]);
    }
  });

  it.each([
    ['POST', STATS, 'GET'],
    ['PUT', USERS, 'GET POST'],
    ['DELETE', `${USERS}/`, 'GET POST'],
    ['POST', NOBODY, 'GET PUT DELETE'],
    ['PATCH', NOBODY, 'GET PUT DELETE'],
  ])(
    'to %s %s is 405 to who is signed in, with the methods that are allowed',
    async (method, path, allowed) => {
      const { status, headers } = await api.send(path, { method, ...bob });
      expect([status, methodsOf(headers)]).toEqual([405, allowing(allowed)]);
    },
  );

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('to %s where nothing is, is 404', async (method) => {
    for (const path of [NOWHERE, `${STATUS}x`, `${USERS}/1/2`, API, '/', `${API}/Users`, `${API}/STATS`]) {
      expect(await api.answer(path, { method, ...bob })).toEqual(NOT_FOUND);
    }
  });

  it.each<[string, number, string, Ask]>([
    ['success', 200, STATUS, {}],
    ['success with credentials', 200, USERS, bob],
    ['400', 400, USERS, { method: 'POST', ...bob }],
    ['401', 401, USERS, {}],
    ['403', 403, USERS, JUNK_HEADER],
    ['404', 404, NOWHERE, bob],
    ['405', 405, STATUS, { method: 'PUT' }],
  ])('lets pages of any origin read it: %s', async (_, status, path, ask) => {
    const reply = await api.send(path, ask);
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([status, '*']);
  });

  it.each<[string, number, string, Ask]>([
    ['reading', 200, USERS, bob],
    ['reading without credentials', 401, USERS, {}],
    ['writing', 400, USERS, { method: 'POST', ...bob, ...asJson({}) }],
    ['writing without credentials', 401, USERS, { method: 'POST', ...asJson({}) }],
  ])('is the same to pages of another origin: %s', async (_, status, path, ask) => {
    const reply = await api.send(path, { ...ask, headers: { Origin: 'https://elsewhere.example' } });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([status, '*']);
  });

  it.each<[string, Ask]>([
    [STATUS, {}],
    [USERS, {}],
    [USERS, JUNK_COOKIE],
    [ME, bob],
    [NOBODY, bob],
    [NOWHERE, bob],
  ])('to HEAD %s is the one to GET without its body', async (path, ask) => {
    const [get, head] = [await api.send(path, ask), await api.send(path, { ...ask, method: 'HEAD' })];
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
    expect([head.status, head.body]).toEqual([get.status, '']);
  });
});

it('Where AUTH_TYPE is unset the API is closed', async () => {
  const answer = await during({}, (client) => client.answer(USERS));
  expect(answer).toEqual(UNAUTHORIZED);
});

it.each(['bogus', 'SESSION_AUTH'])('A server of AUTH_TYPE=%s does not start', async (type) => {
  await expect(during({ AUTH_TYPE: type }, () => Promise.resolve())).rejects.toThrow('ended with 1');
});

/** Runs a server of the course's dialect for the tests of a block, as `api`. */
function serve(variables: Variables): void {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(folder, { ...ALX, ...variables });
    api = new Client(server.url);
  });
  afterAll(() => server.stop());
}

async function seed({ email, password }: Person): Promise<void> {
  const args = ['user', 'create', '--email', email, '--password-stdin', '--json'];
  const { code, stderr } = await operate(folder, args, { input: password, variables: ALX });
  if (code !== 0) throw new Error(stderr);
}

async function inThrees<Item>(items: readonly Item[], work: (item: Item) => Promise<void>) {
  for (let start = 0; start < items.length; start += 3) {
    await Promise.all(items.slice(start, start + 3).map(work));
  }
}

/** Runs a server of the course's dialect for one piece of work. */
async function during<Result>(
  variables: Variables,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const server = await Server.start(folder, { ...ALX, ...variables });
  try {
    return await work(new Client(server.url));
  } finally {
    await server.stop();
  }
}

/** After how many milliseconds a session in steady use is found dead; null if it outlives the watch. */
function lifeOf(variables: Variables): Promise<number | null> {
  return during(variables, async (client) => {
    const began = Date.now();
    const cookie = await client.signIn(BOB);
    const signedIn = Date.now();
    while (Date.now() < signedIn + WATCHED) {
      await wait(100);
      if ((await client.send(ME, { cookie })).status === 403) return Date.now() - began;
    }
    return null;
  });
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json', body };
}

function aUser(email: string, first: string | null = null, last: string | null = null) {
  return {
    id: expect.stringMatching(UUID4),
    email,
    first_name: first,
    last_name: last,
    created_at: expect.stringMatching(TIMESTAMP),
    updated_at: expect.stringMatching(TIMESTAMP),
  };
}

function basic({ email, password }: Person): string {
  return `Basic ${encode(`${email}:${password}`)}`;
}

function encode(content: string, encoding: BufferEncoding = 'utf8'): string {
  return Buffer.from(content, encoding).toString('base64');
}

/** The next sign of the alphabet of base64, after one that ends in zeros. */
function following(sign: string): string {
  return String.fromCharCode(sign.charCodeAt(0) + 1);
}

function pairs({ email, password }: Person): [string, string][] {
  return [
    ['email', email],
    ['password', password],
  ];
}

function form(person: Person, ...more: [string, string][]) {
  return urlencoded(new URLSearchParams([...pairs(person), ...more]).toString());
}

function urlencoded(body: string) {
  return { type: 'application/x-www-form-urlencoded', body };
}

function multipart(...fields: [string, string][]) {
  const parts = fields.map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return { type: 'multipart/form-data; boundary=b', body: `${parts.join('')}--b--\r\n` };
}

function asJson(value: unknown) {
  return { type: 'application/json', body: JSON.stringify(value) };
}

function percentEncoded(value: string): string {
  return value.replaceAll(/./g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}

function otherCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

function methodsOf({ allow = '' }: IncomingHttpHeaders): string[] {
  return allow.split(', ').toSorted();
}

function allowing(methods: string): string[] {
  const named = methods.split(' ');
  return [...named, ...(named.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].toSorted();
}

/** Sends what it is given and nothing of its own: no path is tidied up and no header is added. */
class Client {
  constructor(private readonly url: string) {}

  send(
    path: string,
    { method = 'GET', authorization, cookie, type, body, headers }: Ask = {},
  ): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }> {
    const named = Object.entries({
      Authorization: authorization,
      Cookie: cookie,
      'Content-Type': type,
      'Content-Length': body === undefined ? undefined : Buffer.byteLength(body),
    });
    const sent = { ...Object.fromEntries(named.filter(([, value]) => value !== undefined)), ...headers };
    return new Promise((resolve, reject) => {
      const call = request(this.url, { method, path, headers: sent, agent: false }, (response) => {
        text(response).then(
          (read) => resolve({ status: response.statusCode, headers: response.headers, body: read }),
          reject,
        );
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  async answer(path: string, ask: Ask = {}): Promise<Answer> {
    const { status, headers, body } = await this.send(path, ask);
    return { status, type: headers['content-type'], body: JSON.parse(body) as unknown };
  }

  create(person: Person, credentials: Ask = { authorization: basic(BOB) }) {
    return this.send(USERS, { method: 'POST', ...credentials, ...asJson(person) });
  }

  /** The cookie of a new session, as it is sent back. */
  async signIn(person: Person): Promise<string> {
    const { headers } = await this.send(LOGIN, { method: 'POST', ...form(person) });
    return headers['set-cookie']![0]!.split(';', 1)[0]!;
  }
}
