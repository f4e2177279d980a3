import { unreadable } from '../../common/unreadable.js';
import { ThrottleStore } from '../../throttle/throttle-store.js';
import type { RedisConnection } from './redis.connection.js';

/**
 * ARGV: now, from or nothing, to, until. A value is the end of a text's time, a blank and the text; anything else, also of
 * another type, counts as not there.
 */
const SWAP = `
local value = redis.pcall('GET', KEYS[1])
local isOfAnotherType = type(value) == 'table' and string.find(value.err, 'WRONGTYPE', 1, true)
if type(value) == 'table' and not isOfAnotherType then return redis.call('GET', KEYS[1]) end
local ends, text = string.match(type(value) == 'string' and value or '', '^(%d+) (.+)$')
if ends and tonumber(ends) <= tonumber(ARGV[1]) then text = nil end
if (text or '') ~= ARGV[2] then return 0 end
-- A script that has written before may write on where the memory is full: what is there can change, what is not cannot come.
if value then redis.call('DEL', KEYS[1]) end
local life = math.max(tonumber(ARGV[4]) - tonumber(ARGV[1]), 1)
redis.call('SET', KEYS[1], ARGV[4] .. ' ' .. ARGV[3], 'PX', string.format('%.0f', life))
return 1
`;

/** Tallies in Redis, a key each, which goes when its time is over. */
export class RedisThrottleStore extends ThrottleStore {
  constructor(private readonly redis: RedisConnection) {
    super();
  }

  async read(keys: readonly string[], now: Date): Promise<(string | null)[]> {
    const values = await Promise.all(keys.map((key) => this.redis.text(this.#keyOf(key))));
    return values.map((value, index) => (value === null ? null : textOf(value, now, keys[index]!)));
  }

  async swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean> {
    const args = [now.getTime(), from ?? '', to, until.getTime()];
    return (await this.redis.run(SWAP, [this.#keyOf(key)], args)) === 1;
  }

  #keyOf(key: string): string {
    return `${this.redis.prefix}:tally:${key}`;
  }
}

function textOf(value: string, now: Date, key: string): string | null {
  const [, until, text] = /^(\d+) (.+)$/s.exec(value) ?? [];
  if (text === undefined) return unreadable('count', key);
  return now.getTime() < Number(until) ? text : null;
}
