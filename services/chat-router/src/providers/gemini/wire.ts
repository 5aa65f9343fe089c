import { GeminiStreamReader, readAnswer, readUsage } from '../../dialects/gemini/read-stream.ts';
import { writeRequest } from '../../dialects/gemini/write-request.ts';
import { invalidRequest } from '../../dialects/invalid-request.ts';
import { numberOf, objectsOf, present, textOf } from '../../dialects/json.ts';
import type { EmbeddingsWire, Wire } from '../wire.ts';

function pathOf(model: string, method: string): string {
  return `/v1beta/models/${encodeURIComponent(model)}:${method}`;
}

const embeddings: EmbeddingsWire = {
  path: (model) => pathOf(model, 'batchEmbedContents'),
  write({ body, model }) {
    const texts = typeof body['input'] === 'string' ? [body['input']] : body['input'];
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
      throw invalidRequest('input', 'this provider embeds texts only, no tokens.');
    }
    const requests = texts.map((text) =>
      present({
        model: `models/${model}`,
        content: { parts: [{ text }] },
        outputDimensionality: numberOf(body['dimensions']),
      }),
    );
    return Buffer.from(JSON.stringify({ requests }));
  },
  read(_body, document, { body, model }) {
    if (!Array.isArray(document['embeddings'])) return null;
    const usage = readUsage(document['usageMetadata']);
    const data = objectsOf(document['embeddings']).map(({ values }, index) => ({
      object: 'embedding',
      index,
      embedding: body['encoding_format'] === 'base64' ? inBase64(values) : values,
    }));
    const tokens = usage?.promptTokens ?? null;
    // The shape wants a number; 0 says that nobody counted, as the ledger does by null.
    const counted = { prompt_tokens: tokens ?? 0, total_tokens: tokens ?? 0 };
    return { body: Buffer.from(JSON.stringify({ object: 'list', model, data, usage: counted })), usage };
  },
};

/** Little-endian 32-bit numbers, as OpenAI's clients ask for. */
function inBase64(values: unknown): string {
  const numbers = Array.isArray(values) ? values.map(Number) : [];
  const floats = Buffer.alloc(numbers.length * 4);
  for (const [index, value] of numbers.entries()) floats.writeFloatLE(value, index * 4);
  return floats.toString('base64');
}

/** Google's Gemini API. No client speaks it here, so everything is translated. */
export const geminiWire: Wire = {
  baseUrl: 'https://generativelanguage.googleapis.com',
  versionPath: '/v1beta',
  headers: (apiKey): Record<string, string> => (apiKey === null ? {} : { 'x-goog-api-key': apiKey }),
  passing: () => null,
  chat: {
    path: (model, stream) => pathOf(model, stream ? 'streamGenerateContent?alt=sse' : 'generateContent'),
    write: writeRequest,
    isAnswer: (document) => Array.isArray(document['candidates']) || 'promptFeedback' in document,
    readAnswer,
    createStreamReader: (sender, callPrefix) => new GeminiStreamReader(sender, callPrefix),
  },
  embeddings,
  counting: {
    path: (model) => pathOf(model, 'countTokens'),
    write: (request) => ({
      generateContentRequest: { model: `models/${request.model}`, ...writeRequest(request).body },
    }),
    read: (document) => numberOf(document['totalTokens']),
  },
  models: {
    path: '/v1beta/models?pageSize=1000',
    read: (document) =>
      objectsOf(document['models']).flatMap(({ name }) => textOf(name)?.replace(/^models\//, '') ?? []),
  },
};
