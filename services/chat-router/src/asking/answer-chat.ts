import { ChatCompletion, type ChatCompletionRequest, type SignalboxOptions } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Principal } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import type { AnswerSink } from '../completions/answer-sink.ts';
import { parseObject } from '../dialects/json.ts';
import { toTokenCount, unknownUsage, type TokenUsage } from '../usage/token-usage.ts';
import type { Ask, ModelAnswer } from './ask.ts';
import { collectDocument } from './collect-document.ts';

/** A chat request in OpenAI's shape, of a known caller. */
export interface ChatCommand {
  principal: Principal;
  requestId: string;
  /** Without the member `signalbox`, as are the bytes. */
  body: ChatCompletionRequest;
  bytes: Buffer;
  options: SignalboxOptions;
  idempotencyKey: string | null;
  /** The system on whose budget it is asked, where the model's name does not say so itself. */
  systemId?: string;
}

/** Answers one request with all that belongs to it, as the pipeline does. Ends the sink, or throws before it has begun. */
export type AnswerChat = (command: ChatCommand, sink: AnswerSink, signal: AbortSignal) => Promise<void>;

/** A whole answer as it would have been sent. */
export interface CollectedAnswer {
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  completion: ChatCompletion;
}

/** The same command with another body. */
export function withBody(command: ChatCommand, body: ChatCompletionRequest): ChatCommand {
  return { ...command, body, bytes: Buffer.from(JSON.stringify(body)) };
}

/** Asks for one document and takes it, in place of a client. */
export async function collectAnswer(
  answer: AnswerChat,
  command: ChatCommand,
  signal: AbortSignal,
): Promise<CollectedAnswer> {
  const { headers, body } = await collectDocument((sink) => answer(command, sink, signal));
  const completion = ChatCompletion.safeParse(parseObject(body.toString()));
  if (!completion.success)
    throw new AppError('provider_failed', 'The provider answered with something that is no answer.');
  return { headers, body, completion: completion.data };
}

/** The router's own questions, through the same pipeline as those from outside. */
export function askThrough(answer: AnswerChat): Ask {
  return async (question, { principal, requestId }, { signal, idempotencyKey }) => {
    const { request, candidates, strategy, systemId, tags } = question;
    const command: ChatCommand = {
      principal,
      // Several questions may belong to one request; each reserves its own part of a budget.
      requestId: newId('req'),
      body: request,
      bytes: Buffer.from(JSON.stringify(request)),
      options: {
        ...(candidates === undefined ? {} : { models: [...candidates] }),
        ...(strategy === undefined ? {} : { strategy }),
        // What is asked here is somebody's own question: one that is only like it has another answer.
        semantic_cache: false,
        tags: { ...tags, parent_request: requestId },
      },
      idempotencyKey: idempotencyKey ?? null,
      ...(systemId === undefined ? {} : { systemId }),
    };
    return toModelAnswer(await collectAnswer(answer, command, signal));
  };
}

export function toModelAnswer({ headers, completion }: CollectedAnswer): ModelAnswer {
  // `provider/model; strategy=…`: who was chosen. The answer itself names the model as its provider calls it.
  const [chosen = ''] = (headers['x-signalbox-route'] ?? '').split(';');
  const isCached = headers['x-signalbox-cache'] === 'hit';
  const costUsd = isCached ? '0' : (headers['x-signalbox-cost-usd'] ?? null);
  return {
    completion,
    model: chosen === '' ? completion.model : chosen,
    usage: usageOf(completion),
    costUsd,
  };
}

function usageOf({ usage }: ChatCompletion): TokenUsage {
  if (usage === undefined) return unknownUsage;
  const { prompt_tokens_details: prompt, completion_tokens_details: completion } = usage as {
    prompt_tokens_details?: { cached_tokens?: unknown } | null;
    completion_tokens_details?: { reasoning_tokens?: unknown } | null;
  };
  return {
    ...unknownUsage,
    promptTokens: toTokenCount(usage.prompt_tokens),
    completionTokens: toTokenCount(usage.completion_tokens),
    cachedTokens: toTokenCount(prompt?.cached_tokens),
    reasoningTokens: toTokenCount(completion?.reasoning_tokens),
  };
}
