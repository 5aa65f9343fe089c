import { setImmediate } from 'node:timers/promises';
import { guessLanguage, languages, unknownLanguage, type Language } from './language.ts';

/** A text as a search sees it. */
export interface AnalysedText {
  language: Language;
  /** What it is about, in order, repetitions included. */
  terms: readonly string[];
}

const word = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’][\p{L}\p{M}]+)*/gu;
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const wideOrNot =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{M}ー]+|[^\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]+/gu;
const ascii = /^[\u0000-\u007f]*$/;
const asciiWord = /[a-z0-9]+(?:'[a-z]+)*/g;
/** A longer one is no word (a hash, an encoded image) and nobody asks for it. */
const wordCharactersMax = 64;

/** So much is read at a time before others have their turn. */
const charactersPerTurn = 100_000;

/** The terms of each text: its words in lower case, without stop words, as stems by the rules of its own language. */
export async function analyseTexts(texts: readonly string[]): Promise<AnalysedText[]> {
  const split: string[][] = [];
  for await (const text of inTurns(texts)) split.push(wordsOf(text));
  const guessed = split.map((words) => guessLanguage(words));
  // Too short to tell (a heading, a caption): as most of the others.
  const usual = commonest(guessed) ?? languages[0] ?? unknownLanguage;
  const stems: KnownStems = new Map();
  const analysed: AnalysedText[] = [];
  for await (const text of inTurns(texts)) {
    const at = analysed.length;
    const words = split[at] ?? wordsOf(text);
    const language = guessed[at] ?? (isLatin(words) ? usual : unknownLanguage);
    analysed.push({ language, terms: termsIn(words, language, stems) });
  }
  return analysed;
}

/** The terms of a text by itself, whatever other texts there are. */
export function analyseText(text: string, stems: KnownStems = new Map()): AnalysedText {
  const words = wordsOf(text);
  const language = guessLanguage(words) ?? (isLatin(words) ? (languages[0] ?? unknownLanguage) : unknownLanguage);
  return { language, terms: termsIn(words, language, stems) };
}

/** The texts in their order, with a pause for others now and then. */
export async function* inTurns(texts: readonly string[]): AsyncGenerator<string> {
  let characters = 0;
  for (const text of texts) {
    characters += text.length;
    if (characters > charactersPerTurn) {
      characters = 0;
      await setImmediate();
    }
    yield text;
  }
}

/** Stems that were found before: a text has few words, and those often. */
export type KnownStems = Map<Language, Map<string, string>>;

/** The terms by which a question finds texts of these languages: a word in each of its forms. */
export function analyseQuestion(question: string, texts: readonly AnalysedText[]): string[] {
  const words = wordsOf(question);
  const own = guessLanguage(words);
  const among = [...new Set(texts.map(({ language }) => language))];
  const meant = words.filter((one) => own?.stopWords.has(one) !== true);
  // A question of nothing but stop words asks for them.
  return (meant.length === 0 ? words : meant).flatMap((one) => {
    const forms = (among.length === 0 ? [own ?? unknownLanguage] : among)
      .filter(({ stopWords }) => meant.length === 0 || !stopWords.has(one))
      .map((language) => (wide.test(one) ? one : language.stem(one)));
    return [...new Set(forms)];
  });
}

function termsIn(words: readonly string[], language: Language, stems: KnownStems): string[] {
  const known = stems.get(language) ?? new Map<string, string>();
  stems.set(language, known);
  const terms: string[] = [];
  for (const one of words) {
    if (language.stopWords.has(one)) continue;
    let stem = known.get(one);
    if (stem === undefined) {
      stem = wide.test(one) ? one : language.stem(one);
      known.set(one, stem);
    }
    terms.push(stem);
  }
  return terms;
}

/** The words of a text in lower case; of scripts without spaces, each two characters that stand side by side. */
function wordsOf(text: string): string[] {
  if (ascii.test(text))
    return (text.toLowerCase().match(asciiWord) ?? []).filter((one) => one.length <= wordCharactersMax);
  const found: string[] = [];
  for (const [one] of text.normalize('NFKC').toLowerCase().matchAll(word)) {
    if (!wide.test(one)) {
      if (one.length <= wordCharactersMax) found.push(one);
      continue;
    }
    for (const [run] of one.matchAll(wideOrNot)) {
      if (wide.test(run)) pairsOf(run, found);
      else if (run.length <= wordCharactersMax) found.push(run);
    }
  }
  return found;
}

function pairsOf(run: string, found: string[]): void {
  const characters = Array.from(run);
  if (characters.length === 1) found.push(run);
  for (let at = 1; at < characters.length; at += 1) found.push(`${characters[at - 1] ?? ''}${characters[at] ?? ''}`);
}

function isLatin(words: readonly string[]): boolean {
  return words.every((one) => !/\p{L}/u.test(one) || /^\p{sc=Latin}/u.test(one));
}

function commonest(guessed: readonly (Language | null)[]): Language | null {
  const counts = new Map<Language, number>();
  for (const language of guessed) if (language !== null) counts.set(language, (counts.get(language) ?? 0) + 1);
  let best: Language | null = null;
  for (const [language, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = language;
  return best;
}
