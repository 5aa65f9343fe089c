import { RE2JS, RE2JSSyntaxException } from 're2js';
import { MatcherError } from './matcher-error.ts';

/** A regular expression of RE2's syntax; it takes time in proportion to the text, whatever the pattern is. */
export interface Regex {
  test(text: string): boolean;
}

/**
 * Compiles a pattern that a text must fit as a whole. RE2 has neither look-around nor back-references; `.` stands for no
 * line feed unless the pattern says `(?s)`. Throws `MatcherError`.
 */
export function compileAnchored(pattern: string): Regex {
  return compile(`^(?:${pattern})$`);
}

/** Compiles a pattern as it stands: it may fit anywhere. */
export function compileUnanchored(pattern: string): Regex {
  return compile(pattern);
}

function compile(pattern: string): Regex {
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    if (thrown instanceof RE2JSSyntaxException) throw new MatcherError(thrown.message);
    throw thrown;
  }
}
