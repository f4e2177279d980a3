import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { type Attempt, MARK, PEOPLE, place } from './attempt.js';
import { CORPUS } from './corpus.js';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

/** As much of OpenAPI as tells what to send. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const STRANGE = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\u202e\u200b',
  '\r\nX-Injected: yes',
  '\u001b[31m',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'NaN',
  '1e999',
  '-0',
  '%00',
  '%ff',
  '../../etc/passwd',
  "' or 1=1 --",
  '${jndi:ldap://x}',
  '<script>alert(1)</script>',
  '🧥'.repeat(20),
  'e\u0301'.repeat(15),
  'x'.repeat(300),
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 30 }).map((rest) => MARK + rest) },
  { weight: 2, arbitrary: fc.constantFrom(...STRANGE) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 300 }) },
);

const json = fc.jsonValue({ maxDepth: 4 });
const odd = fc.oneof(
  text,
  json,
  text.map((one) => [one]),
  fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'email', MARK), text, {
    maxKeys: 3,
  }),
);

const who = fc.constantFrom(...PEOPLE);
const email = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map((number) => `someone-${number}@example.com`),
  who.map((name) => place('email', name)),
  text,
  text.map((one) => `${one}@example.com`),
);
const password = fc.oneof(
  who.map((name) => place('password', name)),
  fc.constant('another good password of nobody'),
  text,
);

const time = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.nat(400).map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)),
  },
  { weight: 2, arbitrary: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('9999-12-31T23:59:60Z', '10000-01-01', '2027-02-30', '2027-01-01T00:00'),
  },
  { weight: 1, arbitrary: text },
);

function valueOf({ type, format, enum: choices }: Schema): Arbitrary<unknown> {
  if (choices) return fc.constantFrom(...choices);
  if (format === 'email') return email;
  if (format === 'password') return password;
  if (format === 'date-time') return time;
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer' || type === 'number') return fc.integer();
  return text;
}

/** JSON that mostly is what the schema asks for, and mostly is JSON. */
function bodyOf({ properties = {} }: Schema): Arbitrary<string> {
  const right = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valueOf(schema)])),
    { requiredKeys: [] },
  );
  const wrong = fc.dictionary(
    fc.oneof(
      fc.constantFrom(...Object.keys(properties), 'role', 'id', '__proto__', 'password_hash', 'constructor'),
      text,
    ),
    odd,
    { maxKeys: 6 },
  );
  return fc.oneof(
    { weight: 12, arbitrary: right.map((value) => JSON.stringify(value)) },
    {
      weight: 3,
      arbitrary: fc.tuple(right, wrong).map((parts) => JSON.stringify(Object.assign({}, ...parts))),
    },
    { weight: 1, arbitrary: json.map((value) => JSON.stringify(value)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(right, fc.nat(60), fc.oneof(text, fc.constantFrom('{', '}', '[', '"', ',', '\\', '\u00ff')))
        .map(([value, at, junk]) => splice(JSON.stringify(value), at / 60, 1, junk)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('[', '{"a":', '{"__proto__":', `["${MARK}",`),
          fc.integer({ min: 7, max: 3000 }),
        )
        .map(([opening, depth]) => opening.repeat(depth)),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 15_900, max: 17_000 }).map((size) => `{"a":"${'x'.repeat(size)}"}`),
    },
    { weight: 1, arbitrary: text },
  );
}

const jsonTypes = fc.constantFrom('application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON');
const otherTypes = fc.oneof(
  fc.constantFrom(
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    '*/*',
  ),
  text,
);

const ids = fc.oneof(
  { weight: 8, arbitrary: who.map((name) => place('id', name)) },
  { weight: 1, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc.constantFrom('me', 'ME', '%6de', '__proto__', '%00', '%', '%zz', '..', '%2e%2e%2fme'),
  },
  { weight: 1, arbitrary: text.map((one) => encodeURIComponent(one.toWellFormed())) },
);

const sessions = fc.oneof(
  { weight: 6, arbitrary: who.map((name) => place('session', name)) },
  { weight: 1, arbitrary: ids },
);

const credentials: Arbitrary<readonly (readonly [string, string])[]> = fc.oneof(
  {
    weight: 12,
    arbitrary: who.map((name) => [
      ['Cookie', place('cookie', name)] as const,
      ['Authorization', place('basic', name)] as const,
    ]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('bearer', 'program'), who)
      .map(([fact, name]) => [['Authorization', `Bearer ${place(fact, name)}`] as const]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(who, who)
      .map(([one, other]) => [
        ['Cookie', place('cookie', one)] as const,
        ['Authorization', `Bearer ${place('bearer', other)}`] as const,
      ]),
  },
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: text.map((one) => [['Cookie', `sid=${one}`] as const]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(who, who)
      .map(([one, other]) => [['Cookie', `${place('cookie', one)}; ${place('cookie', other)}`] as const]),
  },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        text,
        text.map((one) => `Basic ${one}`),
        text.map((one) => `Bearer ${one}`),
        fc.tuple(who, text).map(([name, one]) => `Bearer ${place('bearer', name)}${one}`),
        fc.tuple(email, text).map((pair) => `Basic ${Buffer.from(pair.join(':')).toString('base64')}`),
      )
      .map((value) => [['Authorization', value] as const]),
  },
);

