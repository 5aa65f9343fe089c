import { toTokenCount, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChunkReading } from '../chunk-reading.ts';
import { isObject, memberOf, objectsOf, parseObject, textOf, type JsonObject } from '../json.ts';

/**
 * Reads one event's data. It is parsed whole (2 µs for an ordinary chunk) because nothing less can promise that what a
 * client gets is JSON.
 */
export function readChunk(data: string | null): ChunkReading {
  const text = data?.trim() ?? '';
  if (text === '') return { kind: 'quiet', usage: null };
  if (text === '[DONE]') return { kind: 'done', usage: null };
  const chunk = parseObject(text);
  if (chunk === null) return { kind: 'invalid' };
  const { error } = chunk;
  if (error !== undefined && error !== null) {
    const type = textOf(memberOf(error, 'type')) ?? textOf(memberOf(error, 'code'));
    return { kind: 'error', message: messageOf(chunk), type };
  }
  const usage = readUsage(usageOf(chunk));
  const choices = chunk['choices'];
  if (!Array.isArray(choices)) return usage === null ? { kind: 'invalid' } : { kind: 'usage', usage };
  if (choices.length === 0 && usage !== null) return { kind: 'usage', usage };
  let characters: number | null = null;
  for (const choice of choices) {
    const inChoice = contentOf(choice);
    if (inChoice !== null) characters = (characters ?? 0) + inChoice;
  }
  return characters === null ? { kind: 'quiet', usage } : { kind: 'content', usage, characters };
}

/** Where a chunk tells its usage: Groq has a place of its own. */
export function usageOf(chunk: JsonObject): unknown {
  return chunk['usage'] ?? memberOf(chunk['x_groq'], 'usage');
}

/** OpenAI's `usage` object in our terms; null when there is none. */
export function readUsage(usage: unknown): TokenUsage | null {
  if (!isObject(usage)) return null;
  return {
    promptTokens: toTokenCount(usage['prompt_tokens']),
    completionTokens: toTokenCount(usage['completion_tokens']),
    // The second is DeepSeek's.
    cachedTokens: toTokenCount(
      memberOf(usage['prompt_tokens_details'], 'cached_tokens') ?? usage['prompt_cache_hit_tokens'],
    ),
    cacheWriteTokens: toTokenCount(memberOf(usage['prompt_tokens_details'], 'cache_write_tokens')),
    reasoningTokens: toTokenCount(memberOf(usage['completion_tokens_details'], 'reasoning_tokens')),
  };
}

/** The sentence in OpenAI's error object, or in the looser forms that compatible servers send. */
export function messageOf(body: Record<string, unknown>): string | null {
  const error = body['error'];
  const message = typeof error === 'string' ? error : (memberOf(error, 'message') ?? body['message']);
  return typeof message === 'string' && message !== '' ? message.slice(0, 2_000) : null;
}

/** How much text and arguments a choice carries; null: it carries nothing of an answer. */
function contentOf(choice: unknown): number | null {
  if (!isObject(choice)) return null;
  const finish = choice['finish_reason'];
  let characters = finish === null || finish === undefined ? null : 0;
  const delta = choice['delta'];
  if (!isObject(delta)) return characters;
  // A member that nobody has heard of is content too: a new kind of answer must not be held back as if it were a role.
  for (const name in delta) {
    const value = delta[name];
    if (name === 'role' || isEmpty(value)) continue;
    characters = (characters ?? 0) + lengthOf(value);
  }
  return characters;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  let characters = 0;
  for (const call of objectsOf(value)) {
    const text = memberOf(call['function'], 'arguments');
    if (typeof text === 'string') characters += text.length;
  }
  return characters;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
