import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionsOptions, SessionsService, SystemClock } from 'coatcheck';
import { aSession } from 'coatcheck/testing';
import { openBackend } from '../src/storage/connections.js';
import { PASSWORD, Visitor } from './support/app.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';
import { describeWithPostgres, describeWithRedis, newPrefix, newSchema } from './support/services.js';

/** Much at once on a busy machine; how soon a store gives up is looked at elsewhere. */
const STORE_TIMEOUT = '10s';
/** Use is noted every six seconds. */
const SESSION_IDLE_TIMEOUT = '2m';
const PATIENCE = 120_000;
const EMAIL = 'ann@example.com';
/** Sessions of others, so that a move takes its time. */
const CROWD = 1000;

interface Place {
  readonly url: string;
  drop(): Promise<void>;
}

const sqlite = async (): Promise<Place> => ({
  url: `sqlite:${join(newFolder(), 'sessions.db')}`,
  drop: async () => {},
});
const postgres = newSchema;
const redis = async (): Promise<Place> => newPrefix();

/** A server whose sessions move to another store, and the users who are signed in while they move. */
class Harness {
  readonly folder = newFolder();
  /** Tokens that are good, of people who ask all the time, whether a server is there or not. */
  readonly living: string[] = [];
  readonly over: string[] = [];
  readonly answers = new Map<number, number>();
  /** What was said to the holder of a good token in place of 200. */
  readonly wrong: string[] = [];
  #server: Server | null = null;
  #isOver = false;
  #askers: Promise<void>[] = [];

  async open(sessions: string): Promise<void> {
    this.#server = await Server.start(this.folder, {
      SESSION_STORE_URL: sessions,
      STORE_TIMEOUT,
      SESSION_IDLE_TIMEOUT,
    });
  }

  /** Ends the server; whoever asks from now on finds nobody there. */
  async close(): Promise<void> {
    await this.#server?.stop();
  }

  visitor(token: string | null = null): Visitor {
    const visitor = new Visitor(`${this.#server!.url}/api/v1`, {});
    visitor.cookie = token;
    return visitor;
  }

  async addUser(): Promise<void> {
    const args = ['user', 'create', '--email', EMAIL, '--password-stdin'];
    expect((await operate(this.folder, args, { input: PASSWORD })).code).toBe(0);
  }

  async signIn(): Promise<string> {
    const visitor = this.visitor();
    expect((await visitor.login(EMAIL)).status).toBe(200);
    return visitor.cookie!;
  }

  async signOut(token: string): Promise<void> {
    expect((await this.visitor(token).delete('/auth_session/logout')).status).toBe(200);
    this.over.push(token);
  }

  /** Gives a session a new token, as another process on its store would. */
  async rotate(token: string, url: string): Promise<string> {
    const { sessions, close } = await openBackend(url, 10_000);
    const [name, text = ''] = token.split('=');
    const rotated = await new SessionsService(sessions, new SystemClock(), new SessionsOptions()).rotate(
      text,
    );
    await close();
    this.over.push(token);
    return `${name}=${rotated!.reveal()}`;
  }

  async statusOf(token: string): Promise<number> {
    return (await this.visitor(token).get('/users/me')).status;
  }

  /** From now on the living ask without a break. */
  letThemAsk(): void {
    this.#askers = [0, 1, 2, 3].map(() => this.#ask());
  }

  async letThemRest(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#askers);
  }

  async expectAsItShouldBe(): Promise<void> {
    for (const token of this.living) expect(await this.statusOf(token)).toBe(200);
    for (const token of this.over) expect(await this.statusOf(token)).toBe(401);
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const token = this.living[Math.floor(Math.random() * this.living.length)]!;
      const answer = await this.visitor(token)
        .get('/users/me')
        .catch(() => null);
      const status = answer?.status ?? 0;
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      if (answer && status !== 200) this.wrong.push(`${status} ${answer.body.code}`);
      await delay(answer ? 1 : 50);
    }
  }
}

