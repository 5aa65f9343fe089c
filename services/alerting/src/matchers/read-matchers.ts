import { MatcherError } from './matcher-error.ts';
import { compileMatcher, type Matcher, type MatcherSpec } from './matcher.ts';
import { parseClassicMatcher, parseClassicMatchers } from './parse-classic-matchers.ts';
import { parseMatcher, parseMatchers } from './parse-matchers.ts';

/**
 * Reads matchers as Alertmanager does by default since 0.27: in the syntax for any text, and in the older one where only
 * that can read the input, or where both can but understand it differently. Throws `MatcherError`, in the words of the older.
 */
export function readMatchers(input: string): Matcher[] {
  return readWith(input, parseMatchers, parseClassicMatchers).map(compileMatcher);
}

/** As `readMatchers`, for an input that holds exactly one. */
export function readMatcher(input: string): Matcher {
  return compileMatcher(readWith(input, parseMatcher, parseClassicMatcher));
}

function readWith<Read extends MatcherSpec | readonly MatcherSpec[]>(
  input: string,
  parse: (input: string) => Read,
  parseClassic: (input: string) => Read,
): Read {
  const read = attempt(parse, input);
  const classic = attempt(parseClassic, input);
  if (classic instanceof MatcherError) {
    if (read instanceof MatcherError) throw classic;
    return read;
  }
  return read instanceof MatcherError || JSON.stringify(read) !== JSON.stringify(classic) ? classic : read;
}

function attempt<Read>(parse: (input: string) => Read, input: string): Read | MatcherError {
  try {
    return parse(input);
  } catch (thrown) {
    if (thrown instanceof MatcherError) return thrown;
    throw thrown;
  }
}
