import { mergeUsage, type TokenUsage } from '../../usage/token-usage.ts';
import type { ChatEvent } from '../chat-event.ts';
import { memberOf, objectsOf, parseObject, textOf, type JsonObject } from '../json.ts';
import { invalidChunk, streamFailure } from '../stream-failure.ts';
import type { StreamReader } from '../stream-reader.ts';
import { headOfCall, readFinish } from './read-answer.ts';
import { messageOf, readUsage, usageOf } from './read-chunk.ts';
import { signatureOfDetail } from './reasoning-details.ts';

const knownDelta = new Set([
  ...['role', 'content', 'refusal', 'tool_calls', 'reasoning_content', 'reasoning', 'reasoning_details'],
]);

/** Reads the chunks of a streamed chat completion. */
export class OpenAiStreamReader implements StreamReader {
  isEnd = false;
  readonly #sender: string;
  #hasStarted = false;
  #refused = false;
  /** Thinking was told that no signature has sealed yet. */
  #hasThought = false;
  #usage: TokenUsage | null = null;
  /** The calls so far: where the provider counts them, and under which id. Not every server counts. */
  readonly #calls: { place: number | null; id: string }[] = [];

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
    const text = data?.trim() ?? '';
    if (text === '') return [];
    if (text === '[DONE]') {
      this.isEnd = true;
      return [];
    }
    const chunk = parseObject(text);
    if (chunk === null) return [{ kind: 'error', error: invalidChunk(this.#sender) }];
    const { error } = chunk;
    if (error !== undefined && error !== null) {
      const type = textOf(memberOf(error, 'type')) ?? textOf(memberOf(error, 'code'));
      return [{ kind: 'error', error: streamFailure(this.#sender, messageOf(chunk), type) }];
    }
    const events: ChatEvent[] = [];
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      events.push({ kind: 'started', id: textOf(chunk['id']), model: textOf(chunk['model']) });
    }
    const usage = readUsage(usageOf(chunk));
    const choice = objectsOf(chunk['choices']).find(({ index }) => index === 0 || index === undefined);
    if (choice !== undefined) this.#readChoice(choice, events);
    if (usage !== null) {
      this.#usage = this.#usage === null ? usage : mergeUsage(this.#usage, usage);
      events.push({ kind: 'usage', usage: this.#usage });
    }
    return events;
  }

  #readChoice(choice: JsonObject, events: ChatEvent[]): void {
    const delta = choice['delta'];
    if (typeof delta === 'object' && delta !== null) this.#readDelta(delta as JsonObject, events);
    const finish = choice['finish_reason'];
    if (finish === 'error') events.push({ kind: 'error', error: streamFailure(this.#sender, null, null) });
    else if (finish !== null && finish !== undefined) {
      events.push({
        kind: 'finished',
        reason: this.#refused ? 'content_filter' : readFinish(finish),
        stopSequence: null,
      });
    }
  }

  #readDelta(delta: JsonObject, events: ChatEvent[]): void {
    const thinking = textOf(delta['reasoning_content']) ?? textOf(delta['reasoning']);
    if (thinking !== null && thinking !== '') {
      this.#hasThought = true;
      events.push({ kind: 'thinking', text: thinking });
    }
    for (const detail of objectsOf(delta['reasoning_details'])) {
      // The seal may repeat the thinking that it seals.
      const text = textOf(detail['text']);
      if (text !== null && text !== '' && !this.#hasThought) events.push({ kind: 'thinking', text });
      const signature = signatureOfDetail(detail);
      if (signature === null) continue;
      this.#hasThought = false;
      events.push({ kind: 'thinking_signature', signature });
    }
    readContent(delta['content'], events);
    const refusal = textOf(delta['refusal']);
    if (refusal !== null && refusal !== '') {
      this.#refused = true;
      events.push({ kind: 'text', text: refusal });
    }
    for (const call of objectsOf(delta['tool_calls'])) this.#readCall(call, events);
    for (const name in delta) {
      const value = delta[name];
      if (knownDelta.has(name) || value === null || value === '') continue;
      events.push({ kind: 'opaque', dialect: 'openai', value: { [name]: value } });
    }
  }

  #readCall(call: JsonObject, events: ChatEvent[]): void {
    const { id, name, signature } = headOfCall(call);
    const place = typeof call['index'] === 'number' ? call['index'] : null;
    let index = this.#calls.findLastIndex((known) =>
      place === null ? id === null || id === '' || known.id === id : known.place === place,
    );
    const known = this.#calls[index];
    // Some servers count every call as their first; a new id is a new call all the same.
    if (known === undefined || (id !== null && id !== '' && name !== null && id !== known.id)) {
      index = this.#calls.length;
      const given = id === null || id === '' ? `call_${String(index)}` : id;
      this.#calls.push({ place, id: given });
      events.push({ kind: 'tool_call_started', index, id: given, name: name ?? '', signature });
    }
    const given = memberOf(call['function'], 'arguments');
    const text = typeof given === 'object' && given !== null ? JSON.stringify(given) : textOf(given);
    if (text !== null && text !== '') events.push({ kind: 'tool_call_arguments', index, text });
  }
}

/** A string; or parts, as Mistral sends them for models that think. */
function readContent(content: unknown, events: ChatEvent[]): void {
  const add = (kind: 'text' | 'thinking', text: string | null): void => {
    if (text !== null && text !== '') events.push({ kind, text });
  };
  if (typeof content === 'string') add('text', content);
  for (const part of objectsOf(content)) {
    add('text', textOf(part['text']));
    for (const piece of objectsOf(part['thinking'])) add('thinking', textOf(piece['text']));
  }
}
