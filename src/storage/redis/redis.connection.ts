import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { parseStoreUrl, withoutSecrets } from '../store-url.js';
import { START_TIMEOUT, StoreCalls } from '../store-calls.js';
import { BatchLoader } from '../batch-loader.js';
import { type ConnectedRedis, NotReplicatedError } from './connected-redis.js';
import { Due } from './due.js';
import { type Keys, OF_ANOTHER_TYPE, type RedisCommands } from './redis-commands.js';
import type { RedisClient } from './redis.client.js';
import { RedisCluster } from './redis.cluster.js';
import { isOfAnotherType } from './error-replies.js';
import { breaksConnection, classifyRedisFailure } from './redis.failures.js';
import { RedisPrimary } from './redis.primary.js';

/** Milliseconds without any answer while one is pending, after which a connection is replaced. */
const STALL = 1_500;

/** Milliseconds between two checks whether the first connection is open. */
const START_INTERVAL = 50;

/** Milliseconds between two connection attempts. */
const RECONNECT_INTERVAL = 250;

/** Milliseconds between two checks that the server still accepts writes. */
const CHECK_INTERVAL = 500;

/** Milliseconds after which the last check is too old, for example after the process was suspended. */
const CHECK_VALIDITY = 3_000;

/** COUNT of SCAN: about how many keys each step examines. */
const KEYS_PER_PAGE = 500;

/** Longest wait for replicas: this many milliseconds, or this share of the timeout of a call. The shorter one applies. */
const LONGEST_CONFIRMATION = 1_000;
const CONFIRMATION_SHARE = 0.5;

/** Reads one field of each of many hashes. One command per field would cost this process three times as much. */
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

interface FieldOfHash {
  readonly key: string;
  readonly field: string;
}

/** Open connections, with a stall detector for each. */
interface Live {
  readonly redis: ConnectedRedis;
  readonly due: Readonly<Record<Side, Due>>;
  checkedAt: number;
}

type Side = 'reads' | 'writes';

const OPERATIONS = { reads: 'read', writes: 'write' } as const;

