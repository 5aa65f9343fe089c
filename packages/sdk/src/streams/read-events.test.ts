import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createEventReader, type ServerEvent } from './read-events.ts';

function readAll(pieces: readonly string[]): { events: ServerEvent[]; retries: number[] } {
  const read = createEventReader();
  const feeds = pieces.map((piece) => read(piece));
  return { events: feeds.flatMap(({ events }) => events), retries: feeds.flatMap(({ retryMs }) => retryMs ?? []) };
}

describe('server-sent events (CR-16)', () => {
  it('reads names, ids, data of several lines, comments and the wait before a new connection', () => {
    const text =
      '\uFEFF: hello\nretry: 2000\n\nid: 1\nevent: status\ndata: {"a":\ndata: 1}\n\ndata:no space\ndata\n\nid\ndata: x\n\ndata: cut';
    expect(readAll([text])).toEqual({
      events: [
        { id: '1', event: 'status', data: '{"a":\n1}' },
        { id: '1', event: 'message', data: 'no space\n' },
        { id: '', event: 'message', data: 'x' },
      ],
      retries: [2000],
    });
  });

  it('reads the same wherever the stream is cut, with any kind of line end', () => {
    const line = fc.constantFrom('data: a', 'data:b', 'id: 7', 'event: step', ': note', '', '', 'retry: 5', 'data: é☂');
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(200), { maxLength: 20 }),
        (lines, end, cuts) => {
          const text = lines.map((one) => one + end).join('');
          const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
          const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
          const plain = lines.map((one) => `${one}\n`).join('');
          expect(readAll(pieces).events).toEqual(readAll([plain]).events);
        },
      ),
    );
  });
});
