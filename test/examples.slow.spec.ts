import { type ChildProcess, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hashSync } from 'bcrypt';
import { pbkdf2Hash, scryptHash } from 'coatcheck';
import { QUIETLY, installApplication, npm, packedLibrary } from './support/host.js';
import { newFolder } from './support/server.js';
import { describeWithPostgres } from './support/services.js';
import { type UserTable, collectionOnMongo, tableOnPostgres, tableOnSqlite } from './support/user-tables.js';

/** npm installs packages. */
jest.setTimeout(300_000);

/** `prisma generate` would download the engine of Prisma's migrations, which no test uses. */
const NO_MIGRATIONS = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };

const PASSWORD = 'several unrelated words 9';

/** Users of the application. Dan has no password. */
const ROLES_OF = {
  ann: ['owner'],
  ben: ['staff'],
  cid: ['owner', 'staff'],
  dan: ['staff'],
  eve: [],
  fay: ['staff'],
  gus: ['staff'],
};

/** What systems before Coatcheck stored, made as they make it. */
const hashes = {
  bcrypt: (password: string) => hashSync(password, 10),
  django: (password: string) => {
    const hash = pbkdf2Sync(password, 'pepperandsalt', 20_000, 32, 'sha256').toString('base64');
    return `pbkdf2_sha256$20000$pepperandsalt$${hash}`;
  },
  scrypt: (password: string) => {
    const salt = randomBytes(16).toString('hex');
    return scryptHash({ salt, hash: scryptSync(password, salt, 64) });
  },
  passportLocalMongoose: (password: string) => {
    const salt = randomBytes(32).toString('hex');
    const hash = pbkdf2Sync(password, salt, 25_000, 512, 'sha256');
    return pbkdf2Hash({ digest: 'sha256', iterations: 25_000, salt, hash });
  },
};

/** A client of an application that keeps its cookie. */
class Browser {
  #cookie = '';

  constructor(private readonly url: string) {}

  signIn(login: string, password: string) {
    return this.send('POST', '/auth_session/login', { login, password });
  }

  get(path: string) {
    return this.send('GET', path);
  }

