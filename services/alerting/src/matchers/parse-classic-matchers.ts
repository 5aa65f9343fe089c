import { MatcherError } from './matcher-error.ts';
import type { MatcherOperator, MatcherSpec } from './matcher.ts';

const shape = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([^]*?)\s*$/;

/**
 * Reads matchers in the older syntax: names of letters, digits, underscores and colons; a value may be quoted or not; a
 * backslash that escapes nothing stands for itself. Throws `MatcherError`. Regular expressions are not looked at.
 */
export function parseClassicMatchers(input: string): MatcherSpec[] {
  return splitAtCommas(input.replace(/^\{/, '').replace(/\}$/, '')).map(parseClassicMatcher);
}

/** As `parseClassicMatchers`, for a single one without braces. */
export function parseClassicMatcher(input: string): MatcherSpec {
  const [, name, op, raw] = shape.exec(input) ?? [];
  if (name === undefined || raw === undefined) throw new MatcherError(`bad matcher format: ${input}`);
  return { name, op: op as MatcherOperator, value: unescape(raw) };
}

function splitAtCommas(input: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let escaped = false;
  for (const character of input) {
    if (character === ',' && !quoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (character === '"') {
      if (!escaped) quoted = !quoted;
      escaped = false;
    } else if (character === '\\') escaped = !escaped;
    else if (character !== ',') escaped = false;
    part += character;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}

function unescape(raw: string): string {
  const opened = raw.startsWith('"');
  const inner = Array.from(opened ? raw.slice(1) : raw);
  let value = '';
  for (let index = 0; index < inner.length; index += 1) {
    const character = inner[index] ?? '';
    const last = index === inner.length - 1;
    if (character === '\\' && !last) {
      index += 1;
      value += unescaped(inner[index] ?? '');
    } else if (character !== '"') value += character;
    else if (opened && last) return value;
    else throw unbalanced(raw);
  }
  if (opened) throw unbalanced(raw);
  return value;
}

function unescaped(character: string): string {
  if (character === 'n') return '\n';
  return character === '"' || character === '\\' ? character : `\\${character}`;
}

function unbalanced(raw: string): MatcherError {
  return new MatcherError(`matcher value contains unescaped double quote: ${raw}`);
}
