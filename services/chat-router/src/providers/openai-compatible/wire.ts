import { memberOf, objectsOf, textOf, type JsonObject } from '../../dialects/json.ts';
import {
  readChunk as readResponsesChunk,
  readUsage as readResponsesUsage,
} from '../../dialects/openai-responses/read-chunk.ts';
import { readAnswer } from '../../dialects/openai/read-answer.ts';
import { readChunk, readUsage } from '../../dialects/openai/read-chunk.ts';
import { OpenAiStreamReader } from '../../dialects/openai/read-stream.ts';
import { spliceRequest } from '../../dialects/openai/splice-request.ts';
import { writeRequest } from '../../dialects/openai/write-request.ts';
import type { WrittenRequest } from '../../dialects/written-request.ts';
import type { ChatRequest } from '../../dialects/chat-request.ts';
import type { ProviderRequest } from '../provider.ts';
import type { PassingWire, Wire } from '../wire.ts';
import type { Quirks } from './quirks.ts';

/** OpenAI's API, and that of every server that speaks it, by its quirks. */
export function createOpenAiWire(quirks: Quirks, baseUrl: string | null): Wire {
  const pathOf = (model: string, method: string): string =>
    quirks.apiVersion === null
      ? method
      : `/deployments/${encodeURIComponent(model)}${method}?api-version=${encodeURIComponent(quirks.apiVersion)}`;
  const chatPath = (model: string): string => pathOf(model, '/chat/completions');
  const isAnswer = (document: JsonObject): boolean => Array.isArray(document['choices']);
  const passing: PassingWire = {
    path: chatPath,
    splice: (request) => spliceChat(request, quirks),
    createChunkReader: () => readChunk,
    tellsUsage: (request) => memberOf(request['stream_options'], 'include_usage') === true,
    isAnswer,
    readUsage: (document) => readUsage(document['usage']),
  };
  return {
    baseUrl,
    versionPath: null,
    headers: (apiKey) => {
      if (apiKey === null) return {};
      return quirks.keyHeader === null ? { authorization: `Bearer ${apiKey}` } : { [quirks.keyHeader]: apiKey };
    },
    passing: (dialect) => {
      if (dialect === 'openai') return passing;
      return dialect === 'openai_responses' && quirks.responses ? passingResponses : null;
    },
    chat: {
      path: chatPath,
      write: (request) => bent(writeRequest(request), request, quirks),
      isAnswer,
      readAnswer,
      createStreamReader: (sender) => new OpenAiStreamReader(sender),
    },
    embeddings: {
      path: (model) => pathOf(model, '/embeddings'),
      write: ({ bytes, model }) => spliceRequest(bytes, { set: { model } }),
      read: (body, document) =>
        Array.isArray(document['data']) ? { body, usage: readUsage(document['usage']) } : null,
    },
    counting: null,
    models: {
      path: '/models',
      read: (document) => objectsOf(document['data']).flatMap(({ id }) => textOf(id) ?? []),
    },
  };
}

/** The client's own bytes; the provider is always asked for usage. */
function spliceChat(
  { bytes, body, model, stream }: ProviderRequest,
  quirks: Quirks,
): ReturnType<PassingWire['splice']> {
  const set: Record<string, unknown> = { model };
  const remove: string[] = [];
  if (stream && quirks.streamOptions) {
    const wish = body['stream_options'];
    set['stream_options'] = { ...(typeof wish === 'object' ? wish : {}), include_usage: true };
  } else if (!quirks.streamOptions) {
    remove.push('stream_options');
  }
  const dropped = quirks.refused.filter((name) => body[name] !== undefined && body[name] !== null);
  if (body['tool_choice'] === 'required' && quirks.requiredToolChoice !== 'required') {
    set['tool_choice'] = quirks.requiredToolChoice;
  }
  const rename: Record<string, string> = {};
  if (quirks.maxTokensName === 'max_tokens') rename['max_completion_tokens'] = 'max_tokens';
  if (quirks.maxTokensName === 'max_completion_tokens') rename['max_tokens'] = 'max_completion_tokens';
  if (quirks.seedName !== 'seed') rename['seed'] = quirks.seedName;
  return { bytes: spliceRequest(bytes, { set, rename, remove: [...remove, ...quirks.refused] }), dropped };
}

/** A translated request, bent to a server's quirks. */
function bent({ body, dropped }: WrittenRequest, request: ChatRequest, quirks: Quirks): WrittenRequest {
  const { max_completion_tokens: limit, seed, stream_options: options, ...others } = body;
  const lost = quirks.refused.filter((name) => name in others);
  const kept = Object.fromEntries(Object.entries(others).filter(([name]) => !quirks.refused.includes(name)));
  return {
    body: {
      ...kept,
      ...(limit === undefined ? {} : { [quirks.maxTokensName ?? 'max_completion_tokens']: limit }),
      ...(seed === undefined || quirks.refused.includes('seed') ? {} : { [quirks.seedName]: seed }),
      ...(options === undefined || !quirks.streamOptions ? {} : { stream_options: options }),
      ...(request.toolChoice?.kind === 'required' ? { tool_choice: quirks.requiredToolChoice } : {}),
    },
    dropped: [...dropped, ...lost],
  };
}

const passingResponses: PassingWire = {
  path: () => '/responses',
  // Nothing is kept for a client of ours: another provider may answer it next time.
  splice: ({ bytes, model }) => ({ bytes: spliceRequest(bytes, { set: { model, store: false } }), dropped: [] }),
  createChunkReader: () => readResponsesChunk,
  tellsUsage: () => true,
  isAnswer: (document) => document['object'] === 'response' && Array.isArray(document['output']),
  readUsage: (document) => readResponsesUsage(document['usage']),
};
