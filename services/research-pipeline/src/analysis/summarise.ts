import { setImmediate as others } from 'node:timers/promises';
import { pickDiverse, rankSentences } from '../writing/rank-sentences.ts';
import type { Analysis } from './analysis.ts';
import { placeOf, type ReadSentence, type ReadText } from './read-text.ts';

const sentencesMax = 5;
const perSourceMax = 20;
const readPerSourceMax = 1_000;

/** The sentences that say most to the topic, of all sources, word for word. */
export async function summarise(topic: string, texts: readonly ReadText[]): Promise<Analysis['summary']> {
  const candidates: (ReadSentence & { passageScore: number })[] = [];
  for (const { sentences } of texts) {
    await others();
    const ranked = rankSentences(
      topic,
      sentences.slice(0, readPerSourceMax).map((sentence) => ({ ...sentence, passageScore: 0 })),
    );
    candidates.push(...ranked.slice(0, perSourceMax).map(({ sentence }) => sentence));
  }
  const picked = pickDiverse(rankSentences(topic, candidates), { count: sentencesMax });
  if (picked.length === 0) return { status: 'absent', reason: 'The sources hold no sentences of prose.' };
  return {
    status: 'present',
    method: 'sentences that say most to the topic, word for word',
    items: picked.map(({ sentence }) => ({ text: sentence.text, citations: [placeOf(sentence)] })),
  };
}
