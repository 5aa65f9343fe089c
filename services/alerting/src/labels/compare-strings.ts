/**
 * Orders strings as their UTF-8 bytes are ordered. JavaScript's own order is that of UTF-16 units, in which everything
 * beyond U+FFFF stands before U+E000 to U+FFFF.
 */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return ordered(a) - ordered(b);
  }
  return left.length - right.length;
}

/** Moves the surrogates, which stand for what is beyond U+FFFF, behind every other unit. */
function ordered(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
