/** The name under which the formula is told. A change of the formula changes it. */
export const agreementFormula = 'mean-pairwise-word-jaccard/1';

/**
 * How alike several texts are, from 0 to 1: for each pair the words that both have, divided by the words that either has
 * (Jaccard, 1901; words are Unicode letters and digits, in lower case, each counted once), and of these the mean. Two texts
 * without a word are alike. It says whether proposals agree, not whether they are true. Null for fewer than two texts.
 */
export function agreementOf(texts: readonly string[]): number | null {
  if (texts.length < 2) return null;
  const words = texts.map((text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []));
  const pairs = words.flatMap((one, index) => words.slice(index + 1).map((other) => jaccard(one, other)));
  return pairs.reduce((sum, share) => sum + share, 0) / pairs.length;
}

function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const both = [...one].filter((word) => other.has(word)).length;
  const either = one.size + other.size - both;
  return either === 0 ? 1 : both / either;
}
