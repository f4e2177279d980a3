import { AsyncLocalStorage } from 'node:async_hooks';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { SqlAuditStore } from '../../src/storage/sql/sql.audit-store.js';
import { SqlCredentialStore } from '../../src/storage/sql/sql.credential-store.js';
import { SqlFactorStore } from '../../src/storage/sql/sql.factor-store.js';
import { SqlOutboxStore } from '../../src/storage/sql/sql.outbox-store.js';
import { SqlTokenStore } from '../../src/storage/sql/sql.token-store.js';
import { SqlSessionStore } from '../../src/storage/sql/sql.session-store.js';
import { SqlThrottleStore } from '../../src/storage/sql/sql.throttle-store.js';
import { SqlUserStore } from '../../src/storage/sql/sql.user-store.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/** The stores whose calls are counted. */
export const COUNTED_STORES = [
  SqlAuditStore,
  SqlCredentialStore,
  SqlFactorStore,
  SqlOutboxStore,
  SqlTokenStore,
  SqlSessionStore,
  SqlThrottleStore,
  SqlUserStore,
] as const;

/** These ask no database: they return what finds a session together with its user, which is counted instead. */
const JOINING: ReadonlySet<string> = new Set(['joinUsers', 'joinCredentials']);

/** These ask no database and are not counted. */
const FREE: ReadonlySet<string> = new Set(['joins']);

/** What the stores were asked, as `class.method`, and how many transactions that wrote were committed. */
export interface Cost {
  readonly calls: readonly string[];
  readonly commits: number;
}

const nested = new AsyncLocalStorage<true>();
let calls: string[] = [];
let commits = 0;

/** Runs some work, and returns what it cost. Counts all that happens in this process in the meantime. */
export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  [calls, commits] = [[], 0];
  await work();
  return { calls, commits };
}

/** Counts the calls of all SQL stores and the commits of both drivers from now on. Call it once, before a store is opened. */
export function countStoreCosts(): void {
  for (const store of COUNTED_STORES) countCalls(store.name, store.prototype as unknown as Methods);
  countSqliteCommits();
  countPostgresCommits();
}

function countCalls(name: string, prototype: Methods): void {
  for (const method of methodsOf(prototype)) {
    const original = prototype[method]!;
    Object.defineProperty(prototype, method, {
      value: JOINING.has(method)
        ? function (this: unknown, ...args: unknown[]) {
            const joined = original.apply(this, args) as { find: Method } | null;
            return joined && { find: counted(`${name}.find joined`, joined.find) };
          }
        : counted(`${name}.${method}`, original),
    });
  }
}

/** A method that another method of a store calls is part of that call. */
function counted(label: string, method: Method): Method {
  return function (...args) {
    if (nested.getStore()) return method.apply(this, args);
    calls.push(label);
    return nested.run(true, () => method.apply(this, args));
  };
}

/** The methods of a class and of those that it extends. */
function methodsOf(prototype: object): Set<string> {
  const names = new Set<string>();
  for (let one = prototype; one !== Object.prototype; one = Object.getPrototypeOf(one) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(one)))
      if (typeof value === 'function' && name !== 'constructor' && !FREE.has(name)) names.add(name);
  return names;
}

function countSqliteCommits(): void {
  const connection = Sqlite.prototype as unknown as Methods;
  const { prepare, exec } = connection as { prepare: Method; exec: Method };
  // Only look-ups, which do not write, are prepared once and run often.
  connection.prepare = function (text, ...rest) {
    counterOf(this).note(String(text));
    return prepare.call(this, text, ...rest);
  };
  connection.exec = function (text) {
    counterOf(this).note(String(text));
    return exec.call(this, text);
  };
}

function countPostgresCommits(): void {
  const client = Client.prototype as unknown as Methods;
  const { query } = client as { query: Method };
  client.query = function (given, ...rest) {
    counterOf(this).note(typeof given === 'string' ? given : (given as { text: string }).text);
    return query.call(this, given, ...rest);
  };
}

/** Counts the commits of one connection by its statements: of each transaction that wrote, and of each other write. */
class CommitCounter {
  #isInTransaction = false;
  #hasWritten = false;

  note(statement: string): void {
    const [verb = ''] = /^\w+/.exec(statement.trimStart().toLowerCase()) ?? [];
    if (verb === 'begin' || verb === 'start') [this.#isInTransaction, this.#hasWritten] = [true, false];
    else if (/^(insert|update|delete|with)$/.test(verb)) {
      if (this.#isInTransaction) this.#hasWritten = true;
      else commits += 1;
    } else if (verb === 'commit' || verb === 'rollback') {
      if (verb === 'commit' && this.#hasWritten) commits += 1;
      [this.#isInTransaction, this.#hasWritten] = [false, false];
    }
  }
}

const counters = new WeakMap<object, CommitCounter>();

function counterOf(connection: unknown): CommitCounter {
  const counter = counters.get(connection as object) ?? new CommitCounter();
  counters.set(connection as object, counter);
  return counter;
}
