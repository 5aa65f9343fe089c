import type { AppError } from '@signalbox/errors';
import { isContent, type ChatEvent } from '../dialects/chat-event.ts';
import type { ChunkReader } from '../dialects/chunk-reading.ts';
import type { SseEvent } from '../dialects/openai/sse-scanner.ts';
import { invalidChunk, streamFailure } from '../dialects/stream-failure.ts';
import type { StreamReader } from '../dialects/stream-reader.ts';
import type { StreamWriter } from '../dialects/stream-writer.ts';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { StreamPart } from './provider.ts';

/** What some events of a provider's stream come to. */
export interface Digested {
  part: StreamPart;
  /** `end`: nothing follows. An error: the provider gave up after `part`. Null: it goes on. */
  ending: 'end' | AppError | null;
}

/** Makes what a client gets out of a provider's events. */
export interface Digest {
  take(events: readonly SseEvent[]): Digested;
  /** What the end of the connection comes to; null: the answer was not whole. */
  finish(): Digested | null;
  /** The bytes that say that the answer is whole; there are some once something has ended with `end`. */
  endBytes(): Buffer;
}

/** Bytes through: the events as they came, the one that ends the answer apart. */
export class PassingDigest implements Digest {
  readonly #read: ChunkReader;
  readonly #tellsUsage: boolean;
  readonly #sender: string;
  #end: Buffer = Buffer.alloc(0);

  constructor(read: ChunkReader, tellsUsage: boolean, sender: string) {
    this.#read = read;
    this.#tellsUsage = tellsUsage;
    this.#sender = sender;
  }

  take(events: readonly SseEvent[]): Digested {
    const kept: Buffer[] = [];
    let hasContent = false;
    let characters = 0;
    let usage: TokenUsage | null = null;
    let ending: Digested['ending'] = null;
    for (const { bytes, data } of events) {
      const reading = this.#read(data);
      if (reading.kind === 'invalid') ending = invalidChunk(this.#sender);
      else if (reading.kind === 'error') ending = streamFailure(this.#sender, reading.message, reading.type);
      else {
        usage = reading.usage ?? usage;
        if (reading.kind === 'done') {
          ending = 'end';
          this.#end = bytes;
        } else if (reading.kind === 'content') {
          hasContent = true;
          characters += reading.characters;
        }
      }
      if (ending !== null) break;
      if (reading.kind !== 'usage' || this.#tellsUsage) kept.push(bytes);
    }
    const [first, ...others] = kept;
    const bytes = others.length === 0 ? (first ?? Buffer.alloc(0)) : Buffer.concat(kept);
    return { part: { bytes, hasContent, usage, characters, isEnd: false }, ending };
  }

  finish(): null {
    return null;
  }

  endBytes(): Buffer {
    return this.#end;
  }
}

/** Translated: the provider's events read, and told in the client's dialect. */
export class TranslatingDigest implements Digest {
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;

  constructor(reader: StreamReader, writer: StreamWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  take(events: readonly SseEvent[]): Digested {
    const said: ChatEvent[] = [];
    for (const { data } of events) {
      said.push(...this.#reader.read(data));
      if (this.#reader.isEnd) break;
    }
    return this.#tell(said, this.#reader.isEnd ? 'end' : null);
  }

  finish(): Digested | null {
    return this.#reader.isWhole ? this.#tell(this.#reader.end(), 'end') : null;
  }

  endBytes(): Buffer {
    return this.#writer.end();
  }

  #tell(said: readonly ChatEvent[], ending: 'end' | null): Digested {
    const broken = said.findIndex(({ kind }) => kind === 'error');
    const events = broken === -1 ? said : said.slice(0, broken);
    let hasContent = false;
    let characters = 0;
    let usage: TokenUsage | null = null;
    for (const event of events) {
      hasContent ||= isContent(event);
      if (event.kind === 'usage') usage = event.usage;
      else if (event.kind === 'text' || event.kind === 'thinking' || event.kind === 'tool_call_arguments') {
        characters += event.text.length;
      }
    }
    const error = said[broken];
    return {
      part: { bytes: this.#writer.write(events), hasContent, usage, characters, isEnd: false },
      ending: error?.kind === 'error' ? error.error : ending,
    };
  }
}
