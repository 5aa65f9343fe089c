import { rarityOf, termsOf } from '../writing/terms.ts';

/** What comparing words, figures, names and negations can tell; empty lists where nothing is amiss. */
export interface LexicalSigns {
  /** The share of the sentence's words, weighted by rarity, that the cited text has: 0 to 1. */
  overlap: number;
  strangeNumbers: string[];
  strangeNames: string[];
  negationDiffers: boolean;
}

const numberWords: Readonly<Record<string, string>> = {
  ...{ one: '1', two: '2', three: '3', four: '4', five: '5', six: '6', seven: '7', eight: '8', nine: '9', ten: '10' },
  ...{ eleven: '11', twelve: '12', twenty: '20', thirty: '30', forty: '40', fifty: '50', hundred: '100' },
};
const figure = /(?<![\p{L}\p{N}])[+-]?\d[\d.,'’ \u00a0\u202f]*(?:\d|(?<=\d))/gu;
const negation =
  /\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|hardly|rarely|fails?|failed|lacks?|lacked|absence|impossible|unable|kein|keine|keinen|keinem|keiner|nicht|nie|niemals|ohne|ne|pas|jamais|sans|nunca|ningún|ninguna|sin)\b|n['’]t\b/giu;

/** Compares a sentence with the text that it cites. `closest` is the part of it that says the most of the sentence. */
export function lexicalSigns(sentence: string, cited: string, closest: string): LexicalSigns {
  const wanted = [...new Set(termsOf(sentence))];
  const rarity = rarityOf([termsOf(cited), wanted]);
  const present = new Set(termsOf(cited));
  const weightOf = (terms: readonly string[]): number => terms.reduce((sum, term) => sum + rarity(term), 0);
  const overlap = wanted.length === 0 ? 0 : weightOf(wanted.filter((term) => present.has(term))) / weightOf(wanted);
  const known = new Set(numbersOf(cited));
  return {
    overlap,
    strangeNumbers: numbersOf(sentence, false).filter((number) => !known.has(number)),
    strangeNames: strangeNames(sentence, cited),
    negationDiffers: countOf(negation, sentence) % 2 !== countOf(negation, closest) % 2,
  };
}

/** Figures in one spelling: `1,000`, `1 000` and `1000` are the same, and so are `50%` and `50`. */
function numbersOf(text: string, withWords = true): string[] {
  const found = [...text.matchAll(figure)].map(([written]) => normalNumber(written));
  if (!withWords) return found;
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return [...found, ...words.flatMap((word) => numberWords[word] ?? [])];
}

function normalNumber(written: string): string {
  const bare = written.replaceAll(/['’ \u00a0\u202f]/gu, '').replace(/[.,]+$/u, '');
  // Three digits behind the mark part thousands; anything else is a fraction.
  const whole = /^[+-]?\d{1,3}(?:[.,]\d{3})+$/u.test(bare) ? bare.replaceAll(/[.,]/gu, '') : bare.replace(',', '.');
  const value = Number(whole);
  return Number.isFinite(value) ? String(value) : whole;
}

/** Names and abbreviations in the sentence that the cited text does not have. The first word may be a capital's only reason. */
function strangeNames(sentence: string, cited: string): string[] {
  const have = cited.toLowerCase();
  const names = [...sentence.matchAll(/(?<![\p{L}\p{N}])(?:\p{Lu}[\p{L}\p{N}'’-]*|\p{L}*\d\p{L}[\p{L}\d-]*)/gu)]
    .filter(({ index }) => index > 0 && !/[.!?:"“„(]\s*$/u.test(sentence.slice(0, index)))
    .map(([name]) => name.replace(/['’]s$/u, ''));
  return [...new Set(names)].filter((name) => name.length > 1 && !have.includes(name.toLowerCase()));
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0;
}
