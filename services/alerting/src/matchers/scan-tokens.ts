import { MatcherError } from './matcher-error.ts';
import { reservedCharacters } from './reserved-characters.ts';

export type TokenKind = 'open' | 'close' | 'comma' | 'operator' | 'quoted' | 'unquoted' | 'end';

/** A piece of an input with the columns it covers, counted in characters from 0. */
export interface Token {
  kind: TokenKind;
  text: string;
  start: number;
  end: number;
}

/** Reads an input token by token; `peek` and `next` throw `MatcherError` at what begins no token. */
export class TokenScanner {
  readonly #characters: readonly string[];
  #at = 0;
  #peeked: Token | null = null;

  constructor(input: string) {
    this.#characters = Array.from(input);
  }

  peek(): Token {
    this.#peeked ??= this.#scan();
    return this.#peeked;
  }

  next(): Token {
    const token = this.peek();
    this.#peeked = null;
    return token;
  }

  #scan(): Token {
    while (/^\s$/u.test(this.#characters[this.#at] ?? '')) this.#at += 1;
    const start = this.#at;
    const character = this.#characters[start];
    if (character === undefined) return this.#token('end', start);
    switch (character) {
      case '{':
        return this.#take('open', start, 1);
      case '}':
        return this.#take('close', start, 1);
      case ',':
        return this.#take('comma', start, 1);
      case '=':
        return this.#take('operator', start, this.#characters[start + 1] === '~' ? 2 : 1);
      case '!':
        return this.#negated(start);
      case '"':
        return this.#quoted(start);
      default:
        return this.#unquoted(start, character);
    }
  }

  #negated(start: number): Token {
    const second = this.#characters[start + 1];
    if (second === '=' || second === '~') return this.#take('operator', start, 2);
    this.#at = start + (second === undefined ? 1 : 2);
    const { end, text } = this.#token('operator', start);
    if (second === undefined) throw new MatcherError(`${start}:${end}: unexpected end of input, expected one of '=~'`);
    throw new MatcherError(`${start}:${end}: ${text}: expected one of '=~'`);
  }

  #quoted(start: number): Token {
    this.#at = start + 1;
    while (this.#characters[this.#at] !== '"') {
      if (this.#characters[this.#at] === '\\') this.#at += 1;
      if (this.#at >= this.#characters.length) {
        this.#at = this.#characters.length;
        throw new MatcherError(`${start}:${this.#at}: ${this.#token('quoted', start).text}: missing end "`);
      }
      this.#at += 1;
    }
    this.#at += 1;
    return this.#token('quoted', start);
  }

  #unquoted(start: number, first: string): Token {
    if (reservedCharacters.test(first)) throw new MatcherError(`${start}:${start + 1}: ${first}: invalid input`);
    while (this.#at < this.#characters.length && !reservedCharacters.test(this.#characters[this.#at] ?? ''))
      this.#at += 1;
    return this.#token('unquoted', start);
  }

  #take(kind: TokenKind, start: number, length: number): Token {
    this.#at = start + length;
    return this.#token(kind, start);
  }

  #token(kind: TokenKind, start: number): Token {
    return { kind, text: this.#characters.slice(start, this.#at).join(''), start, end: this.#at };
  }
}
