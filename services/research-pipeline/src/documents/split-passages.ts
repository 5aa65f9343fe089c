const passageLengthMax = 8_000;
/** A passage ends where a paragraph, a line or a word does, when that is within its last part. */
const breaks = ['\n\n', '\n', ' '];
const lengthMin = passageLengthMax / 2;

/** The text in pieces of at most 8,000 UTF-16 units, which together are the text. */
export function splitPassages(text: string): string[] {
  const passages: string[] = [];
  let from = 0;
  while (text.length - from > passageLengthMax) {
    const to = from + breakIn(text.slice(from, from + passageLengthMax));
    passages.push(text.slice(from, to));
    from = to;
  }
  if (from < text.length) passages.push(text.slice(from));
  return passages;
}

function breakIn(piece: string): number {
  for (const mark of breaks) {
    const at = piece.lastIndexOf(mark);
    if (at >= lengthMin) return at + mark.length;
  }
  // Between the halves of a surrogate pair there is no text.
  return isHighSurrogate(piece.charCodeAt(piece.length - 1)) ? piece.length - 1 : piece.length;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
