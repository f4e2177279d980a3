import { Logger } from '@nestjs/common';
import { withoutSecrets } from '../storage-options.js';
import { START_TIMEOUT, StoreCalls } from '../store-calls.js';
import { Gathered } from '../gathered.js';
import { type RedisClient, isCluster, newClient } from './redis.client.js';
import { classifyRedisFailure } from './redis.failures.js';

/** Milliseconds without an answer, where one is due, after which a connection is given up for a new one. */
const STALL = 1_500;

/** About how many keys a page of them is looked for among. */
const KEYS_PER_PAGE = 500;

/** Reads a field of each of many hashes; a command of its own each would cost three times as much here. */
const READ_FIELDS = `
local found = {}
for i = 1, #KEYS do found[i] = redis.call('HGET', KEYS[i], ARGV[i]) end
return found`;

interface FieldOfHash {
  readonly key: string;
  readonly field: string;
}

/** A Redis server or cluster, and how it is asked; a connection that stalls is replaced. */
export class RedisConnection {
  /** What all keys begin with: the parameter `prefix` of the URL, or `coatcheck`. */
  readonly prefix: string;
  readonly #logger = new Logger('Redis');
  readonly #calls: StoreCalls;
  readonly #isCluster: boolean;
  readonly #fields = new Gathered((fields: FieldOfHash[]) =>
    this.#expect((client) => readFields(client, fields)),
  );
  #client: RedisClient;
  #due = 0;
  #patience: NodeJS.Timeout | undefined;
  #trouble: Error | null = null;

  private constructor(
    private readonly url: string,
    timeout: number,
  ) {
    this.prefix = new URLSearchParams(url.split('?')[1]).get('prefix') ?? 'coatcheck';
    this.#calls = new StoreCalls({ timeout, classify: classifyRedisFailure });
    this.#isCluster = isCluster(url);
    this.#client = this.#newClient();
  }

  /** Connects, or says why that cannot be; `timeout` of a call in milliseconds. */
  static async open(url: string, timeout: number): Promise<RedisConnection> {
    const connection = new RedisConnection(url, timeout);
    const giveUp = setTimeout(() => connection.#client.destroy(), START_TIMEOUT);
    try {
      await connection.#client.connect();
    } catch (error) {
      const { message } = connection.#trouble ?? (error as Error);
      throw new Error(`Cannot open ${withoutSecrets(url)}: ${message}`, { cause: error });
    } finally {
      clearTimeout(giveUp);
    }
    await connection.#warnOfLosses();
    return connection;
  }

  /** A field of a hash, or null. */
  field(key: string, field: string): Promise<string | null> {
    if (this.#isCluster) return this.#ask((client) => client.hGet(key, field));
    return this.#calls.run(() => this.#fields.ask({ key, field }));
  }

  /** The text under a key, or null. */
  text(key: string): Promise<string | null> {
    return this.#ask((client) => client.get(key));
  }

  /** All fields of a hash. */
  fields(key: string): Promise<Record<string, string>> {
    return this.#ask((client) => client.hGetAll(key));
  }

  /** The keys that match a pattern, in pages; one may come twice, none that is there all the time is left out. */
  async *keys(pattern: string): AsyncGenerator<string[]> {
    const options = { MATCH: pattern, COUNT: KEYS_PER_PAGE };
    const pageAt = (cursor: string) => this.#ask((client) => client.scan(cursor, options));
    let page = await pageAt('0');
    yield page.keys;
    while (page.cursor !== '0') {
      page = await pageAt(page.cursor);
      yield page.keys;
    }
  }

  /** What a script answers that works on one key. */
  run(script: string, key: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.#ask((client) => client.eval(script, { keys: [key], arguments: args.map(String) }));
  }

  async close(): Promise<void> {
    clearTimeout(this.#patience);
    this.#client.destroy();
  }

  #ask<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#calls.run(() => this.#expect(command));
  }

  /** Waits for an answer, and for none too long: a connection that stalls while answers are due is given up. */
  async #expect<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    this.#due += 1;
    this.#patience ??= setTimeout(() => this.#renew(), STALL);
    try {
      const answer = await command(client);
      if (client === this.#client) this.#noteAnswer();
      return answer;
    } finally {
      if (client === this.#client) this.#due -= 1;
      if (this.#due === 0) this.#stopWaiting();
    }
  }

  #noteAnswer(): void {
    this.#patience?.refresh();
    if (this.#trouble) this.#logger.log('Answers again.');
    this.#trouble = null;
  }

  #stopWaiting(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #renew(): void {
    const stalled = this.#client;
    this.#client = this.#newClient();
    this.#due = 0;
    this.#stopWaiting();
    stalled.destroy();
    this.#expect((client) => client.connect()).catch((error: Error) => this.#noteTrouble(error));
  }

  /** Sessions that a server was told to forget when it dies or is full, nobody can keep. Some servers do not say. */
  async #warnOfLosses(): Promise<void> {
    const facts = await this.#ask((client) => client.info()).catch(() => '');
    if (/^aof_enabled:0/m.test(facts))
      this.#logger.warn('Keeps no append-only file: when it dies, sessions are lost (appendonly yes).');
    if (/^maxmemory_policy:(?!noeviction)/m.test(facts))
      this.#logger.warn('Evicts sessions when it is full (maxmemory-policy noeviction).');
  }

  #newClient(): RedisClient {
    const client = newClient(this.url);
    client.on('error', (error) => this.#noteTrouble(error));
    return client;
  }

  /** One line of the log for each time of trouble, however often it is met. */
  #noteTrouble(error: Error): void {
    if (!this.#trouble) this.#logger.warn(`Does not answer: ${error.message}`);
    this.#trouble = error;
  }
}

function readFields(client: RedisClient, fields: readonly FieldOfHash[]): Promise<(string | null)[]> {
  const keys = fields.map(({ key }) => key);
  const args = fields.map(({ field }) => field);
  return client.eval(READ_FIELDS, { keys, arguments: args }) as Promise<(string | null)[]>;
}
