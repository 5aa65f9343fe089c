import { mergeUsage, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChatEvent, FinishReason } from '../chat-event.ts';
import type { Signature } from '../chat-request.ts';
import { present } from '../json.ts';
import { writeSignature } from '../signature.ts';
import { bareId, type AnswerEnvelope, type StreamWriter } from '../stream-writer.ts';
import { event as sse } from './event.ts';

type Json = Record<string, unknown>;

interface OpenItem {
  kind: 'message' | 'reasoning' | 'function_call';
  place: number;
  item: Json;
  text: string;
}

/** Tells events as those of a streamed `response`, and keeps the response that they make. */
export class ResponsesStreamWriter implements StreamWriter {
  readonly #envelope: AnswerEnvelope;
  readonly #id: string;
  /** What a client is told of its own request; null before the beginning. */
  #head: Json | null = null;
  #number = 0;
  readonly #output: Json[] = [];
  /** The text or the thinking that is being told. */
  #run: OpenItem | null = null;
  readonly #calls = new Map<number, OpenItem>();
  #usage: TokenUsage | null = null;
  #reason: FinishReason = 'stop';
  #isOver = false;

  constructor(envelope: AnswerEnvelope) {
    this.#envelope = envelope;
    this.#id = bareId(envelope.requestId);
  }

  write(events: readonly ChatEvent[]): Buffer {
    let text = '';
    for (const event of events) text += this.#tell(event);
    return Buffer.from(text);
  }

  end(): Buffer {
    let text = this.#begin(null) + this.#closeRun();
    for (const call of this.#calls.values()) text += this.#closeCall(call);
    this.#calls.clear();
    this.#isOver = true;
    const type = this.#incomplete() === null ? 'response.completed' : 'response.incomplete';
    return Buffer.from(text + this.#event(type, { response: this.response() }));
  }

  /** As far as it has come. */
  response(): Json {
    const incomplete = this.#incomplete();
    return {
      ...this.#head,
      status: !this.#isOver ? 'in_progress' : incomplete === null ? 'completed' : 'incomplete',
      incomplete_details: this.#isOver && incomplete !== null ? { reason: incomplete } : null,
      output: this.#isOver ? this.#output : [],
      usage: this.#isOver && this.#usage !== null ? writeUsage(this.#usage) : null,
    };
  }

  #tell(event: ChatEvent): string {
    switch (event.kind) {
      case 'started':
        return this.#begin(event.model);
      case 'text':
        return event.text === '' ? '' : this.#text(event.text);
      case 'thinking':
        return this.#thinking(event.text);
      case 'thinking_signature':
        return this.#seal(event.signature);
      case 'tool_call_started': {
        const { index, id, name, signature } = event;
        const before = this.#begin(null) + this.#closeRun() + (signature === null ? '' : this.#seal(signature));
        const item = { type: 'function_call', call_id: id, name, arguments: '' };
        const open = this.#open('function_call', 'fc', item);
        this.#calls.set(index, open);
        return before + this.#added(open);
      }
      case 'tool_call_arguments': {
        const call = this.#calls.get(event.index);
        if (call === undefined) return '';
        call.text += event.text;
        return this.#event('response.function_call_arguments.delta', { ...itemOf(call), delta: event.text });
      }
      case 'finished':
        this.#reason = event.reason;
        return '';
      case 'usage':
        this.#usage = this.#usage === null ? event.usage : mergeUsage(this.#usage, event.usage);
        return '';
      case 'opaque':
        return '';
      case 'error':
        throw event.error;
    }
  }

  #begin(model: string | null): string {
    if (this.#head !== null) return '';
    const { request, created } = this.#envelope;
    this.#head = {
      id: `resp_${this.#id}`,
      object: 'response',
      created_at: created,
      background: false,
      error: null,
      instructions: request['instructions'] ?? null,
      max_output_tokens: request['max_output_tokens'] ?? null,
      metadata: request['metadata'] ?? {},
      model: model ?? this.#envelope.model,
      parallel_tool_calls: request['parallel_tool_calls'] ?? true,
      previous_response_id: null,
      reasoning: request['reasoning'] ?? { effort: null, summary: null },
      // Nothing is kept, whatever was asked for.
      store: false,
      temperature: request['temperature'] ?? null,
      text: request['text'] ?? { format: { type: 'text' } },
      tool_choice: request['tool_choice'] ?? 'auto',
      tools: request['tools'] ?? [],
      top_p: request['top_p'] ?? null,
      truncation: 'disabled',
      ...present({ user: request['user'] }),
    };
    const response = this.response();
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  #text(text: string): string {
    let before = this.#begin(null);
    if (this.#run?.kind !== 'message') {
      before += this.#closeRun();
      const open = this.#open('message', 'msg', { type: 'message', role: 'assistant', content: [] });
      this.#run = open;
      const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
      before += this.#added(open) + this.#event('response.content_part.added', { ...partOf(open), part });
    }
    this.#run.text += text;
    return before + this.#event('response.output_text.delta', { ...partOf(this.#run), delta: text, logprobs: [] });
  }

