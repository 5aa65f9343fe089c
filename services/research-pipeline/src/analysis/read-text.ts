import { splitSentences } from '../chunks/split-sentences.ts';
import type { Source } from '../sources/source.ts';
import type { Citation } from '../writing/section.ts';
import { isProse } from '../writing/quotable-sentences.ts';

/** A source, taken apart into sentences of prose. */
export interface ReadText {
  source: Source;
  sentences: readonly ReadSentence[];
}

export interface ReadSentence {
  source: Source;
  start: number;
  end: number;
  text: string;
}

/** Of so long a text the rest adds little to what is found, and much to the time that it takes. */
const charactersMax = 400_000;

export function readText(source: Source): ReadText {
  const text = source.text.slice(0, charactersMax);
  const sentences = splitSentences(text).flatMap(({ start, end }): ReadSentence[] => {
    const sentence = text.slice(start, end);
    return isProse(sentence) ? [{ source, start, end, text: sentence }] : [];
  });
  return { source, sentences };
}

/** The place of a part of a sentence; of the whole of it where no part is named. */
export function placeOf(sentence: ReadSentence, from = 0, to = sentence.text.length): Citation {
  const { source, start } = sentence;
  return { n: source.n, sourceSha256: source.sha256, start: start + from, end: start + to };
}
