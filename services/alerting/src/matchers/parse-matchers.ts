import { MatcherError } from './matcher-error.ts';
import type { MatcherOperator, MatcherSpec } from './matcher.ts';
import { TokenScanner, type Token, type TokenKind } from './scan-tokens.ts';
import { unquoteGo } from './unquote-go.ts';

const noOperator = "expected an operator such as '=', '!=', '=~' or '!~'";

/**
 * Reads matchers in the syntax in which a name or value may be any text: braces may be left out, the last may be followed
 * by a comma, and what holds a space or one of {}!=~,\"'` stands in double quotes. Throws `MatcherError`, which says
 * at which columns what was expected. Regular expressions are not looked at.
 */
export function parseMatchers(input: string): MatcherSpec[] {
  const tokens = new TokenScanner(input);
  const opened = tokens.peek().kind === 'open';
  if (opened) tokens.next();
  const matchers: MatcherSpec[] = [];
  // Until the brace closes or the input ends.
  while (tokens.peek().kind !== 'close') {
    if (tokens.peek().kind === 'end' && (matchers.length > 0 || opened || input.trim() === '')) break;
    matchers.push(readMatcher(tokens));
    const { kind } = expecting('expected a comma or close brace', () =>
      oneOf(tokens, ['comma', 'close', 'end'], 'peek'),
    );
    if (kind !== 'comma') break;
    tokens.next();
    expecting('expected a matcher or close brace after comma', () =>
      oneOf(tokens, ['close', 'quoted', 'unquoted', 'end'], 'peek'),
    );
  }
  readClosing(tokens, opened);
  return matchers;
}

/** As `parseMatchers`, for an input that holds exactly one. */
export function parseMatcher(input: string): MatcherSpec {
  const matchers = parseMatchers(input);
  const [only] = matchers;
  if (only === undefined) throw new MatcherError('no matchers');
  if (matchers.length > 1) throw new MatcherError(`expected 1 matcher, found ${matchers.length}`);
  return only;
}

function readMatcher(tokens: TokenScanner): MatcherSpec {
  const name = expecting('expected label name', () => oneOf(tokens, ['quoted', 'unquoted'], 'next'));
  const op = expecting(noOperator, () => oneOf(tokens, ['operator'], 'next'));
  const value = expecting('expected label value', () => oneOf(tokens, ['quoted', 'unquoted'], 'next'));
  return { name: textOf(name), op: op.text as MatcherOperator, value: textOf(value) };
}

function readClosing(tokens: TokenScanner, opened: boolean): void {
  const token = tokens.next();
  if (opened && token.kind !== 'close')
    throw new MatcherError(
      `0:${token.end}: ${token.kind === 'end' ? 'end of input' : token.text}: expected close brace`,
    );
  if (!opened && token.kind === 'close') throw new MatcherError(`0:${token.end}: }: expected opening brace`);
  if (opened) expecting('expected end of input', () => oneOf(tokens, ['end'], 'next'));
}

function oneOf(tokens: TokenScanner, kinds: readonly TokenKind[], how: 'next' | 'peek'): Token {
  const token = tokens[how]();
  if (kinds.includes(token.kind)) return token;
  if (token.kind === 'end') throw new MatcherError(`0:${token.end}: end of input`);
  throw new MatcherError(`${token.start}:${token.end}: unexpected ${token.text}`);
}

function expecting(what: string, read: () => Token): Token {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof MatcherError) throw new MatcherError(`${thrown.message}: ${what}`);
    throw thrown;
  }
}

function textOf({ kind, text, start, end }: Token): string {
  if (kind !== 'quoted') return text;
  const unquoted = unquoteGo(text);
  if (unquoted === null) throw new MatcherError(`${start}:${end}: ${text}: invalid input`);
  return unquoted;
}
