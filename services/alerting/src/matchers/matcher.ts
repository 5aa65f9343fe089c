import { compareStrings } from '../labels/compare-strings.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { quoteGo } from '../labels/quote-go.ts';
import { compileAnchored } from './compile-regex.ts';
import { reservedCharacters } from './reserved-characters.ts';

export type MatcherOperator = '=' | '!=' | '=~' | '!~';

/** What a matcher says, without what it takes to apply it. */
export interface MatcherSpec {
  readonly name: string;
  readonly op: MatcherOperator;
  readonly value: string;
}

/** One condition on one label. An absent label has the empty value. */
export interface Matcher extends MatcherSpec {
  readonly matches: (value: string) => boolean;
}

/** Makes a matcher ready to be applied. A regular expression must fit the whole value. Throws `MatcherError`. */
export function compileMatcher({ name, op, value }: MatcherSpec): Matcher {
  return { name, op, value, matches: testOf(op, value) };
}

function testOf(op: MatcherOperator, value: string): (text: string) => boolean {
  switch (op) {
    case '=':
      return (text) => text === value;
    case '!=':
      return (text) => text !== value;
    case '=~': {
      const regex = compileAnchored(value);
      return (text) => regex.test(text);
    }
    case '!~': {
      const regex = compileAnchored(value);
      return (text) => !regex.test(text);
    }
  }
}

/** Whether every matcher fits; no matcher at all fits everything. */
export function matchesAll(matchers: readonly Matcher[], labels: LabelSet): boolean {
  return matchers.every(({ name, matches }) => matches(labels[name] ?? ''));
}

/** `name="value"`; a name that could be misread is quoted. */
export function formatMatcher({ name, op, value }: MatcherSpec): string {
  if (name === '' || reservedCharacters.test(name)) return `${quoteGo(name)}${op}${quoteGo(value)}`;
  return `${name}${op}"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

/** `{a="b",c!="d"}` */
export function formatMatchers(matchers: readonly MatcherSpec[]): string {
  return `{${matchers.map(formatMatcher).join(',')}}`;
}

/** By name, then value, then operator: in this order a route's matchers are part of its key. */
export function compareMatchers(left: MatcherSpec, right: MatcherSpec): number {
  return (
    compareStrings(left.name, right.name) ||
    compareStrings(left.value, right.value) ||
    operators.indexOf(left.op) - operators.indexOf(right.op)
  );
}

const operators: readonly MatcherOperator[] = ['=', '!=', '=~', '!~'];
