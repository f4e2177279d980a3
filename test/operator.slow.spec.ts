import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import SqliteConnection from 'better-sqlite3';
import { Secret, TOTP } from 'otpauth';
import { PASSWORD, Visitor } from './support/app.js';
import { describeWithPostgres, newSchema } from './support/services.js';
import { Server, newFolder, operate } from './support/server.js';

describe('The operator command', () => {
  const folder = newFolder();
  let server: Server;

  beforeAll(async () => {
    server = await Server.start(folder);
  });

  afterAll(() => server.stop());

  const visitor = () => new Visitor(`${server.url}/api/v1`, {});
  const create = (email: string, input: string, ...more: string[]) =>
    operate(folder, ['user', 'create', '--email', email, '--password-stdin', ...more], { input });

  it('adds a user, who signs in to the running server', async () => {
    const names = ['--first-name', 'Ann', '--last-name', 'Lee', '--role', 'admin', '--json'];
    const { code, stdout } = await create('ann@example.com', `${PASSWORD}\n`, ...names);
    expect(code).toBe(0);
    const ann = visitor();
    expect((await ann.login('ann@example.com')).status).toBe(200);
    expect((await ann.get('/users/me')).body).toMatchObject(JSON.parse(stdout));
    expect(JSON.parse(stdout)).toMatchObject({ first_name: 'Ann', last_name: 'Lee', role: 'admin' });
  });

  it.each([
    ['a password with a colon and blanks', ' H0lberton:School: 98! ', ''],
    ['only the first line', PASSWORD, '\r\nsecond line'],
  ])('takes %s from standard input', async (_, password, rest) => {
    const email = `${password.length}@example.com`;
    expect((await create(email, password + rest)).code).toBe(0);
    expect((await visitor().login(email, password)).status).toBe(200);
  });

  it('lists users', async () => {
    const { stdout } = await operate(folder, ['user', 'list']);
    expect(stdout).toMatch(/^[0-9a-f-]{36} {2}admin {2}enabled {3}ann@example\.com$/m);
    const listed = JSON.parse((await operate(folder, ['user', 'list', '--json'])).stdout);
    expect(listed[0]).toMatchObject({ email: 'ann@example.com', disabled: false });
  });

  it('removes the second factors of a user, who then signs in with the password alone', async () => {
    await create('fay@example.com', PASSWORD);
    const fay = visitor();
    await fay.login('fay@example.com');
    const { secret } = (await fay.post('/factors/totp')).body;
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    expect((await fay.post('/factors/totp/confirm', { code })).status).toBe(200);
    expect((await visitor().login('fay@example.com')).body.code).toBe('second_factor_required');
    expect(await operate(folder, ['user', 'reset-factors', 'FAY@example.com'])).toMatchObject({
      code: 0,
      stdout: 'The second factors of fay@example.com are removed.\n',
    });
    expect((await visitor().login('fay@example.com')).status).toBe(200);
    expect((await operate(folder, ['user', 'reset-factors', 'fay@example.com'])).stdout).toBe(
      'fay@example.com has no second factors.\n',
    );
    expect((await operate(folder, ['user', 'reset-factors', 'nobody@example.com'])).code).toBe(1);
  });

  it('disables, enables and deletes users by address or id, at once for the running server', async () => {
    const { id } = JSON.parse((await create('ben@example.com', PASSWORD, '--json')).stdout);
    const ben = visitor();
    await ben.login('ben@example.com');
    expect((await operate(folder, ['user', 'disable', 'BEN@example.com'])).code).toBe(0);
    const told = { code: 'user_disabled', ended_at: expect.stringMatching(/Z$/) };
    const { cookie } = ben;
    expect((await ben.get('/users/me')).body).toMatchObject(told);
    expect((await operate(folder, ['user', 'enable', id])).code).toBe(0);
    ben.cookie = cookie;
    expect((await ben.get('/users/me')).body).toMatchObject(told);
    expect((await ben.login('ben@example.com')).status).toBe(200);
    expect((await operate(folder, ['user', 'delete', id])).stdout).toBe(
      `${id}  user   deleted   ben@example.com\n`,
    );
    expect((await ben.get('/users/me')).body).toMatchObject({ ...told, code: 'user_deleted' });
    expect((await ben.login('ben@example.com')).status).toBe(401);
  });

  it('issues a token for a new password, which one of two servers takes once', async () => {
    const { id } = JSON.parse((await create('kim@example.com', PASSWORD, '--json')).stdout);
    const kim = visitor();
    await kim.login('kim@example.com');
    const { code, stdout, stderr } = await operate(folder, ['user', 'password', 'KIM@example.com']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [token = '', prose] = stdout.split('\n');
    expect(prose).toMatch(/^Valid until [\d-]{10}T[\d:.]{12}Z\. The user sends it to POST /);
    expect(prose).toMatch(/ POST \/api\/v1\/password\/reset, as \{"token": "…", "new_password": "…"\}\.$/);
    expect((await kim.get('/users/me')).status).toBe(200);
    const second = await Server.start(folder);
    const servers = [server, second, server, second];
    const answers = await Promise.all(
      servers.map(({ url }, index) =>
        new Visitor(`${url}/api/v1`, {}).post('/password/reset', {
          token,
          new_password: `another good password ${index}`,
        }),
      ),
    );
    await second.stop();
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 400, 400, 400]);
    const password = `another good password ${statuses.indexOf(200)}`;
    expect(await kim.get('/users/me')).toMatchObject({ body: { code: 'password_changed' } });
    expect((await kim.login('kim@example.com', password)).status).toBe(200);

    const revoked = await operate(folder, ['user', 'password', id, '--revoke', '--json']);
    expect(JSON.parse(revoked.stdout)).toEqual({
      token: expect.stringMatching(/^reset-/),
      expires_at: expect.stringMatching(/Z$/),
    });
    expect((await kim.get('/users/me')).status).toBe(401);
    expect((await kim.login('kim@example.com', password)).status).toBe(401);
  });

  describe('shows what happened', () => {
    const audit = async (...args: string[]) => {
      const { code, stdout, stderr } = await operate(folder, ['audit', ...args]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    let id: string;

    beforeAll(async () => {
      ({ id } = JSON.parse((await create('eve@example.com', PASSWORD, '--role', 'admin', '--json')).stdout));
      const eve = visitor();
      await eve.login('eve@example.com');
      await eve.delete('/auth_session/logout');
      for (const command of ['disable', 'disable', 'enable', 'delete'])
        expect((await operate(folder, ['user', command, id])).code).toBe(0);
    });

    it("its own doing and the server's, each once and newest first", async () => {
      const events: Record<string, unknown>[] = JSON.parse(await audit('--user', id, '--json'));
      expect(events.map(({ type, via, actor_id }) => [type, via, actor_id])).toEqual([
        ['user_deleted', 'operator', null],
        ['user_enabled', 'operator', null],
        ['user_disabled', 'operator', null],
        ['session_ended', 'http', id],
        ['sign_in', 'http', id],
        ['user_created', 'operator', null],
      ]);
      expect(events.at(-1)!.details).toEqual({ role: 'admin' });
    });

    it('how often what was repeated happened, and when last', async () => {
      await create('gus@example.com', PASSWORD);
      const gus = visitor();
      await gus.login('gus@example.com');
      for (let count = 0; count < 3; count += 1) expect((await gus.get('/users')).status).toBe(403);
      const refused = ['--user', 'gus@example.com', '--type', 'right_refused'];
      let line = '';
      for (let glance = 0; glance < 20 && !line.includes('count=3'); glance += 1)
        line = await audit(...refused);
      expect(line).toMatch(/^\S+Z  right_refused .* count=3 last_at=\S+Z\n$/);
      const [event] = JSON.parse(await audit(...refused, '--json'));
      expect(event).toMatchObject({ count: 3, last_at: expect.stringMatching(/Z$/) });
    });

    it('by type, up to a number, and a line each', async () => {
      expect(await audit('--user', id, '--type', 'user_created')).toMatch(
        new RegExp(`^[\\dT:.-]{23}Z {2}user_created +role=admin via=operator subject_id=${id}\n$`),
      );
      expect((await audit('--limit', '3')).split('\n')).toHaveLength(4);
    });

    it('of a user by address, and since a time', async () => {
      await create('fay@example.com', PASSWORD);
      expect(await audit('--user', 'FAY@example.com')).toContain('user_created');
      expect(await audit('--user', 'fay@example.com', '--since', '1h')).toContain('user_created');
      expect(await audit('--user', 'fay@example.com', '--since', '2100-01-01')).toBe('');
      expect(await audit('--user', 'nobody@example.com')).toBe('');
    });
  });

  const UMLAUTS = 'p\u00e4ssw\u00f6rter mit umlauten';

  it('takes a password with a byte order mark as it was typed', async () => {
    const input = Buffer.from(`\uFEFF${UMLAUTS}\r\n`);
    const args = ['user', 'create', '--email', 'uma@example.com', '--password-stdin'];
    expect((await operate(folder, args, { input })).code).toBe(0);
    expect((await visitor().login('uma@example.com', UMLAUTS)).status).toBe(200);
  });

  it.each([
    ['Latin-1', Buffer.from(UMLAUTS, 'latin1')],
    ['UTF-16 with a byte order mark', Buffer.from(`\uFEFF${UMLAUTS}\r\n`, 'utf16le')],
    ['UTF-16', Buffer.from('an ASCII password in UTF-16', 'utf16le')],
  ])('refuses a password in %s', async (_, input) => {
    const args = ['user', 'create', '--email', 'ugo@example.com', '--password-stdin'];
    const { code, stderr } = await operate(folder, args, { input });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('is not UTF-8') });
    expect(stderr).not.toContain('mit');
    expect((await operate(folder, ['user', 'list'])).stdout).not.toContain('ugo@');
  });

  it.each([
    ['--email', "$(printf 'r\\344mi@example.com')"],
    ['--email', "remi@example.com --first-name $(printf 'R\\344mi')"],
  ])('refuses arguments that are not UTF-8: %s %s', async (...args) => {
    const command = `printf '${PASSWORD}' | '${process.execPath}' '${resolve('dist/cli.js')}' user create --password-stdin`;
    const { code, stderr } = await shell(folder, `${command} ${args.join(' ')}`);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: an argument is not UTF-8. Send it in this encoding.\n',
    });
  });

  describe('in another folder than the server', () => {
    it.each([
      [['user', 'list']],
      [['user', 'create', '--email', 'x@example.com', '--password-stdin']],
      [['user', 'disable', 'x@example.com']],
      [['audit']],
      [['sessions', 'move', '--from', 'sqlite:coatcheck.db', '--to', 'sqlite:b.db']],
    ])('makes no database, and says where there is none: %j', async (args) => {
      const elsewhere = newFolder();
      const { code, stdout, stderr } = await operate(elsewhere, args, { input: PASSWORD });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`Cannot open ${join(elsewhere, 'coatcheck.db')}: there is no such file`);
      expect(readdirSync(elsewhere)).toEqual([]);
    });

    it('makes no tables in a file that has none', async () => {
      const elsewhere = newFolder();
      const file = join(elsewhere, 'coatcheck.db');
      writeFileSync(file, '');
      const { code, stderr } = await operate(elsewhere, ['user', 'list']);
      expect(code).toBe(1);
      expect(stderr).toContain(`Cannot open ${file}: it has no tables of Coatcheck`);
      expect(readFileSync(file, 'utf8')).toBe('');
    });

    it('says where tables are of a newer or an earlier version', async () => {
      const elsewhere = newFolder();
      await operate(elsewhere, ['migrate']);
      const connection = new SqliteConnection(join(elsewhere, 'coatcheck.db'));
      connection.exec("insert into coatcheck_migrations values ('999-later', '2026-01-01T00:00:00.000Z')");
      expect((await operate(elsewhere, ['user', 'list'])).stderr).toContain(
        'a newer version has migrated it',
      );
      const last =
        'delete from coatcheck_migrations where name = (select max(name) from coatcheck_migrations)';
      connection.exec(`${last}; ${last}`);
      connection.close();
      expect((await operate(elsewhere, ['user', 'list'])).stderr).toContain(
        'its tables are of an earlier version. Start the server or run the command migrate.',
      );
    });
  });

  it.each<[string, string[], string, Record<string, string>, string]>([
    [
      'an address that is taken',
      ['user', 'create', '--email', 'ANN@example.com', '--password-stdin'],
      PASSWORD,
      {},
      'exists already',
    ],
    [
      'a short password',
      ['user', 'create', '--email', 'cid@example.com', '--password-stdin'],
      'short',
      {},
      'Must have at least 15',
    ],
    [
      'a password that is easy to guess',
      ['user', 'create', '--email', 'cid@example.com', '--password-stdin'],
      'cid@example.com',
      {},
      'password: Too easy to guess',
    ],
    [
      'a password that is known',
      ['user', 'create', '--email', 'cid@example.com', '--password-stdin'],
      'momsanaladventure',
      {},
      'password: Known from data breaches',
    ],
    [
      'no password',
      ['user', 'create', '--email', 'cid@example.com', '--password-stdin'],
      '',
      {},
      'password: Missing.',
    ],
    [
      'a name with control characters',
      ['user', 'create', '--email', 'cid@example.com', '--password-stdin', '--first-name', 'A\u001b[31m'],
      PASSWORD,
      {},
      'not contain control',
    ],
    ['no address', ['user', 'create', '--email', 'nonsense', '--password-stdin'], PASSWORD, {}, 'email'],
    ['an unknown user', ['user', 'disable', 'nobody@example.com'], '', {}, 'no such user'],
    ['an unknown user', ['user', 'password', 'nobody@example.com'], '', {}, 'no such user'],
    [
      'the course contract',
      ['user', 'password', 'ann@example.com'],
      '',
      { AUTH_COMPAT: 'alx' },
      'no route that takes reset tokens',
    ],
    ['the last administrator', ['user', 'disable', 'ann@example.com'], '', {}, 'the last administrator'],
    ['the last administrator', ['user', 'delete', 'ann@example.com'], '', {}, 'the last administrator'],
    [
      'users in memory',
      ['user', 'list'],
      '',
      { AUTH_TYPE: 'session_auth', DATABASE_URL: 'memory:' },
      'no other process',
    ],
    [
      'a role that is not listed',
      ['user', 'create', '--email', 'x@example.com', '--password-stdin', '--role', 'user'],
      PASSWORD,
      { USER_ROLES: 'reader,admin' },
      'role: Must be one of: reader, admin.',
    ],
    ['a bad configuration', ['user', 'list'], '', { AUTH_TYPE: 'bogus' }, 'AUTH_TYPE'],
    [
      'SQL for users in memory',
      ['migrate', '--sql'],
      '',
      { AUTH_TYPE: 'session_auth', DATABASE_URL: 'memory:' },
      'has no tables',
    ],
    ['a file that cannot be', ['migrate'], '', { DATABASE_URL: 'sqlite:/nowhere/at/all.db' }, 'open'],
  ])('fails with 1 and a reason on %s', async (_, args, input, variables, reason) => {
    const { code, stdout, stderr } = await operate(folder, args, { input, variables });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(reason);
  });

  it.each([
    [['user', 'create']],
    [['user', 'create', '--email', 'x@example.com', '--password', 'on the command line']],
    [['user', 'delete']],
    [['user', 'password']],
    [['user', 'password', 'x@example.com', '--revoke=yes']],
    [['audit', '--type', 'nonsense']],
    [['audit', '--since', 'nonsense']],
    [['audit', '--limit', '0']],
    [['bogus']],
    [[]],
  ])('fails with 2 on the usage %j', async (args) => {
    const { code, stderr } = await operate(folder, args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
  });

  it('shows the configuration and its sources without secrets', async () => {
    const variables = { PASSWORD_PEPPER: 'a-pepper-of-more-than-32-characters', SESSION_DURATION: '1h' };
    const { code, stdout } = await operate(folder, ['config'], { variables });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SESSION_DURATION +1h {2}\[environment\]$/m);
    expect(stdout).toMatch(/^PASSWORD_PEPPER +\(secret\) {2}\[environment\]$/m);
    expect(stdout).toMatch(/^TRUSTED_ORIGINS +\(none\) {2}\[default\]$/m);
    const columns = stdout
      .trimEnd()
      .split('\n')
      .map((line) => /^\w+ +/.exec(line)?.[0].length);
    expect(new Set(columns).size).toBe(1);
  });

  it('shows with the configuration which names are not read, beside the output', async () => {
    const variables = { LOGLEVEL: 'debug', REDIS_URL: 'redis://ann:hunter2@127.0.0.1' };
    const { code, stdout, stderr } = await operate(folder, ['config', '--json'], { variables });
    expect({ code, lines: stderr.trimEnd().split('\n') }).toEqual({
      code: 0,
      lines: [
        'LOGLEVEL: unknown; did you mean LOG_LEVEL?',
        'REDIS_URL: not read; to keep sessions in Redis, set SESSION_STORE_URL',
      ],
    });
    expect(JSON.parse(stdout)).toContainEqual({ name: 'LOG_LEVEL', value: 'info', source: 'default' });
  });

  it('prints the SQL of a migration, with which SQLite is up to date', async () => {
    const elsewhere = newFolder();
    const variables = { TABLE_PREFIX: 'login_' };
    const { code, stdout, stderr } = await operate(elsewhere, ['migrate', '--sql'], { variables });
    expect({ code, stderr, files: readdirSync(elsewhere) }).toEqual({ code: 0, stderr: '', files: [] });
    const connection = new SqliteConnection(join(elsewhere, 'coatcheck.db'));
    connection.exec(stdout);
    connection.close();
    expect(await operate(elsewhere, ['migrate', '--sql'], { variables })).toEqual({
      code: 0,
      stdout: '-- Up to date: sqlite:coatcheck.db\n',
      stderr: '',
    });
    expect((await operate(elsewhere, ['user', 'list'], { variables })).code).toBe(0);
  });

  it('says which database the SQL is not for', async () => {
    const elsewhere = newFolder();
    const variables = { SESSION_STORE_URL: 'sqlite:sessions.db' };
    const { code, stderr } = await operate(elsewhere, ['migrate', '--sql'], { variables });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'The database of SESSION_STORE_URL is not included. Print its statements with DATABASE_URL set to its URL.\n',
    });
  });

  it('says that tables with another prefix are not used', async () => {
    const elsewhere = newFolder();
    expect((await operate(elsewhere, ['migrate'])).stderr).toBe('');
    const variables = { TABLE_PREFIX: 'login_' };
    const list = await operate(elsewhere, ['user', 'list'], { variables });
    expect(list).toMatchObject({ code: 1, stderr: expect.stringContaining('TABLE_PREFIX=coatcheck_') });
    const { code, stderr } = await operate(elsewhere, ['migrate'], { variables });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'There are no tables with the prefix login_, so the migrations create new, empty ones. This database has ' +
        'tables of Coatcheck with TABLE_PREFIX=coatcheck_. To use those, set this, or tablePrefix and schema in code.\n',
    });
    expect((await operate(elsewhere, ['migrate'], { variables })).stderr).toBe('');
  });

  it('brings the tables up to date, as often as it is asked', async () => {
    const elsewhere = newFolder();
    for (let round = 0; round < 2; round += 1) {
      expect(await operate(elsewhere, ['migrate'])).toEqual({
        code: 0,
        stdout: 'Up to date: sqlite:coatcheck.db\n',
        stderr: '',
      });
    }
  });
});

describeWithPostgres('The operator command in a schema of PostgreSQL that is empty', () => {
  it('makes no tables', async () => {
    const schema = await newSchema();
    const variables = { DATABASE_URL: schema.url };
    const { code, stderr } = await operate(newFolder(), ['user', 'list'], { variables });
    expect(code).toBe(1);
    expect(stderr).toContain('it has no tables of Coatcheck');
    expect(await schema.dump()).not.toContain('id');
    expect((await operate(newFolder(), ['migrate'], { variables })).code).toBe(0);
    expect(await operate(newFolder(), ['user', 'list'], { variables })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    await schema.drop();
  });
});

function shell(folder: string, command: string): Promise<{ code: number; stderr: string }> {
  return new Promise((done) => {
    execFile('sh', ['-c', command], { cwd: folder }, (error, _, stderr) => {
      done({ code: Number(error?.code ?? 0), stderr });
    });
  });
}
