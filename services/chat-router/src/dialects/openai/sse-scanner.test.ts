import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SseScanner, type SseEvent } from './sse-scanner.ts';

function scan(chunks: readonly Buffer[], eventBytesMax = 1_000_000): { events: SseEvent[]; rest: Buffer } {
  const scanner = new SseScanner(eventBytesMax, 'sim');
  const events = chunks.flatMap((chunk) => scanner.push(chunk));
  events.push(...scanner.end());
  return { events, rest: scanner.rest() };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

const lineEnding = fc.constantFrom('\n', '\r\n', '\r');
const line = fc.oneof(
  fc.constantFrom('data: {"a":1}', 'data:x', 'data: ', 'data', ': comment', 'event: error', 'id: 7', 'data: [DONE]'),
  fc.string({ unit: 'grapheme' }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
);
const stream = fc
  .array(fc.tuple(fc.array(line, { maxLength: 4 }), lineEnding), { maxLength: 8 })
  .map((events) => events.map(([lines, end]) => [...lines, ''].map((text) => text + end).join('')).join(''));

describe('the SSE scanner (B-19)', () => {
  it('finds the same events and the same bytes however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(fc.oneof(stream, fc.string()), fc.array(fc.nat(), { maxLength: 30 }), (text, places) => {
        const bytes = Buffer.from(text);
        const whole = scan([bytes]);
        const pieces = scan(cut(bytes, places));
        expect(pieces.events.map((event) => event.data)).toEqual(whole.events.map((event) => event.data));
        expect(pieces.events.map((event) => event.bytes.toString('hex'))).toEqual(
          whole.events.map((event) => event.bytes.toString('hex')),
        );
        expect(Buffer.concat([...pieces.events.map((event) => event.bytes), pieces.rest])).toEqual(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads what the standard says of line endings, comments, spaces and several data lines', () => {
    const { events } = scan([Buffer.from('data: a\n\ndata:b\r\n\r\n: hello\n\ndata: c\ndata:  d\revent: x\r\r')]);
    expect(events.map((event) => event.data)).toEqual(['a', 'b', null, 'c\n d']);
  });

  it('holds back an event whose end has not come', () => {
    const { events, rest } = scan([Buffer.from('data: a\n\ndata: {"cut')]);
    expect(events).toHaveLength(1);
    expect(rest.toString()).toBe('data: {"cut');
  });

  it.each([1, 1_000, 70_000])('refuses an event above the cap, in chunks of %i bytes', (size) => {
    const scanner = new SseScanner(10_000, 'sim');
    const push = () => {
      for (let sent = 0; sent < 80_000; sent += size) scanner.push(Buffer.alloc(size, 'a'));
    };
    expect(push).toThrow('sim sent one event of more than 10000 bytes');
  });

  it('copies nothing of an event that arrives whole', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n');
    for (const event of scan([chunk]).events) expect(event.bytes.buffer).toBe(chunk.buffer);
  });
});
