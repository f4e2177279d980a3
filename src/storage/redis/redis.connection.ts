import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { parseStoreUrl, withoutSecrets } from '../store-url.js';
import { START_TIMEOUT, StoreCalls } from '../store-calls.js';
import { BatchLoader } from '../batch-loader.js';
import { type ConnectedRedis, NotReplicatedError } from './connected-redis.js';
import { Due } from './due.js';
import type { RedisClient } from './redis.client.js';
import { RedisCluster } from './redis.cluster.js';
import { breaksConnection, classifyRedisFailure, isOfAnotherType } from './redis.failures.js';
import { RedisPrimary } from './redis.primary.js';

/** Milliseconds without an answer, where one is due, after which a connection is given up for a new one. */
const STALL = 1_500;

/** Milliseconds between two looks at whether the first connection is there. */
const START_INTERVAL = 50;

/** Milliseconds between two attempts at a connection. */
const RECONNECT_INTERVAL = 250;

/** Milliseconds between two looks at whether the server is still one to be asked. */
const CHECK_INTERVAL = 500;

/** Milliseconds after which a look counts no more: the process was asleep. */
const CHECK_VALIDITY = 3_000;

/** About how many keys a page of them is looked for among. */
const KEYS_PER_PAGE = 500;

/** Milliseconds that replicas may take at most for a change, and the share of a call's time that they may. */
const LONGEST_CONFIRMATION = 1_000;
const CONFIRMATION_SHARE = 0.5;

/** What is read where something of another type is under the key: a text that none of ours is. */
export const OF_ANOTHER_TYPE = '';

/** Reads a field of each of many hashes; a command of its own each would cost three times as much here. */
const READ_FIELDS = `
local found = {}
for i = 1, #KEYS do
  found[i] = redis.pcall('HGET', KEYS[i], ARGV[i])
  if type(found[i]) == 'table' then
    if not string.find(found[i].err, 'WRONGTYPE', 1, true) then return redis.call('HGET', KEYS[i], ARGV[i]) end
    found[i] = '${OF_ANOTHER_TYPE}'
  end
end
return found`;

/** The keys of a script: where it is a cluster, all of one slot. */
export type Keys = readonly [string, ...string[]];

interface FieldOfHash {
  readonly key: string;
  readonly field: string;
}

/** Connections, and the answers that are due on each. */
interface Live {
  readonly redis: ConnectedRedis;
  readonly due: Readonly<Record<Side, Due>>;
  checkedAt: number;
}

type Side = 'reads' | 'writes';

