import { createHash } from 'node:crypto';

/** A Lua script with the name by which Redis knows it. */
export interface BudgetScript {
  lua: string;
  sha1: string;
}

/*
 * A counter is one meter of one budget in one period: a hash and, beside it, the leases on it as a sorted set by the time at
 * which each ends. In the hash: `spent`, `held` (the sum of the leases), `l:<id>` (what a lease holds), `stale` (it must be
 * counted anew from the ledger), and while that goes on `token`, `begun` and `since` (what was settled meanwhile).
 *
 * Amounts are whole and below 2⁵³, where Lua's numbers are exact. Times are Redis' own, in milliseconds.
 */
const common = `
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function integer(number)
  return string.format('%.0f', number)
end

local function number_of(key, field)
  return tonumber(redis.call('HGET', key, field) or '0')
end

-- A lease that ended was its holder's last word: whether it spent something only the ledger knows.
local function expire(counter, leases, now)
  local ended = redis.call('ZRANGEBYSCORE', leases, '-inf', integer(now))
  for _, id in ipairs(ended) do
    local amount = redis.call('HGET', counter, 'l:' .. id)
    if amount then
      redis.call('HINCRBY', counter, 'held', '-' .. amount)
      redis.call('HDEL', counter, 'l:' .. id)
    end
    redis.call('ZREM', leases, id)
    redis.call('HSET', counter, 'stale', '1')
  end
end

local function hold(counter, leases, id, amount, ends, lives)
  if redis.call('HSETNX', counter, 'l:' .. id, amount) == 1 then
    redis.call('HINCRBY', counter, 'held', amount)
  end
  redis.call('ZADD', leases, integer(ends), id)
  redis.call('PEXPIRE', counter, lives)
  redis.call('PEXPIRE', leases, lives)
end
`;

