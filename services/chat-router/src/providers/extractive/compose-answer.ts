import type { Quotes } from './rank-sentences.ts';
import { endOfWord, wordsOf } from './sentence.ts';

export interface Answer {
  /** The pieces in which it is streamed; put together they are the answer. */
  pieces: readonly string[];
  finishReason: 'stop' | 'length';
  words: number;
}

const introduction = {
  matched:
    'signalbox/extractive is not a language model: it quotes, word for word and in their order, the sentences of the material given here that share most with the question.',
  central:
    'signalbox/extractive is not a language model and writes no summary: it quotes, word for word and in their order, the most central sentences of the material given here.',
  none: 'signalbox/extractive is not a language model: it can only quote sentences of the material given here, and none of them shares a word with the question.',
};
const nothingToQuote =
  'signalbox/extractive is not a language model: it can only quote sentences of material that stands in the conversation, and here is none. Put the text into the conversation, or ask the model of a provider.';

/** The answer in words: first what it is, then the quotes; no more than `wordsMax` words of it. */
export function composeAnswer(quotes: Quotes, hasMaterial: boolean, wordsMax: number | null): Answer {
  const pieces = [
    hasMaterial ? introduction[quotes.kind] : nothingToQuote,
    ...quotes.sentences.map((sentence) => `\n\n“${sentence}”`),
  ];
  const kept: string[] = [];
  let words = 0;
  for (const piece of pieces) {
    const count = wordsOf(piece).length;
    if (wordsMax !== null && words + count > wordsMax) {
      const start = piece.slice(0, endOfWord(piece, wordsMax - words));
      if (start !== '') kept.push(start);
      return { pieces: kept, finishReason: 'length', words: wordsMax };
    }
    kept.push(piece);
    words += count;
  }
  return { pieces: kept, finishReason: 'stop', words };
}