/** A Redis that takes writes, and how it is asked; connections that stall, break or lead to a replica are replaced. */
export class RedisConnection {
  /** What all keys begin with: the parameter `prefix` of the URL, or `coatcheck`. */
  readonly prefix: string;
  readonly #logger = new Logger('Redis');
  readonly #calls: StoreCalls;
  readonly isCluster: boolean;
  readonly #confirmationTime: number;
  readonly #fields = new BatchLoader((fields: FieldOfHash[]) =>
    this.#on('reads', ({ reads }) => readFields(reads, fields)),
  );
  readonly #checks: NodeJS.Timeout;
  /** What is connected, or the attempt at it that is under way; once that has failed, the failure until the next. */
  #current: Promise<Live>;
  #live: Live | null = null;
  #checking: Promise<void> | null = null;
  #isClosed = false;
  #trouble: Error | null = null;

  private constructor(
    private readonly url: string,
    timeout: number,
  ) {
    const { scheme, parameters } = parseStoreUrl(url);
    this.prefix = parameters.get('prefix') ?? 'coatcheck';
    this.#calls = new StoreCalls({ timeout, classify: classifyRedisFailure });
    this.isCluster = scheme.endsWith('-cluster');
    this.#confirmationTime = Math.min(LONGEST_CONFIRMATION, Math.ceil(timeout * CONFIRMATION_SHARE));
    this.#current = this.#attempt();
    this.#checks = setInterval(() => void this.#check(), CHECK_INTERVAL).unref();
  }

  /** Connects, or says why that cannot be; `timeout` of a call in milliseconds. */
  static async open(url: string, timeout: number): Promise<RedisConnection> {
    const connection = new RedisConnection(url, timeout);
    try {
      await connection.#start();
      return connection;
    } catch (error) {
      await connection.close();
      throw new Error(`Cannot open ${withoutSecrets(url)}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** A field of a hash, or null; `OF_ANOTHER_TYPE` where the key holds no hash. */
  field(key: string, field: string): Promise<string | null> {
    if (this.isCluster)
      return this.#ask('reads', ({ reads }) =>
        reads.hGet(key, field).catch(ifOfAnotherType(OF_ANOTHER_TYPE)),
      );
    return this.#calls.run(() => this.#fields.ask({ key, field }));
  }

  /** The text under a key, or null; `OF_ANOTHER_TYPE` where the key holds no text. */
  text(key: string): Promise<string | null> {
    return this.#ask('reads', ({ reads }) => reads.get(key).catch(ifOfAnotherType(OF_ANOTHER_TYPE)));
  }

  /** All fields of a hash; null where the key holds something else. */
  fields(key: string): Promise<Record<string, string> | null> {
    return this.#ask('reads', ({ reads }) => reads.hGetAll(key).catch(ifOfAnotherType(null)));
  }

  /** The keys that match a pattern, in pages; one may come twice, none that is there all the time is left out. */
  async *keys(pattern: string): AsyncGenerator<string[]> {
    const options = { MATCH: pattern, COUNT: KEYS_PER_PAGE };
    const pageAt = (cursor: string) => this.#ask('reads', ({ reads }) => reads.scan(cursor, options));
    let page = await pageAt('0');
    yield page.keys;
    while (page.cursor !== '0') {
      page = await pageAt(page.cursor);
      yield page.keys;
    }
  }

  /** What a script answers that reads; what it writes may get lost. */
  read(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#ask('reads', ({ reads }) => evaluate(reads, script, keys, args));
  }

  /** What a script answers. A server that dies at once may lose what it wrote. */
  run(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#ask('writes', ({ writes }) => evaluate(writes, script, keys, args));
  }

  /** The same, and what it wrote is on every replica. Where it is not, a `StoreUnavailableError` says that it may get lost. */
  runForGood(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#ask('writes', async (redis) => {
      const answer = await evaluate(redis.writes, script, keys, args);
      await redis.confirm(keys[0]);
      return answer;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#checks);
    const current = this.#current;
    this.#live = null;
    // Calls that come too late fail at once.
    this.#current = Promise.reject(new Error('The connection is closed.'));
    await Promise.allSettled([current.then(letGo), this.#current]);
  }

  #ask<T>(side: Side, command: (redis: ConnectedRedis) => Promise<T>): Promise<T> {
    return this.#calls.run(() => this.#on(side, command));
  }

  async #on<T>(side: Side, command: (redis: ConnectedRedis) => Promise<T>): Promise<T> {
    const live = await this.#checked();
    try {
      return await live.due[side].expect(command(live.redis));
    } catch (error) {
      if (error instanceof NotReplicatedError) void this.#check();
      else if (breaksConnection(error)) this.#suspect(live, error as Error);
      throw error;
    }
  }

  /** What is connected, looked at lately. */
  async #checked(): Promise<Live> {
    const live = await this.#current;
    if (performance.now() - live.checkedAt < CHECK_VALIDITY) return live;
    await this.#check();
    return this.#current;
  }

  /** One node of a cluster may be in trouble while the others are not. */
  #suspect(live: Live, error: Error): void {
    if (this.isCluster) void this.#check();
    else this.#replace(live, error);
  }

  #check(): Promise<void> {
    this.#checking ??= this.#checkNow().finally(() => (this.#checking = null));
    return this.#checking;
  }

  /** Whether writes are taken where the connections lead: a server that has become a replica goes on answering reads. */
  async #checkNow(): Promise<void> {
    const live = this.#live;
    if (!live) return;
    try {
      await live.redis.check();
      live.checkedAt = performance.now();
    } catch (error) {
      this.#replace(live, error as Error);
    }
  }

  #replace(live: Live, reason: Error): void {
    if (live !== this.#live || this.#isClosed) return;
    this.#noteTrouble(reason);
    this.#live = null;
    letGo(live);
    this.#current = this.#attempt();
  }

  /** Connects, and after a failure tries it again and again. */
  #attempt(): Promise<Live> {
    const attempt = this.#connect();
    attempt.then(
      (live) => this.#noteConnected(live),
      (error: Error) => {
        this.#noteTrouble(error);
        setTimeout(() => {
          if (!this.#isClosed) this.#current = this.#attempt();
        }, RECONNECT_INTERVAL);
      },
    );
    return attempt;
  }

  async #connect(): Promise<Live> {
    const url = parseStoreUrl(this.url);
    const replicas = Number(url.parameters.get('replicas') ?? Infinity);
    const redis = this.isCluster
      ? await RedisCluster.connect(url, replicas, this.#confirmationTime)
      : await RedisPrimary.connect(url, replicas, this.#confirmationTime, (broken, error) => {
          if (this.#live?.redis === broken) this.#replace(this.#live, error);
        });
    const newDue = () =>
      new Due(STALL, () => this.#replace(live, new Error('The connection does not answer.')));
    const live: Live = { redis, due: { reads: newDue(), writes: newDue() }, checkedAt: performance.now() };
    return live;
  }

  #noteConnected(live: Live): void {
    if (this.#isClosed) return;
    this.#live = live;
    if (this.#trouble) this.#logger.log('Answers again.');
    this.#trouble = null;
  }

  /** One line of the log for each time of trouble, however often it is met. */
  #noteTrouble(error: Error): void {
    if (!this.#trouble && !this.#isClosed) this.#logger.warn(`Does not answer: ${error.message}`);
    this.#trouble = error;
  }

  /** Waits for the first connection, and looks at what is at its other end. */
  async #start(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT;
    for (let isConnected = false; !isConnected;) {
      try {
        await this.#current;
        isConnected = true;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(START_INTERVAL);
      }
    }
    const facts = await this.#ask('reads', ({ reads }) => reads.info()).catch(() => '');
    if (/^redis_mode:sentinel/m.test(facts))
      throw new Error('It is a sentinel. Use redis-sentinel://host:port/service.');
    if (/^cluster_enabled:1/m.test(facts) && !this.isCluster)
      throw new Error('It is a node of a Redis Cluster. Use redis-cluster://host:port.');
    this.#warnOfLosses(facts);
  }

  /** Sessions that a server was told to forget when it dies or is full, nobody can keep. Some servers do not say. */
  #warnOfLosses(facts: string): void {
    if (/^aof_enabled:0/m.test(facts))
      this.#logger.warn('Redis has no append-only file, so a crash loses sessions. Set appendonly yes.');
    if (/^maxmemory_policy:(?!noeviction)/m.test(facts))
      this.#logger.warn('Redis evicts sessions when it is full. Set maxmemory-policy noeviction.');
  }
}

function letGo({ redis, due }: Live): void {
  due.reads.stop();
  due.writes.stop();
  redis.destroy();
}

/** Handles the error of a command that met a key of another type. */
function ifOfAnotherType<T>(answer: T): (error: unknown) => T {
  return (error) => {
    if (isOfAnotherType(error)) return answer;
    throw error;
  };
}

function evaluate(
  client: RedisClient,
  script: string,
  keys: Keys,
  args: readonly (string | number)[],
): Promise<unknown> {
  return client.eval(script, { keys: [...keys], arguments: args.map(String) });
}

function readFields(client: RedisClient, fields: readonly FieldOfHash[]): Promise<(string | null)[]> {
  const keys = fields.map(({ key }) => key);
  const args = fields.map(({ field }) => field);
  return client.eval(READ_FIELDS, { keys, arguments: args }) as Promise<(string | null)[]>;
}
