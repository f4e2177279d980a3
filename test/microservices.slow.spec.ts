import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { documentedProgram } from './support/documented.js';
import { freePort } from './support/engines.js';
import { installTransport, npm } from './support/host.js';
import { until } from './support/processes.js';
import { NATS_URL, REDIS_URL, describeWithNats, describeWithRedis, newName } from './support/services.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

const APPLICATIONS = ['nest-11', 'nest-12'] as const;

const MISSING = 'credentials_missing';
const EXPIRED = 'session_expired_absolute';
const INVALID = 'credentials_invalid';
const STALE = 'session_not_fresh';

/** What a message gets, by its handler and its credential. Ann is an administrator, and `basic` is her password. */
const WHO = ['anonymous', 'ann', 'bob', 'expired', 'wrong', 'basic'];
const TABLE: Readonly<Record<string, readonly string[]>> = {
  open: ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
  greeting: ['ok', 'ok', 'ok', EXPIRED, INVALID, 'ok'],
  me: [MISSING, 'ok', 'ok', EXPIRED, INVALID, 'ok'],
  byRole: [MISSING, 'ok', 'role_required', EXPIRED, INVALID, 'ok'],
  fresh: [MISSING, 'ok', 'ok', EXPIRED, INVALID, 'ok'],
  'fresh all': [MISSING, STALE, STALE, EXPIRED, INVALID, 'ok'],
};

const EXPECTED = {
  outcomes: {
    ...Object.fromEntries(
      Object.entries(TABLE).flatMap(([handler, row]) =>
        WHO.map((who, index) => [`${handler} ${who}`, row[index]]),
      ),
    ),
    'me without store': 'store_unavailable',
    'greeting without store': 'store_unavailable',
  },
  events: ['ann@example.com', 'ann@example.com', ...WHO.map(() => 'anyone'), 'bob@example.com'],
  problem: {
    type: 'about:blank',
    title: 'Unauthorized',
    status: 401,
    code: MISSING,
    detail: 'This request needs authentication. Sign in, or send your credentials with the request.',
    error: 'Unauthorized',
  },
};

describe.each(APPLICATIONS)('The packed library in %s', (name) => {
  let folder: string;
  let documented: string;
  let documentedPort: number;

  beforeAll(async () => {
    folder = await installTransport('microservices', name);
    documentedPort = await freePort();
    documented = documentedProgram('Microservices')
      .replace('listen(3000,', `listen(${documentedPort},`)
      .replace('nats://127.0.0.1:4222', NATS_URL)
      .replace("'@nats-io/transport-node'", "'./headers.js'")
      .replaceAll("'total'", `'${newName()}'`);
    writeFileSync(join(folder, 'src/documented.ts'), documented);
    await npm(folder, ['run', 'build']);
  });

  /** What came of all messages. */
  async function outcomesOf(variables: Readonly<Record<string, string>>): Promise<unknown> {
    const { PATH } = process.env;
    const env = { PATH, PREFIX: newName(), ...variables };
    const { stdout } = await run(process.execPath, ['build/main.js'], { cwd: folder, env, timeout: 60_000 });
    return JSON.parse(stdout);
  }

  describe('over TCP', () => {
    it.each([
      ['a hybrid application', { MODE: 'hybrid' }],
      ['a hybrid application with its configuration inherited', { MODE: 'inherit' }],
      ['a hybrid application that lists the guards', { MODE: 'hybrid', GUARDS: 'listed' }],
      ['a microservice alone', { MODE: 'alone' }],
    ])('guards the handlers of %s', async (_, mode) => {
      expect(await outcomesOf({ ...mode, TRANSPORT: 'tcp', PORT: String(await freePort()) })).toEqual(
        EXPECTED,
      );
    });
  });

  describeWithRedis('over Redis', () => {
    it.each(['hybrid', 'alone'])('guards the handlers, %s', async (MODE) => {
      expect(await outcomesOf({ MODE, TRANSPORT: 'redis', BROKER: new URL(REDIS_URL).host })).toEqual(
        EXPECTED,
      );
    });
  });

  describeWithNats('over NATS', () => {
    it.each(['hybrid', 'alone'])('guards the handlers, by their headers, %s', async (MODE) => {
      expect(await outcomesOf({ MODE, TRANSPORT: 'nats', BROKER: NATS_URL })).toEqual(EXPECTED);
    });

    it('runs the example of its page', async () => {
      const child = spawn(process.execPath, ['build/documented.js'], { cwd: folder, stdio: 'ignore' });
      try {
        const url = `http://127.0.0.1:${documentedPort}`;
        const post = (path: string) =>
          fetch(`${url}${path}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ email: 'ann@example.com', password: 'several unrelated words 9' }),
          });
        await until(() =>
          fetch(url).then(
            () => true,
            () => child.exitCode !== null,
          ),
        );
        expect((await post('/users')).status).toBe(201);
        const { token } = (await (await post('/auth_session/login')).json()) as { token: string };
        const [, path = ''] = /@Get\('(\w+)'\)/.exec(documented) ?? [];
        const answer = await fetch(`${url}/${path}`, { headers: { Authorization: `Bearer ${token}` } });
        expect(await answer.json()).toEqual({ year: 2026, by: 'ann@example.com' });
      } finally {
        const ended = once(child, 'exit');
        if (child.kill()) await ended;
      }
    });
  });
});
