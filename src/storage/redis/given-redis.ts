import { setTimeout as delay } from 'node:timers/promises';
import { type Operation, START_TIMEOUT, StoreCalls } from '../store-calls.js';
import { classifyErrorReply, isOfAnotherType } from './error-replies.js';
import { type Keys, OF_ANOTHER_TYPE, type RedisCommands } from './redis-commands.js';

/** A client of node-redis (`createClient`) that is handed in. */
export interface GivenNodeRedis {
  readonly isReady: boolean;
  sendCommand(args: string[], options: { timeout: number }): Promise<unknown>;
}

/** A client of ioredis (`new Redis()`) that is handed in. */
export interface GivenIoRedis {
  readonly status: string;
  readonly options: { readonly keyPrefix?: string };
  call(command: string, ...args: string[]): Promise<unknown>;
}

export type GivenRedis = GivenNodeRedis | GivenIoRedis;

/** Milliseconds between two looks at whether the client is connected. */
const START_INTERVAL = 50;

/** About how many keys one page is found among. */
const KEYS_PER_PAGE = 500;

/** Answers what the stores must be able to read: a number, a text, and nothing. */
const TRIAL = `return { 1, ARGV[1], false }`;

/** The client has no connection, so nothing was sent. */
class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';
}

/**
 * Redis by a client that is handed in. It connects, reconnects and fails over as its owner has set it; no listener is put on
 * it. A command is only sent while it is connected, so that none waits in its queue after the caller was told 503.
 */
export class BorrowedRedis implements RedisCommands {
  readonly isCluster = false;
  readonly #calls: StoreCalls;
  /** ioredis puts this before the keys of commands, but not before patterns. */
  readonly #outerPrefix: string;
  #isClosed = false;

  private constructor(
    private readonly client: GivenRedis,
    private readonly timeout: number,
    readonly prefix: string,
  ) {
    this.#outerPrefix = isIoRedis(client) ? (client.options.keyPrefix ?? '') : '';
    this.#calls = new StoreCalls({
      system: 'redis',
      timeout,
      classify: (error) =>
        error instanceof NotConnectedError ? 'useless_connection' : classifyErrorReply(error as Error),
    });
  }

  /** Throws if the client is not connected soon, or does not answer as the stores need it. */
  static async open(client: GivenRedis, timeout: number, prefix = 'coatcheck'): Promise<BorrowedRedis> {
    const redis = new BorrowedRedis(client, timeout, prefix);
    const deadline = performance.now() + START_TIMEOUT;
    while (!redis.#isConnected() && performance.now() < deadline) await delay(START_INTERVAL);
    try {
      if (!redis.#isConnected())
        throw new Error('It is not connected. Call connect() before you hand it in.');
      const answer = JSON.stringify(await redis.#send('EVAL', TRIAL, '0', 'text'));
      if (answer !== '[1,"text",null]')
        throw new Error('It changes answers. Hand in a client without stringNumbers and type mapping.');
      return redis;
    } catch (error) {
      throw new Error(`Cannot use the client of Redis: ${(error as Error).message}`, { cause: error });
    }
  }

  field(key: string, field: string): Promise<string | null> {
    return this.#ask<string | null>('look_up', OF_ANOTHER_TYPE, 'HGET', key, field);
  }

  text(key: string): Promise<string | null> {
    return this.#ask<string | null>('read', OF_ANOTHER_TYPE, 'GET', key);
  }

  async fields(key: string): Promise<Record<string, string> | null> {
    const answer = await this.#ask<unknown>('read', null, 'HGETALL', key);
    return answer === null ? null : fieldsIn(answer);
  }

  async *keys(pattern: string): AsyncGenerator<string[]> {
    const match = this.#outerPrefix.replace(/[\\*?[\]]/g, '\\$&') + pattern;
    let cursor = '0';
    do {
      const scan = ['SCAN', cursor, 'MATCH', match, 'COUNT', `${KEYS_PER_PAGE}`] as const;
      const [next, keys] = (await this.#calls.run('read', () => this.#send(...scan))) as [string, string[]];
      yield keys.map((key) => key.slice(this.#outerPrefix.length));
      cursor = next;
    } while (cursor !== '0');
  }

  read(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#evaluate('read', script, keys, args);
  }

  run(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#evaluate('write', script, keys, args);
  }

  #evaluate(
    operation: Operation,
    script: string,
    keys: Keys,
    args: readonly (string | number)[],
  ): Promise<unknown> {
    return this.#calls.run(operation, () =>
      this.#send('EVAL', script, `${keys.length}`, ...keys, ...args.map((arg) => String(arg))),
    );
  }

  /** Whether replicas have it is left to the owner of the client: to wait for them would hold up all its commands. */
  runReplicated(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.run(script, keys, args);
  }

  /** The client is not ours. */
  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #ask<T>(operation: Operation, ifOfAnotherType: T, ...command: [string, ...string[]]): Promise<T> {
    return this.#calls.run(operation, async () => {
      try {
        return (await this.#send(...command)) as T;
      } catch (error) {
        if (isOfAnotherType(error)) return ifOfAnotherType;
        throw error;
      }
    });
  }

  async #send(...[name, ...args]: readonly [string, ...string[]]): Promise<unknown> {
    if (this.#isClosed) throw new Error('The store is closed.');
    if (!this.#isConnected()) throw new NotConnectedError('The client is not connected.');
    if (isIoRedis(this.client)) return this.client.call(name, ...args);
    // The timeout takes it out of the queue of a client that has just lost its connection.
    return this.client.sendCommand([name, ...args], { timeout: this.timeout });
  }

  #isConnected(): boolean {
    return isIoRedis(this.client) ? this.client.status === 'ready' : this.client.isReady;
  }
}

/** A list of names and values in RESP 2, a map in RESP 3. */
function fieldsIn(answer: unknown): Record<string, string> {
  if (answer instanceof Map) return Object.fromEntries(answer) as Record<string, string>;
  if (!Array.isArray(answer)) return { ...(answer as Record<string, string>) };
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let index = 0; index < answer.length; index += 2)
    fields[String(answer[index])] = String(answer[index + 1]);
  return fields;
}

export function isIoRedis(client: object): client is GivenIoRedis {
  return 'call' in client && typeof client.call === 'function';
}
