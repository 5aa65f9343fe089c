import { toTokenCount, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChunkReader } from '../chunk-reading.ts';
import { isObject, memberOf, parseObject, textOf } from '../json.ts';

/** Reads the events of one streamed `response`, for passing them on as they are. */
export const readChunk: ChunkReader = (data) => {
  if (data === null || data.trim() === '') return { kind: 'quiet', usage: null };
  if (data.trim() === '[DONE]') return { kind: 'quiet', usage: null };
  const event = parseObject(data);
  const type = textOf(event?.['type']);
  if (event === null || type === null) return { kind: 'invalid' };
  const { response } = event;
  switch (type) {
    case 'response.created':
    case 'response.queued':
    case 'response.in_progress':
    case 'response.output_item.added':
    case 'response.content_part.added':
    case 'keepalive':
      return { kind: 'quiet', usage: null };
    case 'response.completed':
    case 'response.incomplete':
      return { kind: 'done', usage: readUsage(memberOf(response, 'usage')) };
    case 'response.failed': {
      const error = memberOf(response, 'error');
      return { kind: 'error', message: textOf(memberOf(error, 'message')), type: textOf(memberOf(error, 'code')) };
    }
    case 'error': {
      const error = isObject(event['error']) ? event['error'] : event;
      return { kind: 'error', message: textOf(error['message']), type: textOf(error['code']) };
    }
    default:
      return { kind: 'content', usage: null, characters: textOf(event['delta'])?.length ?? 0 };
  }
};

/** The `usage` of a `response` in our terms; null when there is none. */
export function readUsage(usage: unknown): TokenUsage | null {
  if (!isObject(usage)) return null;
  return {
    promptTokens: toTokenCount(usage['input_tokens']),
    completionTokens: toTokenCount(usage['output_tokens']),
    cachedTokens: toTokenCount(memberOf(usage['input_tokens_details'], 'cached_tokens')),
    cacheWriteTokens: toTokenCount(memberOf(usage['input_tokens_details'], 'cache_write_tokens')),
    reasoningTokens: toTokenCount(memberOf(usage['output_tokens_details'], 'reasoning_tokens')),
  };
}
