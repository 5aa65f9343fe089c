import type { ChunkReader } from '../chunk-reading.ts';
import { memberOf, parseObject, textOf, type JsonObject } from '../json.ts';
import { addUsage, readUsage } from './read-answer.ts';

/** Reads the events of one streamed `message`, for passing them on as they are. */
export function createChunkReader(): ChunkReader {
  let usage: JsonObject = {};
  return (data) => {
    if (data === null) return { kind: 'quiet', usage: null };
    const event = parseObject(data);
    switch (event?.['type']) {
      case undefined:
        return { kind: 'invalid' };
      case 'message_start':
        usage = addUsage(usage, memberOf(event['message'], 'usage'));
        return { kind: 'quiet', usage: readUsage(usage) };
      case 'ping':
      case 'content_block_stop':
        return { kind: 'quiet', usage: null };
      case 'content_block_start': {
        const type = memberOf(event['content_block'], 'type');
        if (type === 'text' || type === 'thinking') return { kind: 'quiet', usage: null };
        return { kind: 'content', usage: null, characters: 0 };
      }
      case 'content_block_delta': {
        const { delta } = event;
        const text = memberOf(delta, 'text') ?? memberOf(delta, 'thinking') ?? memberOf(delta, 'partial_json');
        return { kind: 'content', usage: null, characters: typeof text === 'string' ? text.length : 0 };
      }
      case 'message_delta':
        usage = addUsage(usage, event['usage']);
        return { kind: 'content', usage: readUsage(usage), characters: 0 };
      case 'message_stop':
        return { kind: 'done', usage: null };
      case 'error': {
        const { error } = event;
        return { kind: 'error', message: textOf(memberOf(error, 'message')), type: textOf(memberOf(error, 'type')) };
      }
      default:
        return { kind: 'content', usage: null, characters: 0 };
    }
  };
}
