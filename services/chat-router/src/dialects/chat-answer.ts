import { mergeUsage, unknownUsage, type TokenUsage } from '../usage/token-usage.ts';
import type { ChatEvent, FinishReason } from './chat-event.ts';
import type { Extra, Part } from './chat-request.ts';

/** A whole answer in nobody's dialect. Its parts can stand in the next request as they are. */
export interface ChatAnswer {
  id: string | null;
  /** The model as the provider named it. */
  model: string | null;
  parts: readonly Part[];
  reason: FinishReason;
  stopSequence: string | null;
  usage: TokenUsage | null;
  extra: Extra | null;
}

/** Gathers the events of a stream into the answer that they make. */
export class AnswerCollector {
  readonly #parts: Part[] = [];
  readonly #toolCalls: { part: number; texts: string[] }[] = [];
  #head: { id: string | null; model: string | null; extra: Extra | null } = { id: null, model: null, extra: null };
  #run: { kind: 'text' | 'thinking'; texts: string[] } | null = null;
  #end: { reason: FinishReason; stopSequence: string | null } = { reason: 'stop', stopSequence: null };
  #usage: TokenUsage | null = null;

  /** Throws the error that an `error` event tells. */
  add(event: ChatEvent): void {
    switch (event.kind) {
      case 'started':
        this.#head = { id: event.id, model: event.model, extra: event.extra ?? null };
        break;
      case 'text':
      case 'thinking':
        if (this.#run?.kind !== event.kind) {
          this.#endRun();
          this.#run = { kind: event.kind, texts: [] };
        }
        this.#run.texts.push(event.text);
        break;
      case 'thinking_signature': {
        const text = this.#run?.kind === 'thinking' ? this.#run.texts.join('') : '';
        if (this.#run?.kind === 'thinking') this.#run = null;
        this.#endRun();
        this.#parts.push({ kind: 'thinking', text, signature: event.signature });
        break;
      }
      case 'tool_call_started':
        this.#endRun();
        this.#toolCalls[event.index] = { part: this.#parts.length, texts: [] };
        this.#parts.push({
          kind: 'tool_call',
          id: event.id,
          name: event.name,
          arguments: '',
          signature: event.signature,
        });
        break;
      case 'tool_call_arguments':
        this.#toolCalls[event.index]?.texts.push(event.text);
        break;
      case 'finished':
        this.#end = { reason: event.reason, stopSequence: event.stopSequence };
        break;
      case 'usage':
        this.#usage = mergeUsage(this.#usage ?? unknownUsage, event.usage);
        break;
      case 'error':
        throw event.error;
      case 'opaque':
        this.#endRun();
        this.#parts.push(event);
        break;
    }
  }

  answer(): ChatAnswer {
    this.#endRun();
    for (const call of this.#toolCalls) {
      const part = this.#parts[call.part];
      if (part?.kind === 'tool_call') this.#parts[call.part] = { ...part, arguments: call.texts.join('') };
    }
    return { ...this.#head, parts: this.#parts, ...this.#end, usage: this.#usage };
  }

  #endRun(): void {
    if (this.#run === null) return;
    const text = this.#run.texts.join('');
    if (this.#run.kind === 'thinking') this.#parts.push({ kind: 'thinking', text, signature: null });
    else if (text !== '') this.#parts.push({ kind: 'text', text });
    this.#run = null;
  }
}

/** The events that a whole answer would have been streamed as, each part in one piece. */
export function* eventsOfAnswer(answer: ChatAnswer): Generator<ChatEvent> {
  const { id, model, extra, parts, reason, stopSequence, usage } = answer;
  yield { kind: 'started', id, model, ...(extra === null ? {} : { extra }) };
  let index = 0;
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        yield { kind: 'text', text: part.text };
        break;
      case 'thinking':
        if (part.text !== '') yield { kind: 'thinking', text: part.text };
        if (part.signature !== null) yield { kind: 'thinking_signature', signature: part.signature };
        break;
      case 'tool_call':
        yield { kind: 'tool_call_started', index, id: part.id, name: part.name, signature: part.signature };
        if (part.arguments !== '') yield { kind: 'tool_call_arguments', index, text: part.arguments };
        index += 1;
        break;
      case 'opaque':
        yield part;
        break;
      case 'image':
      case 'file':
      case 'tool_result':
        break;
    }
  }
  if (usage !== null) yield { kind: 'usage', usage };
  yield { kind: 'finished', reason, stopSequence };
}
