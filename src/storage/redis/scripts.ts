/**
 * The steps that look and write, each atomic on its one key. They are sent whole every time: a server that was restarted,
 * or that a slot of the cluster has just moved to, knows no script by its hash.
 */

/** The field with the count of fields at which it is time to forget what is over for long enough. */
export const NOT_A_SESSION = '';

/** An entry's line (`entry.ts`) and what can be asked of it. Instants keep their digits: Lua numbers are not printed back. */
const ENTRY = `
local key, now, id = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local WORDS = '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$'

local function read(text)
  local expires, ended, reason, seen, secret, created, version, user, rest = string.match(text, WORDS)
  return { expires = expires, ended = ended, reason = reason, seen = seen, secret = secret,
    created = created, version = version, user = user, rest = rest }
end

local function write(field, one)
  redis.call('HSET', key, field, table.concat({ one.expires, one.ended, one.reason, one.seen, one.secret,
    one.created, one.version, one.user, one.rest }, ' '))
end

local function isLive(one)
  return one.ended == '-' and now < tonumber(one.expires)
end

local function find()
  local text = redis.call('HGET', key, id)
  local one = text and read(text)
  return one and isLive(one) and one
end

local function finish(field, one, reason)
  one.ended, one.reason = ARGV[1], reason
  write(field, one)
end

local function keepFor(ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, string.format('%.0f', ms)) end
end

local function all()
  local flat, entries = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do
    if flat[i] ~= '${NOT_A_SESSION}' then entries[flat[i]] = read(flat[i + 1]) end
  end
  return entries
end
`;

/**
 * ARGV: now, id, line, limit or 0, policy, milliseconds that endings are kept.
 */
export const INSERT = `${ENTRY}
local line, max, policy, kept = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local new = read(line)

local function forget()
  local left = 0
  for field, one in pairs(all()) do
    local over = one.ended == '-' and one.expires or one.ended
    if tonumber(over) + kept <= now then redis.call('HDEL', key, field) else left = left + 1 end
  end
  redis.call('HSET', key, '${NOT_A_SESSION}', 2 * left + 16)
end

local function rivals()
  local found = {}
  for field, one in pairs(all()) do
    if isLive(one) and one.user == new.user and tonumber(one.version) >= tonumber(new.version) then
      one.field = field
      table.insert(found, one)
    end
  end
  table.sort(found, function(a, b)
    if a.created ~= b.created then return tonumber(a.created) < tonumber(b.created) end
    return a.field < b.field
  end)
  return found
end

if redis.call('HEXISTS', key, id) == 1 then return 'taken' end
if max > 0 then
  local found = rivals()
  local excess = #found + 1 - max
  if excess > 0 and policy == 'refuse' then return 'refused' end
  for i = 1, excess do finish(found[i].field, found[i], 'evicted') end
end
redis.call('HSET', key, id, line)
keepFor(tonumber(new.expires) - now + kept)
if redis.call('HLEN', key) > tonumber(redis.call('HGET', key, '${NOT_A_SESSION}') or 16) then forget() end
return 'inserted'
`;

/** ARGV: seen, id, expires, milliseconds that endings are kept. */
export const TOUCH = `${ENTRY}
local one = find()
if not one or tonumber(one.seen) > now then return 0 end
one.seen, one.expires = ARGV[1], ARGV[3]
write(id, one)
keepFor(tonumber(one.expires) - now + tonumber(ARGV[4]))
return 1
`;

/** ARGV: now, id, from, to. */
export const ROTATE = `${ENTRY}
local one = find()
if not one or one.secret ~= ARGV[3] then return 0 end
one.secret = ARGV[4]
write(id, one)
return 1
`;

/** ARGV: now, id, reason. */
export const END = `${ENTRY}
local one = find()
if not one then return 0 end
finish(id, one, ARGV[3])
return 1
`;

/** ARGV: now, user, reason, the id of the one that stays. */
export const END_ALL = `${ENTRY}
local count = 0
for field, one in pairs(all()) do
  if isLive(one) and one.user == ARGV[2] and field ~= ARGV[4] then
    finish(field, one, ARGV[3])
    count = count + 1
  end
end
return count
`;
