import { compileAnchored, type Regex } from '../matchers/compile-regex.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import type { Matcher } from '../matchers/matcher.ts';
import { readMatcher } from '../matchers/read-matchers.ts';
import { meaningless } from './am-refusal.ts';

/** A query string, as it was parsed: a parameter that stands there twice is a list. */
export type AmQuery = Readonly<Record<string, unknown>>;

const truths = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** `true` where the parameter is absent. Whatever is no word for yes is a no. */
export function readFlag(query: AmQuery, name: string): boolean {
  const [first] = textsOf(query[name]);
  return first === undefined || first === '' || truths.has(first.toLowerCase());
}

/** The matchers of a parameter that may be repeated. Throws `AmRefusal`. */
export function readFilter(query: AmQuery, name = 'filter'): Matcher[] {
  return textsOf(query[name]).map((text) => attempt('', () => readMatcher(text)));
}

/** A regular expression that the name of a receiver has to fit; null for any. Throws `AmRefusal`. */
export function readReceiver(query: AmQuery): Regex | null {
  const [pattern] = textsOf(query['receiver']);
  if (pattern === undefined || pattern === '') return null;
  return attempt('failed to parse receiver param: ', () => compileAnchored(pattern));
}

function textsOf(value: unknown): string[] {
  return [value].flat().filter((text) => typeof text === 'string');
}

function attempt<Read>(prefix: string, read: () => Read): Read {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof MatcherError) throw meaningless(prefix + thrown.message);
    throw thrown;
  }
}
