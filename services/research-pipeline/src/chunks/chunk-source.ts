import { createHash } from 'node:crypto';
import type { Chunk } from './chunk.ts';
import { splitSentences, type Span } from './split-sentences.ts';

const chunkCharactersMax = 1_000;
const overlapCharactersMax = 200;

/**
 * The passages of a source, in order: whole sentences, together at most 1,000 characters; each begins with the last
 * sentences of the one before, at most 200 characters of them, so that what is said across a border is found. The sentences of a
 * passage are those of the whole text that lie within it: split alone, its wrapped first line might be read otherwise.
 */
export function chunkSource({ sha256, text }: { sha256: string; text: string }): Chunk[] {
  const sentences = splitSentences(text);
  const chunks: Chunk[] = [];
  for (let first = 0; first < sentences.length;) {
    const start = sentences[first]?.start ?? 0;
    let next = first + 1;
    while (next < sentences.length && endOf(sentences, next) - start <= chunkCharactersMax) next += 1;
    chunks.push(chunkOf(sha256, text, start, endOf(sentences, next - 1)));
    if (next === sentences.length) break;
    first = firstOfNext(sentences, first, next);
  }
  return chunks;
}

/** Goes back from `next` over what fits the overlap, but never so far that nothing new would fit behind it. */
function firstOfNext(sentences: readonly Span[], first: number, next: number): number {
  const end = endOf(sentences, next - 1);
  let from = next;
  for (let candidate = next - 1; candidate > first; candidate -= 1) {
    const start = sentences[candidate]?.start ?? 0;
    if (end - start > overlapCharactersMax || endOf(sentences, next) - start > chunkCharactersMax) break;
    from = candidate;
  }
  return from;
}

function endOf(sentences: readonly Span[], index: number): number {
  return sentences[index]?.end ?? 0;
}

function chunkOf(sourceSha256: string, text: string, start: number, end: number): Chunk {
  const id = createHash('sha256')
    .update(`${sourceSha256}|${String(start)}|${String(end)}`)
    .digest('hex');
  return { id, sourceSha256, start, end, text: text.slice(start, end) };
}
