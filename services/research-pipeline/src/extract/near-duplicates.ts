const [shingleWords, shingleLetters, sketchSize] = [5, 8, 256];
/** Nobody reads on to find out: a copy is one from its beginning. */
const comparedLengthMax = 200_000;
const similarityMin = 0.8;

/**
 * Puts texts that say nearly the same into groups: each text is in exactly one, in its order, and the first of a group stands
 * for it. Two texts belong together when an estimate of the share of their shingles that both have is at least 0.8 (A.
 * Broder, On the resemblance and containment of documents, 1997; 256 smallest hashes, so ±0.03).
 */
export function nearDuplicates<T extends { readonly text: string }>(sources: readonly T[]): T[][] {
  const groups: { sketch: Uint32Array; members: T[] }[] = [];
  for (const source of sources) {
    const sketch = sketchOf(source.text);
    const group = groups.find((known) => resemblance(known.sketch, sketch) >= similarityMin);
    if (group === undefined) groups.push({ sketch, members: [source] });
    else group.members.push(source);
  }
  return groups.map(({ members }) => members);
}

/** The smallest different hashes of a text's shingles, ascending. */
function sketchOf(text: string): Uint32Array {
  const units = unitsOf(text.slice(0, comparedLengthMax));
  const width = Math.min(units.width, units.all.length);
  const hashes = new Set<number>();
  for (let start = 0; start + width <= units.all.length && width > 0; start += 1)
    hashes.add(hashOf(units.all, start, start + width));
  return Uint32Array.from(hashes).sort().slice(0, sketchSize);
}

/** Words; or letters where words are not set apart. Case and punctuation make no difference. */
function unitsOf(text: string): { all: string[]; width: number } {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const letters = words.join('');
  if (letters.length > 12 * words.length || /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]{8}/u.test(letters))
    return { all: letters.match(/./gsu) ?? [], width: shingleLetters };
  return { all: words, width: shingleWords };
}

/** FNV-1a, mixed once more so that the smallest are any. */
function hashOf(units: readonly string[], start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index += 1) {
    const unit = units[index] ?? '';
    for (let place = 0; place < unit.length; place += 1) hash = Math.imul(hash ^ unit.charCodeAt(place), 0x01000193);
    hash = Math.imul(hash ^ 0x20, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The share of both among the smallest of either. Two texts without words are no copies of one another. */
function resemblance(a: Uint32Array, b: Uint32Array): number {
  let [left, right, both, either] = [0, 0, 0, 0];
  while (either < sketchSize && (left < a.length || right < b.length)) {
    const [one, other] = [a[left] ?? Infinity, b[right] ?? Infinity];
    if (one <= other) left += 1;
    if (other <= one) right += 1;
    if (one === other) both += 1;
    either += 1;
  }
  return either === 0 ? 0 : both / either;
}
