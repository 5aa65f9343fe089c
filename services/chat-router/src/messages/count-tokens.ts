import type { SignalboxOptions, TokenCountRequest } from '@signalbox/contracts';
import type { Principal } from '@signalbox/identity';
import type { Pipeline } from '../completions/pipeline.ts';
import { chooseFirst } from '../completions/find-route.ts';
import { describeChat } from '../completions/describe-chat.ts';
import { readRequest } from '../dialects/anthropic/read-request.ts';
import { modelId } from '../routing/target.ts';
import { estimateTokens, type RequestFacts } from '../routing/request-facts.ts';

export interface CountTokens {
  principal: Principal;
  requestId: string;
  request: TokenCountRequest;
  bytes: Buffer;
  options: SignalboxOptions;
}

export interface TokenCount {
  input_tokens: number;
  signalbox: { model: string; method: 'provider' | 'characters/4' };
}

/** Counts by the counter of the provider that would be asked; without one by an estimate that says so. */
export async function countTokens(pipeline: Pipeline, command: CountTokens, signal: AbortSignal): Promise<TokenCount> {
  const { requestId, request, bytes } = command;
  const chat = readRequest(request);
  const facts = describeChat(chat);
  const { provider, target } = await chooseFirst(pipeline, command, facts);
  const model = modelId(target);
  if (provider.countTokens === undefined) return estimated(model, facts);
  const asked = { operation: 'chat', dialect: 'anthropic', stream: false, body: request, bytes, requestId } as const;
  const count = await provider.countTokens({ ...asked, chat: () => chat, model: target.model }, signal);
  return count === null ? estimated(model, facts) : { input_tokens: count, signalbox: { model, method: 'provider' } };
}

function estimated(model: string, { inputCharacters }: RequestFacts): TokenCount {
  return { input_tokens: estimateTokens(inputCharacters), signalbox: { model, method: 'characters/4' } };
}
