import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { documentedProgram } from './support/documented.js';
import { freePort } from './support/engines.js';
import { Host, installTransport, npm } from './support/host.js';
import { until } from './support/processes.js';
import { newFolder } from './support/server.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

const PASSWORD = 'several unrelated words 9';

const APPLICATIONS = ['nest-11', 'nest-12'] as const;
const DRIVERS = ['apollo', 'mercurius'] as const;

/** Milliseconds within which a WebSocket is closed after its session has ended. */
const RECHECK = 1000;

/** Milliseconds that a loaded machine may take for a look-up and a message. */
const DELAY = 2000;

/** How each WebSocket with a subscription is closed. */
const ENDINGS = {
  signedOut: '4401 session_signed_out',
  otherTab: '4401 session_signed_out',
  here: '4401 session_signed_out',
  optional: '4401 session_signed_out',
  disabled: '4401 user_disabled',
  demoted: '4403 role_required',
  revoked: '4401 session_ended_elsewhere',
  passwordChanged: '4401 password_changed',
  expired: '4401 session_expired_absolute',
} as const;

interface Ended {
  readonly endings: Readonly<Record<string, { readonly how: string; readonly after: number }>>;
  readonly goOn: readonly boolean[];
}

/** What a client gets instead of data. */
interface OperationError {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly status: number; readonly problem: object };
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly OperationError[];
}

type Headers = Record<string, string>;

const WHO = ['anonymous', 'ann', 'bob', 'expired', 'foreign', 'reader', 'basic'] as const;
type Who = (typeof WHO)[number];

const OK = 'ok';
const NOBODY = { anonymous: 'credentials_missing', expired: 'session_expired_absolute' };
const FOREIGN = { foreign: 'cross_site_request' };
const NOT_BOB = { bob: 'role_required' };
const NO_READER = { reader: 'scope_required' };
const NOT_FRESH = {
  ann: 'session_not_fresh',
  bob: 'session_not_fresh',
  reader: 'session_not_fresh',
};

/** The operations, and who gets another answer than `ok`. Ann is an administrator and `reader`, `foreign` and `basic` are hers. */
const OPERATIONS: readonly (readonly [operation: string, refused: Partial<Record<Who, string>>])[] = [
  ['{ __typename __schema { queryType { name } } }', {}],
  ['{ open }', {}],
  ['{ openCoat { id colour } }', {}],
  ['{ openCoat { id owner } }', { ...NOBODY, ...FOREIGN }],
  ['{ greeting }', { expired: NOBODY.expired, ...FOREIGN }],
  ['{ me }', { ...NOBODY, ...FOREIGN }],
  ['{ byRole }', { ...NOBODY, ...FOREIGN, ...NOT_BOB }],
  ['{ coat { owner colour } }', { ...NOBODY, ...FOREIGN }],
  ['{ coat { price } }', { ...NOBODY, ...FOREIGN, ...NOT_BOB }],
  ['{ fresh(all: false) }', { ...NOBODY, ...FOREIGN }],
  ['{ fresh(all: true) }', { ...NOBODY, ...FOREIGN, ...NOT_FRESH }],
  ['mutation { rename(to: "x") }', { ...NOBODY, ...FOREIGN, ...NO_READER }],
  ['mutation { sell }', { ...NOBODY, ...FOREIGN, ...NOT_BOB, ...NO_READER }],
];

/** What is asked over a WebSocket. */
const SUBSCRIPTIONS: typeof OPERATIONS = [
  ['subscription { ticks }', { ...NOBODY, ...FOREIGN }],
  ['subscription { prices }', { ...NOBODY, ...FOREIGN, ...NOT_BOB }],
];

