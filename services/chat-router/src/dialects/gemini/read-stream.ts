import { AppError } from '@signalbox/errors';
import { toTokenCount, type TokenUsage } from '../../usage/token-usage.ts';
import { AnswerCollector, type ChatAnswer } from '../chat-answer.ts';
import type { ChatEvent, FinishReason } from '../chat-event.ts';
import { isObject, memberOf, objectsOf, parseObject, textOf, type JsonObject } from '../json.ts';
import { readSignature } from '../signature.ts';
import { invalidChunk, streamFailure } from '../stream-failure.ts';
import type { StreamReader } from '../stream-reader.ts';

/** Reads the pieces of a streamed `generateContent`; a document is a stream of one piece. */
export class GeminiStreamReader implements StreamReader {
  readonly isEnd = false;
  readonly #sender: string;
  readonly #callPrefix: string;
  #hasStarted = false;
  #toolCalls = 0;
  #finish: string | null = null;

  /** Gemini gives its calls no ids; they get some that begin with `callPrefix`, which is unique to the request. */
  constructor(sender: string, callPrefix: string) {
    this.#sender = sender;
    this.#callPrefix = callPrefix;
  }

  get isWhole(): boolean {
    return this.#finish !== null;
  }

  read(data: string | null): readonly ChatEvent[] {
    if (data === null || data.trim() === '') return [];
    const piece = parseObject(data);
    return piece === null ? [{ kind: 'error', error: invalidChunk(this.#sender) }] : this.readPiece(piece);
  }

  readPiece(piece: JsonObject): ChatEvent[] {
    const { error } = piece;
    if (isObject(error)) {
      const [message, status] = [textOf(error['message']), textOf(error['status'])];
      const type =
        status === 'RESOURCE_EXHAUSTED' ? 'rate_limit_error' : status === 'UNAVAILABLE' ? 'overloaded_error' : status;
      return [{ kind: 'error', error: streamFailure(this.#sender, message, type) }];
    }
    const events: ChatEvent[] = [];
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      events.push({ kind: 'started', id: textOf(piece['responseId']), model: textOf(piece['modelVersion']) });
    }
    const candidate = objectsOf(piece['candidates'])[0];
    for (const part of objectsOf(memberOf(candidate?.['content'], 'parts'))) this.#readPart(part, events);
    this.#finish = textOf(candidate?.['finishReason']) ?? this.#finish;
    if (textOf(memberOf(piece['promptFeedback'], 'blockReason')) !== null) this.#finish = 'PROHIBITED_CONTENT';
    const usage = readUsage(piece['usageMetadata']);
    if (usage !== null) events.push({ kind: 'usage', usage });
    return events;
  }

  end(): readonly ChatEvent[] {
    if (this.#finish === null) return [];
    if (this.#finish === 'MALFORMED_FUNCTION_CALL' || this.#finish === 'UNEXPECTED_TOOL_CALL') {
      const error = new AppError('provider_failed', `${this.#sender} made a tool call that cannot be read.`, {
        details: { provider: this.#sender },
      });
      return [{ kind: 'error', error }];
    }
    return [{ kind: 'finished', reason: readFinish(this.#finish, this.#toolCalls > 0), stopSequence: null }];
  }

  #readPart(part: Record<string, unknown>, events: ChatEvent[]): void {
    const seal = textOf(part['thoughtSignature']);
    const signature = seal === null || seal === '' ? null : readSignature(seal, 'gemini');
    const call = part['functionCall'];
    const text = textOf(part['text']);
    if (isObject(call)) {
      const index = this.#toolCalls;
      this.#toolCalls += 1;
      const id = textOf(call['id']) ?? `call_${this.#callPrefix}_${String(index)}`;
      events.push({ kind: 'tool_call_started', index, id, name: textOf(call['name']) ?? '', signature });
      events.push({ kind: 'tool_call_arguments', index, text: JSON.stringify(call['args'] ?? {}) });
      return;
    }
    if (signature !== null) events.push({ kind: 'thinking_signature', signature });
    if (text === null) events.push({ kind: 'opaque', dialect: 'gemini', value: part });
    else if (text !== '') events.push({ kind: part['thought'] === true ? 'thinking' : 'text', text });
  }
}

/** A `generateContent` answer as what it says. Throws what it says went wrong. */
export function readAnswer(document: JsonObject, sender: string, callPrefix: string): ChatAnswer {
  const reader = new GeminiStreamReader(sender, callPrefix);
  const collector = new AnswerCollector();
  for (const event of [...reader.readPiece(document), ...reader.end()]) collector.add(event);
  return collector.answer();
}

function readFinish(reason: string, hasCalls: boolean): FinishReason {
  switch (reason) {
    case 'MAX_TOKENS':
      return 'length';
    case 'SAFETY':
    case 'RECITATION':
    case 'LANGUAGE':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
      return 'content_filter';
    default:
      return hasCalls ? 'tool_calls' : 'stop';
  }
}

/** Gemini counts thoughts beside the candidates, and what its tools brought beside the prompt; here they are parts of them. */
export function readUsage(usage: unknown): TokenUsage | null {
  if (!isObject(usage)) return null;
  const [prompt, tools] = [toTokenCount(usage['promptTokenCount']), toTokenCount(usage['toolUsePromptTokenCount'])];
  const [said, thought] = [toTokenCount(usage['candidatesTokenCount']), toTokenCount(usage['thoughtsTokenCount'])];
  return {
    promptTokens: prompt === null ? null : toTokenCount(prompt + (tools ?? 0)),
    completionTokens: said === null && thought === null ? null : toTokenCount((said ?? 0) + (thought ?? 0)),
    cachedTokens: toTokenCount(usage['cachedContentTokenCount']),
    cacheWriteTokens: null,
    reasoningTokens: thought,
  };
}
