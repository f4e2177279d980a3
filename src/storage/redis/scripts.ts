import { NEVER } from '../../common/clock.js';

/**
 * Lua scripts that read and write, each atomic on a hash and its index (KEYS). A cluster has no index, because commands
 * on two keys fail while a slot moves. Each call sends the whole script: a restarted server does not know its hash.
 */

/** A field that holds no session, but the number of fields at which INSERT deletes old sessions again. */
export const NOT_A_SESSION = '';

/** Number of digits of a time in the index, so that text order is time order. */
export const DIGITS_OF_INSTANT = 16;

/** A hash with more fields than this has an index. Smaller ones are read faster without. */
const INDEXED_FROM = 256;

/** How many index members one LIST reads, in total and per command. */
const LOOKED_AT = { most: 2000, atATime: 200 };

/** A field that never exists. */
const NOT_A_FIELD = '-';

/** Reads and writes the lines of `entry.ts`. Times stay text, because Lua would print large numbers differently. */
const ENTRY = `
local key, index, now, id = KEYS[1], KEYS[2], tonumber(ARGV[1]), ARGV[2]
local WORDS = '^(%d+) (%S+) (%S+) (%d+) (%S+) (%d+) (%d+) (%S+) (%d+) (%[.*)$'

-- Positions in the facts.
local LABEL, KIND, PROOFS = 3, 4, 7

-- The answer of a command; nil if the key holds another type, which counts as missing.
local function call(...)
  local answer = redis.pcall(...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if string.find(answer.err, 'WRONGTYPE', 1, true) then return nil end
  return redis.call(...)
end

local function isDate(text)
  return tonumber(text) <= ${NEVER.getTime()}
end

-- Nil if the text is not a valid entry.
local function read(text)
  local expires, ended, reason, seen, secret, created, version, user, proven, facts = string.match(text, WORDS)
  if not expires or not (isDate(expires) and isDate(seen) and isDate(created) and isDate(proven)) then return nil end
  return { expires = expires, ended = ended, reason = reason, seen = seen, secret = secret,
    created = created, version = version, user = user, proven = proven, facts = facts }
end

-- Nil unless they are JSON with at least two facts.
local function factsOf(one)
  local isJson, facts = pcall(cjson.decode, one.facts)
  return isJson and type(facts) == 'table' and facts[2] and facts or nil
end

local function write(one)
  redis.call('HSET', key, one.field, table.concat({ one.expires, one.ended, one.reason, one.seen, one.secret,
    one.created, one.version, one.user, one.proven, one.facts }, ' '))
end

-- With full memory, a script may run HSET only after a write command that is allowed then, such as HDEL.
local function replace(one)
  redis.call('HDEL', key, '${NOT_A_FIELD}')
  write(one)
end

local function find()
  local text = call('HGET', key, id)
  local one = text and read(text)
  if not one or one.ended ~= '-' or tonumber(one.expires) <= now then return nil end
  one.field = id
  return one
end

local function placeOf(one)
  return string.rep('0', ${DIGITS_OF_INSTANT} - #one.created) .. one.created .. ':' .. one.field
end

-- Runs a command on the index, without an error. The index can be rebuilt; without one, the hash is read.
local function onIndex(command, ...)
  if not index then return { err = 'none' } end
  return redis.pcall(command, index, ...)
end

local function finish(one, reason)
  one.ended, one.reason = ARGV[1], reason
  replace(one)
  onIndex('ZREM', placeOf(one))
end

local function keepFor(ms)
  if redis.call('PTTL', key) >= ms then return end
  redis.call('PEXPIRE', key, string.format('%.0f', ms))
  onIndex('PEXPIRE', string.format('%.0f', ms))
end

local function isOk(answer)
  return type(answer) ~= 'table' or not answer.err
end

local function addToIndex(ones)
  for i = 1, #ones, 100 do
    local scored = {}
    for j = i, math.min(i + 99, #ones) do
      table.insert(scored, 0)
      table.insert(scored, placeOf(ones[j]))
    end
    if not isOk(onIndex('ZADD', unpack(scored))) then
      onIndex('DEL')
      return false
    end
  end
  return isOk(onIndex('PEXPIRE', redis.call('PTTL', key)))
end

-- All entries that were not ended, of any user; some may have expired.
local function notEnded()
  local flat, found = call('HGETALL', key) or {}, {}
  for i = 1, #flat, 2 do
    local one = read(flat[i + 1])
    if one and one.ended == '-' then
      one.field, one.line = flat[i], flat[i + 1]
      table.insert(found, one)
    end
  end
  return found
end

-- Builds the index if it is missing; false if there can be none.
local function isIndexed()
  local count = onIndex('ZCARD')
  return isOk(count) and (count > 0 or addToIndex(notEnded()))
end

-- Parses only live entries, because most entries of a large hash have ended.
local function liveOf(user)
  local flat, found = call('HGETALL', key) or {}, {}
  for i = 1, #flat, 2 do
    local expires = string.match(flat[i + 1], '^(%d+) %- ')
    if expires and now < tonumber(expires) then
      local one = read(flat[i + 1])
      if one and one.user == user then
        one.field = flat[i]
        table.insert(found, one)
      end
    end
  end
  return found
end
`;

