import { pickDiverse, rankSentences } from '../writing/rank-sentences.ts';
import type { RelatedQuestion } from './analysis.ts';
import { placeOf, type ReadText } from './read-text.ts';

const questionsMax = 5;

/** Questions that stand in the sources, those that are nearest to the topic first, word for word. */
export function findQuestions(topic: string, texts: readonly ReadText[]): RelatedQuestion[] {
  const asked = texts.flatMap(({ sentences }) =>
    sentences.filter(({ text }) => /[?？؟]["'”’)\]]*$/u.test(text) && text.length <= 200),
  );
  const ranked = rankSentences(
    topic,
    asked.map((sentence) => ({ ...sentence, passageScore: 0 })),
  );
  return pickDiverse(ranked, { count: questionsMax }).map(({ sentence }) => ({
    question: sentence.text,
    citations: [placeOf(sentence)],
  }));
}
