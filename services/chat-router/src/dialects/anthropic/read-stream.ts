import type { ChatEvent } from '../chat-event.ts';
import { memberOf, numberOf, objectOf, parseObject, textOf, type JsonObject } from '../json.ts';
import { readSignature } from '../signature.ts';
import { invalidChunk, streamFailure } from '../stream-failure.ts';
import type { StreamReader } from '../stream-reader.ts';
import { addUsage, readStopReason, readUsage } from './read-answer.ts';

/** What a block of a message is, from its start to its stop. */
type OpenBlock =
  | { kind: 'text' }
  | { kind: 'thinking' }
  /** `input`: what is told at its stop, unless it streams. */
  | { kind: 'tool_use'; index: number; input: string | null }
  | { kind: 'opaque'; block: Record<string, unknown>; input: string };

/** Reads the events of a streamed `message`. */
export class AnthropicStreamReader implements StreamReader {
  isEnd = false;
  readonly #sender: string;
  readonly #blocks = new Map<number, OpenBlock>();
  #toolCalls = 0;
  #usage: JsonObject = {};

  constructor(sender: string) {
    this.#sender = sender;
  }

  get isWhole(): boolean {
    return this.isEnd;
  }

  end(): readonly ChatEvent[] {
    return [];
  }

  read(data: string | null): readonly ChatEvent[] {
    if (data === null) return [];
    const event = parseObject(data);
    switch (event?.['type']) {
      case undefined:
        return [{ kind: 'error', error: invalidChunk(this.#sender) }];
      case 'message_start': {
        const { message } = event;
        return [
          { kind: 'started', id: textOf(memberOf(message, 'id')), model: textOf(memberOf(message, 'model')) },
          ...this.#usageEvent(memberOf(message, 'usage')),
        ];
      }
      case 'content_block_start':
        return this.#start(numberOf(event['index']) ?? 0, objectOf(event['content_block']) ?? {});
      case 'content_block_delta':
        return this.#delta(this.#blocks.get(numberOf(event['index']) ?? 0), event['delta']);
      case 'content_block_stop':
        return this.#stop(numberOf(event['index']) ?? 0);
      case 'message_delta': {
        const { delta } = event;
        const reason = memberOf(delta, 'stop_reason');
        const finished: ChatEvent[] =
          reason === null || reason === undefined
            ? []
            : [
                {
                  kind: 'finished',
                  reason: readStopReason(reason),
                  stopSequence: textOf(memberOf(delta, 'stop_sequence')),
                },
              ];
        return [...this.#usageEvent(event['usage']), ...finished];
      }
      case 'message_stop':
        this.isEnd = true;
        return [];
      case 'error': {
        const { error } = event;
        const [message, type] = [textOf(memberOf(error, 'message')), textOf(memberOf(error, 'type'))];
        return [{ kind: 'error', error: streamFailure(this.#sender, message, type) }];
      }
      default:
        // A ping; or something that was invented later, without which the rest still makes sense.
        return [];
    }
  }

  #usageEvent(usage: unknown): ChatEvent[] {
    this.#usage = addUsage(this.#usage, usage);
    const sums = readUsage(this.#usage);
    return sums === null || Object.keys(this.#usage).length === 0 ? [] : [{ kind: 'usage', usage: sums }];
  }

  #start(place: number, block: Record<string, unknown>): ChatEvent[] {
    switch (block['type']) {
      case 'text': {
        this.#blocks.set(place, { kind: 'text' });
        const text = textOf(block['text']) ?? '';
        return text === '' ? [] : [{ kind: 'text', text }];
      }
      case 'thinking':
        this.#blocks.set(place, { kind: 'thinking' });
        return [];
      case 'redacted_thinking': {
        const signature = readSignature(textOf(block['data']) ?? '', 'anthropic', true);
        return [{ kind: 'thinking_signature', signature }];
      }
      case 'tool_use': {
        const index = this.#toolCalls;
        this.#toolCalls += 1;
        // The input streams; what stands in the start is empty, also for a call without arguments, but on servers that send
        // it whole. Clients parse what they are told: nothing at all would be no JSON.
        const input = JSON.stringify(objectOf(block['input']) ?? {});
        this.#blocks.set(place, { kind: 'tool_use', index, input });
        const [id, name] = [textOf(block['id']) ?? '', textOf(block['name']) ?? ''];
        return [{ kind: 'tool_call_started', index, id, name, signature: null }];
      }
      default:
        this.#blocks.set(place, { kind: 'opaque', block, input: '' });
        return [];
    }
  }

  #delta(block: OpenBlock | undefined, delta: unknown): ChatEvent[] {
    switch (memberOf(delta, 'type')) {
      case 'text_delta':
        return [{ kind: 'text', text: textOf(memberOf(delta, 'text')) ?? '' }];
      case 'thinking_delta':
        return [{ kind: 'thinking', text: textOf(memberOf(delta, 'thinking')) ?? '' }];
      case 'signature_delta': {
        const signature = readSignature(textOf(memberOf(delta, 'signature')) ?? '', 'anthropic');
        return [{ kind: 'thinking_signature', signature }];
      }
      case 'input_json_delta': {
        const text = textOf(memberOf(delta, 'partial_json')) ?? '';
        if (block?.kind === 'opaque') block.input += text;
        if (block?.kind !== 'tool_use' || text === '') return [];
        block.input = null;
        return [{ kind: 'tool_call_arguments', index: block.index, text }];
      }
      default:
        return [];
    }
  }

  #stop(place: number): ChatEvent[] {
    const block = this.#blocks.get(place);
    this.#blocks.delete(place);
    if (block?.kind === 'tool_use' && block.input !== null) {
      return [{ kind: 'tool_call_arguments', index: block.index, text: block.input }];
    }
    if (block?.kind !== 'opaque') return [];
    const input = block.input === '' ? {} : { input: parseObject(block.input) ?? {} };
    return [{ kind: 'opaque', dialect: 'anthropic', value: { ...block.block, ...input } }];
  }
}