describe.each(APPLICATIONS)('The packed library in %s', (name) => {
  let folder: string;
  let documentedPort: number;

  beforeAll(async () => {
    folder = await installTransport('graphql', name);
    documentedPort = await freePort();
    const documented = documentedProgram('GraphQL').replace('listen(3000,', `listen(${documentedPort},`);
    writeFileSync(join(folder, 'src/documented.ts'), documented);
    await npm(folder, ['run', 'build']);
  });

  describe.each(DRIVERS)('with %s', (driver) => {
    let host: Host;
    const headers = {} as Record<Who, Headers>;

    beforeAll(async () => {
      host = await Host.run(folder, ['build/main.js'], { DRIVER: driver });
      const ann = await signIn('ann');
      const login = { email: 'ann@example.com', password: PASSWORD };
      const remembered = await post('/auth_session/login', { ...login, remember: true });
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
      const wish = { label: 'reports', scope: 'read', expires_at: tomorrow };
      const made = await post('/access_tokens', wish, ann);
      expect(made.status).toBe(201);
      const { token } = (await made.json()) as { token: string };
      Object.assign(headers, {
        anonymous: {},
        ann,
        bob: await signIn('bob'),
        expired: { Cookie: cookieOf(remembered) },
        foreign: { ...ann, Origin: 'https://evil.example' },
        reader: { Authorization: `Bearer ${token}` },
        basic: { Authorization: `Basic ${btoa(`ann@example.com:${PASSWORD}`)}` },
      } satisfies Record<Who, Headers>);
      // The remembered session lasts a second, and so does a confirmation of the password.
      await new Promise((resolve) => {
        setTimeout(resolve, 1100);
      });
    });

    afterAll(() => host.stop());

    const post = (path: string, body: object = {}, more: Headers = {}): Promise<Response> =>
      fetch(`${host.url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...more },
        body: JSON.stringify(body),
      });

    const ask = (query: string, more: Headers = {}) => post('/graphql', { query }, more);

    /** Signs in by a mutation. */
    async function signIn(person: string): Promise<Headers> {
      const query = `mutation { signIn(email: "${person}@example.com", password: "${PASSWORD}") }`;
      const answer = await ask(query);
      expect(await answer.json()).toEqual({ data: { signIn: 'signed_in' } });
      return { Cookie: cookieOf(answer) };
    }

    async function callsOf(query: string): Promise<number> {
      const calls = async () =>
        ((await (await fetch(`${host.url}/stores`)).json()) as { calls: number }).calls;
      const before = await calls();
      expect(((await (await ask(query, headers.ann)).json()) as Answer).errors).toBeUndefined();
      return (await calls()) - before;
    }

    it.each(OPERATIONS)('answers %s as the table says', async (query, refused) => {
      for (const who of WHO) {
        const answer = await ask(query, headers[who]);
        const text = await answer.text();
        const outcome = outcomeOf(JSON.parse(text) as Answer);
        expect([who, outcome]).toEqual([who, refused[who] ?? OK]);
        const isUnauthorized = [NOBODY.anonymous, NOBODY.expired].includes(outcome);
        expect(answer.headers.has('WWW-Authenticate')).toBe(isUnauthorized);
        expect(text).not.toMatch(/\\n|node_modules|\.js:/);
      }
    });

    it('sends a refusal as an error with code, status and problem', async () => {
      const { errors } = (await (await ask('{ me }')).json()) as Answer;
      const problem = { code: 'credentials_missing', status: 401, title: 'Unauthorized' };
      const { code, status } = problem;
      expect(errors).toMatchObject([{ path: ['me'], extensions: { code, status, problem } }]);
    });

    it('authenticates once in an operation, whatever it resolves', async () => {
      const one = await callsOf('{ me }');
      expect(one).toBeGreaterThan(0);
      const all = '{ me a: me greeting byRole coat { owner price } coats(count: 50) { owner price } }';
      expect(await callsOf(all)).toBe(one);
      expect(await callsOf('mutation { sell a: rename(to: "x") b: rename(to: "y") }')).toBe(one);
    });

    it('judges each operation of a batch', async () => {
      const batch = ['{ me }', 'mutation { sell }', '{ open }'].map((query) => ({ query }));
      const outcomes = async (who: Who) =>
        ((await (await post('/graphql', batch, headers[who])).json()) as Answer[]).map(outcomeOf);
      expect(await outcomes('ann')).toEqual([OK, OK, OK]);
      expect(await outcomes('bob')).toEqual([OK, 'role_required', OK]);
      expect(await outcomes('reader')).toEqual([OK, 'scope_required', OK]);
      expect(await outcomes('anonymous')).toEqual(['credentials_missing', 'credentials_missing', OK]);
      expect(await outcomes('foreign')).toEqual(['cross_site_request', 'cross_site_request', OK]);
    });

    it('lets other sites send a query by GET, as a route for GET, and no mutation', async () => {
      const get = (query: string) =>
        fetch(`${host.url}/graphql?query=${encodeURIComponent(query)}`, { headers: headers.foreign });
      expect(outcomeOf((await (await get('{ me }')).json()) as Answer)).toBe(OK);
      const answer = await get('mutation { sell }');
      expect([answer.status, ((await answer.json()) as Answer).data ?? null]).toEqual([405, null]);
    });

    it('ends the session in a mutation', async () => {
      const cookie = await signIn('bob');
      const ended = await ask('mutation { signOut }', cookie);
      expect(await ended.json()).toEqual({ data: { signOut: true } });
      expect(ended.headers.get('Set-Cookie')).toMatch(/^sid=;.*Expires=Thu, 01 Jan 1970/);
      expect(outcomeOf((await (await ask('{ me }', cookie)).json()) as Answer)).toBe('session_signed_out');
    });

    it('refuses where the store does not answer, and serves what is public', async () => {
      await post('/stores/down');
      try {
        for (const query of ['{ me }', '{ greeting }', '{ byRole }', 'mutation { sell }']) {
          const answer = await ask(query, headers.ann);
          expect(outcomeOf((await answer.json()) as Answer)).toBe('store_unavailable');
          expect(answer.headers.get('Retry-After')).toBe('1');
        }
        expect(outcomeOf((await (await ask('{ open }', headers.ann)).json()) as Answer)).toBe(OK);
      } finally {
        await post('/stores/up');
      }
    });

    it('checks fields with a resolver at each event of a public subscription', async () => {
      const { Cookie = '' } = await signIn('bob');
      const { stdout } = await run(process.execPath, ['build/outlive.js', host.url, Cookie], {
        cwd: folder,
        env: { PATH: process.env.PATH },
      });
      // What came after the session had ended; the first event may have been under way.
      const outcomes = (JSON.parse(stdout) as string[]).slice(1);
      expect(outcomes.length).toBeGreaterThan(5);
      expect(new Set(outcomes)).toEqual(new Set(['session_signed_out']));
    });

    it('judges what comes over a WebSocket, by its handshake or by what follows it', async () => {
      const attempts = SUBSCRIPTIONS.flatMap(([query, refused]) =>
        WHO.map((who) => ({ query, headers: headers[who], expected: refused[who] ?? OK })),
      );
      const late = { ...attempts[0]!, headers: {}, connectionParams: headers.reader, expected: OK };
      const all = [...attempts, late, { ...late, connectionParams: { authorization: 'Bearer wrong' } }];
      const { PATH } = process.env;
      const url = `${host.url.replace('http', 'ws')}/graphql`;
      const { stdout } = await run(process.execPath, ['build/subscribe.js', url, JSON.stringify(all)], {
        cwd: folder,
        env: { PATH },
      });
      const found = (JSON.parse(stdout) as unknown[][]).map((got) =>
        got.length === 0 ? 'nothing' : outcomeOf({ errors: got.flat() as OperationError[] }),
      );
      expect(found).toEqual([...attempts.map(({ expected }) => expected), OK, 'credentials_invalid']);
    });
  });

  it.each(DRIVERS)(
    'closes WebSockets with subscriptions whose session another process ends, with %s',
    async (DRIVER) => {
      const DATABASE = `sqlite:${join(newFolder(), 'graphql.db')}`;
      const GUARDS = name === 'nest-11' ? 'named' : 'global';
      const hosts: Host[] = [];
      try {
        for (let count = 0; count < 2; count++)
          hosts.push(await Host.run(folder, ['build/main.js'], { DRIVER, DATABASE, GUARDS }));
        const { stdout } = await run(process.execPath, ['build/endings.js', ...hosts.map(({ url }) => url)], {
          cwd: folder,
          env: { PATH: process.env.PATH },
        });
        const { endings, goOn } = JSON.parse(stdout) as Ended;
        const hows = Object.entries(endings).map(([what, { how }]) => [what, how]);
        expect(Object.fromEntries(hows)).toEqual(ENDINGS);
        const slow = Object.entries(endings).filter(([, { after }]) => after >= RECHECK + DELAY);
        expect(slow).toEqual([]);
        expect(endings.here!.after).toBeLessThan(RECHECK / 2);
        // Those of another user, of another session of a user and of nobody.
        expect(goOn).toEqual([true, true, true]);
      } finally {
        for (const host of hosts) await host.stop();
      }
    },
  );

  it('runs the example of its page', async () => {
    const child = spawn(process.execPath, ['build/documented.js'], { cwd: folder, stdio: 'ignore' });
    try {
      const send = async (path: string, body: object, more: Headers = {}) => {
        const headers = { 'Content-Type': 'application/json', ...more };
        return fetch(`http://127.0.0.1:${documentedPort}${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
      };
      const ask = async (query: string, more?: Headers) =>
        (await (await send('/graphql', { query }, more)).json()) as Answer;
      await until(() =>
        send('/graphql', {}).then(
          () => true,
          () => child.exitCode !== null,
        ),
      );
      expect((await send('/users', { email: 'ann@example.com', password: PASSWORD })).status).toBe(201);
      expect(outcomeOf(await ask('{ open me }'))).toBe('credentials_missing');
      const query = `mutation { signIn(email: "ann@example.com", password: "${PASSWORD}") }`;
      const Cookie = cookieOf(await send('/graphql', { query }));
      expect(await ask('{ open me reports { id author } }', { Cookie })).toEqual({
        data: { open: 'open', me: 'ann@example.com', reports: [{ id: '1', author: 'Ann' }] },
      });
    } finally {
      const ended = once(child, 'exit');
      if (child.kill()) await ended;
    }
  });

  it('does not start where a role of a field would not be checked', async () => {
    await expect(Host.run(folder, ['build/main.js'], { FIELDS: 'open' })).rejects.toThrow(
      "CoatsResolver.price resolves a field, has @Roles() or @Fresh(), and is not guarded. Set fieldResolverEnhancers: ['guards']",
    );
  });

  it('does not start where no guard checks the role of a resolver', async () => {
    await expect(Host.run(folder, ['build/main.js'], { GLOBAL: 'false' })).rejects.toThrow(
      'CoatsResolver.byRole has @Roles() without RolesGuard',
    );
  });
});

/** The code of the first error. */
function outcomeOf({ errors = [] }: Answer): string {
  return errors[0]?.extensions?.code ?? OK;
}

function cookieOf(answer: Response): string {
  return answer.headers.get('Set-Cookie')!.split(';', 1)[0]!;
}