/**
 * ARGV: now, id, line, limit or 0, policy, milliseconds to keep ended sessions. Returns the outcome and the ids of the
 * evicted sessions.
 */
export const INSERT = `${ENTRY}
local line, max, policy, kept = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local new = read(line)

local function forget()
  local flat, left = redis.call('HGETALL', key), 0
  for i = 1, #flat, 2 do
    local expires, ended = string.match(flat[i + 1], '^(%d+) (%S+) ')
    local over = tonumber(ended == '-' and expires or ended)
    if over and over + kept <= now then redis.call('HDEL', key, flat[i]) else left = left + 1 end
  end
  onIndex('DEL')
  redis.call('HSET', key, '${NOT_A_SESSION}', 2 * left + 16)
end

-- Nil if the kind is not known.
local function isToken(facts)
  local kind = facts[KIND] or 'session'
  if kind == 'access_token' then return true end
  if kind == 'session' or kind == 'remembered' then return false end
end

local function rivals()
  local found = {}
  for _, one in ipairs(liveOf(new.user)) do
    local isRival = tonumber(one.version) >= tonumber(new.version)
    local facts = isRival and factsOf(one)
    if facts and isToken(facts) == isToken(factsOf(new)) then table.insert(found, one) end
  end
  table.sort(found, function(a, b)
    if a.created ~= b.created then return tonumber(a.created) < tonumber(b.created) end
    return a.field < b.field
  end)
  return found
end

local isTaken = call('HEXISTS', key, id)
if isTaken == 1 then return {'taken'} end
if not isTaken then
  redis.call('DEL', key)
  onIndex('DEL')
end
local found = max > 0 and rivals() or {}
local excess = max > 0 and #found + 1 - max or 0
if excess > 0 and policy == 'refuse' then return {'refused'} end
-- With full memory, this fails before a session is evicted.
redis.call('HSET', key, id, line)
local result = {'inserted'}
for i = 1, excess do
  finish(found[i], 'evicted')
  table.insert(result, found[i].field)
end
keepFor(tonumber(new.expires) - now + kept)
local due = string.match(redis.call('HGET', key, '${NOT_A_SESSION}') or '', '^%d+$')
if redis.call('HLEN', key) > tonumber(due or 16) then forget() end
if redis.call('HLEN', key) > ${INDEXED_FROM} then
  new.field = id
  if isIndexed() then addToIndex({ new }) end
end
return result
`;

/** Counts the live sessions in several hashes. */
export const COUNT_LIVE = `
local now, live = tonumber(ARGV[1]), 0
for _, key in ipairs(KEYS) do
  local entries = redis.pcall('HVALS', key)
  if entries.err and not string.find(entries.err, 'WRONGTYPE', 1, true) then return redis.call('HVALS', key) end
  for _, text in ipairs(entries.err and {} or entries) do
    local expires = string.match(text, '^(%d+) %- ')
    if expires and now < tonumber(expires) then live = live + 1 end
  end
end
return live`;

