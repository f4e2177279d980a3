import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { PASSWORD, Visitor } from './support/app.js';
import { Server, makeDatabase, newFolder, operate, refusal } from './support/server.js';

const run = promisify(execFile);
const EMAIL = 'ann@example.com';

describe('The server as a process', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop('SIGKILL')));
  });

  async function start(
    folder: string,
    variables: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Server> {
    const server = await Server.start(folder, variables);
    servers.push(server);
    return server;
  }

  const visitor = (server: Server) => new Visitor(`${server.url}/api/v1`, {});

  async function addUser(folder: string, email = EMAIL): Promise<void> {
    await makeDatabase(folder);
    const { code, stderr } = await operate(folder, ['user', 'create', '--email', email, '--password-stdin'], {
      input: PASSWORD,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }

  it('makes its database in the working directory and says where it listens, how and on what', async () => {
    const folder = newFolder();
    const server = await start(folder);
    expect(existsSync(join(folder, 'coatcheck.db'))).toBe(true);
    expect(server.output()).toMatch(
      /^Coatcheck is ready at http:\/\/127\.0\.0\.1:\d+ \(session_db_auth, users in sqlite:coatcheck\.db\)$/m,
    );
  });

  it.each(['1', '2'])(
    'says what to do if another program has the port, with %s processes',
    async (WORKERS) => {
      const { port } = new URL((await start(newFolder())).url);
      const { code, output } = await refusal(newFolder(), { API_PORT: port, WORKERS });
      expect(code).toBe(1);
      expect(output).toContain(`127.0.0.1:${port}. Choose another API_PORT`);
    },
  );

  it('prints, while there is nobody, a curl line that makes the administrator when it is pasted', async () => {
    const folder = newFolder();
    const server = await start(folder);
    const [line = ''] = /^ {2}curl .+$/m.exec(server.output()) ?? [];
    const { stdout } = await run('sh', ['-c', `${line.trim()} --silent`]);
    expect(JSON.parse(stdout)).toMatchObject({ role: 'admin' });
    await server.stop();
    expect((await start(folder)).output()).not.toContain('curl');
  });

  it('prints in production a line with the setup code, and logs as JSON', async () => {
    const server = await start(newFolder(), {
      NODE_ENV: 'production',
      MFA: 'off',
      API_HOST: '127.0.0.1',
      PASSWORD_HASH_COST: '10',
    });
    const [line = ''] = /^ {2}curl .+$/m.exec(server.output()) ?? [];
    expect(line).toContain('setup_code');
    await visitor(server).get('/users/me');
    const { stdout } = await run('sh', ['-c', `${line.trim()} --silent`]);
    expect(JSON.parse(stdout)).toMatchObject({ role: 'admin' });
    const entry = server
      .output()
      .split('\n')
      .find((text) => text.includes('credentials_missing'));
    expect(JSON.parse(entry!)).toMatchObject({
      level: 30,
      code: 'credentials_missing',
      requestId: expect.any(String),
    });
  });

  it('does not print a setup code that the operator knows, of several processes neither', async () => {
    for (const WORKERS of ['1', '2']) {
      const SETUP_CODE = 'a-code-of-the-operator';
      const server = await start(newFolder(), { SETUP_CODE, WORKERS });
      expect(server.output()).toContain('"setup_code":"the value of SETUP_CODE"');
      expect(server.output()).not.toContain(SETUP_CODE);
    }
  });

  it.each([
    ['session_db_auth', 200],
    ['session_exp_auth', 401],
    ['session_auth', 401],
  ])('knows sessions of %s after kill and restart: %i', async (type, status) => {
    const folder = newFolder();
    await addUser(folder);
    const before = await start(folder, { AUTH_TYPE: type });
    const ann = visitor(before);
    expect((await ann.login(EMAIL)).status).toBe(200);
    expect((await ann.get('/users/me')).status).toBe(200);
    const gone = visitor(before);
    await gone.login(EMAIL);
    const token = gone.cookie!;
    await gone.delete('/auth_session/logout');
    await before.stop('SIGKILL');
    const after = await start(folder, { AUTH_TYPE: type });
    expect((await visitor(after).send('GET', '/users/me', undefined, { cookie: ann.cookie! })).status).toBe(
      status,
    );
    expect((await visitor(after).send('GET', '/users/me', undefined, { cookie: token })).status).toBe(401);
    expect((await visitor(after).login(EMAIL)).status).toBe(200);
  });

  it('may be started several times at once on one file that is not there yet', async () => {
    const folder = newFolder();
    const started = await Promise.all(Array.from({ length: 4 }, () => start(folder)));
    await addUser(folder);
    const ann = visitor(started[0]!);
    await ann.login(EMAIL);
    for (const server of started) {
      const elsewhere = visitor(server);
      elsewhere.cookie = ann.cookie;
      expect((await elsewhere.get('/users/me')).status).toBe(200);
    }
    const token = ann.cookie!;
    await ann.delete('/auth_session/logout');
    for (const server of started) {
      expect((await visitor(server).send('GET', '/users/me', undefined, { cookie: token })).status).toBe(401);
    }
  });

  it('goes on while another process holds the database', async () => {
    const folder = newFolder();
    await addUser(folder);
    const server = await start(folder);
    const people = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const one = visitor(server);
        await one.login(EMAIL);
        return one;
      }),
    );
    const holder = new SqliteConnection(join(folder, 'coatcheck.db'));
    holder.exec('begin immediate');
    const order: string[] = [];
    const logouts = people.map(async (one) => {
      const { status, body } = await one.delete('/auth_session/logout');
      order.push(`${status} ${body.code}`);
    });
    expect((await visitor(server).get('/health/live')).status).toBe(200);
    order.push('live');
    await Promise.all(logouts);
    expect(order).toEqual(['live', ...people.map(() => '503 store_unavailable')]);
    expect((await people[0]!.get('/users/me')).status).toBe(200);
    holder.exec('commit');
    holder.close();
    expect((await people[0]!.delete('/auth_session/logout')).status).toBe(200);
  });

  it('closes its file to the end, where nothing else keeps the process', async () => {
    const module = pathToFileURL(resolve('dist/lib/storage/sql/sqlite.database.js')).href;
    const script = `
      import { setTimeout as delay } from 'node:timers/promises';
      import { SqliteDatabase } from '${module}';
      const database = await SqliteDatabase.open('test.db', 1000);
      await database.write((db) => db.deleteFrom('users').execute());
      await delay(40);
      await database.close();
      console.log('closed');`;
    const folder = newFolder();
    writeFileSync(join(folder, 'close.mjs'), script);
    const { stdout } = await run(process.execPath, ['close.mjs'], { cwd: folder });
    expect(stdout).toBe('closed\n');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes on %s what it has begun and ends with 0',
    async (signal) => {
      const server = await start(newFolder(), { PASSWORD_HASH_COST: '10' });
      const logins = await Promise.all(Array.from({ length: 4 }, () => sendLogin(server)));
      expect((await visitor(server).get('/status')).status).toBe(200);
      const ended = server.stop(signal);
      for (const login of logins)
        expect(await text(login)).toMatch(/^HTTP\/1\.1 401 [^]*\r\nConnection: close\r\n/);
      expect(await ended).toBe(0);
      await expect(fetch(`${server.url}/api/v1/status`)).rejects.toThrow();
    },
  );

  it.each([
    [{ AUTH_TYPE: 'bogus' }, 'AUTH_TYPE'],
    [{ DATABASE_URL: 'sqlite:/nowhere/at/all.db' }, 'Cannot open /nowhere/at/all.db'],
  ])('does not start with %j', async (variables, word) => {
    await expect(Server.start(newFolder(), variables)).rejects.toThrow(new RegExp(`ended with 1[^]*${word}`));
  });

  it.each([
    ['1', 3],
    ['2', 6],
  ])(
    'of %s workers that may have 3 connections each serves %i clients at a time',
    async (WORKERS, served) => {
      const { url } = await start(newFolder(), { WORKERS, MAX_CONNECTIONS: '3' });
      const { hostname, port } = new URL(url);
      // A connection goes to a worker that is free at that moment, so a few at once may all go to one worker.
      const sockets: Socket[] = [];
      while (sockets.length < 60) {
        const socket = connect(Number(port), hostname).on('error', () => {});
        socket.write('GET /api/v1/status HTTP/1.1\r\n');
        sockets.push(socket);
        await delay(10);
      }
      const open = () => sockets.filter(({ destroyed }) => !destroyed).length;
      for (let round = 0; open() > served && round < 500; round += 1) await delay(10);
      const answers = sockets.map(async (socket) => {
        if (socket.destroyed) return '';
        socket.write(`Host: ${hostname}\r\n\r\n`);
        const [chunk] = await once(socket, 'data', { signal: closing(socket) }).catch(() => ['']);
        return String(chunk);
      });
      const isServed = (answer: string) => answer.startsWith('HTTP/1.1 200 OK');
      expect((await Promise.all(answers)).filter(isServed)).toHaveLength(served);
      for (const socket of sockets) socket.destroy();
    },
  );

  it('closes the connection that was idle for the longest time where a new one would be too many', async () => {
    const { url } = await start(newFolder(), { MAX_CONNECTIONS: '3' });
    const { hostname, port } = new URL(url);
    const closed: number[] = [];
    const ask = async (socket: Socket) => {
      socket.write(`GET /api/v1/status HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    };
    const come = async (name: number) => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      socket.once('close', () => closed.push(name));
      await ask(socket);
      return socket;
    };
    const first = await come(1);
    const clients = [first, await come(2), await come(3)];
    await ask(first);
    clients.push(await come(4), await come(5));
    for (let round = 0; closed.length < 2 && round < 500; round += 1) await delay(10);
    expect(closed).toEqual([2, 3]);
    await ask(first);
    for (const socket of clients) socket.destroy();
  });

  it('says once that the course contract is for compatibility', async () => {
    const server = await start(newFolder(), { AUTH_COMPAT: 'alx' });
    expect(server.output().match(/AUTH_COMPAT=alx/g)).toHaveLength(1);
  });

  it('warns once, by several processes too, of each name that looks misspelt or is for other software', async () => {
    const names = ['LOGLEVEL', 'NODE_EVN', 'JWT_SECRET', 'PORT'];
    const variables = Object.fromEntries(names.map((name) => [name, 'hunter2']));
    const server = await start(newFolder(), { ...variables, WORKERS: '2', API_PORT: undefined });
    for (const name of names) expect(server.output().match(new RegExp(`${name}: .+`, 'g'))).toHaveLength(1);
    expect(server.output()).toContain('LOGLEVEL: unknown; did you mean LOG_LEVEL?');
    expect(server.output()).not.toContain('hunter2');
  });

  /** Aborts when a connection is over. */
  function closing(socket: Socket): AbortSignal {
    const controller = new AbortController();
    socket.once('close', () => controller.abort());
    return controller.signal;
  }

  /** A connection that has sent a sign-in, which takes a while to refuse. */
  async function sendLogin(server: Server): Promise<Socket> {
    const { hostname, port } = new URL(server.url);
    const body = JSON.stringify({ email: 'nobody@example.com', password: PASSWORD });
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `POST /api/v1/auth_session/login HTTP/1.1\r\nHost: ${hostname}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  }
});
