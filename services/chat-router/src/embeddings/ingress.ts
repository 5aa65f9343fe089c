import type { EmbeddingRequest } from '@signalbox/contracts';
import type { Ingress } from '../completions/ingress.ts';
import { errorEvent } from '../dialects/openai/event.ts';

/** `POST /v1/embeddings`. */
export const openAiEmbeddings: Ingress<EmbeddingRequest> = {
  dialect: 'openai',
  operation: 'embeddings',
  isStream: () => false,
  describe({ model, input }) {
    const texts = Array.isArray(input) ? input : [input];
    return {
      model,
      needs: { vision: false, tools: false, jsonSchema: false, reasoning: false },
      inputCharacters: texts.reduce<number>((sum, text) => sum + lengthOf(text), 0),
      messages: texts.length,
      images: 0,
      outputTokensMax: 0,
      metadata: {},
      // The same text has the same place.
      isDeterministic: true,
    };
  },
  instructed: () => ({}),
  toChat() {
    throw new TypeError('Embeddings are no chat.');
  },
  errorEvent,
  routingEvent: () => Buffer.alloc(0),
};

/** A token counts as the four characters that it stands for. */
function lengthOf(text: string | number | readonly number[]): number {
  if (typeof text === 'string') return text.length;
  return 4 * (typeof text === 'number' ? 1 : text.length);
}
