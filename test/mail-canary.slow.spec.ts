import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, PASSWORD, Visitor } from './support/app.js';
import { MailServer, plainSource } from './support/mail-server.js';
import { until } from './support/processes.js';
import { Server, newFolder, operate } from './support/server.js';
import { describeWithPostgres, newSchema } from './support/services.js';

const NEXT = 'another good password';

/** The tokens in the source of a mail. */
const TOKEN = /(?:reset|verify|confirm|cancel)-[\w-]+\.[\w-]{43}/g;

/** A word that no other text contains. It is short, because logs leave out long words in any case. */
const canary = () => `canary${randomBytes(5).toString('hex')}`;

/** An address that has one in both of its parts. */
const address = () => `${canary()}@${canary()}.example`;

interface Storage {
  readonly variables: Readonly<Record<string, string>>;
  dump(): Promise<string>;
  drop(): Promise<void>;
}

/** Production needs one. */
const FACTOR_KEY = 'a key of second factors in this test alone';

const onSqlite = (NODE_ENV: string) => (): Promise<Storage> =>
  Promise.resolve({
    variables: { NODE_ENV, FACTOR_KEY },
    dump: () => Promise.resolve(''),
    drop: () => Promise.resolve(),
  });

describeServer('in development, on SQLite', describe, onSqlite('development'));
describeServer('in production, on SQLite', describe, onSqlite('production'));
describeServer('in production, on PostgreSQL', describeWithPostgres, async () => {
  const { url, dump, drop } = await newSchema();
  const variables = { NODE_ENV: 'production', FACTOR_KEY, DATABASE_URL: url, SESSION_STORE_URL: url };
  return { variables, dump, drop };
});