/** Runs commands on a Redis that accepts writes. Replaces connections that stall, break or lead to a replica. */
export class RedisConnection implements RedisCommands {
  /** The prefix of all keys: the parameter `prefix` of the URL, or `coatcheck`. */
  readonly prefix: string;
  readonly #logger = new Logger('Redis');
  readonly #calls: StoreCalls;
  readonly isCluster: boolean;
  readonly #confirmationTime: number;
  readonly #fields = new BatchLoader((fields: FieldOfHash[]) =>
    this.#calls.run(
      'look_up',
      () => this.#on('reads', ({ reads }) => readFields(reads, fields)),
      fields.length,
    ),
  );
  readonly #checks: NodeJS.Timeout;
  /** The current connections, or the attempt to open them. After a failed attempt it rejects until the next one. */
  #current: Promise<Live>;
  #live: Live | null = null;
  #checking: Promise<void> | null = null;
  #isClosed = false;
  #outage: Error | null = null;

  private constructor(
    private readonly url: string,
    timeout: number,
    prefix?: string,
  ) {
    const { scheme, parameters } = parseStoreUrl(url);
    this.prefix = prefix ?? parameters.get('prefix') ?? 'coatcheck';
    this.#calls = new StoreCalls({ system: 'redis', timeout, classify: classifyRedisFailure });
    this.isCluster = scheme.endsWith('-cluster');
    this.#confirmationTime = Math.min(LONGEST_CONFIRMATION, Math.ceil(timeout * CONFIRMATION_SHARE));
    this.#current = this.#attempt();
    this.#checks = setInterval(() => void this.#check(), CHECK_INTERVAL).unref();
  }

  /** Connects; throws with the reason if that fails. `timeout` is for one call, in milliseconds. */
  static async open(url: string, timeout: number, prefix?: string): Promise<RedisConnection> {
    const connection = new RedisConnection(url, timeout, prefix);
    try {
      await connection.#start();
      return connection;
    } catch (error) {
      await connection.close();
      throw new Error(`Cannot open ${withoutSecrets(url)}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** A field of a hash, or null; `OF_ANOTHER_TYPE` if the key holds no hash. */
  field(key: string, field: string): Promise<string | null> {
    if (this.isCluster)
      return this.#send('reads', ({ reads }) =>
        reads.hGet(key, field).catch(ifOfAnotherType(OF_ANOTHER_TYPE)),
      );
    return this.#fields.load({ key, field });
  }

  /** The text of a key, or null; `OF_ANOTHER_TYPE` if the key holds no text. */
  text(key: string): Promise<string | null> {
    return this.#send('reads', ({ reads }) => reads.get(key).catch(ifOfAnotherType(OF_ANOTHER_TYPE)));
  }

  /** All fields of a hash; null if the key holds another type. */
  fields(key: string): Promise<Record<string, string> | null> {
    return this.#send('reads', ({ reads }) => reads.hGetAll(key).catch(ifOfAnotherType(null)));
  }

  /** Pages of the keys that match a pattern. A key may occur twice; keys that exist during the whole scan all occur. */
  async *keys(pattern: string): AsyncGenerator<string[]> {
    const options = { MATCH: pattern, COUNT: KEYS_PER_PAGE };
    const pageAt = (cursor: string) => this.#send('reads', ({ reads }) => reads.scan(cursor, options));
    let page = await pageAt('0');
    yield page.keys;
    while (page.cursor !== '0') {
      page = await pageAt(page.cursor);
      yield page.keys;
    }
  }

  /** Runs a script that reads. A fail-over may lose what it writes. */
  read(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#send('reads', ({ reads }) => evaluate(reads, script, keys, args));
  }

  /** Runs a script that writes. A fail-over may lose the write. */
  run(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#send('writes', ({ writes }) => evaluate(writes, script, keys, args));
  }

  /** Runs a script and waits until every replica has its write. Rejects with `StoreUnavailableError` if one has not. */
  runReplicated(script: string, keys: Keys, args: readonly (string | number)[]): Promise<unknown> {
    return this.#send('writes', async (redis) => {
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
    // Later calls fail at once.
    this.#current = Promise.reject(new Error('The connection is closed.'));
    await Promise.allSettled([current.then(closeAll), this.#current]);
  }

  #send<T>(side: Side, command: (redis: ConnectedRedis) => Promise<T>): Promise<T> {
    return this.#calls.run(OPERATIONS[side], () => this.#on(side, command));
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

  /** The current connections, checked within the last `CHECK_VALIDITY` milliseconds. */
  async #checked(): Promise<Live> {
    const live = await this.#current;
    if (performance.now() - live.checkedAt < CHECK_VALIDITY) return live;
    await this.#check();
    return this.#current;
  }

  /** Handles an error that may mean a broken connection. In a cluster, checks first: only one node may have failed. */
  #suspect(live: Live, error: Error): void {
    if (this.isCluster) void this.#check();
    else this.#replace(live, error);
  }

  #check(): Promise<void> {
    this.#checking ??= this.#checkNow().finally(() => (this.#checking = null));
    return this.#checking;
  }

  /** Replaces the connections unless the server accepts writes. A former primary still answers reads. */
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
    this.#noteOutage(reason);
    this.#live = null;
    closeAll(live);
    this.#current = this.#attempt();
  }

  /** Connects. After a failure, tries again every `RECONNECT_INTERVAL` milliseconds. */
  #attempt(): Promise<Live> {
    const attempt = this.#connect();
    attempt.then(
      (live) => this.#noteConnected(live),
      (error: Error) => {
        this.#noteOutage(error);
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
    if (this.#outage) this.#logger.log('Answers again.');
    this.#outage = null;
  }

  /** Logs the first error of an outage only. */
  #noteOutage(error: Error): void {
    if (!this.#outage && !this.#isClosed) this.#logger.warn(`Does not answer: ${error.message}`);
    this.#outage = error;
  }

  /** Waits for the first connection. Throws if the server needs another URL scheme. */
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
    const facts = await this.#send('reads', ({ reads }) => reads.info()).catch(() => '');
    if (/^redis_mode:sentinel/m.test(facts))
      throw new Error('It is a sentinel. Use redis-sentinel://host:port/service.');
    if (/^cluster_enabled:1/m.test(facts) && !this.isCluster)
      throw new Error('It is a node of a Redis Cluster. Use redis-cluster://host:port.');
    this.#warnOfLosses(facts);
  }

  /** Warns if the settings of the server lose sessions in a crash or when its memory is full. */
  #warnOfLosses(facts: string): void {
    if (/^aof_enabled:0/m.test(facts))
      this.#logger.warn('Redis has no append-only file, so a crash loses sessions. Set appendonly yes.');
    if (/^maxmemory_policy:(?!noeviction)/m.test(facts))
      this.#logger.warn('Redis evicts sessions when it is full. Set maxmemory-policy noeviction.');
  }
}

function closeAll({ redis, due }: Live): void {
  due.reads.stop();
  due.writes.stop();
  redis.destroy();
}

/** Returns an error handler that maps WRONGTYPE to `answer` and rethrows other errors. */
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
