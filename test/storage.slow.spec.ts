import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, Visitor } from './support/app.js';
import {
  type Certificate,
  RedisCluster,
  RedisServer,
  SentinelRedis,
  newCertificate,
} from './support/engines.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';
import {
  describeWithEngine,
  describeWithPostgres,
  describeWithRedis,
  newPrefix,
  newSchema,
} from './support/services.js';

const run = promisify(execFile);
const EMAIL = 'ann@example.com';

/** The variables that name a storage, and what takes away what was kept there. */
interface Storage {
  readonly variables: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

describeOn('SQLite', describe, () => Promise.resolve({ variables: {}, drop: () => Promise.resolve() }));

describeOn('PostgreSQL', describeWithPostgres, async () => {
  const { url, drop } = await newSchema();
  return { variables: { DATABASE_URL: url }, drop };
});

describeOn('Redis, with users on SQLite', describeWithRedis, async () => {
  const { url, drop } = newPrefix();
  return { variables: { SESSION_STORE_URL: url }, drop };
});

describeOn(
  'Redis by TLS, with users on SQLite',
  describeWithEngine.redis,
  async () => {
    const tls = newCertificate(newFolder());
    const redis = await RedisServer.start({ tls });
    return byTls(`rediss://127.0.0.1:${redis.servicePort}`, tls, redis);
  },
  { isSeenElsewhere: true },
);

describeOn(
  'Redis Cluster by TLS, with users on SQLite',
  describeWithEngine.redis,
  async () => {
    const tls = newCertificate(newFolder());
    const cluster = await RedisCluster.start({ tls });
    return byTls(cluster.url, tls, cluster);
  },
  { isSeenElsewhere: true },
);

describeOn(
  'Redis with sentinels by TLS, with users on SQLite',
  describeWithEngine.redis,
  async () => {
    const tls = newCertificate(newFolder());
    const redis = await SentinelRedis.start({ tls });
    return byTls(redis.url, tls, redis);
  },
  { isSeenElsewhere: true },
);

describeOn(
  'Redis Cluster, with users on SQLite',
  describeWithEngine.redis,
  async () => {
    const cluster = await RedisCluster.start();
    return { variables: { SESSION_STORE_URL: cluster.url }, drop: () => cluster.close() };
  },
  { isSeenElsewhere: true },
);

/** A store that is reached by TLS, where its certificate is trusted. */
function byTls(url: string, { certificate }: Certificate, engine: { close(): Promise<void> }): Storage {
  return {
    variables: { SESSION_STORE_URL: url, NODE_EXTRA_CA_CERTS: certificate },
    drop: () => engine.close(),
  };
}

function describeOn(
  name: string,
  describeIt: (title: string, clauses: () => void) => void,
  open: () => Promise<Storage>,
  { isSeenElsewhere = false }: { readonly isSeenElsewhere?: boolean } = {},
): void {
  describeIt(`A server on ${name}`, () => {
    const servers: Server[] = [];
    let storage: Storage;
    let folder: string;

    beforeAll(async () => {
      storage = await open();
      folder = newFolder();
      await makeDatabase(folder, storage.variables);
      const { code, stderr } = await operate(
        folder,
        ['user', 'create', '--email', EMAIL, '--password-stdin'],
        { input: PASSWORD, variables: storage.variables },
      );
      expect({ code, stderr: stderr.includes('Error') }).toEqual({ code: 0, stderr: false });
    });
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL')));
    });
    afterAll(() => storage.drop());

    async function start(variables: Readonly<Record<string, string>> = {}): Promise<Server> {
      const server = await Server.start(folder, {
        STORE_TIMEOUT: '10s',
        ...storage.variables,
        ...variables,
      });
      servers.push(server);
      return server;
    }

    const visitor = (server: Server) => new Visitor(`${server.url}/api/v1`, {});

    async function statusOf(server: Server, token: string): Promise<number> {
      return (await visitor(server).send('GET', '/users/me', undefined, { cookie: token })).status;
    }

    it('knows after kill -9 who is signed in, and who is not any more and why', async () => {
      const before = await start();
      const [ann, gone] = [visitor(before), visitor(before)];
      expect((await ann.login(EMAIL)).status).toBe(200);
      await gone.login(EMAIL);
      const token = gone.cookie!;
      expect((await gone.delete('/auth_session/logout')).status).toBe(200);
      await before.stop('SIGKILL');
      const after = await start();
      expect(await statusOf(after, ann.cookie!)).toBe(200);
      const refusal = await visitor(after).send('GET', '/users/me', undefined, { cookie: token });
      expect(refusal).toMatchObject({ status: 401, body: { code: 'session_signed_out' } });
      expect((await visitor(after).get('/health/ready')).status).toBe(200);
    });

    // What is left is a matter of the store, which this one has in common with another above.
    if (name.includes('TLS'))
      it('does not start where its certificate is not trusted', async () => {
        const variables = { ...storage.variables, NODE_EXTRA_CA_CERTS: '' };
        await expect(Server.start(newFolder(), variables)).rejects.toThrow(
          /SESSION_STORE_URL: Cannot open rediss.*self-signed certificate/s,
        );
      });

    if (isSeenElsewhere) return;

    it('is one with another process', async () => {
      const [here, there] = await Promise.all([start(), start()]);
      const ann = visitor(here);
      await ann.login(EMAIL);
      const token = ann.cookie!;
      expect(await statusOf(there, token)).toBe(200);
      await ann.delete('/auth_session/logout');
      expect(await statusOf(there, token)).toBe(401);
    });

    it('knows with the very next request which session another process ended, and why', async () => {
      const [here, there] = await Promise.all([start(), start()]);
      const ann = visitor(here);
      await ann.login(EMAIL);
      const seen: string[] = [];
      for (let round = 0; round < 100; round += 1) {
        const [from, to] = round % 2 === 0 ? [here, there] : [there, here];
        const one = visitor(to);
        await one.login(EMAIL);
        const token = one.cookie!;
        expect(await statusOf(to, token)).toBe(200);
        const path = round % 4 < 2 ? '/sessions' : `/sessions/${token.split(/[=.]/)[1]}`;
        const ended = await visitor(from).send('DELETE', path, undefined, { cookie: ann.cookie! });
        const { status, body } = await one.get('/users/me');
        seen.push(`${ended.status} ${status} ${body.code}`);
      }
      expect(seen).toEqual(Array(100).fill('200 401 session_ended_elsewhere'));
      expect(await statusOf(there, ann.cookie!)).toBe(200);
    });

    it.each([
      ['evict_oldest', 50],
      ['refuse', 5],
    ])('holds a limit exactly under 50 parallel sign-ins in two processes (%s)', async (policy, admitted) => {
      const email = `${policy}@example.com`;
      const limit = {
        SESSION_MAX_PER_USER: '5',
        SESSION_LIMIT_POLICY: policy,
        REGISTRATION: 'open',
      };
      const [here, there] = await Promise.all([start(limit), start(limit)]);
      await visitor(here).post('/users', { email, password: PASSWORD });
      const visitors = Array.from({ length: 50 }, (_, index) => visitor(index % 2 === 0 ? here : there));
      const statuses = await Promise.all(visitors.map(async (each) => (await each.login(email)).status));
      expect(statuses.filter((status) => status === 200)).toHaveLength(admitted);
      expect(new Set(statuses)).toEqual(new Set(policy === 'refuse' ? [200, 409] : [200]));
      const signedIn = visitors.filter(({ cookie }) => cookie !== null);
      const alive = await Promise.all(signedIn.map(({ cookie }) => statusOf(there, cookie!)));
      expect(alive.filter((status) => status === 200)).toHaveLength(5);
    });

    it('makes no more access tokens than the limit, in two processes at once', async () => {
      const email = 'programmer@example.com';
      const limit = { AUTH_TYPE: 'session_db_auth,token_auth', ACCESS_TOKENS_MAX: '5', REGISTRATION: 'open' };
      const [here, there] = await Promise.all([start(limit), start(limit)]);
      const ann = visitor(here);
      await ann.post('/users', { email, password: PASSWORD });
      await ann.login(email);
      const wish = { label: 'Backup', scope: 'read', expires_at: new Date(Date.now() + 3_600_000) };
      const token = { cookie: ann.cookie! };
      const makeOne = (server: Server) => visitor(server).send('POST', '/access_tokens', wish, token);
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, index) => makeOne(index % 2 === 0 ? here : there)),
      );
      const made = answers.filter(({ status }) => status === 201);
      expect(made).toHaveLength(5);
      for (const { status, body } of answers.filter((answer) => !made.includes(answer)))
        expect([status, body.code]).toEqual([409, 'access_token_limit_reached']);
      await visitor(there).send('DELETE', `/sessions/${made[0]!.body.id}`, undefined, token);
      expect((await makeOne(here)).status).toBe(201);
      expect((await makeOne(there)).status).toBe(409);
    });
  });
}

