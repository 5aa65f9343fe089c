import type { ToolNote, ToolsUsed } from '@signalbox/contracts';
import type { ChatCommand } from '../asking/answer-chat.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import type { ChatEvent, FinishReason } from '../dialects/chat-event.ts';
import { event as sse } from '../dialects/openai/event.ts';
import { OpenAiStreamWriter } from '../dialects/openai/write-stream.ts';
import { bareId, type AnswerEnvelope } from '../dialects/stream-writer.ts';
import type { TokenUsage } from '../usage/token-usage.ts';

/** Well below what proxies take for a dead connection; a tool may take longer. */
const silenceMsMax = 10_000;
const heartbeat = Buffer.from(': working\n\n');

/**
 * Tells several turns of a model as one streamed completion, with one id. The calls of tools are left out; what stands in
 * their place are chunks without choices, as the one with the usage is, which official clients pass over.
 */
export class ToolStreamTeller implements Disposable {
  hasBegun = false;
  readonly #sink: AnswerSink;
  readonly #envelope: AnswerEnvelope;
  readonly #writer: OpenAiStreamWriter;
  readonly #heartbeat: NodeJS.Timeout;
  #model: string;
  #reason: FinishReason = 'stop';
  #stopSequence: string | null = null;
  #hasStarted = false;
  /** Earlier turns have said something, and this one has not. */
  #owesBreak = false;
  #hasSaid = false;
  #wasSilent = false;

  constructor(sink: AnswerSink, { requestId, body }: ChatCommand) {
    this.#sink = sink;
    this.#model = body.model;
    this.#envelope = { requestId, model: body.model, request: body, created: Math.floor(Date.now() / 1_000) };
    this.#writer = new OpenAiStreamWriter(this.#envelope);
    this.#heartbeat = setInterval(() => {
      if (this.#wasSilent && this.hasBegun) void this.#sink.write(heartbeat);
      this.#wasSilent = true;
    }, silenceMsMax / 2);
  }

  begin(headers: Readonly<Record<string, string>>): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.#sink.begin(headers);
  }

  beginTurn(): void {
    this.#owesBreak = this.#hasSaid;
  }

  /** Passes on what a model says; what it calls, spends and ends with is kept for the end. */
  async tell(events: readonly ChatEvent[]): Promise<void> {
    const told: ChatEvent[] = [];
    for (const event of events) {
      switch (event.kind) {
        case 'started':
          if (this.#hasStarted) break;
          this.#hasStarted = true;
          this.#model = event.model ?? this.#model;
          told.push(event);
          break;
        case 'text':
          if (this.#owesBreak) told.push({ kind: 'text', text: '\n\n' });
          this.#owesBreak = false;
          this.#hasSaid = true;
          told.push(event);
          break;
        case 'thinking':
        case 'thinking_signature':
        case 'opaque':
          told.push(event);
          break;
        case 'finished':
          this.#reason = event.reason;
          this.#stopSequence = event.stopSequence;
          break;
        case 'tool_call_started':
        case 'tool_call_arguments':
        case 'usage':
          break;
        case 'error':
          throw event.error;
      }
    }
    if (told.length > 0) await this.#write(this.#writer.write(told));
  }

  /** A chunk without choices that only a client of ours looks into. */
  note(note: ToolNote): Promise<void> {
    return this.#write(this.#noteChunk(note));
  }

  /** Passes on an event as it is. */
  relay(bytes: Buffer): Promise<void> {
    return this.#write(bytes);
  }

  async end(usage: TokenUsage, used: ToolsUsed): Promise<void> {
    const isKnown = usage.promptTokens !== null && usage.completionTokens !== null;
    const finish = this.#writer.write([
      { kind: 'finished', reason: this.#reason, stopSequence: this.#stopSequence },
      ...(isKnown ? [{ kind: 'usage' as const, usage }] : []),
    ]);
    await this.#write(Buffer.concat([finish, this.#noteChunk(used)]));
    this.#sink.end(this.#writer.end());
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
  }

  #noteChunk(note: ToolNote | ToolsUsed): Buffer {
    const { requestId, created } = this.#envelope;
    const id = `chatcmpl-${bareId(requestId)}`;
    const head = { id, object: 'chat.completion.chunk', created, model: this.#model };
    return sse({ ...head, choices: [], signalbox: note });
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#wasSilent = false;
    await this.#sink.write(bytes);
  }
}
