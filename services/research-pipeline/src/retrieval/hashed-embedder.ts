import { analyseText, inTurns, type KnownStems } from './analyse-text.ts';
import type { Embedder } from './embedder.ts';

/** Fewer lose a third of what they find: terms meet at the same place. */
const dimensions = 2_048;

/** By what a report says that no model was used. A change of what is below makes another embedder. */
export const hashedEmbedderName = `hashed-lexical-v1-${dimensions}`;

/**
 * The embedder that needs no model: each stem of a text goes to a place that its hash names, with a sign that its hash names,
 * as much as the logarithm of how often it stands there says (Weinberger and others, 2009, on hashing). How rare a stem is
 * depends on the passages that are searched, so that is put into the question's vector alone, and a text always has the
 * same vector. It is a second list, no rival of BM25: two texts that say the same in other words are strangers to it.
 */
export function createHashedEmbedder(): Embedder {
  return {
    name: hashedEmbedderName,
    kind: 'lexical',
    async embed(texts) {
      const stems: KnownStems = new Map();
      const vectors: number[][] = [];
      for await (const text of inTurns(texts)) vectors.push(vectorOf(analyseText(text, stems).terms, () => 1));
      return vectors;
    },
    embedQuestion: (question, { termsOf, rarityOf }) => Promise.resolve(vectorOf(termsOf(question), rarityOf)),
  };
}

function vectorOf(terms: readonly string[], rarityOf: (term: string) => number): number[] {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const vector = new Array<number>(dimensions).fill(0);
  for (const [term, count] of counts) {
    const hash = hashOf(term);
    const place = hash % dimensions;
    const sign = hash >>> 31 === 0 ? 1 : -1;
    vector[place] = (vector[place] ?? 0) + sign * (1 + Math.log(count)) * rarityOf(term);
  }
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  // Six places are more than a vector's 32 bits hold, and short to write.
  return length === 0 ? vector : vector.map((value) => (value === 0 ? 0 : Math.round((value / length) * 1e6) / 1e6));
}

/** FNV-1a with the last mixing of MurmurHash 3: each bit depends on each letter, the same in every process. */
function hashOf(term: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < term.length; at += 1) hash = Math.imul(hash ^ term.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
