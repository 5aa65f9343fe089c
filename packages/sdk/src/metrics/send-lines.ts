import { SignalboxError } from '../signalbox-error.ts';
import type { BatchResult } from '../wire.ts';
import type { SampleLine } from './sample.ts';

/**
 * What became of one sample. `rejected`: it is not valid and never will be. `unsent`: nobody has said that it is stored, and
 * it may be sent again.
 */
export type LineOutcome =
  | { kind: 'stored' }
  | { kind: 'rejected'; message: string; fields: readonly { path: string; message: string }[] }
  | { kind: 'unsent'; error: SignalboxError };

/** How many samples one request holds, at most. It shrinks when the server finds a request too large. */
export interface ChunkSize {
  itemsMax: number;
}

export const batchItemsMax = 10_000;

/**
 * Sends samples, in their order, one request for each chunk. A chunk that is too large for the server goes in halves; after
 * one that cannot be sent nothing more is. Gives what became of each, by its index. Throws what is no `SignalboxError`.
 */
export async function sendLines(
  lines: readonly SampleLine[],
  size: ChunkSize,
  send: (body: string) => Promise<BatchResult>,
): Promise<LineOutcome[]> {
  const outcomes: LineOutcome[] = [];
  while (outcomes.length < lines.length) {
    const from = outcomes.length;
    const chunk = lines.slice(from, from + size.itemsMax);
    try {
      outcomes.push(...read(await send(bodyOf(chunk)), chunk.length));
    } catch (error) {
      if (!(error instanceof SignalboxError)) throw error;
      if (error.status !== 413) {
        outcomes.push(...lines.slice(from).map(() => ({ kind: 'unsent' as const, error })));
      } else if (chunk.length > 1) {
        size.itemsMax = Math.ceil(chunk.length / 2);
      } else {
        outcomes.push({ kind: 'rejected', message: error.message, fields: error.fields });
      }
    }
  }
  return outcomes;
}

function bodyOf(chunk: readonly SampleLine[]): string {
  return `{"items":[${chunk.map(({ json }) => json).join(',')}]}`;
}

/** The server names only what it did not store. */
function read({ results }: BatchResult, count: number): LineOutcome[] {
  const outcomes: LineOutcome[] = Array.from({ length: count }, () => ({ kind: 'stored' }));
  for (const { index, status, errors = [] } of results) {
    if (status !== 'rejected' || index < 0 || index >= count) continue;
    const message = errors.map((error) => `${error.path}: ${error.message}`).join(' ') || 'The sample is not valid.';
    outcomes[index] = { kind: 'rejected', message, fields: errors };
  }
  return outcomes;
}
