const simple: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  '\\': 0x5c,
  '"': 0x22,
};
const escape = /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The text that a literal in double quotes stands for, with Go's escapes; null for what is no such literal, or no UTF-8. */
export function unquoteGo(literal: string): string | null {
  const inner = literal.slice(1, -1);
  if (literal.length < 2 || inner.includes('\n')) return null;
  const parts: Buffer[] = [];
  let at = 0;
  while (at < inner.length) {
    const backslash = inner.indexOf('\\', at);
    parts.push(Buffer.from(inner.slice(at, backslash === -1 ? inner.length : backslash)));
    if (backslash === -1) break;
    escape.lastIndex = backslash;
    const bytes = bytesOf(escape.exec(inner));
    if (bytes === null) return null;
    parts.push(bytes);
    at = escape.lastIndex;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    return null;
  }
}

function bytesOf(match: RegExpExecArray | null): Buffer | null {
  if (match === null) return null;
  const [, letter, hexByte, octal, short, long] = match;
  if (letter !== undefined) return Buffer.from([simple[letter] ?? 0]);
  if (hexByte !== undefined) return Buffer.from([Number.parseInt(hexByte, 16)]);
  if (octal !== undefined) {
    const byte = Number.parseInt(octal, 8);
    return byte > 0xff ? null : Buffer.from([byte]);
  }
  const point = Number.parseInt(short ?? long ?? '', 16);
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return null;
  return Buffer.from(String.fromCodePoint(point));
}
