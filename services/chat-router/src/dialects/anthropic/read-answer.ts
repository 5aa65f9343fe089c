import { toTokenCount, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChatAnswer } from '../chat-answer.ts';
import type { FinishReason } from '../chat-event.ts';
import type { Part } from '../chat-request.ts';
import { isObject, memberOf, objectsOf, textOf, type JsonObject } from '../json.ts';
import { readSignature } from '../signature.ts';

/** An Anthropic `message` as what it says. */
export function readAnswer(document: JsonObject): ChatAnswer {
  return {
    id: textOf(document['id']),
    model: textOf(document['model']),
    parts: objectsOf(document['content']).map(readBlock),
    reason: readStopReason(document['stop_reason']),
    stopSequence: textOf(document['stop_sequence']),
    usage: readUsage(document['usage']),
    extra: null,
  };
}

function readBlock(block: Record<string, unknown>): Part {
  switch (block['type']) {
    case 'text':
      // Citations have no place in nobody's dialect; Anthropic's own clients get bytes.
      return { kind: 'text', text: textOf(block['text']) ?? '' };
    case 'thinking': {
      const value = textOf(block['signature']) ?? '';
      const signature = value === '' ? null : readSignature(value, 'anthropic');
      return { kind: 'thinking', text: textOf(block['thinking']) ?? '', signature };
    }
    case 'redacted_thinking':
      return { kind: 'thinking', text: '', signature: readSignature(textOf(block['data']) ?? '', 'anthropic', true) };
    case 'tool_use':
      return {
        kind: 'tool_call',
        id: textOf(block['id']) ?? '',
        name: textOf(block['name']) ?? '',
        arguments: JSON.stringify(block['input'] ?? {}),
        signature: null,
      };
    default:
      return { kind: 'opaque', dialect: 'anthropic', value: block };
  }
}

export function readStopReason(reason: unknown): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'stop_sequence':
      return 'stop_sequence';
    case 'tool_use':
      return 'tool_calls';
    case 'pause_turn':
      return 'paused';
    case 'refusal':
      return 'content_filter';
    default:
      return 'stop';
  }
}

/**
 * Anthropic's `usage` in our terms; null when there is none. Anthropic counts what came from its cache and what went into it
 * beside `input_tokens`; here both are part of the prompt.
 */
export function readUsage(usage: unknown): TokenUsage | null {
  if (!isObject(usage)) return null;
  const fresh = toTokenCount(usage['input_tokens']);
  const read = toTokenCount(usage['cache_read_input_tokens']);
  const written = toTokenCount(usage['cache_creation_input_tokens']);
  return {
    promptTokens: fresh === null ? null : toTokenCount(fresh + (read ?? 0) + (written ?? 0)),
    completionTokens: toTokenCount(usage['output_tokens']),
    cachedTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: toTokenCount(memberOf(usage['output_tokens_details'], 'thinking_tokens')),
  };
}

/** The usage of a stream is told in two events, of which the later one repeats some counts and leaves out others. */
export function addUsage(before: JsonObject, now: unknown): JsonObject {
  if (!isObject(now)) return before;
  const sums: Record<string, unknown> = { ...before };
  for (const name in now) if (now[name] !== null) sums[name] = now[name];
  return sums;
}
