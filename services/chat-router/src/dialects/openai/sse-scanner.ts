import { AppError } from '@signalbox/errors';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** One whole event of a server-sent stream: its bytes as they came, blank line included, and what its `data` lines say. */
export interface SseEvent {
  bytes: Buffer;
  /** The `data` lines, joined as the standard says; null for an event without one (a comment, a lone blank line). */
  data: string | null;
}

/**
 * Cuts a byte stream into server-sent events without copying what arrives whole: however the bytes are split into
 * chunks, the same events come out, and their bytes put together are the bytes that went in. All three line endings of
 * the standard are understood. An event of more than `eventBytesMax` bytes is refused with `provider_failed`.
 */
export class SseScanner {
  readonly #eventBytesMax: number;
  readonly #sender: string;
  /** The beginning of an event whose end has not come yet: the first `#heldBytes` bytes of a buffer that grows by doubling. */
  #held = Buffer.alloc(0);
  #heldBytes = 0;
  /** True while the line that is being read has no bytes; a line that ends so is the blank one that ends an event. */
  #lineIsBlank = true;
  /** The last byte was a carriage return, which may be a whole line ending or the first half of one. */
  #awaitsLineFeed = false;

  constructor(eventBytesMax: number, sender: string) {
    this.#eventBytesMax = eventBytesMax;
    this.#sender = sender;
  }

  /** The events that this chunk completes. */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = [];
    let eventStart = 0;
    let position = 0;
    let nextLineFeed = -1;
    let nextCarriageReturn = -1;

    while (position < chunk.length) {
      if (this.#awaitsLineFeed) {
        if (chunk[position] === lineFeed) position += 1;
        this.#awaitsLineFeed = false;
        if (this.#endLine()) {
          events.push(this.#take(chunk.subarray(eventStart, position)));
          eventStart = position;
        }
        continue;
      }
      if (nextLineFeed < position) nextLineFeed = find(chunk, lineFeed, position);
      if (nextCarriageReturn < position) nextCarriageReturn = find(chunk, carriageReturn, position);
      const lineEnd = Math.min(nextLineFeed, nextCarriageReturn);
      if (lineEnd > position) this.#lineIsBlank = false;
      if (lineEnd === chunk.length) break;
      position = lineEnd + 1;
      if (lineEnd === nextCarriageReturn) {
        this.#awaitsLineFeed = true;
      } else if (this.#endLine()) {
        events.push(this.#take(chunk.subarray(eventStart, position)));
        eventStart = position;
      }
    }

    this.#hold(chunk.subarray(eventStart));
    return events;
  }

  /** What the end of the stream completes: an event whose blank line ended in a bare carriage return. */
  end(): SseEvent[] {
    if (!this.#awaitsLineFeed) return [];
    this.#awaitsLineFeed = false;
    return this.#endLine() ? [this.#take(Buffer.alloc(0))] : [];
  }

  /** The bytes that were read and belong to no whole event yet. */
  rest(): Buffer {
    return Buffer.from(this.#held.subarray(0, this.#heldBytes));
  }

  /** True when the line that just ended was the blank one that ends an event. */
  #endLine(): boolean {
    const blank = this.#lineIsBlank;
    this.#lineIsBlank = true;
    return blank;
  }

  #take(last: Buffer): SseEvent {
    this.#refuseAboveCap(this.#heldBytes + last.length);
    const bytes = this.#heldBytes === 0 ? last : Buffer.concat([this.#held.subarray(0, this.#heldBytes), last]);
    this.#heldBytes = 0;
    return { bytes, data: dataOf(bytes) };
  }

  #hold(bytes: Buffer): void {
    const needed = this.#heldBytes + bytes.length;
    this.#refuseAboveCap(needed);
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#held.length));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = needed;
  }

  #refuseAboveCap(bytes: number): void {
    if (bytes > this.#eventBytesMax) {
      throw new AppError(
        'provider_failed',
        `${this.#sender} sent one event of more than ${String(this.#eventBytesMax)} bytes.`,
      );
    }
  }
}

function find(chunk: Buffer, byte: number, from: number): number {
  const index = chunk.indexOf(byte, from);
  return index === -1 ? chunk.length : index;
}

function dataOf(event: Buffer): string | null {
  const text = event.toString();
  // Nearly every event of nearly every provider is one data line.
  if (text.startsWith('data:') && text.endsWith('\n\n') && text.indexOf('\n') === text.length - 2) {
    if (!text.includes('\r')) return text.slice(text.startsWith(' ', 5) ? 6 : 5, -2);
  }
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line === 'data' || line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''));
  return lines.length === 0 ? null : lines.join('\n');
}