/**
 * ARGV: now, user, limit, cursor, kind, credential version; an empty text means none. Returns the next cursor, empty at
 * the end, and then the ids and lines of live sessions, newest first.
 */
export const LIST = `${ENTRY}
local user, limit, after, kind, version = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]

local function isMeant(one)
  if one.ended ~= '-' or tonumber(one.expires) <= now or one.user ~= user then return false end
  if version ~= '' and one.version ~= version then return false end
  return kind == '' or ((factsOf(one) or {})[KIND] or 'session') == kind
end

local result = { '' }
local function add(one)
  table.insert(result, one.field)
  table.insert(result, one.line)
  return #result > 2 * limit
end

local function listAll()
  local found = {}
  for _, one in ipairs(notEnded()) do
    one.place = placeOf(one)
    if isMeant(one) and (after == '' or one.place < after) then table.insert(found, one) end
  end
  table.sort(found, function(a, b) return a.place > b.place end)
  for i, one in ipairs(found) do
    if add(one) then
      if i < #found then result[1] = one.place end
      return result
    end
  end
  return result
end

local size = call('HLEN', key) or 0
if size <= ${INDEXED_FROM} or not isIndexed() then return listAll() end
local from = after == '' and '+' or '(' .. after
for _ = 1, ${LOOKED_AT.most / LOOKED_AT.atATime} do
  local places = onIndex('ZREVRANGEBYLEX', from, '-', 'LIMIT', 0, ${LOOKED_AT.atATime})
  if not isOk(places) then return listAll() end
  for _, place in ipairs(places) do
    local field = string.sub(place, ${DIGITS_OF_INSTANT + 2})
    local line = redis.call('HGET', key, field)
    local one = line and read(line)
    result[1] = place
    if one then
      one.field, one.line = field, line
      if isMeant(one) and add(one) then return result end
    end
  end
  if #places < ${LOOKED_AT.atATime} then
    result[1] = ''
    return result
  end
  from = '(' .. result[1]
end
return result
`;

/** ARGV: seen, id, expires, milliseconds to keep ended sessions. Returns 1 or 0. */
export const TOUCH = `${ENTRY}
local one = find()
if not one or tonumber(one.seen) > now then return 0 end
one.seen, one.expires = ARGV[1], ARGV[3]
replace(one)
keepFor(tonumber(one.expires) - now + tonumber(ARGV[4]))
return 1
`;

/** ARGV: now, id, from, to; with a proof also its time, expires, milliseconds to keep ended sessions, all proofs (omitted for null). Returns 1 or 0. */
export const ROTATE = `${ENTRY}
local one = find()
if not one or one.secret ~= ARGV[3] then return 0 end
one.secret = ARGV[4]
if tonumber(one.seen) < now then one.seen = ARGV[1] end
if ARGV[5] then
  local facts = factsOf(one)
  if not facts then return 0 end
  for place = #facts + 1, PROOFS - 1 do facts[place] = cjson.null end
  facts[PROOFS] = ARGV[8] or cjson.null
  one.proven, one.expires, one.facts = ARGV[5], ARGV[6], cjson.encode(facts)
  keepFor(tonumber(one.expires) - now + tonumber(ARGV[7]))
end
replace(one)
return 1
`;

/** ARGV: now, id, label; omitted to remove the label. Returns 1 or 0. */
export const RENAME = `${ENTRY}
local one = find()
if not one then return 0 end
local facts = factsOf(one)
if not facts then return 0 end
facts[LABEL] = ARGV[3] or cjson.null
one.facts = cjson.encode(facts)
write(one)
return 1
`;

/** ARGV: now, id, reason. Returns 1 or 0. */
export const END = `${ENTRY}
local one = find()
if not one then return 0 end
finish(one, ARGV[3])
return 1
`;

/** ARGV: now, user, reason, the id of the session to keep. Returns the ids of the ended sessions. */
export const END_ALL = `${ENTRY}
local ended = {}
for _, one in ipairs(liveOf(ARGV[2])) do
  if one.field ~= ARGV[4] then
    finish(one, ARGV[3])
    table.insert(ended, one.field)
  end
end
return ended
`;
