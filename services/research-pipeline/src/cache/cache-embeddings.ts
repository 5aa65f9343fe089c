import type { ContentCache } from '@signalbox/redis';
import type { Embedder } from '../retrieval/embedder.ts';
import { decodeVector, encodeVector } from '../retrieval/encode-vector.ts';
import type { Namespace } from './namespaces.ts';

const textsPerCall = 64;

/** An embedder that is asked for each text once; one that costs nothing is left as it is. */
export function cacheEmbeddings(
  cache: Pick<ContentCache<Namespace>, 'get' | 'set'>,
  embedder: Embedder,
  tenantId: string,
): Embedder {
  if (embedder.kind === 'lexical') return embedder;
  const keyOf = (input: string) => ({ tenantId, model: embedder.name, promptVersion: '', input });
  const embed: Embedder['embed'] = async (texts, options) => {
    const found = await Promise.all(
      texts.map(async (text) => {
        const bytes = await cache.get('research_embedding', keyOf(text));
        return bytes === null ? null : decodeVector(bytes);
      }),
    );
    const missing = [...new Set(texts.filter((_text, at) => found[at] === null))];
    const made = new Map<string, number[]>();
    // What was paid for is kept before the next is: a failure costs its own part alone.
    for (let at = 0; at < missing.length; at += textsPerCall) {
      const batch = missing.slice(at, at + textsPerCall);
      const vectors = await embedder.embed(batch, options);
      for (const [place, text] of batch.entries()) {
        const vector = vectors[place] ?? [];
        made.set(text, vector);
        await cache.set('research_embedding', keyOf(text), encodeVector(vector));
      }
    }
    return texts.map((text, at) => found[at] ?? made.get(text) ?? []);
  };
  return {
    ...embedder,
    embed,
    async embedQuestion(question, options) {
      const [vector] = await embed([question], options);
      return vector ?? [];
    },
  };
}