  async send(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.url + path, {
      method,
      headers: { cookie: this.#cookie, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.#cookie = cookie.split(';', 1)[0]!;
    return { status: response.status, body: await response.json() };
  }
}

let tarball: string;

beforeAll(async () => {
  tarball = await packedLibrary();
});

/** A program of Node that prints `ready at <url>`. */
class Program {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(folder: string, file: string, variables = {}): Promise<Program> {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [file], { cwd: folder, env: { PATH, PORT: '0', ...variables } });
    let output = '';
    const url = await new Promise<string>((ready, failed) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          output += chunk;
          const [, address] = /ready at (\S+)\n/.exec(output) ?? [];
          if (address !== undefined) ready(address);
        });
      child.once('exit', (code) => failed(new Error(`${file} ended with ${code}:\n${output}`)));
    });
    return new Program(url, child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** Installs and compiles an example. npm would compile the code of better-sqlite3 for minutes. */
async function build(name: string): Promise<string> {
  const folder = await installApplication(resolve('examples', name), tarball);
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  if ('better-sqlite3' in dependencies) {
    const addon = 'node_modules/better-sqlite3/build';
    cpSync(addon, join(folder, addon), { recursive: true });
  }
  await npm(folder, ['run', 'build'], NO_MIGRATIONS);
  return folder;
}

function describeExample(
  name: string,
  legacyHash: (password: string) => string,
  open: (folder: string) => Promise<UserTable>,
): void {
  describe(`The example of ${name}`, () => {
    let folder: string;
    let table: UserTable;

    beforeAll(async () => {
      folder = await build(name);
      table = await open(folder);
    });

    afterAll(async () => {
      await table?.drop();
      rmSync(folder, { recursive: true });
    });

    it('has a directory of fewer than 40 lines', () => {
      const lines = readFileSync(join(folder, 'src/app-user.directory.ts'), 'utf8').trim().split('\n');
      expect(lines.length).toBeLessThan(40);
    });

    it('passes the suite for user directories', async () => {
      const output = await npm(folder, ['test'], table.testVariables);
      expect(Number(/\bpass (\d+)/.exec(output)?.[1])).toBeGreaterThan(70);
    });

    describe('when it runs', () => {
      let app: Program;
      let columns: string[];
      const ids = new Map<string, string>();

      beforeAll(async () => {
        for (const [username, roles] of Object.entries(ROLES_OF)) {
          const email = `${username}@example.com`;
          const passwordHash = username === 'dan' ? null : legacyHash(PASSWORD);
          ids.set(username, await table.insert({ username, email, roles, passwordHash }));
        }
        columns = await table.columns();
        app = await Program.start(folder, 'build/src/main.js', table.variables);
      });

      afterAll(() => app?.stop());

      const browser = () => new Browser(app.url);
      const signedIn = async (login: string) => {
        const client = browser();
        expect((await client.signIn(login, PASSWORD)).status).toBe(200);
        return client;
      };

      it('signs in by user name and by e-mail address in any case, with the hash of before', async () => {
        for (const login of ['ann', 'ann@example.com', 'Ann@Example.COM', 'ben']) {
          const { status, body } = await browser().signIn(login, PASSWORD);
          const name = login.slice(0, 3).toLowerCase();
          expect({ status, body }).toMatchObject({ status: 200, body: { id: ids.get(name) } });
        }
      });

      it('needs the hash of before no more after a sign-in, and adds no column', async () => {
        await signedIn('cid');
        await table.clearHash(ids.get('cid')!);
        await signedIn('cid');
        expect((await browser().signIn('cid', 'another password')).status).toBe(401);
        expect(await table.columns()).toEqual(columns);
      });

      it('gives handlers the user as the application stores it', async () => {
        const { status, body } = await (await signedIn('ben')).get('/profile');
        const id = name === 'typeorm' || name === 'drizzle' ? Number(ids.get('ben')) : ids.get('ben');
        const user = { id, username: 'ben', email: 'ben@example.com', roles: ['staff'], isActive: true };
        expect({ status, body }).toEqual({ status: 200, body: user });
      });

      it.each([
        ['ann', [200, 200, 403]],
        ['ben', [403, 200, 403]],
        ['cid', [200, 200, 200]],
        ['eve', [403, 403, 403]],
      ])('lets %s in by role: owner, owner or staff, owner and staff', async (login, statuses) => {
        const client = await signedIn(login);
        const answers = await Promise.all(['/payroll', '/rota', '/tips'].map((path) => client.get(path)));
        expect(answers.map(({ status }) => status)).toEqual(statuses);
      });

      it.each(['ann', 'dan', 'nobody', '', "' or 1=1 --", '\0', '%', '__proto__'])(
        'refuses a wrong password of the login %j',
        async (login) => {
          expect([400, 401]).toContain((await browser().signIn(login, 'a wrong password')).status);
        },
      );

      it('refuses a deactivated user at once, also with a session', async () => {
        const client = await signedIn('fay');
        await table.setActive(ids.get('fay')!, false);
        expect((await client.get('/profile')).status).toBe(401);
        expect((await browser().signIn('fay', PASSWORD)).status).toBe(401);
        await table.setActive(ids.get('fay')!, true);
        await signedIn('fay');
      });

      it('refuses a deleted user at once, also with a session', async () => {
        const client = await signedIn('gus');
        await table.remove(ids.get('gus')!);
        expect((await client.get('/profile')).status).toBe(401);
        expect((await browser().signIn('gus', PASSWORD)).status).toBe(401);
      });

      it('signs out', async () => {
        const client = await signedIn('ann');
        expect((await client.get('/profile')).status).toBe(200);
        expect((await client.send('DELETE', '/auth_session/logout')).status).toBe(200);
        expect((await client.get('/profile')).status).toBe(401);
      });

      it('has no routes for users, and refuses requests without a session', async () => {
        const client = await signedIn('ann');
        expect((await client.get('/users/me')).status).toBe(404);
        expect((await browser().get('/profile')).status).toBe(401);
      });
    });
  });
}

describeWithPostgres('On PostgreSQL', () => {
  describeExample('typeorm', hashes.bcrypt, tableOnPostgres);
  describeExample('prisma', hashes.django, tableOnPostgres);
});

describeExample('drizzle', hashes.scrypt, tableOnSqlite);

/** With `TEST_MONGO_URL` on that server; otherwise on one with the same protocol, which npm has. */
describe('On MongoDB', () => {
  const { TEST_MONGO_URL } = process.env;
  let server: Program | null = null;

  beforeAll(async () => {
    if (TEST_MONGO_URL !== undefined) return;
    const folder = await installMongoServer();
    server = await Program.start(folder, 'main.js');
  });

  afterAll(() => server?.stop());

  describeExample('mongoose', hashes.passportLocalMongoose, async (folder) =>
    collectionOnMongo(folder, TEST_MONGO_URL ?? server!.url),
  );
});

async function installMongoServer(): Promise<string> {
  const folder = join(newFolder(), 'mongo-server');
  cpSync(resolve('test/mongo-server'), folder, { recursive: true });
  await npm(folder, ['ci', ...QUIETLY]);
  return folder;
}