function describeServer(
  name: string,
  describeIt: (title: string, clauses: () => void) => void,
  open: () => Promise<Storage>,
): void {
  describeIt(`Mails of a server ${name}`, () => {
    const folder = newFolder();
    const [user, password, service, page] = [canary(), canary(), canary(), canary()];
    const [root, ann, lee, kim, guest, operated] = Array.from({ length: 6 }, address) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const [refused, unwanted, greylisted, nobody] = Array.from({ length: 4 }, address) as [
      string,
      string,
      string,
      string,
    ];
    const people = [root, ann, lee, kim, guest, operated, refused, unwanted, greylisted, nobody];
    /** The texts of the mail server that repeat what it got. */
    const replies: string[] = [];
    const wrongTokens = ['reset', 'verify', 'confirm', 'cancel'].map(
      (purpose) => `${purpose}-${canary()}.${canary().padEnd(43, 'A')}`,
    );
    const answers: Answer[] = [];
    let variables: Record<string, string>;
    let storage: Storage;
    let mails: MailServer;
    let server: Server;
    /** What was in the database at several times. */
    let stored = '';
    let commands = '';

    const refusal = (responseCode: number, text: string) => {
      replies.push(text);
      return Object.assign(new Error(text), { responseCode });
    };

    beforeAll(async () => {
      storage = await open();
      mails = await MailServer.start({
        authOptional: false,
        allowInsecureAuth: true,
        onAuth: (auth, _session, done) => {
          if (replies.length > 0) done(null, { user: auth.username });
          else done(refusal(535, `5.7.8 Wrong password ${auth.password} of ${auth.username}`));
        },
        onRcptTo: ({ address: to }, _session, done) => {
          const [local] = to.split('@');
          if (to === refused)
            done(refusal(550, `5.1.1 <${to}>: user ${local} of ${password} is unknown here`));
          else done();
        },
        judge: ({ to, source }) => {
          const text = plainSource(source);
          const [link = ''] = /https?:\/\/\S+#token=\S+/.exec(text) ?? [];
          const [token = ''] = text.match(TOKEN) ?? [];
          if (to.includes(unwanted)) return refusal(554, `5.7.1 No links here: ${link} (token ${token})`);
          const isFirst = !replies.some((reply) => reply.includes('again'));
          if (to.includes(greylisted) && isFirst)
            return refusal(451, `4.7.1 Send ${link} to ${to.join()} again, ${token.split('.')[1]}`);
          return null;
        },
      });
      variables = {
        ...storage.variables,
        API_HOST: '127.0.0.1',
        AUTH_TYPE: 'session_db_auth,token_auth',
        REGISTRATION: 'open',
        LOG_LEVEL: 'trace',
        PASSWORD_HASH_COST: '10',
        MAIL_URL: `smtp://${user}:${password}@127.0.0.1:${mails.port}`,
        MAIL_FROM: `${service} <no-reply@service.example>`,
        PUBLIC_URL: `https://app.example.com/${page}`,
      };
      server = await Server.start(folder, variables);
      await useAll();
    }, 400_000);

    afterAll(async () => {
      await server.stop();
      await mails.stop();
      await storage.drop();
    });

    const sources = () => [...mails.received, ...mails.refused].map(({ source }) => plainSource(source));
    const tokens = () => [...new Set(sources().flatMap((source) => source.match(TOKEN) ?? []))];
    const dump = async () => {
      const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
      return files.join('\n') + (await storage.dump());
    };
    const visitor = (headers = {}) => new Visitor(`${server.url}/api/v1`, headers);
    const command = async (args: readonly string[], input = '') => {
      const { code, stdout, stderr } = await operate(folder, args, { input, variables });
      commands += stdout + stderr;
      return code;
    };
    const expectStatus = async (expected: number, asked: Promise<Answer>) => {
      const answer = await asked;
      answers.push(answer);
      expect(answer).toMatchObject({ status: expected });
    };

    /** The token of a mail that arrives. */
    async function tokenFor(to: string, purpose: string): Promise<string> {
      let token: string | undefined;
      await until(() => {
        const texts = mails.received.filter((mail) => mail.to.includes(to)).map(({ source }) => source);
        const all = texts.flatMap((text) => plainSource(text).match(TOKEN) ?? []);
        token = all.findLast((one) => one.startsWith(purpose));
        return token !== undefined;
      });
      stored += await dump();
      return token!;
    }

    /** Every flow, with wrong tokens first. */
    async function useAll(): Promise<void> {
      const created = ['user', 'create', '--password-stdin', '--email'];
      expect(await command([...created, root, '--role', 'admin', '--verified'], PASSWORD)).toBe(0);
      expect(await command([...created, ann], PASSWORD)).toBe(0);
      for (const path of ['/password/reset', '/email/verify', '/email/confirm', '/email/cancel'])
        for (const token of wrongTokens) {
          const body = path === '/password/reset' ? { token, new_password: NEXT } : { token };
          await expectStatus(400, visitor().post(path, body));
          await visitor({ 'x-token': token }).get(`${path}?token=${token}`);
        }
      await expectStatus(200, visitor().post('/email/verify', { token: await tokenFor(ann, 'verify') }));
      const first = visitor({ 'user-agent': 'Firefox/140.0' });
      await expectStatus(200, first.login(ann));
      const second = visitor({ 'user-agent': 'Edg/142.0.0.0 (Windows NT 10.0)' });
      await expectStatus(200, second.login(ann));
      const label = canary();
      const expires_at = new Date(Date.now() + 86_400_000).toISOString();
      await expectStatus(201, second.post('/access_tokens', { label, scope: 'read', expires_at }));
      // A change of the address that is confirmed and cancelled, and the new password after it.
      await expectStatus(200, second.put('/users/me', { email: lee }));
      const cancel = await tokenFor(ann, 'cancel');
      await expectStatus(200, visitor().post('/email/confirm', { token: await tokenFor(lee, 'confirm') }));
      await expectStatus(200, visitor().post('/email/cancel', { token: cancel }));
      const token = await tokenFor(ann, 'reset');
      await expectStatus(400, visitor().post('/password/reset', { token, new_password: 'short' }));
      await expectStatus(200, visitor().post('/password/reset', { token, new_password: NEXT }));
      for (const email of [kim, ann, refused, unwanted, greylisted])
        await expectStatus(202, visitor().post('/users', { email, password: PASSWORD }));
      for (const email of [kim, nobody, ann.toUpperCase()]) {
        await expectStatus(202, visitor().post('/password/forgot', { email }));
        await expectStatus(202, visitor().post('/email/verification', { email }));
      }
      const admin = visitor();
      await expectStatus(200, admin.login(root));
      await expectStatus(201, admin.post('/invitations', { email: guest }));
      expect(await command(['user', 'invite', '--email', operated])).toBe(0);
      for (const to of [guest, operated]) {
        const invitation = { token: await tokenFor(to, 'reset'), new_password: NEXT };
        await expectStatus(200, visitor().post('/password/reset', invitation));
      }
      await tokenFor(kim, 'verify');
      await tokenFor(kim, 'reset');
      await tokenFor(greylisted, 'verify');
      expect(await command(['mail', 'test', '--to', nobody])).toBe(0);
      expect(await command(['mail', 'test', '--to', refused])).toBe(1);
      await until(() => new Set(replies.map((reply) => reply.slice(0, 5))).size === 4);
      await until(() => server.output().match(/not tried any more/g)?.length === 2);
      for (const args of [['outbox'], ['outbox', '--json', '--failed'], ['retry']])
        expect(await command(['mail', ...args])).toBe(0);
      expect(await command(['config'])).toBe(0);
    }

    /** Which of some words a text contains. */
    const found = (words: readonly string[], text: string) =>
      words.filter((word) => text.toLowerCase().includes(word.toLowerCase()));
    const secrets = () => [...tokens(), ...wrongTokens].map((token) => token.split('.')[1]!);

    it('are of every kind that has a token, and some were refused', () => {
      const kinds = new Set(tokens().map((token) => token.split('-')[0]));
      expect([...kinds].toSorted()).toEqual(['cancel', 'confirm', 'reset', 'verify']);
      expect(tokens().length).toBeGreaterThanOrEqual(10);
      expect(mails.refused.map(({ to }) => to[0])).toEqual(expect.arrayContaining([unwanted, greylisted]));
      for (const code of ['535', '550', '554', '451']) expect(server.output()).toContain(code);
    });

    it('leave no token and no link in the log', () => {
      expect(found([...secrets(), page, '#token='], server.output())).toEqual([]);
    });

    it('leave no address in the log', () => {
      const parts = people.flatMap((one) => one.split('@'));
      expect(found([...people, ...parts], server.output())).toEqual([]);
    });

    it('leave no subject in the log', () => {
      const subjects = sources().map((source) => /^Subject: (.*)/m.exec(source)![1]!.trim());
      expect(found([...new Set(subjects), service], server.output())).toEqual([]);
    });

    it('leave no login of the mail server in the log, also if its reply contains it', () => {
      expect(replies[0]).toContain(password);
      expect(found([password, user], server.output())).toEqual([]);
    });

    it('leave no token and no link in the database', async () => {
      stored += await dump();
      expect(stored).toContain(ann);
      expect(stored).toContain('verify_email');
      expect(found([...secrets(), page, '#token=', password], stored)).toEqual([]);
    });

    it('are in no answer, and commands tell no token and no password', () => {
      const all = answers.map(({ body, headers }) => JSON.stringify([body, ...headers])).join('\n');
      expect(found([...secrets(), page, password], all)).toEqual([]);
      expect(found([...secrets(), '#token=', password], commands)).toEqual([]);
    });
  });
}
