import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, Visitor } from './support/app.js';
import { freePort } from './support/engines.js';
import { MailServer, plainSource } from './support/mail-server.js';
import { until } from './support/processes.js';
import { Server, makeDatabase, newFolder, operate } from './support/server.js';

const NEXT = 'another good password';
const REPLY = '5.1.1 No such mailbox';

/** The variables of a server whose mails go to `url`. */
const sendingTo = (url: string) => ({
  MAIL_URL: url,
  MAIL_FROM: 'Example <no-reply@example.com>',
  PUBLIC_URL: 'https://app.example.com',
});

interface Row {
  readonly id: string;
  readonly to: string;
  readonly kind: string;
  readonly attempts: number;
  readonly next_at: string | null;
  readonly error: string | null;
}

describe('The operator', () => {
  let folder: string;
  let mails: MailServer;
  let variables: Record<string, string>;

  beforeAll(async () => {
    mails = await MailServer.start({
      onRcptTo: ({ address }, _session, done) =>
        done(
          address.startsWith('refused') ? Object.assign(new Error(REPLY), { responseCode: 550 }) : undefined,
        ),
    });
    variables = sendingTo(`smtp://127.0.0.1:${mails.port}`);
  });

  afterAll(() => mails.stop());

  beforeEach(async () => {
    folder = newFolder();
    await makeDatabase(folder);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (args: readonly string[], settings: Record<string, string> = variables, input = '') =>
    operate(folder, args, { variables: settings, input });
  const outbox = async (...more: string[]): Promise<Row[]> =>
    JSON.parse((await run(['mail', 'outbox', '--json', ...more])).stdout);
  const invite = (email: string, ...more: string[]) => run(['user', 'invite', '--email', email, ...more]);
  const sourcesTo = (address: string) =>
    mails.received.filter(({ to }) => to.includes(address)).map(({ source }) => plainSource(source));

  describe('who tests the mail server', () => {
    const test = (to: string, settings = variables) => run(['mail', 'test', '--to', to], settings);

    it('gets 0 when it has accepted the mail, which has no token', async () => {
      const { code, stdout, stderr } = await test('you@example.com');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('you@example.com');
      expect(sourcesTo('you@example.com')).toEqual([
        expect.stringMatching(/^From: Example <no-reply@example\.com>\r$/m),
      ]);
      expect(sourcesTo('you@example.com')[0]).not.toContain('#token=');
      expect(await outbox()).toEqual([]);
    });

    it('gets 1 and the reply when it refuses the mail, which does not wait', async () => {
      const { code, stdout, stderr } = await test('refused@example.com');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('550');
      expect(stderr).toContain('No such mailbox');
      expect(await outbox()).toEqual([]);
    });

    it('gets 1 when it is down, in a short time and without its password', async () => {
      const url = `smtp://somebody:s3cr3t-word@127.0.0.1:${await freePort()}`;
      const started = performance.now();
      const { code, stdout, stderr } = await test('you@example.com', sendingTo(url));
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).not.toBe('');
      expect(stderr).not.toMatch(/s3cr3t|\bat .*\.js:/);
      expect(performance.now() - started).toBeLessThan(20_000);
    });

    it('gets a file where mails are files', async () => {
      const { code } = await test('you@example.com', sendingTo('file:mails'));
      expect(code).toBe(0);
      const files = readdirSync(join(folder, 'mails'));
      expect(files).toEqual([expect.stringMatching(/\.eml$/)]);
      expect(readFileSync(join(folder, 'mails', files[0]!), 'utf8')).toContain('To: you@example.com');
    });
  });

  it.each([
    [['mail', 'test', '--to', 'you@example.com']],
    [['mail', 'outbox']],
    [['mail', 'retry']],
    [['user', 'invite', '--email', 'lee@example.com']],
  ])('gets 1 and a cure where no mails are sent: %j', async (args) => {
    const { code, stdout, stderr } = await run(args, { MAIL_URL: 'off' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('MAIL_URL');
    expect((await run(['user', 'list'])).stdout).toBe('');
  });

  it.each([
    [['mail']],
    [['mail', 'test']],
    [['mail', 'test', '--to']],
    [['mail', 'test', 'you@example.com']],
    [['mail', 'test', '--to', 'you@example.com', 'other@example.com']],
    [['mail', 'outbox', '--all']],
    [['mail', 'outbox', 'some-id']],
    [['mail', 'retry', 'one', 'two']],
    [['mail', 'send']],
    [['user', 'invite']],
    [['user', 'invite', '--email']],
    [['user', 'invite', 'lee@example.com']],
    [['user', 'invite', '--email', 'lee@example.com', '--verified']],
  ])('gets 2 for the usage %j', async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it.each([
    ['no address', 'nonsense', []],
    ['two addresses', 'lee@example.com,eve@example.com', []],
    ['a line break in an address', 'lee@example.com\r\nBcc: eve@example.com', []],
    ['an unknown role', 'lee@example.com', ['--role', 'king']],
    ['a name with control characters', 'lee@example.com', ['--first-name', 'Lee\u001b[31m']],
    ['a name that is too long', 'lee@example.com', ['--last-name', 'x'.repeat(1000)]],
  ])('gets 1 for an invitation with %s, and nobody is invited', async (_, email, more) => {
    const { code, stdout, stderr } = await invite(email, ...more);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^(email|role|first_name|last_name): /);
    expect(JSON.parse((await run(['user', 'list', '--json'])).stdout)).toEqual([]);
    expect(await outbox()).toEqual([]);
  });

  it('invites users, whose mails the running server sends', async () => {
    const server = await Server.start(folder, variables);
    try {
      const { code, stdout } = await invite('lee@example.com', '--first-name', 'Lee', '--json');
      expect(code).toBe(0);
      const user = JSON.parse(stdout);
      expect(user).toMatchObject({ email: 'lee@example.com', first_name: 'Lee', email_verified: false });
      expect(stdout).not.toContain('token');
      await until(() => sourcesTo('lee@example.com').length > 0);
      const [token] = /reset-[\w-]+\.[\w-]{43}/.exec(sourcesTo('lee@example.com')[0]!)!;
      const lee = new Visitor(`${server.url}/api/v1`, {});
      expect(await lee.post('/password/reset', { token, new_password: NEXT })).toMatchObject({ status: 200 });
      expect(await lee.login('lee@example.com', NEXT)).toMatchObject({ status: 200 });
      expect((await lee.get('/users/me')).body).toMatchObject({ id: user.id, email_verified: true });
      expect((await run(['audit', '--user', user.id])).stdout).toMatch(/user_invited .*via=operator/);
      // The account has a password now.
      expect(await invite('LEE@example.com')).toMatchObject({ code: 1, stdout: '' });
    } finally {
      await server.stop();
    }
  });

  it('adds users whose address is proved, and others only where that is not needed', async () => {
    const required = { ...variables, EMAIL_VERIFICATION: 'required' };
    const create = (email: string, ...more: string[]) =>
      run(['user', 'create', '--password-stdin', '--json', '--email', email, ...more], required, PASSWORD);
    const [ann, lee] = [await create('ann@example.com', '--verified'), await create('lee@example.com')];
    expect([ann, lee].map(({ stdout }) => JSON.parse(stdout).email_verified)).toEqual([true, false]);
    // Who is vouched for is not asked.
    expect((await outbox()).map(({ kind, to }) => [kind, to])).toEqual([['verify_email', 'lee@example.com']]);
    const server = await Server.start(folder, required);
    try {
      const statuses: number[] = [];
      for (const email of ['ann@example.com', 'lee@example.com'])
        statuses.push((await new Visitor(`${server.url}/api/v1`, {}).login(email)).status);
      expect(statuses).toEqual([200, 403]);
    } finally {
      await server.stop();
    }
  });

  it('sees what waits and what failed, and has it tried again', async () => {
    await invite('refused-1@example.com');
    await invite('refused-2@example.com');
    expect((await outbox()).map(({ to, attempts, error }) => [to, attempts, error])).toEqual([
      ['refused-1@example.com', 0, null],
      ['refused-2@example.com', 0, null],
    ]);
    expect(await outbox('--failed')).toEqual([]);
    const failedBy = async () => {
      const server = await Server.start(folder, variables);
      await until(async () => (await outbox('--failed')).length === 2);
      await server.stop();
      return outbox('--failed');
    };
    const failed = await failedBy();
    for (const { next_at, attempts, error } of failed)
      expect({ next_at, attempts, error }).toEqual({
        next_at: null,
        attempts: 1,
        error: expect.stringContaining('550'),
      });
    const lines = (await run(['mail', 'outbox', '--failed'])).stdout;
    expect(lines.split('\n').map((line) => line.split(' ', 1)[0])).toEqual([
      ...failed.map(({ id }) => id),
      '',
    ]);

    expect(await run(['mail', 'retry', 'no-such-id'])).toMatchObject({ code: 1, stdout: '' });
    expect(await run(['mail', 'retry', failed[1]!.id])).toMatchObject({ code: 0, stderr: '' });
    expect((await outbox('--failed')).map(({ id }) => id)).toEqual([failed[0]!.id]);
    expect(await run(['mail', 'retry'])).toMatchObject({ code: 0, stderr: '' });
    expect(await outbox('--failed')).toEqual([]);
    expect((await outbox()).map(({ id, attempts }) => [id, attempts])).toEqual(
      failed.map(({ id }) => [id, 0]),
    );
    // There is nothing left to do, which is no fault.
    expect(await run(['mail', 'retry'])).toMatchObject({ code: 0, stderr: '' });
    expect(await failedBy()).toHaveLength(2);
  });
});