const names = fc.constantFrom(
  'Accept',
  'Accept-Encoding',
  'Connection',
  'Content-Encoding',
  'If-Modified-Since',
  'If-None-Match',
  'Origin',
  'Range',
  'Referer',
  'Sec-Fetch-Site',
  'Upgrade',
  'User-Agent',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-HTTP-Method-Override',
  'X-Original-URL',
  'X-Request-Id',
  '__proto__',
  'constructor',
);
const values = fc.oneof(
  fc.constantFrom(
    '*',
    '100-continue',
    'close',
    'keep-alive',
    'gzip',
    'bytes=0-1',
    'same-origin',
    'cross-site',
    'null',
  ),
  text,
);
const extras = fc.oneof(
  fc.constant([]),
  fc.constant([]),
  fc.array(fc.tuple(names, values), { maxLength: 3 }),
);

const query = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc
      .array(
        fc.tuple(
          fc.constantFrom('limit', 'cursor', 'kind', 'scope', 'id', 'limit[]', '__proto__[x]', 'sid', '%'),
          text,
        ),
        {
          maxLength: 4,
        },
      )
      .map(
        (pairs) =>
          `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')}`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('?scope=all', '?scope=others', '?kind=access_token', '?kind=session&limit=1'),
  },
  { weight: 1, arbitrary: text.map((one) => `?${one}`) },
);

const address = fc.ipV4().map((ip) => ['X-Forwarded-For', ip] as const);
const otherMethods = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
);

interface Route {
  readonly method: string;
  readonly path: string;
  readonly schema: Schema | undefined;
}

function requestTo({ method, path, schema }: Route): Arbitrary<Attempt> {
  const target = fc
    .tuple(ids, sessions, query, fc.constantFrom('', '', '', '', '/', '//', '%2f', '/..', ';x'))
    .map(([id, session, search, end]) => {
      const isOfSession = path.startsWith('/api/v1/sessions/');
      const named = path
        .replace('{session}', () => session)
        .replace(/\{\w+\}/, () => (isOfSession ? session : id));
      return printable(named + end + search);
    });
  const body = schema ? bodyOf(schema) : fc.option(bodyOf({}), { nil: undefined, freq: 6 });
  return fc
    .record({
      method: fc.oneof({ weight: 9, arbitrary: fc.constant(method) }, { weight: 1, arbitrary: otherMethods }),
      target,
      credentials,
      extras,
      address,
      type: fc.oneof({ weight: 8, arbitrary: jsonTypes }, { weight: 1, arbitrary: otherTypes }),
      body,
    })
    .map(({ method, target, credentials, extras, address, type, body }) => ({
      kind: 'request',
      method,
      target,
      headers: [
        ...credentials,
        ...extras,
        address,
        ...(body === undefined ? [] : [['Content-Type', type] as const]),
      ].map(([name, value]) => [name, oneLine(value)] as const),
      body,
    }));
}

const changes = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(200)),
    by: fc.oneof(
      fc.constantFrom('', '\r\n', '\n', '\r', '\0', ' ', '\t', ':', '\xff', '0', 'HTTP/1.1', '\r\n\r\n'),
      text,
      fc.constantFrom(...CORPUS),
    ),
  }),
  { maxLength: 3 },
);

const raw: Arbitrary<Attempt> = fc.tuple(fc.constantFrom(...CORPUS), changes).map(([seed, list]) => ({
  kind: 'raw',
  text: list.reduce((text, { at, length, by }) => splice(text, at, length, by), seed),
}));

/** Whatever may be sent to an API of this description: mostly requests to its routes, some of it no HTTP. */
export function attempts({ paths, components }: Description): Arbitrary<Attempt> {
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { requestBody }]) => {
      const [content] = Object.values(requestBody?.content ?? {});
      const name = content?.schema?.$ref?.split('/').at(-1);
      return {
        method: method.toUpperCase(),
        path,
        schema: name ? components?.schemas?.[name] : content?.schema,
      };
    }),
  );
  const nowhere: Route = { method: 'GET', path: `/${MARK}/{id}`, schema: undefined };
  return fc.oneof(...[...routes, nowhere].map((route) => ({ weight: 2, arbitrary: requestTo(route) })), {
    weight: Math.ceil(routes.length / 2),
    arbitrary: raw,
  });
}

function splice(text: string, at: number, length: number, by: string): string {
  const start = Math.floor(at * text.length);
  return text.slice(0, start) + by + text.slice(start + length);
}

/** What ends neither the line nor, for the parser, the request. */
function oneLine(value: string): string {
  return value.replaceAll(/[\r\n]/g, ' ');
}

/** A target without blanks, which would end it. */
function printable(target: string): string {
  return target.replaceAll(/[\s\0]/g, (one) => encodeURIComponent(one));
}
