import { createHash } from 'node:crypto';
import type { LimitTerms } from './limit-policy.ts';
import type { Verdict } from './verdict.ts';

/** A Lua script with the name by which Redis knows it. */
export interface LimitScript {
  lua: string;
  sha1: string;
}

const numbersPerPolicy = 5;

/**
 * Judges every policy and, only when all of them allow the call, charges every one: the algorithms of `sliding-window.ts`
 * and `gcra.ts`, on Redis' own clock. A refused call writes nothing.
 *
 * A window is a list `time, total, time, total, …` of at most `limit + 1` rows of two integers: about 16 bytes for each call
 * within the window (16 MB for a client that does make a million calls a minute), and O(1) for nearly every call; O(log n)
 * steps where many calls have left the window since the last charge, and rows are cut off in one go. A bucket is one
 * string. Each key expires when it would say nothing any more.
 */
function luaOf(clock: string): string {
  return `
local call, format, ceil, max = redis.call, string.format, math.ceil, math.max
local now = ${clock}

local function integer(number)
  return format('%.0f', number)
end

-- A row's time is its column 0, the total up to it its column 1.
local function cell(key, row, column)
  return tonumber(call('LINDEX', key, 2 * row + column))
end

local function last_row(size, from, holds)
  local low, step = from, 1
  while low + step < size and holds(low + step) do
    low = low + step
    step = step * 2
  end
  local high = math.min(low + step, size)
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if holds(middle) then low = middle else high = middle end
  end
  return low
end

local function window(key, capacity, span, cost)
  local at, gone, used, total, last = now, -1, 0, 0, now
  local tail = call('LRANGE', key, '-2', '-1')
  if tail[1] and tonumber(tail[1]) - now <= span then
    last, total = tonumber(tail[1]), tonumber(tail[2])
    at = max(now, last)
    gone = 0
    local head = call('LRANGE', key, '1', '2')
    local before = tonumber(head[1])
    if head[2] and tonumber(head[2]) <= at - span then
      gone = last_row(call('LLEN', key) / 2, 0, function(row) return cell(key, row, 0) <= at - span end)
      before = cell(key, gone, 1)
    end
    used = total - before
  end
  local judged = { allowed = used + cost <= capacity }
  judged.before = { max(0, capacity - used), used > 0 and last + span - now or 0, 0 }
  judged.after = judged.before
  if not judged.allowed then
    local free = at + span
    if cost <= capacity then
      local enough = last_row(call('LLEN', key) / 2, gone, function(row)
        return cell(key, row, 1) < total + cost - capacity
      end) + 1
      free = cell(key, enough, 0) + span
    end
    judged.before[3] = free - now
  elseif cost > 0 then
    judged.after = { capacity - used - cost, at + span - now, 0 }
    judged.charge = function()
      if gone == -1 then
        -- Not otherwise: after one write a script may go on writing in a Redis that is full.
        if tail[1] then call('DEL', key) end
        call('RPUSH', key, integer(at), '0', integer(at), integer(cost))
      else
        if gone > 0 then call('LTRIM', key, 2 * gone, '-1') end
        call('RPUSH', key, integer(at), integer(total + cost))
      end
      call('PEXPIRE', key, integer(ceil((at + span - now) / 1000)))
    end
  end
  return judged
end

local function bucket(key, capacity, span, cost, unit)
  local at, ahead = now, 0
  local state = call('GET', key)
  if state then
    local written_at, written_ahead = string.match(state, '^(%d+) (%d+)$')
    if written_at - now <= span then
      at = max(now, tonumber(written_at))
      ahead = math.min(capacity, max(0, written_ahead - (at - written_at) * 1000))
    end
  end
  local function standing(level)
    return { math.floor((capacity - level) / unit), level > 0 and at - now + level / 1000 or 0, 0 }
  end
  local charged = ahead + cost * unit
  local wait = max(0, charged - capacity)
  if cost * unit > capacity then wait = span * 1000 end
  local judged = { allowed = wait == 0, before = standing(ahead), after = standing(charged) }
  if not judged.allowed then
    judged.before[3] = ceil(wait / 1000000) * 1000 + ceil((at - now) / 1000) * 1000
  elseif cost > 0 then
    judged.charge = function()
      call('SET', key, integer(at) .. ' ' .. integer(charged), 'PX', integer(ceil(judged.after[2] / 1000)))
    end
  end
  return judged
end

local all, allowed = {}, true
for index = 1, #KEYS do
  local first = (index - 1) * ${numbersPerPolicy}
  local judge = ARGV[first + 1] == 'gcra' and bucket or window
  local judged = judge(
    KEYS[index],
    tonumber(ARGV[first + 2]),
    tonumber(ARGV[first + 3]),
    tonumber(ARGV[first + 4]),
    tonumber(ARGV[first + 5])
  )
  all[index] = judged
  allowed = allowed and judged.allowed
end

local answer = {}
for index = 1, #KEYS do
  local judged = all[index]
  if allowed and judged.charge then judged.charge() end
  local standing = allowed and judged.after or judged.before
  local last = #answer
  answer[last + 1] = judged.allowed and 1 or 0
  answer[last + 2] = standing[1]
  answer[last + 3] = ceil(standing[2] / 1000)
  answer[last + 4] = ceil(standing[3] / 1000)
end
return answer
`;
}

/** The script as it is in use: its time is Redis' own, and nobody can give it another. */
export function limitScript(): LimitScript {
  return scriptOf(luaOf("(function(time) return time[1] * 1000000 + time[2] end)(redis.call('TIME'))"));
}

/** For tests: the same script, told the time by the argument after those of the policies. */
export function limitScriptToldTheTime(): LimitScript {
  return scriptOf(luaOf('tonumber(ARGV[#ARGV])'));
}

function scriptOf(lua: string): LimitScript {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** What `EVAL` and `EVALSHA` take after the script. */
export function scriptArguments(terms: readonly LimitTerms[]): [number, ...(string | number)[]] {
  return [
    terms.length,
    ...terms.map((each) => each.storageKey),
    ...terms.flatMap((each) => [each.algorithm, each.capacity, each.spanUs, each.cost, each.unitSize]),
  ];
}

/** Reads the script's answer. Throws when it is none. */
export function verdictsOf(answer: unknown, policies: number): Verdict[] {
  if (!Array.isArray(answer) || answer.length !== policies * 4 || !answer.every((number) => typeof number === 'number'))
    throw new TypeError('the limit script gave an answer that is none');
  return Array.from({ length: policies }, (_, index) => {
    const [allowed, remaining = 0, resetMs = 0, retryAfterMs = 0] = answer.slice(index * 4, index * 4 + 4);
    return { allowed: allowed === 1, remaining, resetMs, retryAfterMs };
  });
}
