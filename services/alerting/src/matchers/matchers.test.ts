import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compileMatcher, formatMatcher, matchesAll, type MatcherOperator, type MatcherSpec } from './matcher.ts';
import { parseClassicMatchers } from './parse-classic-matchers.ts';
import { parseMatcher, parseMatchers } from './parse-matchers.ts';
import { readMatcher, readMatchers } from './read-matchers.ts';

interface ParseVector {
  input: string;
  matchers?: MatcherSpec[];
  error?: string;
  classic_only?: boolean;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../test/vectors/am-matcher-vectors.json', import.meta.url), 'utf8'),
) as {
  utf8_parse_many: ParseVector[];
  utf8_parse_one: ParseVector[];
  classic_parse: ParseVector[];
  compliance: ParseVector[];
  match: { op: MatcherOperator; pattern: string; value: string; match: boolean }[];
  string: { name: string; op: MatcherOperator; value: string; want: string }[];
};

/** What came of reading each input, in the form of the vectors. */
function read(inputs: readonly ParseVector[], parse: (input: string) => readonly MatcherSpec[]): unknown[] {
  return inputs.map(({ input }) => {
    try {
      return { input, matchers: parse(input).map(({ name, op, value }) => ({ name, op, value })) };
    } catch (error) {
      return { input, error: (error as Error).message };
    }
  });
}

function wanted(inputs: readonly ParseVector[]): unknown[] {
  return inputs.map(({ input, matchers, error }) => (error === undefined ? { input, matchers } : { input, error }));
}

const compiled = (parse: (input: string) => readonly MatcherSpec[]) => (input: string) =>
  parse(input).map(compileMatcher);

describe('matchers, as Alertmanager reads them (MX-15)', () => {
  it('reads and refuses the 76 inputs of the syntax for any text alike, to the column', () => {
    const { utf8_parse_many: many, utf8_parse_one: one } = vectors;
    expect(many.length + one.length).toBe(76);
    expect(read(many, compiled(parseMatchers))).toEqual(wanted(many));
    expect(read(one, (input) => [parseMatcher(input)])).toEqual(wanted(one));
  });

  it('reads and refuses the 53 inputs of the older syntax alike', () => {
    expect(vectors.classic_parse).toHaveLength(53);
    expect(read(vectors.classic_parse, compiled(parseClassicMatchers))).toEqual(wanted(vectors.classic_parse));
  });

  it('falls back to the older syntax in the 54 cases in which both are compared', () => {
    expect(vectors.compliance).toHaveLength(54);
    expect(read(vectors.compliance, readMatchers)).toEqual(wanted(vectors.compliance));
    const both = vectors.compliance.filter(({ classic_only }) => classic_only !== true);
    const reading = read(both, compiled(parseMatchers)) as { matchers?: unknown }[];
    expect(reading.map(({ matchers }) => matchers)).toEqual(both.map(({ matchers }) => matchers));
  });

  it('decides the 17 matches alike: whole values, RE2, a dot that is no line feed', () => {
    expect(vectors.match).toHaveLength(17);
    for (const { op, pattern, value, match } of vectors.match) {
      const { matches } = compileMatcher({ name: 'foo', op, value: pattern });
      expect([op, pattern, value, matches(value)]).toEqual([op, pattern, value, match]);
    }
  });

  it('prints the 12 matchers alike, and reads what it printed', () => {
    expect(vectors.string).toHaveLength(12);
    for (const { want, ...spec } of vectors.string) {
      expect(formatMatcher(spec)).toBe(want);
      expect(parseMatcher(want)).toEqual(spec);
    }
  });

  it('refuses what RE2 has not, and what no input may hold', () => {
    const messageOf = (input: string): string => {
      try {
        readMatcher(input);
        return 'read';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(messageOf('a=~"(?=b)"')).toBe('error parsing regexp: invalid or unsupported Perl syntax: `(?=`');
    expect(messageOf('a=~"(b)\\\\1"')).toBe('error parsing regexp: invalid escape sequence: `\\1`');
    expect(messageOf('bad{')).toBe('bad matcher format: bad{');
    expect(() => parseMatchers('a!b')).toThrow("1:3: !b: expected one of '=~'");
    expect(() => parseMatchers('"a')).toThrow('0:2: "a: missing end "');
    expect(() => parseMatchers('{a=b}c')).toThrow('5:6: unexpected c: expected end of input');
  });

  it('takes an absent label for an empty one', () => {
    expect(matchesAll(readMatchers('{a="",b!="x",c=~".*"}'), {})).toBe(true);
    expect(matchesAll(readMatchers('{a=~".+"}'), {})).toBe(false);
    expect(matchesAll([], { a: 'b' })).toBe(true);
  });

  it('takes time in proportion to the text, where another engine would take for ever', () => {
    const { matches } = compileMatcher({ name: 'a', op: '=~', value: '(a+)+b' });
    expect(matches('a'.repeat(20_000))).toBe(false);
  });
});
