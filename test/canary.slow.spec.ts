import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { basic } from './support/app.js';
import { Server, newFolder, operate } from './support/server.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';

/** Blanks and control characters that a browser's name can bring: a tab, the ends of lines and of commands in Latin-1. */
const HOSTILE_NAME = 'Example/1.0\t\u0085\u009b31m\u008d\u00ff';
const CONTROLS = /[^\P{Cc}\n]|[\u2028\u2029]/u;

/** Words that nobody else can have written, each under the name of the place where it was put. */
class Canaries {
  readonly #words = new Map<string, string>();

  /** A word that was not there before, of 32 characters. */
  put(place: string): string {
    const word = `canary${randomBytes(13).toString('hex')}`;
    this.#words.set(place, word);
    return word;
  }

  /** Another's secret, which is watched for too. */
  watch(place: string, word: string): void {
    expect(word.length).toBeGreaterThan(15);
    this.#words.set(place, word);
  }

  get places(): number {
    return this.#words.size;
  }

  /** The places whose words are in a text, as they are or in base64, whatever stands before them there. */
  foundIn(text: string): string[] {
    return [...this.#words]
      .filter(([, word]) => formsOf(word).some((form) => text.includes(form)))
      .map(([place]) => place);
  }
}

/** A word, and what is the same in base64 of every text that the word is in, by where it begins. */
function formsOf(word: string): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.from('x'.repeat(shift) + word).toString('base64url');
    return text.slice(shift === 0 ? 0 : shift + 1, -4);
  });
  return [word, word.toUpperCase(), ...encoded];
}

interface Harness {
  readonly variables: Readonly<Record<string, string>>;
  /** All that the engines hold beside the files in the server's folder. */
  dump(): Promise<string>;
  drop(): Promise<void>;
}

const inFiles = (variables: Readonly<Record<string, string>>) => (): Promise<Harness> =>
  Promise.resolve({ variables, dump: () => Promise.resolve(''), drop: () => Promise.resolve() });

describeHarness('a server in development, on SQLite', describe, inFiles({ NODE_ENV: 'development' }));
describeHarness(
  'a server in production, on SQLite',
  describe,
  inFiles({ NODE_ENV: 'production', MFA: 'off' }),
);
describeHarness(
  'a server of the course contract',
  describe,
  inFiles({ NODE_ENV: 'production', MFA: 'off', AUTH_COMPAT: 'alx' }),
);
describeHarness(
  'a server in production, on PostgreSQL and Redis',
  (title, clauses) => describeWithPostgres(title, () => describeWithRedis('with Redis', clauses)),
  async (canaries) => {
    const [schema, prefix] = [await newSchema(), newPrefix()];
    return {
      variables: {
        NODE_ENV: 'production',
        MFA: 'off',
        DATABASE_URL: withPassword(schema.url, canaries.put('password of the database')),
        SESSION_STORE_URL: withPassword(prefix.url, canaries.put('password of Redis')),
      },
      dump: async () => (await schema.dump()) + (await prefix.dump()),
      drop: async () => void (await Promise.all([schema.drop(), prefix.drop()])),
    };
  },
);

/** With a password where the URL has none; servers that ask for none take any. */
function withPassword(text: string, password: string): string {
  const url = new URL(text);
  if (url.password !== '') return text;
  url.username ||= 'default';
  url.password = password;
  return url.href;
}

