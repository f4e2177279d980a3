import { CLOCK_TOLERANCE, NEVER } from '../../common/clock.js';
import { FREE_FAILURES, IN_A_ROW_FOR, LONGEST_DELAY, ONE, PERIOD, SECOND } from '../../throttle/guesses.js';
import { WINDOW } from '../../throttle/network-failures.js';

/**
 * Lua scripts, each atomic on one counter (KEYS[1]), because counters of one attempt are in different slots of a cluster. ARGV[1] is
 * now. They decide as `guesses.ts` and `network-failures.ts` do. Each returns its outcome, and 1 if the counter was unreadable.
 */

/**
 * A value is the expiry in epoch milliseconds, a space and the text. Any other value or type counts as missing. Numbers are
 * written with '%.0f', because Lua would print large ones differently.
 */
const COUNTER = `
local key, now = KEYS[1], tonumber(ARGV[1])
local value = redis.pcall('GET', key)
if type(value) == 'table' and not string.find(value.err, 'WRONGTYPE', 1, true) then return redis.call('GET', key) end
local ends, text = string.match(type(value) == 'string' and value or '', '^(%d+) (.+)$')
local isUnreadable = value and not text and 1 or 0
if ends and tonumber(ends) <= now then text = nil end

local function write(text, ends)
  -- With full memory, a script may run SET only after a write command that is allowed then, such as DEL.
  if value then redis.call('DEL', key) end
  local life = math.max(tonumber(ends) - now, 1)
  redis.call('SET', key, ends .. ' ' .. text, 'PX', string.format('%.0f', life))
end

local function digits(number)
  return string.format('%.0f', number)
end

local function isCount(value, most)
  return type(value) == 'number' and value >= 0 and value <= (most or ${Number.MAX_SAFE_INTEGER}) and value == math.floor(value)
end

local function areCounts(values, most)
  if type(values) ~= 'table' then return false end
  for _, value in pairs(values) do
    if not isCount(value, most) then return false end
  end
  return true
end

-- No text of ours has these characters. The decoder takes an empty list for an object, and hexadecimal numbers.
local function decode(text)
  if string.find(text, '[%[xX]') then return nil end
  local isJson, value = pcall(cjson.decode, text)
  return isJson and type(value) == 'table' and value or nil
end

local function encodeCounts(counts)
  local parts = {}
  for name, count in pairs(counts) do table.insert(parts, cjson.encode(name) .. ':' .. digits(count)) end
  return '{' .. table.concat(parts, ',') .. '}'
end

-- What the text says; nil without a text, and for one that cannot be read.
local function stored(parse)
  local result = text and parse(text)
  if text and not result then isUnreadable = 1 end
  return result
end
`;

const FAILURE_COUNT = `${COUNTER}
local function isFailureCount(value)
  return type(value) == 'table' and isCount(value.level, ${PERIOD}) and isCount(value.inARow) and isCount(value.at, ${NEVER.getTime()})
end

local function encodeCount(count)
  return '{"level":' .. digits(count.level) .. ',"inARow":' .. digits(count.inARow) .. ',"at":' .. digits(count.at) .. '}'
end

local function ageOf(at)
  return math.max(now - at, 0)
end

local function believable(count)
  if count.at <= now + ${CLOCK_TOLERANCE} then return count end
  return { level = count.level, inARow = 0, at = now }
end

local function drained(count)
  local age = ageOf(count.at)
  return { level = math.max(count.level - age, 0), inARow = age < ${IN_A_ROW_FOR} and count.inARow or 0, at = count.at }
end

local function delayLeft(count, longest)
  if count.inARow <= ${FREE_FAILURES} then return 0 end
  local delay = math.min(${SECOND} * 2 ^ (count.inARow - ${FREE_FAILURES} - 1), longest)
  return math.max(delay - ageOf(count.at), 0)
end

local function none()
  return { level = 0, inARow = 0, at = 0 }
end
`;

