import { mergeUsage, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChatEvent } from '../chat-event.ts';
import { parseObject } from '../json.ts';
import { writeSignature } from '../signature.ts';
import type { AnswerEnvelope, StreamWriter } from '../stream-writer.ts';
import { event as sse } from './event.ts';
import { headOf, sealedBlock, writeStopReason, writeUsage } from './write-answer.ts';

interface OpenCall {
  place: number;
  text: string;
}

/** Tells events as those of a streamed `message`: one block after the other, tool calls side by side where they come so. */
export class AnthropicStreamWriter implements StreamWriter {
  readonly #envelope: AnswerEnvelope;
  #hasBegun = false;
  #places = 0;
  #run: { kind: 'text' | 'thinking'; place: number } | null = null;
  readonly #calls = new Map<number, OpenCall>();
  #usage: TokenUsage | null = null;
  #stop: { stop_reason: string; stop_sequence: string | null } = { stop_reason: 'end_turn', stop_sequence: null };

  constructor(envelope: AnswerEnvelope) {
    this.#envelope = envelope;
  }

  write(events: readonly ChatEvent[]): Buffer {
    let text = '';
    for (const event of events) text += this.#tell(event);
    return Buffer.from(text);
  }

  end(): Buffer {
    return Buffer.from(
      this.#begin(null) +
        this.#closeRun() +
        this.#closeCalls(() => true) +
        sse('message_delta', { delta: this.#stop, usage: writeUsage(this.#usage) }) +
        sse('message_stop', {}),
    );
  }

  #tell(event: ChatEvent): string {
    switch (event.kind) {
      case 'started':
        return this.#begin(event.model);
      case 'text':
        return event.text === '' ? '' : this.#open('text') + this.#delta({ type: 'text_delta', text: event.text });
      case 'thinking':
        return this.#open('thinking') + this.#delta({ type: 'thinking_delta', thinking: event.text });
      case 'thinking_signature': {
        const { signature } = event;
        if (signature.redacted && signature.dialect === 'anthropic') return this.#whole(sealedBlock('', signature));
        const value = writeSignature(signature, 'anthropic');
        return this.#open('thinking') + this.#delta({ type: 'signature_delta', signature: value }) + this.#closeRun();
      }
      case 'tool_call_started': {
        const seal =
          event.signature === null ? '' : this.#tell({ kind: 'thinking_signature', signature: event.signature });
        const before = this.#begin(null) + this.#closeRun() + this.#closeCalls(({ text }) => isWhole(text));
        const place = this.#places;
        this.#places += 1;
        this.#calls.set(event.index, { place, text: '' });
        const block = { type: 'tool_use', id: event.id, name: event.name, input: {} };
        return seal + before + sse('content_block_start', { index: place, content_block: block });
      }
      case 'tool_call_arguments': {
        const call = this.#calls.get(event.index);
        if (call === undefined) return '';
        call.text += event.text;
        const delta = { type: 'input_json_delta', partial_json: event.text };
        return sse('content_block_delta', { index: call.place, delta });
      }
      case 'finished':
        this.#stop = { stop_reason: writeStopReason(event.reason), stop_sequence: event.stopSequence };
        return this.#closeRun();
      case 'usage':
        this.#usage = this.#usage === null ? event.usage : mergeUsage(this.#usage, event.usage);
        return '';
      case 'opaque':
        return event.dialect === 'anthropic' ? this.#whole(event.value) : '';
      case 'error':
        throw event.error;
    }
  }

  #begin(model: string | null): string {
    if (this.#hasBegun) return '';
    this.#hasBegun = true;
    const message = {
      ...headOf(model, this.#envelope),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // What the prompt cost is known at the end; clients take the last sums that they are told.
      usage: writeUsage(this.#usage),
    };
    return sse('message_start', { message });
  }

  #open(kind: 'text' | 'thinking'): string {
    if (this.#run?.kind === kind) return '';
    const before = this.#begin(null) + this.#closeRun() + this.#closeCalls(({ text }) => isWhole(text));
    this.#run = { kind, place: this.#places };
    this.#places += 1;
    const block = kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' };
    return before + sse('content_block_start', { index: this.#run.place, content_block: block });
  }

  #delta(delta: object): string {
    return sse('content_block_delta', { index: this.#run?.place ?? 0, delta });
  }

  #whole(block: object): string {
    const before = this.#begin(null) + this.#closeRun();
    const index = this.#places;
    this.#places += 1;
    return before + sse('content_block_start', { index, content_block: block }) + sse('content_block_stop', { index });
  }

  #closeRun(): string {
    if (this.#run === null) return '';
    const { place } = this.#run;
    this.#run = null;
    return sse('content_block_stop', { index: place });
  }

  #closeCalls(isOver: (call: OpenCall) => boolean): string {
    let text = '';
    for (const [index, call] of this.#calls) {
      if (!isOver(call)) continue;
      this.#calls.delete(index);
      text += sse('content_block_stop', { index: call.place });
    }
    return text;
  }
}

/**
 * Nobody says when a call is over before the next one begins; its arguments do. A call without any may yet get some: there
 * are servers that begin all calls first.
 */
function isWhole(text: string): boolean {
  return parseObject(text) !== null;
}
