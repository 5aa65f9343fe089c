import type { TokenUsage } from '../../usage/token-usage.ts';
import type { ChatAnswer } from '../chat-answer.ts';
import type { FinishReason } from '../chat-event.ts';
import { bareId, type AnswerEnvelope } from '../stream-writer.ts';
import { detailOfSignature } from './reasoning-details.ts';

/** An answer as a `chat.completion`. */
export function writeAnswer(answer: ChatAnswer, envelope: AnswerEnvelope): Record<string, unknown> {
  const texts = answer.parts.filter((part) => part.kind === 'text').map(({ text }) => text);
  const thinking = answer.parts.filter((part) => part.kind === 'thinking');
  const thought = thinking.map(({ text }) => text).join('');
  const details = thinking.flatMap(({ text, signature }, index) =>
    signature === null ? [] : [detailOfSignature(signature, text, index)],
  );
  const calls = answer.parts
    .filter((part) => part.kind === 'tool_call')
    .map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments === '' ? '{}' : call.arguments },
      ...extraContentOf(call.signature),
    }));
  return {
    ...headOf(answer, envelope, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: texts.length === 0 && calls.length > 0 ? null : texts.join(''),
          refusal: null,
          ...(thought === '' ? {} : { reasoning_content: thought }),
          ...(details.length === 0 ? {} : { reasoning_details: details }),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: writeFinish(answer.reason),
      },
    ],
    ...(answer.usage === null ? {} : { usage: writeUsage(answer.usage) }),
  };
}

export function headOf(
  { model, extra }: Pick<ChatAnswer, 'model' | 'extra'>,
  envelope: AnswerEnvelope,
  object: string,
): Record<string, unknown> {
  return {
    id: `chatcmpl-${bareId(envelope.requestId)}`,
    object,
    created: envelope.created,
    model: model ?? envelope.model,
    ...(extra?.dialect === 'openai' ? extra.members : {}),
  };
}

/** Google's own name, within OpenAI's shape, for the seal of a tool call. */
export function extraContentOf(signature: { dialect: string; value: string } | null): Record<string, unknown> {
  return signature?.dialect === 'gemini' ? { extra_content: { google: { thought_signature: signature.value } } } : {};
}

export function writeFinish(reason: FinishReason): string {
  return reason === 'stop_sequence' || reason === 'paused' ? 'stop' : reason;
}

/** Counts that nobody told are 0 here, where the shape wants numbers. */
export function writeUsage(usage: TokenUsage): Record<string, unknown> {
  const [prompt, completion] = [usage.promptTokens ?? 0, usage.completionTokens ?? 0];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(usage.cachedTokens === null && usage.cacheWriteTokens === null
      ? {}
      : {
          prompt_tokens_details: {
            cached_tokens: usage.cachedTokens ?? 0,
            ...(usage.cacheWriteTokens === null ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
          },
        }),
    ...(usage.reasoningTokens === null
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokens } }),
  };
}