/** ARGV: now, holder, 1 if right, until, and how well the account knows the source, best first. Returns 1 if the guess counts. */
export const GUESS = `${FAILURE_COUNT}
local holder, isRight = ARGV[2], ARGV[3] == '1'
local FAMILIARITIES = { 'stranger', 'network', 'browser' }
local LONGEST_DELAY = { stranger = ${LONGEST_DELAY.stranger}, network = ${LONGEST_DELAY.network}, browser = ${LONGEST_DELAY.browser} }

local function guessesIn(text)
  local value = decode(text)
  if not value or not areCounts(value.holders, ${PERIOD}) then return nil end
  for _, by in ipairs(FAMILIARITIES) do
    if not isFailureCount(value[by]) then return nil end
  end
  return value
end

local guesses = stored(guessesIn) or { stranger = none(), network = none(), browser = none(), holders = {} }
local current = {}
for _, by in ipairs(FAMILIARITIES) do
  guesses[by] = believable(guesses[by])
  current[by] = drained(guesses[by])
end
local level = guesses.stranger.level
local rest = level == 0 and 0 or current.stranger.level / level
local holders = {}
for name, share in pairs(guesses.holders) do
  local left = math.floor(share * rest + 0.5)
  if left >= ${ONE / 2} then holders[name] = left end
end

local function hasRoom(by)
  local left = ${PERIOD} - current[by].level - ${ONE}
  return left >= 0 and (by ~= 'stranger' or (holders[holder] or 0) <= 2 * left)
end

local by
for i = 5, #ARGV do
  if not by and hasRoom(ARGV[i]) then by = ARGV[i] end
end
local counts = by and delayLeft(current[by], LONGEST_DELAY[by]) <= 0
if counts and isRight then
  guesses[by].inARow = 0
elseif counts then
  local before = current[by]
  guesses[by] = { level = before.level + ${ONE}, inARow = before.inARow + 1, at = math.max(before.at, now) }
  if by == 'stranger' then
    holders[holder] = (holders[holder] or 0) + ${ONE}
    guesses.holders = holders
  end
end
local parts = {}
for _, name in ipairs(FAMILIARITIES) do table.insert(parts, '"' .. name .. '":' .. encodeCount(guesses[name])) end
write('{' .. table.concat(parts, ',') .. ',"holders":' .. encodeCounts(guesses.holders) .. '}', ARGV[4])
return { counts and 1 or 0, isUnreadable }
`;

/** ARGV: now, 1 if right, until. Returns the milliseconds for which attempts are refused; with 0 the attempt was recorded. */
export const CODE = `${FAILURE_COUNT}
local function countIn(text)
  local value = decode(text)
  return isFailureCount(value) and value or nil
end

local count = drained(believable(stored(countIn) or none()))
local delay = delayLeft(count, ${LONGEST_DELAY.stranger})
if delay > 0 then return { delay, isUnreadable } end
local after = ARGV[2] == '1' and none() or { level = 0, inARow = count.inARow + 1, at = math.max(count.at, now) }
write(encodeCount(after), ARGV[3])
return { 0, isUnreadable }
`;

/** ARGV: now and the names of networks, smallest first. Returns the failures of the last one. */
export const FAILURE = `${COUNTER}
local function windowIn(text)
  local value = decode(text)
  return value and isCount(value.since, ${NEVER.getTime()}) and areCounts(value.counts) and value or nil
end

local window = stored(windowIn)
if not window or window.since > now or now - window.since >= ${WINDOW} then window = { since = now, counts = {} } end
local counts = window.counts
for i = 2, #ARGV do counts[ARGV[i]] = (counts[ARGV[i]] or 0) + 1 end
write('{"since":' .. digits(window.since) .. ',"counts":' .. encodeCounts(counts) .. '}', digits(window.since + ${WINDOW}))
return { counts[ARGV[#ARGV]], isUnreadable }
`;

/** ARGV: now, text, until. */
export const WRITE = `${COUNTER}
write(ARGV[2], ARGV[3])
return { 1, 0 }
`;
