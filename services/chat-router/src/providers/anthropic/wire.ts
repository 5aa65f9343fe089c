import { createChunkReader } from '../../dialects/anthropic/read-chunk.ts';
import { readAnswer, readUsage } from '../../dialects/anthropic/read-answer.ts';
import { AnthropicStreamReader } from '../../dialects/anthropic/read-stream.ts';
import { writeRequest } from '../../dialects/anthropic/write-request.ts';
import { numberOf, objectsOf, textOf, type JsonObject } from '../../dialects/json.ts';
import { spliceRequest } from '../../dialects/openai/splice-request.ts';
import type { PassingWire, Wire } from '../wire.ts';

const path = '/v1/messages';

function isAnswer(document: JsonObject): boolean {
  return document['type'] === 'message' && Array.isArray(document['content']);
}

const passing: PassingWire = {
  path: () => path,
  splice: ({ bytes, model }) => ({ bytes: spliceRequest(bytes, { set: { model } }), dropped: [] }),
  createChunkReader,
  tellsUsage: () => true,
  isAnswer,
  readUsage: (document) => readUsage(document['usage']),
};

/** Anthropic's Messages API. */
export const anthropicWire: Wire = {
  baseUrl: 'https://api.anthropic.com',
  versionPath: '/v1',
  headers: (apiKey) => ({ 'anthropic-version': '2023-06-01', ...(apiKey === null ? {} : { 'x-api-key': apiKey }) }),
  passing: (dialect) => (dialect === 'anthropic' ? passing : null),
  chat: {
    path: () => path,
    write: writeRequest,
    isAnswer,
    readAnswer,
    createStreamReader: (sender) => new AnthropicStreamReader(sender),
  },
  embeddings: null,
  counting: {
    path: () => `${path}/count_tokens`,
    write(request) {
      const { max_tokens: _limit, stream: _stream, metadata: _metadata, ...counted } = writeRequest(request).body;
      return counted;
    },
    read: (document) => numberOf(document['input_tokens']),
  },
  models: {
    path: '/v1/models?limit=1000',
    read: (document) => objectsOf(document['data']).flatMap(({ id }) => textOf(id) ?? []),
  },
};
