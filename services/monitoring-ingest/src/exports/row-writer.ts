import type { SampleRecord } from '../series/sample-row-store.ts';

/** Writes one export, a page of rows at a time; each call gives what has come together so far. */
export interface RowWriter {
  write: (rows: readonly SampleRecord[]) => string | Uint8Array;
  end: () => string | Uint8Array;
}