describeWithPostgres('Eight servers that start at once on an empty PostgreSQL database', () => {
  it('all serve, and know one user', async () => {
    const { url, drop } = await newSchema();
    const variables = { DATABASE_URL: url, REGISTRATION: 'open', STORE_TIMEOUT: '10s' };
    const servers = await Promise.all(Array.from({ length: 8 }, () => Server.start(newFolder(), variables)));
    const visitors = servers.map((server) => new Visitor(`${server.url}/api/v1`, {}));
    const registered = await Promise.all(
      visitors.map((each) => each.post('/users', { email: EMAIL, password: PASSWORD })),
    );
    expect(registered.map(({ status }) => status).toSorted()).toEqual([201, ...Array(7).fill(409)]);
    for (const each of visitors) expect((await each.login(EMAIL)).status).toBe(200);
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    await drop();
  });
});

describe('A program of somebody else', () => {
  it('ends by itself once it has closed a SQLite file that it wrote to', async () => {
    const program = `
      import { NestFactory } from '@nestjs/core';
      import { StorageModule, ThrottleStore } from 'coatcheck';
      const database = 'sqlite:${join(newFolder(), 'coatcheck.db')}';
      const app = await NestFactory.createApplicationContext(StorageModule.forRoot({ database }), { logger: false });
      const now = new Date();
      const tallies = app.get(ThrottleStore);
      for (let account = 0; account < 300; account += 1) await tallies.forget(String(account), now);
      await app.close();
      console.log('closed');`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
    expect(stdout).toBe('closed\n');
  });
});