  #thinking(text: string): string {
    let before = this.#begin(null);
    if (this.#run?.kind !== 'reasoning') {
      before += this.#closeRun();
      const open = this.#open('reasoning', 'rs', { type: 'reasoning', summary: [] });
      this.#run = open;
      const part = { type: 'summary_text', text: '' };
      before += this.#added(open) + this.#event('response.reasoning_summary_part.added', { ...summaryOf(open), part });
    }
    this.#run.text += text;
    return before + this.#event('response.reasoning_summary_text.delta', { ...summaryOf(this.#run), delta: text });
  }

  #seal(signature: Signature): string {
    let before = this.#begin(null);
    if (this.#run?.kind !== 'reasoning') {
      before += this.#closeRun();
      this.#run = this.#open('reasoning', 'rs', { type: 'reasoning', summary: [] });
      before += this.#added(this.#run);
    }
    this.#run.item['encrypted_content'] = writeSignature(signature, 'openai_responses');
    return before + this.#closeRun();
  }

  #open(kind: OpenItem['kind'], prefix: string, members: Json): OpenItem {
    const place = this.#output.length;
    const item = { id: `${prefix}_${this.#id}_${String(place)}`, status: 'in_progress', ...members };
    this.#output.push(item);
    return { kind, place, item, text: '' };
  }

  #added({ place, item }: OpenItem): string {
    return this.#event('response.output_item.added', { output_index: place, item });
  }

  #closeRun(): string {
    const open = this.#run;
    this.#run = null;
    if (open === null) return '';
    const { text, item } = open;
    let before = '';
    if (open.kind === 'message') {
      const part = { type: 'output_text', text, annotations: [], logprobs: [] };
      item['content'] = [part];
      before =
        this.#event('response.output_text.done', { ...partOf(open), text, logprobs: [] }) +
        this.#event('response.content_part.done', { ...partOf(open), part });
    } else if (text !== '') {
      const part = { type: 'summary_text', text };
      item['summary'] = [part];
      before =
        this.#event('response.reasoning_summary_text.done', { ...summaryOf(open), text }) +
        this.#event('response.reasoning_summary_part.done', { ...summaryOf(open), part });
    }
    return before + this.#done(open);
  }

  #closeCall(open: OpenItem): string {
    const text = open.text === '' ? '{}' : open.text;
    open.item['arguments'] = text;
    const { name } = open.item;
    return (
      this.#event('response.function_call_arguments.done', { ...itemOf(open), name, arguments: text }) +
      this.#done(open)
    );
  }

  #done({ place, item }: OpenItem): string {
    item['status'] = 'completed';
    return this.#event('response.output_item.done', { output_index: place, item });
  }

  #event(type: string, members: object): string {
    const text = sse(type, { sequence_number: this.#number, ...members });
    this.#number += 1;
    return text;
  }

  #incomplete(): string | null {
    if (this.#reason === 'length') return 'max_output_tokens';
    return this.#reason === 'content_filter' ? 'content_filter' : null;
  }
}

function itemOf({ item, place }: OpenItem): Json {
  return { item_id: item['id'], output_index: place };
}

function partOf(open: OpenItem): Json {
  return { ...itemOf(open), content_index: 0 };
}

function summaryOf(open: OpenItem): Json {
  return { ...itemOf(open), summary_index: 0 };
}

/** Counts that nobody told are 0 here, where the shape wants numbers. */
function writeUsage(usage: TokenUsage): Json {
  const [input, output] = [usage.promptTokens ?? 0, usage.completionTokens ?? 0];
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0, cache_write_tokens: usage.cacheWriteTokens ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  };
}
