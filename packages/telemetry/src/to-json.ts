import { redacted, redactText } from './redact-text.ts';

const depthMax = 6;
const entriesMax = 100;
const textMax = 8_192;
const roomMax = 65_536;
const namesRememberedMax = 2_000;

// Compared in lower case, without `-` and `_`. `key_id` and `total_tokens` are no secrets, `api_key` and `session_token` are.
const secretName =
  /^(?:key|jwt|signature|xsignalboxidentity|credentials?)$|(?:authorization|cookie|passw(?:or)?d|passphrase|secret|token|apikey|privatekey|signingkey)$/;

/** Turns anything into JSON that may be written to a log. */
export interface SafeJson {
  text(text: string): string;
  /** The members of `object` as JSON, each with a comma before it, without the braces. */
  members(object: object): string;
}

/**
 * Writes JSON in one pass. Credentials are replaced, known by the name of their field or by their shape; depth, breadth
 * and length are bounded; cycles, throwing getters, bigints and errors are written in some readable way. Never throws.
 * A field that bears one of the `reserved` names gets a `_` before it.
 */
export function createSafeJson(reserved: ReadonlySet<string>): SafeJson {
  const names = new Map<string, { json: string; isSecret: boolean }>();
  let room = roomMax;

  function remembered(name: string): { json: string; isSecret: boolean } {
    const known = names.get(name);
    if (known !== undefined) return known;
    const isSecret = secretName.test(name.toLowerCase().replaceAll(/[-_]/g, ''));
    const made = { json: text(name), isSecret };
    // Names may come from outside (headers, say), so they are not remembered without end.
    if (names.size < namesRememberedMax) names.set(name, made);
    return made;
  }

  function valueOf(value: unknown, ancestors: readonly object[]): string | undefined {
    switch (typeof value) {
      case 'string':
        return room < 0 ? '"[cut]"' : text(value);
      case 'number':
        return Number.isFinite(value) ? String(value) : `"${String(value)}"`;
      case 'boolean':
        return String(value);
      case 'bigint':
        return `"${String(value)}"`;
      case 'undefined':
      case 'function':
      case 'symbol':
        return undefined;
      case 'object':
        return value === null ? 'null' : nestedOf(value, ancestors);
    }
  }

  function nestedOf(value: object, ancestors: readonly object[]): string | undefined {
    if (ancestors.includes(value)) return '"[circular]"';
    if (ancestors.length >= depthMax) return '"[too deep]"';
    if (room < 0) return '"[cut]"';
    try {
      return objectOf(value, [...ancestors, value]);
    } catch {
      // A proxy or a toJSON of somebody else's threw; the rest of the line is still worth having.
      return '"[unreadable]"';
    }
  }

  function objectOf(value: object, path: readonly object[]): string | undefined {
    if (Array.isArray(value)) return listOf(value, path);
    if (isError(value)) return `{${membersOf(errorEntries(value), path).slice(1)}}`;
    if (value instanceof Map) return `{${membersOf(value, path).slice(1)}}`;
    if (value instanceof Set) return listOf([...value], path);
    if (ArrayBuffer.isView(value)) return `"[${value.byteLength} bytes]"`;
    if (hasToJson(value)) return valueOf(value.toJSON(), path);
    return `{${membersOf(entries(value), path).slice(1)}}`;
  }

  function listOf(values: readonly unknown[], path: readonly object[]): string {
    const shown = values.slice(0, entriesMax).map((value) => valueOf(value, path) ?? 'null');
    if (values.length > entriesMax) shown.push(`"[${values.length - entriesMax} more]"`);
    return `[${shown.join(',')}]`;
  }

  function membersOf(list: Iterable<readonly [unknown, unknown]>, path: readonly object[]): string {
    let json = '';
    let count = 0;
    for (const [name, value] of list) {
      if (count === entriesMax) return `${json},"[more]":true`;
      const added = memberOf(String(name), value, path);
      if (added !== '') count += 1;
      json += added;
    }
    return json;
  }

  function memberOf(name: string, value: unknown, path: readonly object[]): string {
    const { json, isSecret } = remembered(name);
    const written =
      isSecret && value !== undefined && value !== null && typeof value !== 'boolean'
        ? `"${redacted}"`
        : valueOf(value, path);
    if (written === undefined) return '';
    room -= json.length + written.length;
    return `,${json}:${written}`;
  }

  return {
    text,
    members(object) {
      room = roomMax;
      try {
        if (isError(object)) return memberOf('error', object, []);
        const path = [object];
        let json = '';
        for (const [name, value] of entries(object))
          json += memberOf(reserved.has(name) ? `_${name}` : name, value, path);
        return json;
      } catch {
        return ',"fields":"[unreadable]"';
      }
    },
  };
}

function text(value: string): string {
  if (value.length <= textMax) return JSON.stringify(redactText(value));
  // What is cut off is looked at as well, so that a credential on the edge is seen whole.
  return JSON.stringify(`${redactText(value.slice(0, 2 * textMax)).slice(0, textMax)}…`);
}

function entries(object: object): [string, unknown][] {
  return Object.keys(object).map((name) => {
    try {
      return [name, (object as Record<string, unknown>)[name]];
    } catch {
      return [name, '[unreadable]'];
    }
  });
}

// An error of another realm (a worker's, a test's) is no instance of our Error.
function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** What a log says of an error: its class, what it says, where it was thrown, and the same of its causes. */
function* errorEntries(error: Error): Generator<[string, unknown]> {
  yield ['type', error.name];
  yield ['message', error.message];
  if ('code' in error) yield ['code', error.code];
  if ('details' in error) yield ['details', error.details];
  yield ['stack', error.stack];
  if (error.cause !== undefined) yield ['cause', error.cause];
  if ('errors' in error) yield ['errors', error.errors];
}
