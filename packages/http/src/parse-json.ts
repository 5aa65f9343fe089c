import { AppError } from '@signalbox/errors';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

export interface ParseJsonLimits {
  depthMax: number;
  keysMax: number;
  valuesMax: number;
  /** Lets a member be called `__proto__`: for a reader that never copies members into an object. Default false. */
  takesProto?: boolean;
}

/**
 * Parses I-JSON (RFC 7493) out of UTF-8 bytes. Depth, members and values are counted by one scan before anything is
 * built, so that hostile text costs linear time and no stack, and never much more than its bytes: twenty megabytes of
 * empty arrays would hold the process for a second.
 */
export function parseJson(bytes: Buffer, limits: ParseJsonLimits): unknown {
  const members = countInStructure(bytes, limits);
  const value = parse(bytes.toString('utf8'));
  // JSON.parse lets the last of two members with one name win. Another parser down the line may let the first win, and
  // then two services act on two different requests: what was checked is not what is done.
  const rules = { hasUnicodeEscapes: bytes.includes('\\u'), takesProto: limits.takesProto === true };
  if (countMembers(value, rules) !== members) throw invalid('Expected no member twice in one object.');
  return value;
}

/** Knows strings from structure and nothing more; what is not JSON is told by the parser. */
function countInStructure(bytes: Buffer, { depthMax, keysMax, valuesMax }: ParseJsonLimits): number {
  let depth = 0;
  let members = 0;
  let values = 1;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === quote) {
      index = endOfString(bytes, index + 1);
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1;
      if (depth > depthMax) throw invalid(`Expected at most ${String(depthMax)} levels of nesting.`);
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
    } else if (byte === colon) {
      members += 1;
      if (members > keysMax) throw invalid(`Expected at most ${String(keysMax)} members.`);
    } else if (byte === comma) {
      values += 1;
      if (values > valuesMax) throw invalid(`Expected at most ${String(valuesMax)} values.`);
    }
  }
  return members;
}

function endOfString(bytes: Buffer, start: number): number {
  let index = start;
  for (; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === quote) break;
    if (byte === backslash) index += 1;
  }
  return index;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw invalid('Expected JSON.');
  }
}

/** Counts what has become of the members, and refuses what JSON can say but a double, a text column or an object cannot hold. */
function countMembers(value: unknown, rules: { hasUnicodeEscapes: boolean; takesProto: boolean }): number {
  if (typeof value === 'string') {
    // Raw bytes cannot spell these two: the text is UTF-8, and JSON.parse refuses control characters.
    if (rules.hasUnicodeEscapes) assertText(value);
    return 0;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid('Expected no number beyond 1.8e308.');
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    const items = value as unknown[];
    for (let index = 0; index < items.length; index += 1) members += countMembers(items[index], rules);
    return members;
  }
  // What JSON.parse makes inherits nothing that could be counted.
  const record = value as Readonly<Record<string, unknown>>;
  for (const name in record) {
    if (name === '__proto__' && !rules.takesProto) throw invalid('Expected no member named __proto__.');
    if (rules.hasUnicodeEscapes) assertText(name);
    members += 1 + countMembers(record[name], rules);
  }
  return members;
}

function assertText(text: string): void {
  if (!text.isWellFormed()) throw invalid('Expected no lone surrogate.');
  if (text.includes('\0')) throw invalid('Expected no NUL character.');
}

function invalid(message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path: '', message }] });
}
