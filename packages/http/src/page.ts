import { createHash } from 'node:crypto';
import type { PageInfo } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';

/** What a list is sorted by, as far as a cursor carries it. A `Date` has milliseconds only: better sort by id. */
export type CursorValue = string | number | boolean | Date | null;
export type CursorValueType = 'string' | 'number' | 'boolean' | 'date';

export interface Cursor {
  direction: 'next' | 'prev';
  /** The sort key of the row that the page begins after (or ends before). */
  values: readonly CursorValue[];
}

/** What a store needs to know of a page. */
export interface PageStart {
  readonly limit: number;
  /** Fetch this many rows: one more than the page holds, which tells whether there is another page. */
  readonly fetch: number;
  /** Against the list's order: the store reverses its ORDER BY and its comparison, and gives the rows back in that order. */
  readonly backwards: boolean;
  /** The sort key to go on after; null at the beginning. */
  readonly after: readonly CursorValue[] | null;
}

export interface Page<Row> {
  data: Row[];
  page_info: PageInfo;
}

const version = 1;
const checksumBytes = 6;

/** Makes an opaque cursor for the list of that name (its operation id). */
export function encodeCursor(list: string, { direction, values }: Cursor): string {
  const payload = Buffer.from(
    JSON.stringify([
      version,
      direction === 'next' ? 'n' : 'p',
      ...values.map((value) => (value instanceof Date ? [value.getTime()] : value)),
    ]),
  );
  return Buffer.concat([checksumOf(list, payload), payload]).toString('base64url');
}

/**
 * Reads a cursor of that list, whose sort key has values of these types (each may be null). Throws `validation_failed`
 * naming `cursor` for one of another list, or of nobody's making.
 */
export function decodeCursor(list: string, text: string, types: readonly CursorValueType[]): Cursor {
  const bytes = Buffer.from(text, 'base64url');
  const payload = bytes.subarray(checksumBytes);
  if (bytes.toString('base64url') !== text || !bytes.subarray(0, checksumBytes).equals(checksumOf(list, payload)))
    throw foreign();
  // The checksum keeps mistakes out, not people: it is no secret, so every value is checked.
  const parsed = parsedOf(payload);
  if (!Array.isArray(parsed)) throw foreign();
  const [given, direction, ...raw] = parsed as unknown[];
  if (given !== version || (direction !== 'n' && direction !== 'p') || raw.length !== types.length) throw foreign();
  const values = types.map((type, index) => valueOf(raw[index], type));
  return { direction: direction === 'n' ? 'next' : 'prev', values };
}

/** Where a page begins, from the query of a list. */
export function pageStart(
  list: string,
  { limit, cursor: text }: { limit: number; cursor?: string | undefined },
  types: readonly CursorValueType[],
): PageStart {
  const cursor = text === undefined ? null : decodeCursor(list, text, types);
  return { limit, fetch: limit + 1, backwards: cursor?.direction === 'prev', after: cursor?.values ?? null };
}

/** Turns the rows that a store fetched for `start` into a page of what `present` makes of them. */
export function keysetPage<Row, Presented>({
  list,
  start,
  rows,
  keyOf,
  present,
}: {
  list: string;
  start: PageStart;
  rows: readonly Row[];
  keyOf: (row: Row) => readonly CursorValue[];
  present: (row: Row) => Presented;
}): Page<Presented> {
  const { limit, backwards, after } = start;
  const kept = rows.slice(0, limit);
  if (backwards) kept.reverse();
  const first = kept[0];
  const last = kept.at(-1);
  const more = rows.length > limit;
  // Whoever came with a cursor came from rows on the other side of it.
  const nextCursor =
    last !== undefined && (backwards ? true : more)
      ? encodeCursor(list, { direction: 'next', values: keyOf(last) })
      : null;
  const prevCursor =
    first !== undefined && (backwards ? more : after !== null)
      ? encodeCursor(list, { direction: 'prev', values: keyOf(first) })
      : null;
  return {
    data: kept.map(present),
    page_info: {
      limit,
      has_next: nextCursor !== null,
      has_prev: prevCursor !== null,
      next_cursor: nextCursor,
      prev_cursor: prevCursor,
    },
  };
}

/** The `Link` header (RFC 8288) of a page: first, prev, next, each with the filters of `target`, the path and query asked for. */
export function pageLinks(target: string, page: PageInfo): string {
  const mark = target.indexOf('?');
  const path = (mark === -1 ? target : target.slice(0, mark)).replace(/[<>"\s\\^`{|}]/g, encodeURIComponent);
  const filters = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1));
  const link = (relation: string, cursor: string | null): string => {
    filters.delete('cursor');
    if (cursor !== null) filters.set('cursor', cursor);
    const query = filters.toString();
    return `<${path}${query === '' ? '' : `?${query}`}>; rel="${relation}"`;
  };
  const links = [link('first', null)];
  if (page.prev_cursor !== null) links.push(link('prev', page.prev_cursor));
  if (page.next_cursor !== null) links.push(link('next', page.next_cursor));
  return links.join(', ');
}

function checksumOf(list: string, payload: Buffer): Buffer {
  return createHash('sha256').update(`${list}\n`).update(payload).digest().subarray(0, checksumBytes);
}

function parsedOf(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    throw foreign();
  }
}

function valueOf(raw: unknown, type: CursorValueType): CursorValue {
  if (raw === null) return null;
  switch (type) {
    case 'string':
      if (typeof raw === 'string' && raw.isWellFormed() && !raw.includes('\0')) return raw;
      break;
    case 'number':
      if (typeof raw === 'number' && Number.isFinite(raw)) return raw;
      break;
    case 'boolean':
      if (typeof raw === 'boolean') return raw;
      break;
    case 'date': {
      const date = new Date(Array.isArray(raw) && typeof raw[0] === 'number' ? raw[0] : Number.NaN);
      if (!Number.isNaN(date.getTime())) return date;
      break;
    }
  }
  throw foreign();
}

function foreign(): AppError {
  return new AppError('validation_failed', undefined, {
    fields: [{ path: 'cursor', message: 'Expected a cursor that this list gave.' }],
  });
}
