import { createHash } from 'node:crypto';
import type { Breaker, BreakerEvent, BreakerSettings } from './breaker.ts';
import type { LimitScript } from './limit-script.ts';

/** A breaker as Redis holds it. */
export interface BreakerReading {
  breaker: Breaker;
  /** When it was read, on the clock of Redis, in milliseconds; `breaker` counts on the same clock. */
  now: number;
  /** Grows with every change: of two readings the one with the greater is the later. 0: there was no change yet. */
  revision: number;
  /** What it was before the event that this is the answer to; null where that changed nothing. */
  changedFrom: Breaker['kind'] | null;
}

/** Long enough for any breaker that is not closed to be asked again; after it, it is forgotten, which closes it. */
const keepMs = 86_400_000;

/**
 * `stepBreaker`, in one call for all replicas, on Redis' own clock. A breaker is one string: `<revision> closed <times…>`,
 * `<revision> open <until>`, or `<revision> half_open <until> <ticket>`. Every change is published on the channel, which bears the
 * name of the key and has the reading as its message.
 */
function luaOf(clock: string): string {
  return `
local key, event, ticket = KEYS[1], ARGV[1], ARGV[2]
local failures_max, window, open, probe = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local now = ${clock}

local function integer(number)
  return string.format('%.0f', number)
end

local stored = redis.call('GET', key)
local revision, kind, rest = 0, 'closed', ''
if stored then
  local a, b, c = string.match(stored, '^(%d+) ([%l_]+) ?(.*)$')
  revision, kind, rest = tonumber(a), b, c
end

local holder, until_ms
if kind == 'open' then until_ms = tonumber(rest) end
if kind == 'half_open' then
  local a, b = string.match(rest, '^(%d+) (.*)$')
  until_ms, holder = tonumber(a), b
end
local is_probe = kind == 'half_open' and holder == ticket

local next_state, ttl
local function opened(till)
  next_state, ttl = 'open ' .. integer(till), ${String(keepMs)}
end
if event == 'asked' then
  if kind ~= 'closed' and now >= until_ms then
    next_state, ttl = 'half_open ' .. integer(now + probe) .. ' ' .. ticket, ${String(keepMs)}
  end
elseif event == 'succeeded' then
  if is_probe then next_state, ttl = 'closed', window end
elseif event == 'abandoned' then
  if is_probe then opened(now) end
elseif event == 'reset' then
  if kind ~= 'closed' or rest ~= '' then next_state, ttl = 'closed', window end
elseif event == 'failed' then
  if is_probe then
    opened(now + open)
  elseif kind == 'closed' then
    local kept, count = {}, 0
    for at in string.gmatch(rest, '%d+') do
      if tonumber(at) > now - window then
        count = count + 1
        kept[count] = at
      end
    end
    count = count + 1
    kept[count] = integer(now)
    if count >= failures_max then
      opened(now + open)
    else
      next_state, ttl = 'closed ' .. table.concat(kept, ' '), window
    end
  end
end

if next_state then
  revision = math.max(revision + 1, now)
  local text = integer(revision) .. ' ' .. next_state
  redis.call('SET', key, text, 'PX', integer(ttl))
  redis.call('PUBLISH', key, integer(now) .. ' ' .. text)
  return kind .. '> ' .. integer(now) .. ' ' .. text
end
return integer(now) .. ' ' .. (stored or '0 closed')
`;
}

/** The script as it is in use: its time is Redis' own. */
export function breakerScript(): LimitScript {
  return scriptOf(luaOf("(function(time) return time[1] * 1000 + math.floor(time[2] / 1000) end)(redis.call('TIME'))"));
}

/** For tests: the same script, told the time by its last argument. */
export function breakerScriptToldTheTime(): LimitScript {
  return scriptOf(luaOf('tonumber(ARGV[#ARGV])'));
}

function scriptOf(lua: string): LimitScript {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

export function breakerArguments(
  key: string,
  event: BreakerEvent,
  { failuresMax, windowMs, openMs, probeMs }: BreakerSettings,
): [number, ...(string | number)[]] {
  const ticket = event.kind === 'reset' ? '' : event.ticket;
  return [1, key, event.kind, ticket, failuresMax, windowMs, openMs, probeMs];
}

/** Reads the script's answer, or a message of its channel. Throws when it is none. */
export function readBreaker(text: unknown): BreakerReading {
  const match =
    typeof text === 'string'
      ? /^(?:(closed|open|half_open)> )?(\d+) (\d+) (closed|open|half_open)(?: (.*))?$/.exec(text)
      : null;
  if (match === null) throw new TypeError('the breaker script gave an answer that is none');
  const [, before, now, revision, kind, rest = ''] = match;
  return {
    now: Number(now),
    revision: Number(revision),
    changedFrom: (before ?? null) as BreakerReading['changedFrom'],
    breaker: breakerOf(kind ?? '', rest),
  };
}

function breakerOf(kind: string, rest: string): Breaker {
  if (kind === 'open') return { kind, until: Number(rest) };
  if (kind === 'half_open') {
    const [until = '', ticket = ''] = rest.split(' ', 2);
    return { kind, until: Number(until), ticket };
  }
  return { kind: 'closed', failures: rest === '' ? [] : rest.split(' ').map(Number) };
}
