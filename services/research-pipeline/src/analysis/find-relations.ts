import type { Entity, Relation } from './analysis.ts';
import { placeOf, type ReadSentence, type ReadText } from './read-text.ts';

const relationsMax = 20;
const placesMax = 5;
const sentencesMin = 2;

/** Pairs of names that stand together in two sentences or more, the most frequent first. What relates them is not said. */
export function findRelations(texts: readonly ReadText[], entities: readonly Entity[]): Relation[] {
  const named = entities.filter(
    ({ type }) => type === null || ['person', 'organisation', 'place', 'product'].includes(type),
  );
  const together = new Map<string, { from: string; to: string; sentences: ReadSentence[] }>();
  for (const { sentences } of texts) {
    for (const sentence of sentences) {
      const present = named.filter(({ name }) => sentence.text.includes(name));
      present.forEach(({ name: from }, index) => {
        for (const { name: to } of present.slice(index + 1)) {
          if (from.includes(to) || to.includes(from)) continue;
          const key = `${from}\n${to}`;
          const pair = together.get(key) ?? { from, to, sentences: [] };
          pair.sentences.push(sentence);
          together.set(key, pair);
        }
      });
    }
  }
  return [...together.values()]
    .filter(({ sentences }) => sentences.length >= sentencesMin)
    .sort((one, other) => other.sentences.length - one.sentences.length)
    .slice(0, relationsMax)
    .map(({ from, to, sentences }) => ({
      from,
      to,
      predicate: null,
      citations: sentences.slice(0, placesMax).map((sentence) => placeOf(sentence)),
    }));
}
