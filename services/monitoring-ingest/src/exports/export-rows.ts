import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { SampleFilter } from '../series/sample-filter.ts';
import { nextSampleRows, type RowPlace, type SampleRecord } from '../series/sample-row-store.ts';
import type { Span } from '../series/step.ts';

/** So many rows are in memory at once. */
const pageRows = 1_000;
const firstSliceMs = 60_000;
const sliceMsMax = 86_400_000;

/**
 * All samples of a span, oldest first, a page at a time. Between two pages nothing is held: no connection, no transaction, so
 * that a slow reader costs nobody anything. It walks over slices of time that hold about a page each, so that a page costs
 * the same at the beginning and at the end.
 */
export async function* exportRows(
  db: Kysely<Schema>,
  filter: SampleFilter,
  { from, to }: Span,
): AsyncGenerator<readonly SampleRecord[]> {
  let begin = from;
  let after: RowPlace | null = null;
  let sliceMs = firstSliceMs;
  while (begin < to) {
    const end = Math.min(to, begin + sliceMs);
    const rows: SampleRecord[] = await nextSampleRows(db, {
      filter,
      from: new Date(begin),
      to: new Date(end),
      after,
      limit: pageRows,
    });
    const last = rows.at(-1);
    if (last !== undefined) yield rows;
    if (rows.length === pageRows && last !== undefined) {
      // There is more in this slice: go on behind it, and look less far.
      after = { time: last.time, seq: last.seq };
      begin = last.time.getTime();
      sliceMs = Math.max(1, Math.floor(sliceMs / 2));
    } else {
      after = null;
      begin = end;
      if (rows.length < pageRows / 4) sliceMs = Math.min(sliceMsMax, sliceMs * 2);
    }
  }
}
