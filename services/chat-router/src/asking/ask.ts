import type { ChatCompletion, ChatCompletionRequest, RoutingStrategy } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import { z } from 'zod';
import type { TokenUsage } from '../usage/token-usage.ts';

/** Something the router itself asks of a model: a step of a task, a turn of a tool loop, a look at a document. */
export interface Question {
  /** In OpenAI's shape; never a stream. Its `model` is who answers when there are no candidates. */
  request: ChatCompletionRequest;
  /** The first that can do the request and answers, in this order or by `strategy`. */
  candidates?: readonly string[];
  strategy?: RoutingStrategy;
  /** The system on whose behalf, and on whose budget, it is asked. */
  systemId?: string;
  /** Stand in the ledger. */
  tags?: Readonly<Record<string, string>>;
}

export interface AskOptions {
  signal: AbortSignal;
  /** Questions of one key are one question: a repeat is answered from what the first one got. */
  idempotencyKey?: string;
}

/** What a question got. Plain data, so that it can be remembered. */
export interface ModelAnswer {
  /** The answer as it came, in OpenAI's shape. */
  completion: ChatCompletion;
  /** Who answered: `provider/model`. */
  model: string;
  usage: TokenUsage;
  /** A decimal, as `formatUsd` writes it. Null: the price is not known. */
  costUsd: string | null;
}

/**
 * Asks on behalf of a caller, with everything that a request from outside has: route, fallback, breaker, budget, ledger.
 * Throws `AppError`s only. Whoever asks does not repeat: that has been done.
 */
export type Ask = (question: Question, caller: CallerIdentity, options: AskOptions) => Promise<ModelAnswer>;

const ToolCall = z.looseObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});
export type ToolCall = z.infer<typeof ToolCall>;

/** The tool calls of an answer; none where it has none. Throws `provider_failed` for what is no tool call. */
export function toolCallsOf({ completion }: ModelAnswer): ToolCall[] {
  const given = (completion.choices[0]?.message as { tool_calls?: unknown } | undefined)?.tool_calls;
  if (given === undefined || given === null) return [];
  const calls = z.array(ToolCall).safeParse(given);
  if (!calls.success) throw new AppError('provider_failed', 'The model called a tool in a form that cannot be read.');
  return calls.data;
}

/** The text of an answer. Throws `provider_failed` where there is none. */
export function textOf({ completion, model }: ModelAnswer): string {
  const content = completion.choices[0]?.message.content;
  if (typeof content === 'string' && content.trim() !== '') return content;
  throw new AppError('provider_failed', `The model ${model} answered without a text.`);
}
