import { setImmediate as others } from 'node:timers/promises';
import type { Citation } from '../writing/section.ts';
import { termsOf } from '../writing/terms.ts';
import type { Topic } from './analysis.ts';
import { placeOf, type ReadText } from './read-text.ts';

const topicsMax = 8;
const placesMax = 8;
const wordsMax = 3;

interface Phrase {
  written: Map<string, number>;
  count: number;
  words: number;
  sources: Set<number>;
  citations: Citation[];
}

/**
 * Phrases of one to three words that recur: weighted by how often they stand there, in how many sources, and by their length,
 * since two words say more than one. A phrase within a longer one that is as frequent is left out.
 */
export async function findTopics(texts: readonly ReadText[]): Promise<Topic[]> {
  const phrases = new Map<string, Phrase>();
  // Words recur: each is read once.
  const terms = new Map<string, string | null>();
  for (const { source, sentences } of texts) {
    await others();
    for (const sentence of sentences) {
      for (const { key, written, index, words } of phrasesIn(sentence.text, terms)) {
        const phrase: Phrase = phrases.get(key) ?? {
          written: new Map(),
          count: 0,
          words,
          sources: new Set(),
          citations: [],
        };
        phrase.count += 1;
        phrase.written.set(written, (phrase.written.get(written) ?? 0) + 1);
        phrase.sources.add(source.n);
        if (phrase.citations.length < placesMax)
          phrase.citations.push(placeOf(sentence, index, index + written.length));
        phrases.set(key, phrase);
      }
    }
  }
  const ranked = [...phrases]
    .filter(([, { count }]) => count > 1)
    .map(([key, phrase]) => ({
      key,
      phrase,
      score: phrase.count * phrase.words ** 1.5 * (1 + Math.log(phrase.sources.size)),
    }))
    .sort((one, other) => other.score - one.score || (one.key < other.key ? -1 : 1));
  const chosen: typeof ranked = [];
  for (const one of ranked) {
    if (chosen.length === topicsMax) break;
    if (chosen.some(({ key }) => ` ${key} `.includes(` ${one.key} `) || ` ${one.key} `.includes(` ${key} `))) continue;
    chosen.push(one);
  }
  const whole = chosen.reduce((sum, { score }) => sum + score, 0);
  return chosen.map(({ phrase, score }) => ({
    name: mostWritten(phrase.written),
    weight: Math.round((score / whole) * 10_000) / 10_000,
    citations: phrase.citations,
  }));
}

function phrasesIn(
  text: string,
  known: Map<string, string | null>,
): { key: string; written: string; index: number; words: number }[] {
  const words = [...text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)].map(({ index, 0: written }) => {
    const term = known.get(written) ?? (known.has(written) ? null : termOf(written));
    known.set(written, term);
    return { index, written, term };
  });
  return words.flatMap((first, from) => {
    const found: { key: string; written: string; index: number; words: number }[] = [];
    for (let count = 1; count <= wordsMax; count += 1) {
      const run = words.slice(from, from + count);
      const last = run.at(-1);
      if (run.length < count || last === undefined || run.some(({ term }) => term === null)) break;
      const written = text.slice(first.index, last.index + last.written.length);
      if (/[.,;:()[\]"“”\n]/u.test(written)) break;
      if (count > 1 || written.length > 4)
        found.push({ key: run.map(({ term }) => term).join(' '), written, index: first.index, words: count });
    }
    return found;
  });
}

/** A word that carries no subject, and a number, end a phrase: null. */
function termOf(written: string): string | null {
  if (/^\d/u.test(written) || written.length < 3) return null;
  const [term = null, ...more] = termsOf(written);
  return more.length > 0 ? null : term;
}

function mostWritten(written: ReadonlyMap<string, number>): string {
  const most = Math.max(...written.values());
  return [...written].flatMap(([form, count]) => (count === most ? [form] : [])).sort()[0] ?? '';
}
