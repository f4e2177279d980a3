import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditTrail, SessionStore, UsersService } from 'coatcheck';
import { STORES } from '../src/storage/stores.js';
import { SessionToken } from '../src/sessions/session-token.js';
import { type Answer, PASSWORD, TestApp, type Visitor } from './support/app.js';
import { STORAGES } from './support/storages.js';
import { COUNTED_STORES, type Cost, costOf, countStoreCosts } from './support/store-costs.js';

const LOGOUT = '/auth_session/logout';
const REAUTHENTICATE = '/sessions/current/reauthenticate';

/** The most calls of stores and the most commits of an act. */
interface Budget {
  readonly calls: number;
  readonly commits: number;
  readonly status: number;
}

const rows: (readonly string[])[] = [];

beforeAll(() => countStoreCosts());

afterAll(() => {
  process.stdout.write(`${tableOf([['', 'calls', 'commits', ''], ...rows])}\n`);
});

for (const storage of ['SQLite', 'PostgreSQL'] as const)
  STORAGES[storage].describe(`On ${storage}`, () => {
    describe.each([
      ['cookie', 'session_db_auth'],
      ['bearer', 'token_auth'],
    ] as const)('with a token as %s', (transport, strategy) => {
      const apps: TestApp[] = [];
      const drops: (() => Promise<void>)[] = [];
      let app: TestApp;
      let strict: TestApp;

      beforeAll(async () => {
        app = await start({});
        strict = await start({ SESSION_MAX_PER_USER: '1' });
      });

      afterAll(async () => {
        for (const one of apps) await one.stop();
        for (const drop of drops) await drop();
      });

      async function start(variables: Readonly<Record<string, string>>): Promise<TestApp> {
        const { variables: places, drop } = await STORAGES[storage].open();
        drops.push(drop);
        const one = await TestApp.start({ ...places, AUTH_TYPE: strategy, MFA: 'off', ...variables });
        apps.push(one);
        return one;
      }

      async function newUser(at = app): Promise<string> {
        return (await at.addUser(`${randomUUID()}@example.com`)).email;
      }

      async function signedIn(at: TestApp, email: string): Promise<Visitor> {
        const visitor = at.visitor();
        expect((await visitor.login(email)).status).toBe(200);
        return visitor;
      }

      /** Compares what an act costs with its budget, including counts of events that are written after the answer. */
      async function expectCost(title: string, act: () => Promise<Answer>, budget: Budget): Promise<void> {
        let answer: Answer | undefined;
        const cost = await costOf(async () => {
          answer = await act();
          for (const { nest } of apps) await nest.get(AuditTrail).flush();
        });
        expect(answer?.status).toBe(budget.status);
        rows.push(rowOf(`${storage}, ${transport}: ${title}`, cost, budget));
        expect(cost.calls.slice(budget.calls)).toEqual([]);
        expect(cost.commits).toBeLessThanOrEqual(budget.commits);
      }

      it('every store is counted', () => {
        for (const token of Object.values(STORES))
          expect(COUNTED_STORES as readonly unknown[]).toContain(app.nest.get<object>(token).constructor);
      });

      it('a sign-in', async () => {
        const email = await newUser();
        const act = () => app.visitor().login(email);
        await expectCost('sign-in', act, { calls: 5, commits: 3, status: 200 });
        await expectCost('sign-in again', act, { calls: 5, commits: 3, status: 200 });
      });

      it('a sign-in where users may have second factors: one look-up more', async () => {
        const withFactors = await start({ MFA: 'optional' });
        const email = await newUser(withFactors);
        const act = () => withFactors.visitor().login(email);
        await expectCost('sign-in, with factors', act, { calls: 6, commits: 3, status: 200 });
      });

      describe('a sign-in with the token of', () => {
        const budget = { calls: 6, commits: 3, status: 200 };
        // Where transactions lock rows, the session of another user ends in one of its own.
        const commitsOfTwoUsers = storage === 'PostgreSQL' ? 4 : 3;

        it('a session of the same user', async () => {
          const email = await newUser();
          const visitor = await signedIn(app, email);
          await expectCost('sign-in, own token', () => visitor.login(email), budget);
        });

        it('a session of another user', async () => {
          const visitor = await signedIn(app, await newUser());
          const email = await newUser();
          const apart = { ...budget, commits: commitsOfTwoUsers };
          await expectCost("sign-in, other user's token", () => visitor.login(email), apart);
        });

        it('a session that has ended', async () => {
          const email = await newUser();
          const visitor = await signedIn(app, email);
          const { cookie, bearer } = visitor;
          await visitor.delete(LOGOUT);
          Object.assign(visitor, { cookie, bearer });
          await expectCost('sign-in, ended token', () => visitor.login(email), budget);
        });

        it('no session', async () => {
          const email = await newUser();
          const visitor = await signedIn(app, email);
          const forged = SessionToken.issue(app.clock.now(), randomUUID()).reveal();
          visitor.cookie &&= `${visitor.cookie.split('=', 1)[0]!}=${forged}`;
          visitor.bearer &&= forged;
          await expectCost('sign-in, forged token', () => visitor.login(email), budget);
        });

        it('a session, if the limit ends another one', async () => {
          const [email, other] = [await newUser(strict), await newUser(strict)];
          await signedIn(strict, email);
          const visitor = await signedIn(strict, other);
          const apart = { ...budget, commits: commitsOfTwoUsers };
          await expectCost('sign-in, other token and eviction', () => visitor.login(email), apart);
          const { id } = (await strict.nest.get(UsersService).findByEmail(email))!;
          expect(await strict.nest.get(SessionStore).findByUser(id, strict.clock.now())).toHaveLength(1);
        });
      });

      it('a sign-in that fails', async () => {
        const email = await newUser();
        const budget = { calls: 5, commits: 2, status: 401 };
        const guess = (address: string) => () => app.visitor().login(address, 'a wrong password');
        await expectCost('wrong password', guess(email), budget);
        await expectCost('wrong password again', guess(email), budget);
        await expectCost('unknown address', guess(`${randomUUID()}@example.com`), budget);
        const visitor = await signedIn(app, email);
        const withToken = () => visitor.login(email, 'a wrong password');
        await expectCost('wrong password, own token', withToken, { ...budget, calls: 6 });
      });

      it('a sign-out', async () => {
        const visitor = await signedIn(app, await newUser());
        await expectCost('sign-out', () => visitor.delete(LOGOUT), { calls: 3, commits: 2, status: 200 });
      });

      it('a confirmation of the password', async () => {
        const visitor = await signedIn(app, await newUser());
        const confirm = (password: string) => () => visitor.post(REAUTHENTICATE, { password });
        await expectCost('confirm', confirm(PASSWORD), { calls: 6, commits: 3, status: 200 });
        await expectCost('confirm, wrong', confirm('a wrong password'), {
          calls: 6,
          commits: 2,
          status: 403,
        });
      });

      it('an authenticated request', async () => {
        const visitor = await signedIn(app, await newUser());
        const read = () => visitor.get('/users/me');
        await expectCost('request', read, { calls: 1, commits: 0, status: 200 });
        const { cookie, bearer } = visitor;
        await visitor.delete(LOGOUT);
        Object.assign(visitor, { cookie, bearer });
        await expectCost('request, ended', read, { calls: 1, commits: 0, status: 401 });
      });
    });
  });

function rowOf(title: string, { calls, commits }: Cost, budget: Budget): readonly string[] {
  const inTheirOrder = calls.map((call) => call.replace(/^Sql(\w+)Store/, '$1')).join(', ');
  return [title, `${calls.length} of ${budget.calls}`, `${commits} of ${budget.commits}`, inTheirOrder];
}

function tableOf(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
