import type { BatchItemResult, BatchResult } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { delivery, type BatchKey, type Receipt, type Remembered, type Stored } from './delivery.ts';
import type { Intake } from './group-commit.ts';
import type { ReadSample } from './read-sample.ts';

export interface StoreBatch {
  tenantId: string;
  items: readonly ReadSample[];
  /** From the client's `Idempotency-Key`; null: it gave none. */
  batch: BatchKey | null;
  bytes: number;
  /** The results are those of the rejected items alone. */
  onlyRejected?: boolean;
}

type ItemErrors = NonNullable<BatchItemResult['errors']>;

/** What is kept of a batch's answer: enough to give it again. */
interface BatchMemory {
  items: number;
  duplicates: readonly number[];
  rejected: readonly { index: number; errors: ItemErrors }[];
}

/** Stores what can be stored of a batch, and says of each item what became of it. */
export async function storeBatch(
  { intake, errorsOf }: { intake: Pick<Intake, 'deliver'>; errorsOf: (item: Unreadable) => ItemErrors },
  { tenantId, items, batch, bytes, onlyRejected = false }: StoreBatch,
): Promise<BatchResult> {
  const rejected: { index: number; errors: ItemErrors }[] = [];
  const indexes: number[] = [];
  const samples = items.flatMap((item, index) => {
    if (item.kind !== 'sample') {
      rejected.push({ index, errors: errorsOf(item) });
      return [];
    }
    indexes.push(index);
    return [item.row];
  });
  const memoryOf = ({ duplicates, refused }: Stored): BatchMemory => ({
    items: items.length,
    duplicates: duplicates.map((at) => indexes[at] ?? at),
    rejected: [
      ...rejected,
      ...refused.samples.map((at) => ({ index: indexes[at] ?? at, errors: [{ path: '', message: notStorable }] })),
    ].sort((one, other) => one.index - other.index),
  });
  const receipt = await intake.deliver(
    delivery(tenantId, { samples, batch, bytes, remember: (stored): Remembered => ({ ...memoryOf(stored) }) }),
  );
  return answerOf(memoryIn(receipt, memoryOf), onlyRejected);
}

export type Unreadable = Exclude<ReadSample, { kind: 'sample' }>;

const notStorable = 'Expected a sample that can be stored.';

function memoryIn(receipt: Receipt, memoryOf: (stored: Stored) => BatchMemory): BatchMemory {
  switch (receipt.kind) {
    case 'stored':
      return memoryOf(receipt);
    case 'repeated':
      // What this function had remembered.
      return receipt.remembered as Remembered & BatchMemory;
    case 'other_body':
      throw new AppError('unprocessable', 'This Idempotency-Key was used for another body.');
  }
}

function answerOf({ items, duplicates, rejected }: BatchMemory, onlyRejected: boolean): BatchResult {
  const refusals = rejected.map(({ index, errors }): BatchItemResult => ({ index, status: 'rejected', errors }));
  return {
    accepted: items - rejected.length,
    duplicates: duplicates.length,
    rejected: rejected.length,
    results: onlyRejected ? refusals : resultsOf(items, duplicates, refusals),
  };
}

function resultsOf(
  items: number,
  duplicates: readonly number[],
  refusals: readonly BatchItemResult[],
): BatchItemResult[] {
  const results = Array.from({ length: items }, (_, index): BatchItemResult => ({ index, status: 'stored' }));
  for (const index of duplicates) results[index] = { index, status: 'duplicate' };
  for (const refusal of refusals) results[refusal.index] = refusal;
  return results;
}