function describeHarness(
  name: string,
  describeIt: (title: string, clauses: () => void) => void,
  open: (canaries: Canaries) => Promise<Harness>,
): void {
  describeIt(`Secrets that are put into every input of ${name}`, () => {
    const canaries = new Canaries();
    /** What its user is shown again, and nobody else. */
    const labels = new Canaries();
    const folder = newFolder();
    const answers: string[] = [];
    let harness: Harness;
    let server: Server;
    let commands = '';
    let isStandard: boolean;
    let variables: Record<string, string>;

    beforeAll(async () => {
      harness = await open(canaries);
      isStandard = harness.variables.AUTH_COMPAT !== 'alx';
      variables = {
        API_HOST: '127.0.0.1',
        AUTH_TYPE: isStandard ? 'session_db_auth,token_auth,basic_auth' : 'session_db_auth,basic_auth',
        LOG_LEVEL: 'trace',
        STORE_TIMEOUT: '10s',
        PASSWORD_HASH_COST: '10',
        PASSWORD_PEPPER: canaries.put('pepper'),
        ...(isStandard && { SETUP_CODE: canaries.put('setup code') }),
        ...harness.variables,
      };
      server = await Server.start(folder, variables);
      await bringAll();
    });

    afterAll(async () => {
      await server.stop();
      await harness.drop();
    });

    /** Sends bytes as they are, and keeps what is answered; the connection ends with that. */
    async function send(head: string, body = ''): Promise<string> {
      const { port } = new URL(server.url);
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.on('error', () => {});
      // What the server waits on for longer, it has no more of to say.
      socket.setTimeout(5000, () => socket.destroy());
      socket.write(Buffer.from(`${head}\r\n\r\n${body}`, 'latin1'));
      const answer = (await buffer(socket).catch(() => Buffer.from(''))).toString('latin1');
      answers.push(answer.replaceAll(/^set-cookie: .*$|"token":"[\w-]{22,}\.[\w-]{43}"/gim, ''));
      return answer;
    }

    /** A request that is well formed but for what it is asked to have in it. */
    function request(
      method: string,
      path: string,
      { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
    ): Promise<string> {
      const text = body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body);
      const all = {
        host: 'localhost',
        connection: 'close',
        'user-agent': HOSTILE_NAME,
        ...(text !== '' && { 'content-type': 'application/json', 'content-length': String(text.length) }),
        ...headers,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
      return send([`${method} ${path} HTTP/1.1`, ...lines].join('\r\n'), text);
    }

    const at = (path: string) => `/api/v1${path}`;
    const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

    function signIn(email: string, password: string): Promise<string> {
      const form = new URLSearchParams({ email, password }).toString();
      return isStandard
        ? request('POST', at('/auth_session/login'), { body: { email, password } })
        : request('POST', at('/auth_session/login'), { headers: FORM, body: form });
    }

    async function bringAll(): Promise<void> {
      const password = canaries.put('password');
      const setup_code = variables.SETUP_CODE;
      if (isStandard) {
        await request('POST', at('/users'), {
          body: { email: 'a@example.com', password, setup_code: canaries.put('wrong setup code') },
        });
        const founded = await request('POST', at('/users'), {
          body: { email: 'ann@example.com', password, setup_code },
        });
        expect(founded).toMatch(/^HTTP\/1.1 201 /);
      } else await create('ann@example.com', password);
      const signedIn = await signIn('ann@example.com', password);
      expect(signedIn).toMatch(/^HTTP\/1.1 200 /);
      const [, cookie = '', id = '', secret = ''] =
        /^set-cookie: ((?:__Host-)?sid=([\w-]+)\.([\w-]+))/im.exec(signedIn) ?? [];
      canaries.watch('token', secret);
      await bringCredentials(password, cookie, id);
      if (isStandard) await bringTokens(password, cookie);
      await bringBodies(cookie);
      await bringPaths(cookie);
      await bringHeaders(cookie);
      await bringRubbish();
      const next = canaries.put('new password');
      await request('PUT', at('/users/me/password'), {
        headers: { cookie },
        body: { current_password: canaries.put('wrong current password'), new_password: next },
      });
      const changed = await request('PUT', at('/users/me/password'), {
        headers: { cookie },
        body: { current_password: password, new_password: next },
      });
      expect(changed).toMatch(/^HTTP\/1.1 200 /);
      canaries.watch('second token', /sid=[\w-]+\.([\w-]+)/.exec(changed)![1]!);
      await create('ben@example.com', canaries.put("operator's password"));
      if (isStandard) await bringResets(password, next);
      await create(canaries.put('address that is none'), canaries.put('password for no address'));
      const { stdout, stderr } = await operate(folder, ['config'], { variables });
      commands += stdout + stderr;
    }

    /** Reset tokens of an administrator and of an operator: refused, used, and used again. */
    async function bringResets(first: string, current: string): Promise<void> {
      const { authorization } = basic('ann@example.com', current);
      const mine = await request('GET', at('/users/me'), { headers: { authorization: authorization! } });
      const [, id = ''] = /"id":"([\w-]+)"/.exec(mine) ?? [];
      const issued = await request('POST', at(`/users/${id}/password_reset`), {
        headers: { authorization: authorization! },
      });
      const tokenIn = (text: string) => /reset-[\w-]+\.([\w-]{43})/.exec(text) ?? ['', ''];
      const operated = await operate(folder, ['user', 'password', 'ben@example.com', '--revoke', '--json'], {
        variables,
      });
      commands += operated.stdout.replace(/reset-[\w-]+\.[\w-]{43}/, '') + operated.stderr;
      for (const [place, text] of Object.entries({ administrator: issued, operator: operated.stdout })) {
        const [token, secret] = tokenIn(text) as unknown as [string, string];
        canaries.watch(`reset token of an ${place}`, secret);
        const wrong = canaries.put(`wrong reset token, ${place}`);
        const next = canaries.put(`password by the reset token of an ${place}`);
        for (const body of [
          { token: wrong, new_password: next },
          { token: `reset-${wrong}.${'A'.repeat(43)}`, new_password: next },
          { token, new_password: 'short' },
          { token, new_password: next, [`${canaries.put(`field beside, ${place}`)} !`]: token },
          { token, new_password: next },
          { token, new_password: first },
        ])
          await request('POST', at('/password/reset'), { body });
        const user = place === 'operator' ? 'ben@example.com' : 'ann@example.com';
        expect(await signIn(user, next)).toMatch(/^HTTP\/1.1 200 /);
      }
    }

    async function create(email: string, input: string): Promise<void> {
      const args = ['user', 'create', '--password-stdin', '--email', isStandard ? email : 'ann@example.com'];
      const { stdout, stderr } = await operate(folder, args, { input, variables });
      commands += stdout + stderr;
    }

    async function bringCredentials(password: string, cookie: string, id: string): Promise<void> {
      const [name = ''] = cookie.split('=');
      await signIn('ann@example.com', canaries.put('wrong password'));
      await signIn(canaries.put('password in the place of the address'), canaries.put('password beside it'));
      await signIn('ann@example.com', canaries.put('overlong password').repeat(40));
      for (const authorization of [
        basic('ann@example.com', password).authorization!,
        basic('ann@example.com', canaries.put('wrong Basic password')).authorization!,
        basic(canaries.put('Basic name'), canaries.put('Basic password of nobody')).authorization!,
        `Basic ${canaries.put('Basic that is no base64')}!`,
        `Basic ${Buffer.from(canaries.put('Basic without a colon')).toString('base64')}`,
        `Bearer ${canaries.put('bearer token')}`,
        canaries.put('scheme'),
      ])
        await request('GET', at('/users/me'), { headers: { authorization } });
      for (const sent of [
        `${name}=${canaries.put('cookie')}`,
        `${name}=${id}.${canaries.put('secret of a token')}AAAAAAAAAAA`,
        `${name}=${canaries.put('first of two')}; ${name}=${canaries.put('second of two')}`,
        `${name}=%0d%0a${canaries.put('encoded cookie')}`,
        `${name}=j:{"${canaries.put('cookie of JSON')}":1}`,
        `${canaries.put('name of a cookie')}=1; ${canaries.put('cookie without a value')}`,
        `${cookie}; other=${canaries.put("another's cookie")}`,
      ]) {
        await request('GET', at('/users/me'), { headers: { cookie: sent } });
        await request('DELETE', at('/auth_session/logout?'), {
          headers: { cookie: sent.replace(cookie, 'x=1') },
        });
      }
    }

    /** The tokens that bodies carry, presented in their place and in others, and what is asked for them. */
    async function bringTokens(password: string, cookie: string): Promise<void> {
      const tokenIn = (answer: string) => {
        const [, token = '', secret = ''] = /"token":"([\w-]+\.([\w-]+))"/.exec(answer) ?? [];
        return { token, secret };
      };
      const body = { email: 'ann@example.com', password, transport: 'bearer', remember: true };
      const signedIn = tokenIn(await request('POST', at('/auth_session/login'), { body }));
      canaries.watch('bearer token', signedIn.secret);
      const bearer = { authorization: `Bearer ${signedIn.token}` };
      const expires_at = new Date(Date.now() + 86_400_000).toISOString();
      const wish = { label: labels.put('label of an access token'), scope: 'write', expires_at };
      const made = tokenIn(await request('POST', at('/access_tokens'), { headers: bearer, body: wish }));
      canaries.watch('access token', made.secret);
      const program = { authorization: `Bearer ${made.token}` };
      const renewal = at('/sessions/current/reauthenticate');
      for (const [who, headers] of Object.entries({ bearer, program, visitor: { cookie } }))
        await request('POST', renewal, {
          headers,
          body: { password: canaries.put(`wrong password to renew, ${who}`) },
        });
      const renewed = tokenIn(await request('POST', renewal, { headers: bearer, body: { password } }));
      canaries.watch('second bearer token', renewed.secret);
      const ids = await request('GET', at('/sessions?kind=access_token'), { headers: program });
      const [, id = ''] = /"id":"([\w-]+)"/.exec(ids) ?? [];
      const rename = { headers: program, body: { label: labels.put('label of a session') } };
      expect(await request('PATCH', at(`/sessions/${id}`), rename)).toMatch(/^HTTP\/1.1 200 /);
      for (const field of ['label', 'scope', 'expires_at'])
        await request('POST', at('/access_tokens'), {
          headers: { cookie },
          body: { ...wish, [field]: `\u0007${canaries.put(`${field} of an access token`)}` },
        });
      for (const field of ['remember', 'transport'])
        await request('POST', at('/auth_session/login'), {
          body: { email: 'ann@example.com', password, [field]: canaries.put(`${field} at login`) },
        });
      for (const headers of [
        bearer,
        { authorization: `Bearer "${renewed.token}"` },
        { authorization: `Bearer ${renewed.token} ${made.token}` },
        { authorization: `Basic ${renewed.token}` },
        { authorization: `Bearer ${cookie.replace(/.*=/, '')}` },
        { cookie: cookie.replace(/=.*/, `=${renewed.token}`) },
        { 'x-api-key': made.token },
      ] as Record<string, string>[])
        expect(await request('GET', at('/users/me'), { headers })).toMatch(/^HTTP\/1.1 401 /);
      for (const token of [renewed.token, made.token])
        await request('GET', at(`/sessions?access_token=${token}`), { headers: { cookie } });
      expect(await request('GET', at('/users/me'), { headers: program })).toMatch(/^HTTP\/1.1 200 /);
    }

    async function bringBodies(cookie: string): Promise<void> {
      const headers = { cookie };
      for (const [method, path] of [
        ['POST', '/auth_session/login'],
        ['POST', '/users'],
        ['PUT', '/users/me/password'],
        ['PUT', '/users/me'],
        ['DELETE', '/users/me'],
        ['POST', '/password/reset'],
        ['POST', '/access_tokens'],
        ['POST', '/sessions/current/reauthenticate'],
        ['PATCH', '/sessions/current'],
        ['DELETE', '/sessions/current'],
      ] as const) {
        const put = (place: string) => canaries.put(`${place}, ${method} ${path}`);
        for (const body of [
          `{"password": "${put('broken JSON')}`,
          `{"password": ${put('no JSON')}}`,
          { [`${put('unknown field')} !`]: put('value of an unknown field') },
          { email: [put('list')], password: { [put('key of an object')]: put('value in an object') } },
          {
            email: `${put('address')}@`,
            password: put('password beside it'),
            first_name: `\u0007${put('name')}`,
          },
          { password: put('field of a large body'), more: 'x'.repeat(17_000) },
          `[[[[[[[[[["${put('deep list')}"]]]]]]]]]]`,
          `\u00ff${put('no UTF-8')}`,
        ])
          await request(method, at(path), { headers, body });
        await request(method, at(path), {
          headers: { ...headers, ...FORM },
          body: `password=${put('form')}`,
        });
        await request(method, at(path), {
          headers: { ...headers, 'content-type': 'text/plain' },
          body: put('text'),
        });
        await request(method, at(path), {
          headers: { ...headers, 'content-type': `multipart/form-data; boundary=${put('boundary')}` },
          body: `--b\r\ncontent-disposition: form-data; name="${put('part')}"\r\n\r\n${put('value of a part')}`,
        });
      }
    }

    async function bringPaths(cookie: string): Promise<void> {
      for (const headers of [{}, { cookie }] as Record<string, string>[]) {
        const who = 'cookie' in headers ? 'signed in' : 'stranger';
        const put = (place: string) => canaries.put(`${place}, ${who}`);
        for (const path of ['/users/me', '/users', '/audit', '/status', '/nowhere', '/auth_session/login']) {
          await request('GET', at(`${path}?token=${put(`query of ${path}`)}`), { headers });
          await request(
            'GET',
            at(`${path}?limit=${put(`limit of ${path}`)}&cursor=${put(`cursor of ${path}`)}`),
            { headers },
          );
          await request('GET', at(`${path}?type=${put(`type of ${path}`)}&user=!${put(`user of ${path}`)}`), {
            headers,
          });
        }
        for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
          await request(method, at(`/users/${put(`id to ${method}`)}`), { headers, body: {} });
        for (const path of [
          `/${put('path')}`,
          at(`/${put('path under the prefix')}`),
          at(`/users/me/${put('path under a route')}`),
          at(`/users/me;${put('parameter of a path')}`),
          at(`/users/%ff${put('path that cannot be decoded')}`),
          at(`/users/${put('path with Latin-1')}\u009b\u0085`),
          at(`/users/me#${put('fragment')}`),
          `http://${put('host of an absolute path')}/`,
          `/docs/${put('page of the documentation')}`,
        ])
          await request('GET', path, { headers });
      }
    }

    async function bringHeaders(cookie: string): Promise<void> {
      for (const [name, around] of [
        ['host', ''],
        // An origin is told to who runs the server; what is none, to nobody.
        ['origin', 'https://example.com/'],
        ['referer', 'https://example.com/?token='],
        ['x-forwarded-for', ''],
        ['x-forwarded-host', ''],
        ['forwarded', 'for='],
        ['x-request-id', '!'],
        ['sec-fetch-site', ''],
        ['content-type', ''],
        ['content-length', ''],
        ['content-encoding', ''],
        ['transfer-encoding', ''],
        ['expect', ''],
        ['accept', ''],
        ['if-none-match', ''],
        ['x-http-method-override', ''],
        ['x-api-key', ''],
        ['upgrade', ''],
      ] as const) {
        for (const [method, path] of [
          ['GET', '/users/me'],
          ['PUT', '/users/me'],
          ['POST', '/auth_session/login'],
        ] as const) {
          const value = around + canaries.put(`header ${name}, ${method} ${path}`);
          const body = method === 'GET' ? undefined : {};
          await request(method, at(path), { headers: { cookie, [name]: value }, body });
        }
      }
      await request('GET', at('/users/me'), { headers: { [canaries.put('name of a header')]: '1' } });
      await request('OPTIONS', at('/users/me'), {
        headers: {
          origin: 'https://evil.example',
          'access-control-request-method': canaries.put('preflight'),
        },
      });
    }

    async function bringRubbish(): Promise<void> {
      await send(`${canaries.put('method')} / HTTP/1.1\r\nhost: localhost`);
      await send(`GET / HTTP/${canaries.put('version')}\r\nhost: localhost`);
      await send(canaries.put('no request'));
      await send(`GET / HTTP/1.1\r\nhost: localhost\r\n${canaries.put('header without a colon')}`);
      await send(`GET / HTTP/1.1\r\nhost: localhost\r\nx: \u001b[31m${canaries.put('control characters')}`);
      await send(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${canaries.put('large header').repeat(1000)}`);
    }

    const entries = () =>
      server
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);

    it('are many, and were met by the server', () => {
      expect(canaries.places).toBeGreaterThan(150);
      expect(answers.length).toBeGreaterThan(150);
      expect(answers.filter((answer) => /^HTTP\/1.1 5/.test(answer))).toEqual([]);
      for (const code of [
        'credentials_missing',
        'malformed_request',
        ...(isStandard ? ['malformed_json', 'validation_failed'] : []),
      ])
        expect(server.output()).toContain(code);
    });

    it('would be found, as they are and in base64', () => {
      const word = canaries.put('this');
      for (const text of [
        word,
        `a${word}`,
        basic('ann@example.com', word).authorization!,
        basic('x', word).authorization!,
      ])
        expect(canaries.foundIn(`some ${text} more`)).toEqual(
          text.startsWith('Basic') || text.includes(word) ? ['this'] : [],
        );
      expect(canaries.foundIn('some more')).toEqual([]);
    });

    it('are in no line of the log, at any level', () => {
      expect(canaries.foundIn(server.output())).toEqual([]);
      expect(labels.foundIn(server.output())).toEqual([]);
      expect(labels.places).toBe(isStandard ? 2 : 0);
    });

    it('are in no answer', () => {
      expect(canaries.foundIn(answers.join('\n'))).toEqual([]);
    });

    it('are in nothing that the operator is told', () => {
      expect(canaries.foundIn(commands)).toEqual([]);
    });

    it('are in no file, table or key', async () => {
      const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
      const kept = files.join('\n') + (await harness.dump());
      expect(kept).toContain('ann@example.com');
      expect(kept).toContain('sign_in_failed');
      expect(canaries.foundIn(kept)).toEqual([]);
    });

    it('are in no list of processes', () => {
      const commandLines = readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry))
        .map((pid) => {
          try {
            return readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
          } catch {
            return '';
          }
        });
      expect(commandLines.join('\n')).toContain('main.js');
      expect(canaries.foundIn(commandLines.join('\n'))).toEqual([]);
    });

    it('and control characters begin no line and drive no terminal', () => {
      expect(CONTROLS.exec(server.output())).toBeNull();
      // The readable log writes a backslash once, JSON twice.
      expect(server.output().replaceAll('\\\\', '\\')).toContain(
        String.raw`Example/1.0\u{9}\u{85}\u{9b}31m\u{8d}`,
      );
      const begins =
        harness.variables.NODE_ENV === 'production'
          ? /^(\{|Coatcheck|Only requests for|There are| {2}curl| {2}http:|$)/
          : /^(\[|Coatcheck|Only requests for|There are| {2}curl| {2}http:|$)/;
      expect(
        server
          .output()
          .split('\n')
          .filter((line) => !begins.test(line)),
      ).toEqual([]);
    });

    it('leave one line of each event, under the id of the row in which it is counted', async () => {
      const { stdout } = await operate(folder, ['audit', '--limit', '9999', '--json'], { variables });
      const events = JSON.parse(stdout) as { id: string; via: string; count: number }[];
      const rows = events.filter(({ via }) => via === 'http');
      expect(rows.length).toBeGreaterThan(10);
      const ids = rows.flatMap(({ id, count }) => Array<string>(count).fill(id)).toSorted();
      if (harness.variables.NODE_ENV === 'production') {
        const lines = entries().filter(({ context }) => context === 'Audit');
        expect(lines.map(({ id }) => String(id)).toSorted()).toEqual(ids);
      } else for (const { id, count } of rows) expect(server.output().split(id)).toHaveLength(1 + count);
    });
  });
}
