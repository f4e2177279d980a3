import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { documentedProgram } from './support/documented.js';
import { freePort } from './support/engines.js';
import { installTransport, npm } from './support/host.js';
import { newFolder } from './support/server.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';

/** npm installs packages. */
jest.setTimeout(300_000);

const run = promisify(execFile);

/** Milliseconds between two look-ups of an open socket. */
const RECHECK = 1000;

/** Milliseconds that a loaded machine may take for a look-up and a message. */
const DELAY = 2000;

/** The HTTP frameworks of the applications. */
const HOSTS = ['express', 'fastify'] as const;

const folders = new Map<string, string>();

beforeAll(async () => {
  for (const name of ['nest-11', 'nest-12']) {
    const folder = await installTransport('sockets', name);
    if (name === 'nest-12') writeFileSync(join(folder, 'src/example.ts'), documentedProgram('WebSockets'));
    await npm(folder, ['run', 'build']);
    folders.set(name, folder);
  }
});

async function play(
  folder: string,
  program: string,
  variables: Record<string, string>,
): Promise<Record<string, unknown>> {
  const { PATH = '' } = process.env;
  const env = { PATH, RECHECK: String(RECHECK), ...variables };
  const { stdout } = await run(process.execPath, [join('build', program)], { cwd: folder, env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const everybody = { who: 'everybody', role: 'refused: role_required' };
const asPerson = (email: string, session: string, role: string) => ({
  '/closed': { who: email, session, role, fresh: 'fresh', open: 'open' },
  '/open': everybody,
  '/optional': { who: email },
  '/admins': role.startsWith('refused') ? '403 role_required' : { who: email },
  '/room-1': { who: email },
});
const refusedAs = (outcome: string) => ({
  '/closed': outcome,
  '/open': everybody,
  '/optional': outcome,
  '/admins': outcome,
  '/room-1': outcome,
});
const ann = asPerson('ann@example.com', 'a session', 'refused: role_required');
const readOnly = { who: 'refused: scope_required' };

/** Who gets which answers of which gateway. */
const TABLE = {
  anonymous: { ...refusedAs('401 credentials_missing'), '/optional': { who: 'nobody' } },
  'ann without an origin': ann,
  'ann from the own origin': ann,
  'ann from a foreign origin': refusedAs('403 cross_site_request'),
  'ann by bearer from a foreign origin': ann,
  'ann by basic': asPerson('ann@example.com', 'none', 'refused: role_required'),
  'ann by basic from a foreign origin': refusedAs('403 cross_site_request'),
  'ann cross-site': refusedAs('403 cross_site_request'),
  'ann by a read-only token': {
    '/closed': {
      who: 'refused: scope_required',
      session: 'refused: scope_required',
      role: 'refused: scope_required',
      fresh: 'refused: scope_required',
      open: 'open',
    },
    '/open': everybody,
    '/optional': readOnly,
    '/admins': '403 role_required',
    '/room-1': readOnly,
  },
  administrator: asPerson('root@example.com', 'a session', 'an administrator'),
  'a session that has ended': refusedAs('401 session_signed_out'),
  'a token that nobody issued': refusedAs('401 credentials_invalid'),
};
const TABLE_OF_IO = {
  ...TABLE,
  'ann by auth': ann,
  'auth that is no text': refusedAs('401 credentials_invalid'),
  'auth of two lines': refusedAs('401 credentials_invalid'),
};

interface Ending {
  readonly how: string;
  readonly after: number;
}

describe('The application of docs/transports.md', () => {
  it('tells people what is theirs, and everybody the weather', async () => {
    const folder = folders.get('nest-12')!;
    const PORT = String(await freePort());
    expect(await play(folder, 'example-client.js', { LIBRARY: 'ws', PORT })).toEqual({
      stranger: '401 credentials_missing',
      mine: { owner: 'ann@example.com' },
      all: [],
      weather: 'rain',
      closed: '4401 session_signed_out',
    });
  });
});

describe.each(['nest-11', 'nest-12'])('A gateway in %s', (name) => {
  describe.each(['ws', 'io'] as const)('on %s', (library) => {
    const isWs = library === 'ws';
    const play1 = (program: string, variables: Record<string, string>) =>
      play(folders.get(name)!, program, { LIBRARY: library, ...variables });

    it.each(HOSTS)('decides about handshakes and messages on %s', async (HOST) => {
      const seen = await play1('handshakes.js', { HOST });
      expect(seen.table).toEqual(isWs ? TABLE : TABLE_OF_IO);
      expect(seen.freshness).toEqual({
        red: 'refused: session_not_fresh',
        blue: 'fresh',
        list: 'refused: session_not_fresh',
      });
      expect(seen.beforeOwn).toEqual({
        anonymous: '401 credentials_missing',
        banned: isWs ? '401 Unauthorized' : 'error: banned',
        ann: 'ann@example.com',
      });
      if (!isWs)
        expect(seen.namespaces).toEqual({
          '/': ['401 credentials_missing', 'open'],
          '/side': ['401 credentials_missing', 'ann@example.com'],
          '/hall-1': ['everybody'],
        });
      expect(seen.many).toEqual({ open: 50, '401 credentials_missing': 50 });
      // Nobody who was refused reached `handleConnection`, not even of the gateway beside.
      const told = seen.told as Record<string, number>;
      for (const gateway of [
        'ClosedGateway',
        'BesideGateway',
        'AdminsGateway',
        'OwnGateway',
        'RoomGateway',
      ]) {
        expect(told[gateway]).toBeGreaterThan(0);
        expect(told[`${gateway} nobody`]).toBeUndefined();
      }
      expect(told.BesideGateway).toBe(told.ClosedGateway);
      expect(told['OptionalGateway nobody']).toBe(1);
      expect(seen.refused).toMatchObject({ problem: { status: 401, code: 'credentials_missing' } });
      expect(seen.stale).toMatchObject({ problem: { code: 'session_signed_out' } });
      if (!isWs) return;
      const { headers } = seen.stale as { headers: Record<string, unknown> };
      expect(headers['content-type']).toBe('application/problem+json');
      expect(headers['www-authenticate']).toMatch(/^Session realm="coatcheck", Bearer .*, Basic /);
      expect(headers['set-cookie']).toEqual([expect.stringMatching(/^sid=; .*1970/)]);
    });

    it.each(HOSTS)('believes the proxies that the application on %s trusts', async (HOST) => {
      expect(await play1('proxies.js', { HOST })).toEqual({
        trusted: {
          stranger: '401 credentials_invalid',
          ip: '203.0.113.7',
          via: 'websocket',
          'https://app.example.com': 'open',
          'http://app.example.com': '403 cross_site_request',
          itself: '403 cross_site_request',
        },
        foreign: {
          stranger: '401 credentials_invalid',
          ip: '127.0.0.1',
          via: 'websocket',
          'https://app.example.com': '403 cross_site_request',
          'http://app.example.com': '403 cross_site_request',
          itself: 'open',
        },
      });
    });

    /** What is ended in one process is closed in the other. */
    async function expectEndings(storage: object, HOST = 'express'): Promise<void> {
      const seen = await play1('endings.js', { STORAGE: JSON.stringify(storage), HOST });
      const end = (code: string, status = 401) =>
        isWs ? `${4000 + status} ${code}` : `io server disconnect ${code}`;
      const expectEnd = ({ how, after }: Ending, wanted: string, within = RECHECK + DELAY) => {
        expect(how).toBe(wanted);
        expect(after).toBeLessThan(within);
      };
      for (const one of seen.signedOut as Ending[]) expectEnd(one, end('session_signed_out'));
      expectEnd(seen.atOnce as Ending, end('session_signed_out'), RECHECK / 2);
      expectEnd(seen.disabling as Ending, end('user_disabled'));
      expectEnd(seen.revoked as Ending, end('session_ended_elsewhere'));
      expectEnd(seen.demoted as Ending, end('role_required', 403));
      for (const one of seen.passwordChanged as Ending[]) expectEnd(one, end('password_changed'));
      expect(seen).toMatchObject({ disabled: 200, promoted: 200, renewed: 200, changed: 200 });
      expect(seen.afterRenewal).toEqual(['open', 'dan@example.com']);
      expect(seen.bystander).toEqual([true, 'ann@example.com']);
    }

    // How sockets are closed does not depend on the version of Nest.
    it.each(name === 'nest-12' ? HOSTS : [HOSTS[0]])(
      'closes the sockets of sessions that another process on %s ends',
      async (HOST) => {
        await expectEndings({ database: `sqlite:${join(newFolder(), 'sockets.db')}` }, HOST);
      },
    );

    it('disconnects clients of ended sessions that do not answer or do not read', async () => {
      const storage = { database: `sqlite:${join(newFolder(), 'sockets.db')}` };
      const seen = await play1('hanging.js', { STORAGE: JSON.stringify(storage) });
      expect(seen).toEqual({
        opened: 1,
        silentFor: expect.any(Number),
        deafFor: expect.any(Number),
      });
      for (const time of [seen.silentFor, seen.deafFor]) expect(time).toBeLessThan(RECHECK + DELAY);
    });

    // The stores do not know which Nest there is.
    if (name !== 'nest-12') return;

    describeWithPostgres('with PostgreSQL', () => {
      it('closes the sockets of sessions that another process ends', async () => {
        const schema = await newSchema();
        await expectEndings({ database: schema.url });
        await schema.drop();
      });

      it('keeps no session alive, refuses messages without the store, and closes after three intervals', async () => {
        const schema = await newSchema();
        const seen = await play1('trouble.js', { STORE_URL: schema.url });
        expect(seen).toMatchObject({
          idle: {
            silent: isWs ? '4401 session_expired_idle' : 'io server disconnect session_expired_idle',
            talking: 'root@example.com',
          },
          message: 'refused: store_unavailable',
          handshake: null,
          how: isWs ? '1013 store_unavailable' : 'io server disconnect store_unavailable',
          recovered: 'root@example.com',
        });
        expect(seen.after).toBeGreaterThanOrEqual(3 * RECHECK);
        expect(seen.after).toBeLessThan(5 * RECHECK + DELAY);
        await schema.drop();
      });

      describeWithRedis('and Redis', () => {
        it('closes the sockets of sessions that another process ends', async () => {
          const [schema, place] = [await newSchema(), newPrefix()];
          await expectEndings({ database: schema.url, sessions: place.url });
          await Promise.all([schema.drop(), place.drop()]);
        });
      });
    });
  });
});
