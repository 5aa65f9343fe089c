import type { ContentCache } from '@signalbox/redis';
import { noUsage, type Embedder } from '../retrieval/embedder.ts';
import { decodeVector, encodeVector } from '../retrieval/encode-vector.ts';
import type { Namespace } from './namespaces.ts';

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
    const made = missing.length === 0 ? { vectors: [], usage: noUsage } : await embedder.embed(missing, options);
    const byText = new Map(missing.map((text, at) => [text, made.vectors[at] ?? []]));
    await Promise.all(
      [...byText].map(([text, vector]) => cache.set('research_embedding', keyOf(text), encodeVector(vector))),
    );
    return { vectors: texts.map((text, at) => found[at] ?? byText.get(text) ?? []), usage: made.usage };
  };
  return { ...embedder, embed, embedQuestion: (question, options) => embed([question], options) };
}
