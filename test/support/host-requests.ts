import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { HostOptions } from '../consumer/host/src/options.js';

/** A request as bytes, by the name under which a difference is reported. */
export interface HostRequest {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
}

export const PASSWORD = 'correct horse battery';

type Headers = HostRequest['headers'];

const JSON_TYPE = ['Content-Type', 'application/json'] as const;

/** The bytes of a request over a connection that it ends, with further headers. */
export function bytesOf({ method, target, headers, body }: HostRequest, more: Headers = []): Buffer {
  const lines = [['Host', 'localhost'], ['Connection', 'close'], ...headers, ...more];
  const isSized = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  if (body && !isSized) lines.push(['Content-Length', String(body.length)]);
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${head}\r\n`, 'latin1'),
    body ?? Buffer.alloc(0),
  ]);
}

/** Makes requests to an application that is put together by `options`. */
export class HostRequests {
  constructor(private readonly options: HostOptions) {}

  request(
    method: string,
    path: string,
    {
      body = null,
      version = '1',
      headers = [],
    }: { body?: Buffer | null; version?: string; headers?: Headers } = {},
  ): HostRequest {
    const { steps, versioning } = this.options;
    const has = (step: string) => steps.includes(step as never);
    const isVersioned = has('versioning') && version !== '';
    const prefix = has('prefix') ? '/api' : '';
    const inPath = isVersioned && versioning === 'uri' ? `/v${version}` : '';
    const inHeader: Headers = [
      ...(isVersioned && versioning === 'header' ? ([['X-Version', version]] as const) : []),
      ...(isVersioned && versioning === 'media-type'
        ? ([['Accept', `application/json;v=${version}`]] as const)
        : []),
    ];
    const target = `${prefix}${inPath}/${path}`;
    return {
      ...this.plain(method, target, [...inHeader, ...headers], body),
      name: `${method} ${path} v${version}`,
    };
  }

  json(method: string, path: string, value: unknown, headers: Headers = []): HostRequest {
    return this.request(method, path, {
      headers: [JSON_TYPE, ...headers],
      body: Buffer.from(JSON.stringify(value)),
    });
  }

  /** Of a path outside of prefix and versions. */
  plain(method: string, target: string, headers: Headers = [], body: Buffer | null = null): HostRequest {
    return { name: `${method} ${target}`, method, target, headers, body };
  }

  /** Every public route by every method, with good bodies and bad ones, and what no route serves. */
  all(): HostRequest[] {
    const requests = [
      ...this.#reads(),
      ...this.#bodies(),
      ...this.#answers(),
      ...this.#errors(),
      ...this.#paths(),
      ...this.#outside(),
    ];
    return numbered(requests);
  }

  /** Of the routes that are not public, with bodies that every parser can read. */
  protected(): HostRequest[] {
    return [
      this.request('GET', 'private'),
      this.request('GET', 'private?a[b]=1&a[c]=2'),
      this.request('HEAD', 'private'),
      this.request('GET', 'private/page'),
      this.request('GET', 'private/files/a/b.txt'),
      this.request('GET', 'private/cookies'),
      this.request('GET', 'private/broken'),
      this.json('POST', 'private', { name: 'chair', size: { width: 1, height: 2 }, unknown: 1 }),
      this.json('POST', 'private', { name: 'chair' }),
      this.json('POST', 'private/any', nested(30)),
      this.json('POST', 'private/any', { long: 'x'.repeat(50_000) }),
    ];
  }

  /** Of our own routes, as a stranger and as `cookie`: what is right, and all that is refused. The last signs out. */
  own(cookie: Headers): HostRequest[] {
    const login = (body: unknown, headers: Headers = []) =>
      this.json('POST', 'auth_session/login', body, headers);
    const loginAs = (type: string, body: string | Buffer, headers: Headers = []) =>
      this.request('POST', 'auth_session/login', {
        headers: [['Content-Type', type], ...headers],
        body: Buffer.from(body),
      });
    const read = (path: string, headers = cookie) => this.request('GET', path, { headers });
    const credentials = { email: 'ann@example.com', password: PASSWORD };
    const json = JSON.stringify(credentials);
    const elsewhere = ['Origin', 'https://evil.example'] as const;
    const requests = [
      login(credentials),
      login({ ...credentials, remember: true }),
      login({ ...credentials, password: 'wrong' }),
      login({ ...credentials, email: 'nobody@example.com' }),
      login({ email: 'ann@example.com' }),
      login({ ...credentials, remember: 'yes', email: 7 }),
      login({ ...credentials, unknown: 1 }),
      login({ ...credentials, transport: 'bearer' }),
      login([credentials]),
      login({ ...credentials, long: 'x'.repeat(20_000) }),
      login(nested(30)),
      login({}, [elsewhere]),
      login(credentials, [['Sec-Fetch-Site', 'cross-site']]),
      this.request('POST', 'auth_session/login'),
      loginAs('text/plain', json),
      loginAs('application/x-www-form-urlencoded', 'email=ann%40example.com&password=x'),
      loginAs('application/vnd.api+json', json),
      loginAs('application/json; charset=utf-16', Buffer.from(json, 'utf16le')),
      loginAs('application/json', gzipSync(json), [['Content-Encoding', 'gzip']]),
      read('users/me'),
      read('users/me', []),
      read('users/me', [['Cookie', 'sid=wrong']]),
      read('users'),
      read('users?limit=0'),
      read('users/unknown'),
      read('registration', []),
      read('sessions'),
      read('sessions?limit=many'),
      this.request('HEAD', 'users/me', { headers: cookie }),
      this.request('HEAD', 'users/me'),
      this.json('POST', 'users', { email: 'new@example.com', password: PASSWORD }),
      this.json('POST', 'users', { email: 'new@example.com', password: PASSWORD }, cookie),
      this.json('PATCH', 'users/me', { first_name: 'Ann' }, cookie),
      this.json('PATCH', 'users/me', { first_name: 7, unknown: 1 }, cookie),
      this.json('PATCH', 'users/me', { role: 'admin' }, cookie),
      this.json('PATCH', 'users/me', {}, [...cookie, elsewhere]),
      this.json('POST', 'sessions/current/reauthenticate', { password: 'wrong' }, cookie),
      this.request('DELETE', 'sessions/unknown', { headers: cookie }),
      this.request('DELETE', 'auth_session/logout', { headers: [...cookie, elsewhere] }),
      this.request('DELETE', 'auth_session/logout'),
      this.request('DELETE', 'auth_session/logout', { headers: cookie }),
      read('users/me'),
    ];
    return numbered(requests);
  }

  /** To our own routes, with bodies that a JSON parser refuses. */
  unparsable(): HostRequest[] {
    const to = (type: string, body: string | Buffer) =>
      this.request('POST', 'auth_session/login', {
        headers: [['Content-Type', type]],
        body: Buffer.from(body),
      });
    return [
      to('application/json', '{"a":'),
      to('application/json', '"text"'),
      to('application/json; charset=latin1', '{}'),
      to('application/json', Buffer.alloc(150_000, 32)),
    ];
  }

  /** To the paths of our own routes by methods that they do not have, and to paths beside them. */
  beside(): HostRequest[] {
    return [
      this.request('GET', 'auth_session/login'),
      this.json('PUT', 'auth_session/login', {}),
      this.request('OPTIONS', 'auth_session/login'),
      this.request('DELETE', 'registration'),
      this.request('GET', 'auth_session/unknown'),
      this.request('GET', 'users/me/unknown'),
      this.plain('GET', '/openapi.json'),
    ];
  }

  #reads(): HostRequest[] {
    const paths = [
      'items',
      'items?limit=20&all=true',
      'items?limit=many',
      'items?limit=101&unknown=1',
      'items/versions',
      'items/search?a[b][c]=1&list[]=1&list[]=2&page=3&a[d]=%C3%BC',
      'items/search?page=no',
      'items/search?%',
      'items/7',
      'items/seven',
      'items/7/parts/leg',
      'items/0190c3a4-8f5e-7cc0-8a5e-000000000001/parts/leg%20one',
      'items/0190c3a4-8f5e-7cc0-8a5e-000000000001/parts/%E0%A4%A',
      'ITEMS/7',
      'items/7/',
      '/items/7',
    ];
    return [
      ...paths.map((path) => this.request('GET', path)),
      ...['HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'PURGE'].map((method) => this.request(method, 'items/7')),
      this.request('DELETE', 'items/seven'),
      this.request('HEAD', 'items/7/head'),
      this.request('OPTIONS', 'items/7/options'),
      this.request('HEAD', 'items/nothing/here'),
      ...['2', '3', '9', ''].flatMap((version) => [
        this.request('GET', 'items?a=1', { version }),
        this.request('GET', 'items/versions', { version }),
        this.request('GET', 'items/neutral', { version }),
      ]),
      ...['https://app.example.com', 'https://evil.example', 'null'].flatMap((origin) => [
        this.request('GET', 'items/7', { headers: [['Origin', origin]] }),
        this.request('OPTIONS', 'items', {
          headers: [
            ['Origin', origin],
            ['Access-Control-Request-Method', 'PUT'],
            ['Access-Control-Request-Headers', 'content-type,x-own'],
          ],
        }),
        this.json('POST', 'items', { name: 'chair', size: { width: 1, height: 1 } }, [['Origin', origin]]),
      ]),
      this.request('GET', 'items/7', { headers: [['X-Tenant', 'blocked']] }),
      this.request('GET', 'items/7', { headers: [['X-Tenant', 'known']] }),
      this.request('GET', 'throttled'),
      this.request('GET', 'throttled'),
      this.request('GET', 'throttled'),
    ];
  }

  #bodies(): HostRequest[] {
    const item = { name: 'chair', size: { width: 1, height: 2 } };
    const bad = [
      {},
      [],
      { ...item, name: '' },
      { ...item, email: 'no' },
      { ...item, size: { width: '1', height: 0 } },
      { ...item, unknown: 1, size: { width: 1, height: 2, depth: 3 } },
    ];
    const to = (path: string, type: string, body: string | Buffer, headers: Headers = []) =>
      this.request('POST', path, { headers: [['Content-Type', type], ...headers], body: Buffer.from(body) });
    const form = (parts: string) =>
      Buffer.from(parts.replaceAll('\n', '\r\n').replaceAll('--part', '--------part'), 'latin1');
    const multipart = 'multipart/form-data; boundary=------part';
    const file = (type: string, content: string) =>
      `--part\nContent-Disposition: form-data; name="title"\n\nA title\n--part\nContent-Disposition: form-data; name="file"; filename="a.txt"\nContent-Type: ${type}\n\n${content}\n--part--\n`;
    const json = Buffer.from(JSON.stringify({ long: 'x'.repeat(50_000) }));
    const signature = createHmac('sha256', 'webhook').update('{ "raw":  "bytes" }').digest('hex');
    return [
      this.json('POST', 'items', item),
      this.json('PUT', 'items/7', item),
      this.json('PATCH', 'items/7', { name: 'table' }),
      this.json('PATCH', 'items/seven', {}),
      ...bad.flatMap((body) => [this.json('POST', 'items', body), this.json('PATCH', 'items/7', body)]),
      this.request('POST', 'items'),
      this.json('POST', 'bodies/any', nested(30)),
      this.json('POST', 'bodies/any', [1, 'two', null]),
      ...['{"a":', '', 'null', '"text"', '{"a":1,"a":2}', '{"__proto__":{"a":1}}', '\ufeff{}'].map((text) =>
        to('bodies/any', 'application/json', text),
      ),
      to('bodies/any', 'application/json', json),
      to('bodies/any', 'application/json', Buffer.alloc(150_000, 32)),
      to('bodies/any', 'application/json; charset=utf-16', Buffer.from('{"a":1}', 'utf16le')),
      to('bodies/any', 'application/json; charset=latin1', '{"a":1}'),
      to('bodies/any', 'application/vnd.api+json', '{"a":1}'),
      to('bodies/any', 'application/json', gzipSync(json), [['Content-Encoding', 'gzip']]),
      to('bodies/any', 'application/json', gzipSync(json).subarray(0, 20), [['Content-Encoding', 'gzip']]),
      to('bodies/any', 'application/json', '{}', [['Content-Encoding', 'unknown']]),
      to('bodies/any', 'application/x-www-form-urlencoded', 'a[b]=1&a[c]=2&list[]=1&list[]=2&x=%C3%BC'),
      to('bodies/any', 'application/x-www-form-urlencoded', 'x=%'),
      to('bodies/any', 'text/plain', 'a text'),
      to('bodies/any', 'application/xml', '<a/>'),
      to('bodies/any', 'no type', '{}'),
      this.request('POST', 'bodies/any', { body: Buffer.from('{}') }),
      this.request('POST', 'bodies/any', {
        headers: [JSON_TYPE, ['Transfer-Encoding', 'chunked']],
        body: Buffer.from('7\r\n{"a":1}\r\n0\r\n\r\n'),
      }),
      this.request('POST', 'bodies/any', {
        headers: [JSON_TYPE, ['Expect', '100-continue']],
        body: Buffer.from('{"a":1}'),
      }),
      to('bodies/stream', 'application/octet-stream', Buffer.alloc(40_000, 1)),
      to('bodies/stream', 'application/json', '{"a":1}'),
      to('bodies/upload', multipart, form(file('text/plain', 'content'))),
      to('bodies/upload', multipart, form(file('text/plain', 'x'.repeat(2000)))),
      to('bodies/upload', multipart, form(file('image/png', 'content'))),
      to(
        'bodies/upload',
        multipart,
        form('--part\nContent-Disposition: form-data; name="title"\n\nA\n--part--\n'),
      ),
      to('bodies/upload', multipart, form('--part\nnothing')),
      to('bodies/upload', 'application/json', '{}'),
      to('bodies/uploads', multipart, form(file('text/plain', 'content'))),
      to(
        'bodies/uploads',
        multipart,
        form(file('text/plain', 'content').replace('--part--\n', '').repeat(3) + '--part--\n'),
      ),
      this.#signed(signature),
      this.#signed('wrong'),
      this.plain('GET', '/webhooks/signed'),
    ];
  }

  #signed(signature: string): HostRequest {
    const headers: Headers = [JSON_TYPE, ['X-Signature', signature]];
    return this.plain('POST', '/webhooks/signed', headers, Buffer.from('{ "raw":  "bytes" }'));
  }

  #answers(): HostRequest[] {
    const names = [
      'text',
      'html',
      'nothing',
      'null',
      'number',
      'list',
      'serialized',
      'large',
      'observable',
      'events',
      'file',
      'stream',
      'redirect',
      'redirect/own',
      'redirect/computed',
      'cookies',
      'own',
      'json',
      'bytes',
      'request',
      'accepts',
    ];
    const get = (name: string, ...headers: Headers) => this.request('GET', `answers/${name}`, { headers });
    return [
      ...names.map((name) => get(name)),
      ...['text', 'large', 'stream', 'cookies', 'own'].map((name) => this.request('HEAD', `answers/${name}`)),
      get('list', ['If-None-Match', 'W/"f-/vvWGIzFTXLMKOzq9BPxLOWIv4A"']),
      get('text', ['If-None-Match', '*']),
      get('text', ['Range', 'bytes=0-3']),
      get('cookies', ['Cookie', 'theme=light; basket=s%3A17.wrong; other=%22a%22; bad=%']),
      get(
        'request',
        ['X-Forwarded-For', '203.0.113.9'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Requested-With', 'XMLHttpRequest'],
      ),
      get('accepts', ['Accept', 'text/html'], ['Accept-Language', 'de-AT']),
      this.json('POST', 'answers/accepted', {}),
      this.request('POST', 'answers/accepted'),
      this.request('POST', 'answers/text'),
    ];
  }

  #errors(): HostRequest[] {
    const names = [
      'bad',
      'body',
      'custom',
      'string',
      'teapot',
      'unauthorized',
      'unavailable',
      'internal',
      'plain',
      'type',
      'text',
      'marked',
      'stock',
      'late',
      'headed',
      'none',
    ];
    return names.flatMap((name) => [
      this.request('GET', `errors/${name}`),
      this.json('POST', `errors/${name}`, {}),
    ]);
  }

  #paths(): HostRequest[] {
    const paths = [
      '',
      'files/a',
      'files/a/b/c.txt',
      'files/a%2Fb/c%20d',
      'files/../files/a',
      'files/',
      'files',
      'files/a//b',
      'legacy/a/b',
      'legacy/',
      'older/a/b',
      'optional',
      'optional/part',
      'v1.2/flights/LAX-SFO',
      'first-name',
      'Second-Name',
      'nowhere',
      'nowhere/at/all?a=1',
      '%',
      'users2',
      'auth_session',
      'by-express-7',
    ];
    return [
      ...paths.map((path) => this.request('GET', path)),
      this.json('POST', 'files/a/b', {}),
      ...['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'].map((method) =>
        this.request(method, 'all'),
      ),
      this.request('SEARCH', 'found'),
      ...['POST', 'PUT', 'DELETE', 'PATCH'].map((method) => this.json(method, 'nowhere', {})),
      this.request('OPTIONS', 'nowhere'),
    ];
  }

  #outside(): HostRequest[] {
    const targets = [
      '/',
      '/health',
      '/health/down',
      '/v1/health',
      '/by-express-7',
      '/by-express-seven',
      '/assets/style.css',
      '/assets/',
      '/assets',
      '/assets/missing.css',
      '/assets/../package.json',
      '/assets/%2e%2e/package.json',
      '/client/',
      '/client/client.js',
      '/client/deep/link',
      '/client.js',
      '/deep/link',
      '/docs',
      '/docs/swagger-ui-init.js',
      '/favicon.ico',
      '/api',
      '/API/items/7',
      '/api/api/items',
      '//',
      '/%',
      '/api/%ff',
      '*',
      'http://localhost/health',
    ];
    return [
      ...targets.map((target) => this.plain('GET', target)),
      this.plain('HEAD', '/assets/style.css'),
      this.plain('OPTIONS', '/assets/style.css'),
      this.plain('POST', '/assets/style.css'),
      this.plain('GET', '/assets/style.css', [['If-None-Match', '*']]),
      this.plain('GET', '/assets/style.css', [['Range', 'bytes=0-3']]),
      this.plain('GET', '/assets/style.css', [['Range', 'bytes=900-']]),
      this.plain('GET', '/client/client.js', [['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT']]),
      this.plain('POST', '/health', [JSON_TYPE], Buffer.from('{"a":')),
      this.plain('OPTIONS', '*'),
    ];
  }
}

/** By name and number, since many ask for the same path. */
function numbered(requests: readonly HostRequest[]): HostRequest[] {
  return requests.map(({ name, ...request }, index) => ({ name: `${index} ${name}`, ...request }));
}

/** An object in an object, so many times. */
function nested(depth: number): object {
  return depth === 0 ? { end: true } : { in: nested(depth - 1) };
}