function scriptOf(body: string): BudgetScript {
  const lua = common + body;
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/**
 * Holds an amount in every counter, or in none.
 * KEYS: memory, reservation, then counter and leases of each. ARGV: id, lease ms, quarantine ms, then of each: amount, hard
 * limit or '', how long the counter lives in ms.
 * Answers: {'held'}; {'over'} for an id that was settled; {'young', ms} while nobody can know who else holds something;
 * {'count', index…} for counters that must be counted first; {'refused', index, spent, held}.
 */
export const reserveScript = scriptOf(`
local now = now_ms()
local id, lease, quarantine = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('GET', KEYS[2])
if state == 'held' then return { 'held' } end
if state then return { 'over' } end
local count = (#KEYS - 2) / 2

-- When this memory began. Whoever held something in the one before it says so again within the quarantine.
local began = redis.call('GET', KEYS[1])
if not began then
  began = integer(now)
  redis.call('SET', KEYS[1], began)
end

local uncounted, has_hard = { 'count' }, false
for index = 1, count do
  local counter, leases = KEYS[1 + 2 * index], KEYS[2 + 2 * index]
  expire(counter, leases, now)
  if redis.call('HGET', counter, 'stale') ~= '0' then uncounted[#uncounted + 1] = index end
  if ARGV[2 + 3 * index] ~= '' then has_hard = true end
end
local wait = tonumber(began) + quarantine - now
if has_hard and wait > 0 then return { 'young', wait } end
if #uncounted > 1 then return uncounted end

for index = 1, count do
  local counter = KEYS[1 + 2 * index]
  local amount, hard = tonumber(ARGV[1 + 3 * index]), tonumber(ARGV[2 + 3 * index])
  local spent, held = number_of(counter, 'spent'), number_of(counter, 'held')
  if hard and spent + held + amount > hard then
    return { 'refused', index, integer(spent), integer(held) }
  end
end
for index = 1, count do
  hold(KEYS[1 + 2 * index], KEYS[2 + 2 * index], id, ARGV[1 + 3 * index], now + lease, ARGV[3 + 3 * index])
end
redis.call('SET', KEYS[2], 'held', 'PX', integer(lease * 4))
return { 'held' }
`);

/**
 * Turns what was held into what was spent, once.
 * KEYS: reservation, then counter and leases of each. ARGV: id, how long the reservation is remembered in ms, then of each:
 * amount, how long the counter lives in ms.
 * Answers {'done'} when it was settled before, else {'settled', spent before, spent after, …}; both are '' where the counter
 * has to be counted anyway.
 */
export const settleScript = scriptOf(`
local id = ARGV[1]
if redis.call('GET', KEYS[1]) == 'settled' then return { 'done' } end
redis.call('SET', KEYS[1], 'settled', 'PX', ARGV[2])
local answer = { 'settled' }
for index = 1, (#KEYS - 1) / 2 do
  local counter, leases = KEYS[2 * index], KEYS[1 + 2 * index]
  local amount, lives = ARGV[1 + 2 * index], ARGV[2 + 2 * index]
  local held = redis.call('HGET', counter, 'l:' .. id)
  if held then
    redis.call('HDEL', counter, 'l:' .. id)
    redis.call('HINCRBY', counter, 'held', '-' .. held)
  end
  redis.call('ZREM', leases, id)
  if redis.call('HEXISTS', counter, 'token') == 1 then redis.call('HINCRBY', counter, 'since', amount) end
  if redis.call('HGET', counter, 'stale') == '0' then
    local after = redis.call('HINCRBY', counter, 'spent', amount)
    answer[#answer + 1] = integer(after - tonumber(amount))
    answer[#answer + 1] = integer(after)
  else
    redis.call('HSET', counter, 'stale', '1')
    redis.call('PEXPIRE', counter, lives)
    answer[#answer + 1] = ''
    answer[#answer + 1] = ''
  end
end
return answer
`);

/**
 * Says that its holder lives: one reservation, in all of its counters; in a memory that has forgotten it, it is held anew.
 * KEYS: reservation, then counter and leases of each. ARGV: id, lease ms, then of each: amount, how long the counter lives.
 */
export const renewScript = scriptOf(`
local now = now_ms()
local id, lease = ARGV[1], tonumber(ARGV[2])
local state = redis.call('GET', KEYS[1])
if state and state ~= 'held' then return 0 end
redis.call('SET', KEYS[1], 'held', 'PX', integer(lease * 4))
for index = 1, (#KEYS - 1) / 2 do
  local counter = KEYS[2 * index]
  if redis.call('HEXISTS', counter, 'stale') == 0 then redis.call('HSET', counter, 'stale', '1') end
  hold(counter, KEYS[1 + 2 * index], id, ARGV[1 + 2 * index], now + lease, ARGV[2 + 2 * index])
end
return 1
`);

/**
 * Begins to count a counter anew. KEYS: counter. ARGV: token, how long the counter lives, how long a counting may take.
 * Answers 1, or 0 while somebody else is at it or it needs no counting any more.
 */
export const beginScript = scriptOf(`
local now = now_ms()
if redis.call('HGET', KEYS[1], 'stale') == '0' then return 0 end
local begun = redis.call('HGET', KEYS[1], 'begun')
if begun and tonumber(begun) + tonumber(ARGV[3]) > now then return 0 end
redis.call('HSET', KEYS[1], 'stale', '1', 'token', ARGV[1], 'begun', integer(now), 'since', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);

/** Ends a counting. KEYS: counter. ARGV: token, what the ledger says. Answers 1, or 0 when somebody else took it over. */
export const countedScript = scriptOf(`
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
local spent = tonumber(ARGV[2]) + number_of(KEYS[1], 'since')
redis.call('HSET', KEYS[1], 'spent', integer(spent), 'stale', '0')
redis.call('HDEL', KEYS[1], 'token', 'begun', 'since')
return 1
`);

/** Says that this memory has begun, before somebody waits for it. KEYS: memory. */
export const wakeScript = scriptOf(`
redis.call('SET', KEYS[1], integer(now_ms()), 'NX')
return 1
`);
