import type { ChatCompletionRequest } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { isContent, type ChatEvent } from '../../dialects/chat-event.ts';
import type { Extra } from '../../dialects/chat-request.ts';
import { clientDialect } from '../../dialects/client-dialect.ts';
import { writeRequest } from '../../dialects/openai/write-request.ts';
import type { AnswerEnvelope } from '../../dialects/stream-writer.ts';
import { modelId } from '../../routing/target.ts';
import { unknownUsage, type TokenUsage } from '../../usage/token-usage.ts';
import type { Provider, ProviderRequest, StreamPart } from '../provider.ts';
import { composeAnswer, type Answer } from './compose-answer.ts';
import { rankSentences } from './rank-sentences.ts';
import { readConversation } from './read-conversation.ts';
import { wordsOf } from './sentence.ts';

const target = { provider: 'signalbox', model: 'extractive' };

/** As a model has a context window. At this length an answer costs about 20 ms of the one thread there is. */
const charactersMax = 100_000;

const fingerprint = 'signalbox-extractive-1-tokens-are-words';
const note = {
  method: 'extractive',
  token_unit: 'word',
  description: 'No language model. Quotes sentences of the conversation verbatim; tokens are Unicode words (UAX #29).',
};

/**
 * `signalbox/extractive`: ranks and quotes sentences of the material in the conversation. The same conversation always
 * gets the same answer. What it cannot do it refuses, naming it.
 */
export function createExtractiveProvider(): Provider {
  return {
    name: target.provider,
    models: [target.model],
    missingSetting: null,
    probe: () => Promise.resolve(),
    complete: (request) =>
      Promise.resolve().then(() => {
        const { answer, usage } = answerTo(requestOf(request));
        const parts = [{ kind: 'text' as const, text: answer.pieces.join('') }];
        const { started, finished } = framesOf(answer);
        const written = clientDialect(request.dialect).writeAnswer(
          { ...started, ...finished, parts, usage },
          envelope(request),
        );
        return { headers: {}, body: Buffer.from(JSON.stringify(written)), usage };
      }),
    stream: (request) =>
      Promise.resolve().then(() => {
        const { answer, usage } = answerTo(requestOf(request));
        return { headers: {}, parts: streamOf(request, answer, usage) };
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** It reads OpenAI's shape; what came in another is put into it. */
function requestOf(request: ProviderRequest): ChatCompletionRequest {
  const body = request.dialect === 'openai' ? request.body : writeRequest(request.chat()).body;
  return body as ChatCompletionRequest;
}

function framesOf({ finishReason }: Answer) {
  const extra: Extra = { dialect: 'openai', members: { system_fingerprint: fingerprint, signalbox: note } };
  return {
    started: { id: null, model: modelId(target), extra },
    finished: { reason: finishReason, stopSequence: null },
  };
}

function answerTo(request: ChatCompletionRequest): { answer: Answer; usage: TokenUsage } {
  refuseWhatItCannot(request);
  const { question, material, texts } = readConversation(request.messages);
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > charactersMax) {
    throw refused(
      'messages',
      `takes at most ${String(charactersMax)} characters of conversation; these are ${String(length)}`,
      'context_length_exceeded',
    );
  }
  const quotes = rankSentences(question, material);
  const limits = [request.max_tokens, request.max_completion_tokens].filter((limit) => typeof limit === 'number');
  const answer = composeAnswer(quotes, material.length > 0, limits.length === 0 ? null : Math.min(...limits));
  const promptTokens = texts.reduce((sum, text) => sum + wordsOf(text).length, 0);
  return { answer, usage: { ...unknownUsage, promptTokens, completionTokens: answer.words } };
}

function* streamOf(request: ProviderRequest, answer: Answer, usage: TokenUsage): Generator<StreamPart> {
  const writer = clientDialect(request.dialect).createStreamWriter(envelope(request));
  const { started, finished } = framesOf(answer);
  const part = (event: ChatEvent, characters = 0): StreamPart => ({
    bytes: writer.write([event]),
    hasContent: isContent(event),
    usage: event.kind === 'usage' ? event.usage : null,
    characters,
    isEnd: false,
  });
  yield part({ kind: 'started', ...started });
  for (const text of answer.pieces) yield part({ kind: 'text', text }, text.length);
  yield part({ kind: 'finished', ...finished });
  yield part({ kind: 'usage', usage });
  yield { bytes: writer.end(), hasContent: false, usage: null, isEnd: true };
}

function envelope({ requestId, body }: ProviderRequest): AnswerEnvelope {
  return { requestId, model: modelId(target), request: body, created: Math.floor(Date.now() / 1_000) };
}

function refuseWhatItCannot(request: ChatCompletionRequest): void {
  const { n, tools, functions, response_format: format, logprobs, modalities, audio, stop } = request;
  if (n !== undefined && n !== null && n !== 1) throw refused('n', 'gives one answer only');
  if (isNonEmptyList(tools)) throw refused('tools', 'cannot call tools');
  if (isNonEmptyList(functions)) throw refused('functions', 'cannot call functions');
  if (logprobs === true) throw refused('logprobs', 'has no probabilities to tell');
  if (isNonEmptyList(stop) || typeof stop === 'string') throw refused('stop', 'knows no stop sequences');
  if (audio !== undefined && audio !== null) throw refused('audio', 'cannot speak');
  if (Array.isArray(modalities) && modalities.some((modality) => modality !== 'text')) {
    throw refused('modalities', 'answers in text only');
  }
  if (typeof format === 'object' && format !== null && (format as { type?: unknown }).type !== 'text') {
    throw refused('response_format', 'writes plain text only, no JSON');
  }
  for (const [index, { content }] of request.messages.entries()) {
    const part = Array.isArray(content) ? content.find(({ type }) => type !== 'text') : undefined;
    if (part !== undefined) {
      throw refused(
        `messages.${String(index)}.content`,
        `reads text only, no part of type ${JSON.stringify(part.type)}`,
      );
    }
  }
}

function isNonEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function refused(param: string, what: string, code = 'unsupported_parameter'): AppError {
  return new AppError('validation_failed', `signalbox/extractive ${what}.`, {
    fields: [{ path: param, message: what }],
    details: { param, code },
  });
}
