import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import fc from 'fast-check';
import {
  decodeCursor,
  encodeCursor,
  keysetPage,
  pageLinks,
  pageStart,
  type Cursor,
  type CursorValueType,
} from './page.ts';

function refused(list: string, text: string, types: CursorValueType[]): boolean {
  try {
    decodeCursor(list, text, types);
    return false;
  } catch (error) {
    return error instanceof AppError && error.code === 'validation_failed' && error.fields[0]?.path === 'cursor';
  }
}

describe('LA-13: cursors', () => {
  it('carry every kind of value, whole', () => {
    const cursor: Cursor = { direction: 'prev', values: ['ä"\n', -1.5, true, new Date(1_700_000_000_123), null] };
    const types: CursorValueType[] = ['string', 'number', 'boolean', 'date', 'string'];
    expect(decodeCursor('list', encodeCursor('list', cursor), types)).toEqual(cursor);
  });

  it('are refused when they come from another list, have other types, or were changed anywhere', () => {
    const text = encodeCursor('listKeys', { direction: 'next', values: ['key_1', 7] });
    expect(refused('listKeys', text, ['string', 'number'])).toBe(false);
    expect(refused('listUsers', text, ['string', 'number'])).toBe(true);
    expect(refused('listKeys', text, ['string'])).toBe(true);
    expect(refused('listKeys', text, ['number', 'number'])).toBe(true);
    for (let index = 0; index < text.length; index += 1) {
      const changed = text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1);
      expect(refused('listKeys', changed, ['string', 'number'])).toBe(true);
    }
  });

  it('are refused as gibberish, whatever it is', () => {
    fc.assert(fc.property(fc.string({ maxLength: 600 }), (text) => refused('list', text, ['string'])));
    for (const text of ['', '0', "' OR 1=1 --", '../../etc/passwd', '\0', 'e30', '%00'])
      expect(refused('list', text, ['string'])).toBe(true);
  });

  it('cannot smuggle what a text column refuses, though the checksum is no secret', () => {
    for (const value of ['a\0b', '\ud800'])
      expect(refused('list', encodeCursor('list', { direction: 'next', values: [value] }), ['string'])).toBe(true);
    expect(refused('list', encodeCursor('list', { direction: 'next', values: [new Date(Number.NaN)] }), ['date'])).toBe(
      true,
    );
  });
});

describe('LA-13: keyset pages', () => {
  interface Row {
    id: number;
  }
  function fetchPage(rows: readonly Row[], query: { limit: number; cursor?: string }) {
    const start = pageStart('rows', query, ['number']);
    const after = start.after?.[0];
    const ordered = [...rows].sort((left, right) => (start.backwards ? right.id - left.id : left.id - right.id));
    const found = ordered
      .filter(({ id }) => typeof after !== 'number' || (start.backwards ? id < after : id > after))
      .slice(0, start.fetch);
    return keysetPage({ list: 'rows', start, rows: found, keyOf: (row) => [row.id], present: (row) => row.id });
  }

  it('walked forwards and back again see every row once, whatever the number of rows and the limit', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { maxLength: 60 }), fc.integer({ min: 1, max: 25 }), (ids, limit) => {
        const rows = ids.map((id) => ({ id }));
        const sorted = [...ids].sort((left, right) => left - right);
        const forwards: number[] = [];
        let page = fetchPage(rows, { limit });
        expect(page.page_info.has_prev).toBe(false);
        for (;;) {
          forwards.push(...page.data);
          if (page.page_info.next_cursor === null) break;
          page = fetchPage(rows, { limit, cursor: page.page_info.next_cursor });
        }
        expect(forwards).toEqual(sorted);
        const backwards: number[] = [...page.data];
        while (page.page_info.prev_cursor !== null) {
          page = fetchPage(rows, { limit, cursor: page.page_info.prev_cursor });
          backwards.unshift(...page.data);
        }
        expect(backwards).toEqual(sorted);
      }),
    );
  });

  it('walked while rows are added see every old row exactly once', () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({ id: index * 10 }));
    const seen: number[] = [];
    let cursor: string | undefined;
    for (;;) {
      const page = fetchPage(rows, { limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.data);
      rows.push({ id: rows.length * 7 + 1 }, { id: -rows.length });
      if (page.page_info.next_cursor === null) break;
      cursor = page.page_info.next_cursor;
    }
    const old = seen.filter((id) => id % 10 === 0 && id >= 0);
    expect(old.filter((id) => Number.isInteger(id / 10) && id < 500)).toEqual(
      Array.from({ length: 50 }, (_, index) => index * 10),
    );
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('LA-13: Link', () => {
  const page = { limit: 5, has_next: true, has_prev: true, next_cursor: 'N', prev_cursor: 'P' };

  it('keeps the filters and replaces the cursor', () => {
    expect(pageLinks('/api/v1/notes?limit=5&word=a%26b&cursor=OLD', page)).toBe(
      '</api/v1/notes?limit=5&word=a%26b>; rel="first", </api/v1/notes?limit=5&word=a%26b&cursor=P>; rel="prev", </api/v1/notes?limit=5&word=a%26b&cursor=N>; rel="next"',
    );
  });

  it('names no page that is not there', () => {
    expect(pageLinks('/notes', { ...page, next_cursor: null, prev_cursor: null })).toBe('</notes>; rel="first"');
  });

  it('lets nobody break out of the angle brackets', () => {
    expect(pageLinks('/notes/>;rel="next"<?q=%3E>', { ...page, next_cursor: null, prev_cursor: null })).toBe(
      '</notes/%3E;rel=%22next%22%3C?q=%3E%3E>; rel="first"',
    );
  });
});
