/** F1 of the words, the pairs of words, and the longest common subsequence that two texts share; each from 0 to 1. */
export interface Rouge {
  one: number;
  two: number;
  longest: number;
}

/** Lower case, letters and digits; no stemming and no stop words. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

export function rougeOf(candidate: string, reference: string): Rouge {
  const [given, wanted] = [wordsOf(candidate), wordsOf(reference)];
  return {
    one: overlap(given, wanted),
    two: overlap(pairs(given), pairs(wanted)),
    longest: f1(longestCommon(given, wanted), given.length, wanted.length),
  };
}

/** The reference that the candidate does best on, as is usual where there are several. */
export function bestRouge(candidate: string, references: readonly string[]): Rouge {
  const all = references.map((reference) => rougeOf(candidate, reference));
  return {
    one: Math.max(...all.map(({ one }) => one)),
    two: Math.max(...all.map(({ two }) => two)),
    longest: Math.max(...all.map(({ longest }) => longest)),
  };
}

function pairs(words: readonly string[]): string[] {
  return words.slice(1).map((word, index) => `${words[index] ?? ''} ${word}`);
}

function overlap(given: readonly string[], wanted: readonly string[]): number {
  const left = new Map<string, number>();
  for (const item of wanted) left.set(item, (left.get(item) ?? 0) + 1);
  let shared = 0;
  for (const item of given) {
    const count = left.get(item) ?? 0;
    if (count > 0) {
      shared += 1;
      left.set(item, count - 1);
    }
  }
  return f1(shared, given.length, wanted.length);
}

function f1(shared: number, given: number, wanted: number): number {
  return shared === 0 ? 0 : (2 * shared) / (given + wanted);
}

function longestCommon(one: readonly string[], other: readonly string[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const word of one) {
    const next = [0];
    other.forEach((candidate, index) => {
      next.push(word === candidate ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    });
    row = next;
  }
  return row.at(-1) ?? 0;
}
