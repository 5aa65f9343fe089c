import { pickDiverse, rankSentences } from '../writing/rank-sentences.ts';
import type { Analysis } from './analysis.ts';
import { placeOf, type ReadText } from './read-text.ts';

const sentencesMax = 5;
const perSourceMax = 60;

/** The sentences that say most to the topic, of all sources, word for word. */
export function summarise(topic: string, texts: readonly ReadText[]): Analysis['summary'] {
  const candidates = texts.flatMap(({ sentences }) =>
    rankSentences(
      topic,
      sentences.map((sentence) => ({ ...sentence, passageScore: 0 })),
    )
      .slice(0, perSourceMax)
      .map(({ sentence }) => sentence),
  );
  const picked = pickDiverse(rankSentences(topic, candidates), { count: sentencesMax });
  if (picked.length === 0) return { status: 'absent', reason: 'The sources hold no sentences of prose.' };
  return {
    status: 'present',
    method: 'sentences that say most to the topic, word for word',
    items: picked.map(({ sentence }) => ({ text: sentence.text, citations: [placeOf(sentence)] })),
  };
}
