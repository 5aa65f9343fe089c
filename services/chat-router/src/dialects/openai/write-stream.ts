import { mergeUsage, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChatEvent } from '../chat-event.ts';
import type { Extra } from '../chat-request.ts';
import { memberOf } from '../json.ts';
import type { AnswerEnvelope, StreamWriter } from '../stream-writer.ts';
import { detailOfSignature } from './reasoning-details.ts';
import { extraContentOf, headOf, writeFinish, writeUsage } from './write-answer.ts';

/** Tells events as the chunks of a streamed chat completion. */
export class OpenAiStreamWriter implements StreamWriter {
  readonly #envelope: AnswerEnvelope;
  readonly #tellsUsage: boolean;
  /** A chunk up to its choices; empty before the first. */
  #head = '';
  #thought = '';
  #signatures = 0;
  #usage: TokenUsage | null = null;

  constructor(envelope: AnswerEnvelope) {
    this.#envelope = envelope;
    this.#tellsUsage = memberOf(envelope.request['stream_options'], 'include_usage') === true;
  }

  write(events: readonly ChatEvent[]): Buffer {
    let text = '';
    for (const event of events) text += this.#tell(event);
    return Buffer.from(text);
  }

  end(): Buffer {
    const usage =
      this.#tellsUsage && this.#usage !== null
        ? `${this.#head}"choices":[],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n`
        : '';
    return Buffer.from(`${usage}data: [DONE]\n\n`);
  }

  #tell(event: ChatEvent): string {
    switch (event.kind) {
      case 'started':
        return this.#begin(event.model, event.extra ?? null);
      case 'text':
        return this.#chunk({ content: event.text });
      case 'thinking':
        this.#thought += event.text;
        return this.#chunk({ reasoning_content: event.text });
      case 'thinking_signature': {
        const detail = detailOfSignature(event.signature, this.#thought, this.#signatures);
        this.#thought = '';
        this.#signatures += 1;
        return this.#chunk({ reasoning_details: [detail] });
      }
      case 'tool_call_started': {
        const { index, id, name, signature } = event;
        const call = { index, id, type: 'function', function: { name, arguments: '' }, ...extraContentOf(signature) };
        return this.#chunk({ tool_calls: [call] });
      }
      case 'tool_call_arguments':
        return this.#chunk({ tool_calls: [{ index: event.index, function: { arguments: event.text } }] });
      case 'finished':
        return this.#chunk({}, writeFinish(event.reason));
      case 'usage':
        this.#usage = this.#usage === null ? event.usage : mergeUsage(this.#usage, event.usage);
        return '';
      case 'opaque':
        return event.dialect === 'openai' ? this.#chunk(event.value) : '';
      case 'error':
        throw event.error;
    }
  }

  #begin(model: string | null, extra: Extra | null): string {
    const head = headOf({ model, extra }, this.#envelope, 'chat.completion.chunk');
    this.#head = `data: ${JSON.stringify(head).slice(0, -1)},`;
    return this.#chunk({ role: 'assistant', content: '', refusal: null });
  }

  #chunk(delta: object, finish: string | null = null): string {
    const begin = this.#head === '' ? this.#begin(null, null) : '';
    const usage = this.#tellsUsage ? ',"usage":null' : '';
    const choice = `{"index":0,"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}`;
    return `${begin}${this.#head}"choices":[${choice}]${usage}}\n\n`;
  }
}
