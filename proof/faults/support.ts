import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PostgresServer, RedisServer, has } from '../../test/support/engines.js';
import { Server, newFolder } from '../../test/support/server.js';
import type { Measurement } from './scenario.js';

export const PASSWORD = 'correct horse battery';

/** How long anything may take to come back before a scenario is given up. */
const PATIENCE = 60_000;

export const STORES = ['sqlite', 'postgres', 'redis'] as const;

/** Where sessions are; users are beside them, for Redis in a SQLite file. */
export type Store = (typeof STORES)[number];

/** What the table calls them. */
export const NAMES: Readonly<Record<Store, string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  redis: 'Redis',
};

type Variables = Readonly<Record<string, string>>;

/** A scenario cannot be played on this machine. */
export class MissingEngineError extends Error {}

const running = new Set<Server>();

/** Ends every server at once; engines end by themselves when this process does. */
export function abandon(): void {
  for (const server of running) void server.stop('SIGKILL');
}

/** An engine and a folder, and the servers on them. */
export class Stage {
  readonly folder = newFolder();
  readonly #servers: Server[] = [];
  #isOver = false;

  private constructor(
    readonly store: Store,
    /** Null for SQLite, which is a file. */
    readonly engine: RedisServer | PostgresServer | null,
  ) {}

  /** Plays on a new stage of a kind, of which nothing is left running afterwards, whatever happens. */
  static async play<T>(
    store: Store,
    play: (stage: Stage) => Promise<T>,
    options: { readonly appendfsync?: 'always' | 'everysec' } = {},
  ): Promise<T> {
    const stage = new Stage(store, await startEngine(store, options));
    try {
      return await play(stage);
    } finally {
      stage.#isOver = true;
      await Promise.all(stage.#servers.map((server) => stage.kill(server)));
      await stage.engine?.close();
      await rm(stage.folder, { recursive: true, force: true });
    }
  }

  /** The SQLite file: all tables, or for Redis the users alone. */
  get file(): string {
    return join(this.folder, 'coatcheck.db');
  }

  /** The same storage as an option of `CoatcheckModule`. */
  get storage(): object {
    const url = this.engine?.url ?? '';
    if (this.store === 'postgres') return { database: url };
    return { database: `sqlite:${this.file}`, ...(this.store === 'redis' && { sessions: url }) };
  }

  /** The URL of one more database, which is empty; in PostgreSQL it is a schema. */
  async newDatabase(name: string): Promise<string> {
    if (!(this.engine instanceof PostgresServer)) return `sqlite:${join(this.folder, name)}.db`;
    await this.engine.query(`create schema ${name}`);
    return `${this.engine.url}?options=-c%20search_path%3D${name}`;
  }

  /** Starts one more server on the same storage, where anyone may register. An abort kills it, also before it is ready. */
  async start(variables: Variables = {}, abort?: AbortSignal): Promise<Server> {
    const url = this.engine?.url ?? '';
    const settings = {
      DATABASE_URL: this.store === 'postgres' ? url : `sqlite:${this.file}`,
      ...(this.store === 'redis' && { SESSION_STORE_URL: url }),
      REGISTRATION: 'open',
      LOG_LEVEL: 'error',
      ...variables,
    };
    const server = await Server.start(this.folder, settings, abort);
    this.#servers.push(server);
    running.add(server);
    if (this.#isOver) await this.kill(server);
    return server;
  }

  /** Takes a server away at one instant; false if it had ended by itself before. */
  async kill(server: Server): Promise<boolean> {
    const code = await server.stop('SIGKILL');
    running.delete(server);
    return code === null;
  }
}

async function startEngine(
  store: Store,
  options: { readonly appendfsync?: 'always' | 'everysec' },
): Promise<RedisServer | PostgresServer | null> {
  if (store === 'sqlite') return null;
  const binary = store === 'redis' ? 'redis-server' : 'postgres';
  if (!has(binary)) throw new MissingEngineError(`This machine has no ${binary}.`);
  return store === 'redis' ? RedisServer.start(options) : PostgresServer.start();
}

export interface Reply {
  readonly status: number;
  /** What the client sends from now on, or null where the reply sets no cookie. */
  readonly cookie: string | null;
  readonly body: string;
  readonly ms: number;
}

/** Null where the connection broke: the server may or may not have done it. */
export type Outcome = Reply | null;

/** A client with connections that stay open, of which each request names its cookie. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(private readonly server: Server) {}

  login(email: string, password = PASSWORD): Promise<Outcome> {
    return this.send('POST', '/auth_session/login', { body: { email, password } });
  }

  logout(cookie: string): Promise<Outcome> {
    return this.send('DELETE', '/auth_session/logout', { cookie });
  }

  me(cookie: string): Promise<Outcome> {
    return this.send('GET', '/users/me', { cookie });
  }

  send(
    method: string,
    path: string,
    { body, cookie }: { readonly body?: unknown; readonly cookie?: string } = {},
  ): Promise<Outcome> {
    const sent = performance.now();
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      ...(payload !== '' && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      }),
      ...(cookie !== undefined && { cookie }),
    };
    return new Promise((resolve) => {
      const broken = () => resolve(null);
      const call = request(`${this.server.url}/api/v1${path}`, { method, headers, agent: this.#agent });
      call.on('error', broken).setTimeout(PATIENCE, () => call.destroy());
      call.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', broken).once('close', broken);
        response.once('end', () => {
          if (!response.complete) return broken();
          const [set] = response.headers['set-cookie'] ?? [];
          const ms = performance.now() - sent;
          resolve({
            status: response.statusCode ?? 0,
            cookie: set?.split(';', 1)[0] ?? null,
            body: text,
            ms,
          });
        });
      });
      call.end(payload);
    });
  }

  /** Adds a user, whom it names by a number or so; repeats until the answer is there. */
  async register(name: number | string): Promise<string> {
    const email = `${name}@example.com`;
    const isThere = async () => {
      const outcome = await this.send('POST', '/users', { body: { email, password: PASSWORD } });
      return [201, 202, 409].includes(outcome?.status ?? 0);
    };
    await until(isThere);
    return email;
  }

  /** Adds users of the names 1, 2, 3 and so on, and tells their addresses. */
  async people(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, index) => index + 1);
    const emails: string[] = [];
    await inParallel(4, async () => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        emails.push(await this.register(name));
      }
    });
    return emails;
  }

  /** Lets go of the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Does the same so many times at once. */
export async function inParallel(lanes: number, work: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
}

/** Waits until something holds; throws when it does not for long. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { patience = PATIENCE, pause = 2 } = {},
): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${patience} ms: ${holds.toString()}`);
    await delay(pause);
  }
}

/** The value below or at which a share of all lie, such as 0.99; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** One of several, any of them. */
export function anyOf<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('There is none.');
  return item;
}

/** What is told without a target. */
export function told(what: string, store: string, measured: string): Measurement {
  return { what, store, measured, target: '–', isMet: true };
}

/** What there may be none of, among so many. */
export function none(what: string, store: string, count: number, among?: number): Measurement {
  const measured = among === undefined ? `${count}` : `${count} of ${among}`;
  return { what, store, measured, target: '0', isMet: count === 0 };
}

/** The process ids of the children of a server: its workers. */
export function childrenOf({ pid }: Server): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
