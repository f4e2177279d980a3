/**
 * The steps that look and write, each atomic on its one key. They are sent whole every time: a server that was restarted,
 * or that a slot of the cluster has just moved to, knows no script by its hash.
 */

/** The field with the count of fields at which it is time to forget what is over for long enough. */
export const NOT_A_SESSION = '';

/** The name of no field. */
const NOT_A_FIELD = '-';

/** An entry's line (`entry.ts`) and what can be asked of it. Instants keep their digits: Lua numbers are not printed back. */
const ENTRY = `
local key, now, id = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local WORDS = '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$'

-- Where they are among the facts.
local LABEL, KIND = 3, 4

local function read(text)
  local expires, ended, reason, seen, secret, created, version, user, proven, facts = string.match(text, WORDS)
  return { expires = expires, ended = ended, reason = reason, seen = seen, secret = secret,
    created = created, version = version, user = user, proven = proven, facts = facts }
end

local function write(one)
  redis.call('HSET', key, one.field, table.concat({ one.expires, one.ended, one.reason, one.seen, one.secret,
    one.created, one.version, one.user, one.proven, one.facts }, ' '))
end

-- Redis lets a script that has written before write on where its memory is full, and what is replaced takes no more of it.
local function replace(one)
  redis.call('HDEL', key, '${NOT_A_FIELD}')
  write(one)
end

local function find()
  local text = redis.call('HGET', key, id)
  local one = text and read(text)
  if not one or one.ended ~= '-' or tonumber(one.expires) <= now then return nil end
  one.field = id
  return one
end

local function finish(one, reason)
  one.ended, one.reason = ARGV[1], reason
  replace(one)
end

local function keepFor(ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, string.format('%.0f', ms)) end
end

-- Of many that are over, no more is read than that.
local function liveOf(user)
  local flat, found = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do
    local expires = string.match(flat[i + 1], '^(%d+) %- ')
    if expires and now < tonumber(expires) then
      local one = read(flat[i + 1])
      one.field = flat[i]
      if one.user == user then table.insert(found, one) end
    end
  end
  return found
end
`;

/**
 * ARGV: now, id, line, limit or 0, policy, milliseconds that endings are kept. Answers with the outcome and the ids of those
 * that gave way.
 */
export const INSERT = `${ENTRY}
local line, max, policy, kept = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local new = read(line)

local function forget()
  local flat, left = redis.call('HGETALL', key), 0
  for i = 1, #flat, 2 do
    local expires, ended = string.match(flat[i + 1], '^(%d+) (%S+) ')
    local over = ended == '-' and expires or ended
    if over and tonumber(over) + kept <= now then redis.call('HDEL', key, flat[i]) else left = left + 1 end
  end
  redis.call('HSET', key, '${NOT_A_SESSION}', 2 * left + 16)
end

local function rivals()
  local found = {}
  for _, one in ipairs(liveOf(new.user)) do
    local isRival = tonumber(one.version) >= tonumber(new.version)
    if isRival and cjson.decode(one.facts)[KIND] ~= 'access_token' then table.insert(found, one) end
  end
  table.sort(found, function(a, b)
    if a.created ~= b.created then return tonumber(a.created) < tonumber(b.created) end
    return a.field < b.field
  end)
  return found
end

if redis.call('HEXISTS', key, id) == 1 then return {'taken'} end
local found = max > 0 and rivals() or {}
local excess = max > 0 and #found + 1 - max or 0
if excess > 0 and policy == 'refuse' then return {'refused'} end
-- Where the memory is full, this fails before anybody gives way.
redis.call('HSET', key, id, line)
local result = {'inserted'}
for i = 1, excess do
  finish(found[i], 'evicted')
  table.insert(result, found[i].field)
end
keepFor(tonumber(new.expires) - now + kept)
if redis.call('HLEN', key) > tonumber(redis.call('HGET', key, '${NOT_A_SESSION}') or 16) then forget() end
return result
`;

/** ARGV: seen, id, expires, milliseconds that endings are kept. */
export const TOUCH = `${ENTRY}
local one = find()
if not one or tonumber(one.seen) > now then return 0 end
one.seen, one.expires = ARGV[1], ARGV[3]
replace(one)
keepFor(tonumber(one.expires) - now + tonumber(ARGV[4]))
return 1
`;

/** ARGV: now, id, from, to; with a proof its instant, expires, milliseconds that endings are kept. */
export const ROTATE = `${ENTRY}
local one = find()
if not one or one.secret ~= ARGV[3] then return 0 end
one.secret = ARGV[4]
if tonumber(one.seen) < now then one.seen = ARGV[1] end
if ARGV[5] then
  one.proven, one.expires = ARGV[5], ARGV[6]
  keepFor(tonumber(one.expires) - now + tonumber(ARGV[7]))
end
replace(one)
return 1
`;

/** ARGV: now, id, label; none for no label. */
export const RENAME = `${ENTRY}
local one = find()
if not one then return 0 end
local facts = cjson.decode(one.facts)
facts[LABEL] = ARGV[3] or cjson.null
one.facts = cjson.encode(facts)
write(one)
return 1
`;

/** ARGV: now, id, reason. */
export const END = `${ENTRY}
local one = find()
if not one then return 0 end
finish(one, ARGV[3])
return 1
`;

/** ARGV: now, user, reason, the id of the one that stays. Answers with the ids of those that were ended. */
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
