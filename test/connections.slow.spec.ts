import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PostgresServer, RedisServer } from './support/engines.js';
import { Server, newFolder } from './support/server.js';
import { describeWithEngine } from './support/services.js';

const STATUS = 'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n';
const UPLOAD =
  'POST /api/v1/auth_session/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL')));
});

async function start(variables: Readonly<Record<string, string>> = {}): Promise<Server> {
  const server = await Server.start(newFolder(), variables);
  servers.push(server);
  return server;
}

/** A connection that goes on when the server has ended its side, and what has come back on it so far. */
function open(
  { url }: Server,
  bytes: string,
): { socket: Socket; received: () => string; closed: Promise<void> } {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }).on('error', () => {});
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk));
  const closed = new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve());
  });
  socket.write(bytes);
  return { socket, received: () => received, closed };
}

/** How a server ends on SIGTERM, and in how many milliseconds. */
async function stop(server: Server): Promise<{ code: number | null; ms: number }> {
  const begin = performance.now();
  return { code: await server.stop('SIGTERM'), ms: performance.now() - begin };
}

describe('A connection that is kept for the next request', () => {
  it('lives longer than the 60 seconds of load balancers, and than a request may take for its headers', async () => {
    const connection = open(await start(), STATUS);
    await delay(12_000);
    expect(connection.received()).toMatch(/\r\nKeep-Alive: timeout=75\r\n/);
    connection.socket.write(STATUS);
    await delay(200);
    expect(connection.received().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it('is closed after KEEP_ALIVE_TIMEOUT', async () => {
    const connection = open(await start({ KEEP_ALIVE_TIMEOUT: '1s' }), STATUS);
    const begin = performance.now();
    await connection.closed;
    expect(connection.received()).toMatch(/\r\nKeep-Alive: timeout=1\r\n/);
    expect(performance.now() - begin).toBeGreaterThan(900);
    expect(performance.now() - begin).toBeLessThan(4000);
  });
});

describe('SIGTERM', () => {
  const KINDS: readonly (readonly [title: string, bytes: string, more: string, limit: number])[] = [
    ['never spoke', '', '', 2500],
    ['is idle', STATUS, '', 2500],
    ['has sent half of its headers', 'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n', '', 4000],
    ['sends headers without an end', 'GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n', 'X: y\r\n', 4000],
    ['still sends a refused body', `${UPLOAD}Content-Length: 1000000\r\n\r\n`, 'x', 2500],
    ['still sends a body that is read', `${UPLOAD}Content-Length: 10000\r\n\r\n{`, ' ', 10_000],
  ];

  describe.each(['1', '2'])('of %s processes', (WORKERS) => {
    it.each(WORKERS === '1' ? KINDS : KINDS.slice(2, 3))(
      'ends the server in time while a client %s',
      async (_, bytes, more, limit) => {
        const server = await start({ WORKERS, STORE_TIMEOUT: '5s' });
        const connections = Array.from({ length: 4 }, () => open(server, bytes));
        const drip = setInterval(() => {
          for (const { socket } of connections) if (more !== '') socket.write(more);
        }, 100);
        await delay(700);
        const { code, ms } = await stop(server);
        clearInterval(drip);
        expect(code).toBe(0);
        expect(ms).toBeLessThan(limit);
      },
      20_000,
    );
  });
});

describeWithEngine.postgres('A PostgreSQL that does not answer', () => {
  it('does not hold up the end', async () => {
    const engine = await PostgresServer.start();
    try {
      await endsWith(engine, { DATABASE_URL: engine.url });
    } finally {
      await engine.close();
    }
  });
});

describeWithEngine.redis('A Redis that does not answer', () => {
  it('does not hold up the end', async () => {
    const engine = await RedisServer.start();
    try {
      await endsWith(engine, { SESSION_STORE_URL: engine.url });
    } finally {
      await engine.close();
    }
  });
});

async function endsWith(
  engine: PostgresServer | RedisServer,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const server = await start(variables);
  await engine.freeze();
  open(
    server,
    'GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nCookie: sid=AaIAONEOc6u5xzZxsxW8Ow.x\r\n\r\n',
  );
  await delay(100);
  const { code, ms } = await stop(server);
  engine.thaw();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(5000);
}