function describeMove(first: () => Promise<Place>, second: () => Promise<Place>): void {
  const harness = new Harness();
  let [a, b]: Place[] = [];

  beforeAll(async () => {
    [a, b] = [await first(), await second()];
    for (const { url } of [a, b]) await (await openBackend(url, 10_000)).close();
    await makeDatabase(harness.folder);
    await harness.addUser();
    await fill(a.url);
    await harness.open(a.url);
  }, PATIENCE);
  afterAll(async () => {
    await harness.letThemRest();
    await harness.close();
    await Promise.all([a!.drop(), b!.drop()]);
  });

  const args = () => ['sessions', 'move', '--from', a!.url, '--to', b!.url, '--json'];
  const move = async () => {
    const { code, stdout, stderr } = await operate(harness.folder, args());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  const signInMany = async (count: number) => {
    const tokens: string[] = [];
    while (tokens.length < count) tokens.push(await harness.signIn());
    return tokens;
  };

  it(
    'nobody is signed out under traffic, ended sessions stay ended, and another move changes nothing',
    async () => {
      harness.living.push(...(await signInMany(20)));
      const [early, between] = [await signInMany(10), await signInMany(10)];
      const [rotated] = await signInMany(1);
      harness.letThemAsk();

      const bulk = { isOver: false };
      const counts = move().finally(() => (bulk.isOver = true));
      while (!bulk.isOver) {
        const [stays, leaves] = await signInMany(2);
        harness.living.push(stays!);
        await harness.signOut(leaves!);
        const leaver = early.pop();
        if (leaver !== undefined) await harness.signOut(leaver);
      }
      expect((await counts).copied).toBeGreaterThanOrEqual(CROWD + 20);

      for (const token of [...early, ...between]) await harness.signOut(token);
      harness.living.push(...(await signInMany(5)));
      const next = await harness.rotate(rotated!, a!.url);
      harness.living.push(next);

      await harness.close();
      await delay(200);
      const rest = await move();
      expect(rest.copied).toBeGreaterThanOrEqual(5);
      expect(rest.ended).toBeGreaterThanOrEqual(10);
      expect(rest.updated).toBeGreaterThanOrEqual(1);
      await harness.open(b!.url);
      await delay(500);
      await harness.expectAsItShouldBe();

      const late = harness.living.splice(0, 2);
      harness.living.splice(harness.living.indexOf(next), 1);
      await delay(100);
      for (const token of late) await harness.signOut(token);
      harness.living.push(await harness.rotate(next, b!.url), ...(await signInMany(2)));
      expect(await move()).toMatchObject({ copied: 0, updated: 0, ended: 0 });
      await harness.expectAsItShouldBe();

      await harness.letThemRest();
      expect(harness.wrong).toEqual([]);
      expect(harness.answers.get(200)).toBeGreaterThan(100);
      expect(harness.answers.get(0)).toBeGreaterThan(0);
    },
    PATIENCE,
  );
}

async function fill(url: string): Promise<void> {
  const { sessions, close } = await openBackend(url, 10_000);
  const createdAt = new Date();
  for (let count = 0; count < CROWD; count += 100)
    await Promise.all(Array.from({ length: 100 }, () => sessions.insert(aSession({ createdAt }))));
  await close();
}

describe('The command that moves sessions', () => {
  const folder = newFolder();
  const move = (args: readonly string[], variables = {}) =>
    operate(folder, ['sessions', 'move', ...args], { variables });

  beforeAll(async () => {
    const { sessions, close } = await openBackend(`sqlite:${join(folder, 'a.db')}`, 500);
    await sessions.insert(aSession({ createdAt: new Date() }));
    await close();
    for (const name of ['b.db', 'c.db', 'd.db'])
      await (await openBackend(`sqlite:${join(folder, name)}`, 500)).close();
  });

  it('says in a line what it did', async () => {
    expect(await move(['--from', 'sqlite:a.db', '--to', 'sqlite:b.db'])).toEqual({
      code: 0,
      stdout: '1 copied, 0 updated, 0 ended, 0 unchanged\n',
      stderr: '',
    });
  });

  it('takes a store that is not named from the configuration', async () => {
    const fromThere = await move(['--to', 'sqlite:c.db'], { DATABASE_URL: 'sqlite:a.db' });
    const toThere = await move(['--from', 'sqlite:c.db', '--json'], { SESSION_STORE_URL: 'sqlite:d.db' });
    expect(fromThere).toMatchObject({ code: 0, stdout: expect.stringContaining('1 copied') });
    expect(JSON.parse(toThere.stdout)).toEqual({
      copied: 1,
      updated: 0,
      ended: 0,
      unchanged: 0,
      unmovable: 0,
    });
  });

  it.each([
    [['--from', 'mysql://ann:hunter2@db/coats', '--to', 'sqlite:b.db'], 'redis-cluster://'],
    [['--from', 'sqlite:a.db', '--to', 'memory:'], 'memory:'],
    [['--from', 'memory:', '--to', 'sqlite:b.db'], 'memory:'],
    [['--from', 'redis://:hunter2@cache', '--to', 'redis://:hunter2@cache'], 'the same'],
    [[], 'the same'],
    [['--from'], 'argument missing'],
    [['--from', 'sqlite:a.db', '--to', 'sqlite:b.db', 'more'], 'too many arguments'],
  ])('fails with 2 on the usage %j', async (args, reason) => {
    const { code, stdout, stderr } = await move(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain('hunter2');
  });

  it.each([
    [
      ['--from', 'sqlite:a.db', '--to', 'redis://ann:hunter2@127.0.0.1:1/0'],
      /^Cannot open redis:.*REFUSED.*\n$/,
    ],
    [
      ['--from', 'postgres://ann:hunter2@127.0.0.1:1/x', '--to', 'sqlite:b.db'],
      /^Cannot open postgres:.*REFUSED.*\n$/,
    ],
    [
      ['--from', 'sqlite:typo.db', '--to', 'sqlite:b.db'],
      /^Cannot open \/.*\/typo\.db: there is no such file\. .*migrate.*\n$/,
    ],
    [
      ['--from', 'sqlite:a.db', '--to', 'sqlite:typo.db'],
      /^Cannot open \/.*\/typo\.db: there is no such file\. .*migrate.*\n$/,
    ],
  ])('fails with 1 and one line on %j', async (args, line) => {
    const { code, stdout, stderr } = await move(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr).not.toContain('hunter2');
    expect(existsSync(join(folder, 'typo.db'))).toBe(false);
  });
});

describeWithPostgres('From SQLite to PostgreSQL', () => describeMove(sqlite, postgres));
describeWithPostgres('From PostgreSQL', () => {
  describeWithRedis('to Redis', () => describeMove(postgres, redis));
});
describeWithRedis('From Redis to SQLite', () => describeMove(redis, sqlite));
