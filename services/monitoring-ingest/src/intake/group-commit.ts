import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import { fromDatabaseError, type Database } from '@signalbox/postgres';
import { modelsOf, rowsOf, type Delivery, type Receipt } from './delivery.ts';
import { isDataError, KeyTaken, writeDeliveries } from './intake-store.ts';

/** Where measurements are handed in. */
export interface Intake extends AsyncDisposable {
  /**
   * Resolves when all of it is committed. Rejects with `unavailable` where it was not, or where nobody can tell: then it
   * may be handed in again, for a repeat changes nothing.
   */
  deliver(delivery: Delivery): Promise<Receipt>;
  /** Throws `unavailable` while there is no room for so many bytes more. */
  assertRoom(bytes: number): void;
}

export interface IntakeEvents {
  committed(event: { deliveries: number; rows: number; durationMs: number }): void;
  /** A flush failed; whoever handed it in was told so. */
  failed(event: { deliveries: number; error: unknown }): void;
  waiting(event: { rows: number; bytes: number }): void;
  /** Somebody was told to come again later. */
  refused(): void;
}

export interface IntakeOptions {
  /** A pool of the intake's own: whoever reads cannot starve it. */
  pool: Database<unknown>['pool'];
  events: IntakeEvents;
  /** What may wait at most. */
  rowsMax: number;
  bytesMax: number;
  ageMsMax?: number;
  writers?: number;
}

interface Entry {
  delivery: Delivery;
  since: number;
  resolve: (receipt: Receipt) => void;
  reject: (error: unknown) => void;
}

const rowsPerFlushMax = 10_000;
/** While others write, so many rows are collected, or for so long, before one more commit is spent on them. */
const worthACommit = 512;
const lingerMs = 5;
const keyTriesMax = 5;
const closingMsMax = 10_000;
const knownMsMax = 60_000;
const knownMax = 50_000;

/**
 * Group commit: what comes in while a flush is running goes together in the next one. One request alone waits for nobody; a
 * thousand at once cost few commits.
 */
export function openIntake(options: IntakeOptions): Intake {
  const { pool, events, rowsMax, bytesMax, ageMsMax = 5_000, writers = 2 } = options;
  const pending: Entry[] = [];
  const keysAtWork = new Set<string>();
  const known = new Map<string, number>();
  const flushes = new Set<Promise<void>>();
  let rows = 0;
  let bytes = 0;
  let pendingRows = 0;
  let lingering: NodeJS.Timeout | null = null;
  let closing = false;

  function isKnownModel(tenantId: string, modelId: string): boolean {
    const seenAt = known.get(`${tenantId}\0${modelId}`);
    return seenAt !== undefined && performance.now() - seenAt < knownMsMax;
  }

  /** A model that is taken out of the registry comes back with its next sample, as soon as this is forgotten. */
  function rememberModels(entries: readonly Entry[]): void {
    if (known.size > knownMax) known.clear();
    const nowMs = performance.now();
    for (const { delivery } of entries) {
      for (const modelId of modelsOf(delivery).keys()) {
        if (!isKnownModel(delivery.tenantId, modelId)) known.set(`${delivery.tenantId}\0${modelId}`, nowMs);
      }
    }
  }

  function assertRoom(more: number): void {
    const oldest = pending[0];
    const isOld = oldest !== undefined && performance.now() - oldest.since > ageMsMax;
    if (!closing && !isOld && rows < rowsMax && bytes + more <= bytesMax) return;
    events.refused();
    throw new AppError('unavailable', 'More comes in than can be stored. Come again later.', {
      // Not all at once.
      retryAfterMs: 1_000 + Math.random() * 2_000,
    });
  }

  function pump(): void {
    if (lingering !== null) {
      clearTimeout(lingering);
      lingering = null;
    }
    while (pending.length > 0 && flushes.size < writers) {
      if (flushes.size > 0 && pendingRows < worthACommit && !closing) {
        lingering = setTimeout(flushNext, lingerMs);
        return;
      }
      if (!flushNext()) return;
    }
  }

  function flushNext(): boolean {
    lingering = null;
    const entries = takeEntries();
    if (entries.length === 0) return false;
    const flush = run(entries).finally(() => {
      flushes.delete(flush);
      for (const { delivery } of entries) {
        rows -= rowsOf(delivery);
        bytes -= delivery.bytes;
        if (delivery.batch !== null) keysAtWork.delete(keyOf(delivery));
      }
      events.waiting({ rows, bytes });
      pump();
    });
    flushes.add(flush);
    return true;
  }

  /** The next entries in order; one whose key is being written waits for how that comes out. */
  function takeEntries(): Entry[] {
    const taken: Entry[] = [];
    const left: Entry[] = [];
    let count = 0;
    for (const entry of pending) {
      const { delivery } = entry;
      const size = rowsOf(delivery);
      const waits = delivery.batch !== null && keysAtWork.has(keyOf(delivery));
      if (waits || (count > 0 && count + size > rowsPerFlushMax)) {
        left.push(entry);
        continue;
      }
      if (delivery.batch !== null) keysAtWork.add(keyOf(delivery));
      taken.push(entry);
      count += size;
      pendingRows -= size;
    }
    pending.splice(0, pending.length, ...left);
    return taken;
  }

  async function run(entries: readonly Entry[]): Promise<void> {
    const from = performance.now();
    try {
      const receipts = await write(entries.map(({ delivery }) => delivery));
      rememberModels(entries);
      const stored = entries.reduce((sum, { delivery }) => sum + rowsOf(delivery), 0);
      events.committed({ deliveries: entries.length, rows: stored, durationMs: performance.now() - from });
      entries.forEach(({ resolve, reject }, at) => {
        const receipt = receipts[at];
        if (receipt === undefined) reject(new TypeError('a delivery without a receipt'));
        else resolve(receipt);
      });
    } catch (error) {
      events.failed({ deliveries: entries.length, error });
      const told = notStored(error);
      for (const { reject } of entries) reject(told);
    }
  }

  async function write(deliveries: readonly Delivery[]): Promise<Receipt[]> {
    for (let tries = 1, tolerant = false; ; tries += 1) {
      try {
        return await writeDeliveries(pool, deliveries, { tolerant, isKnownModel, dayOf, nowMs: Date.now() });
      } catch (error) {
        const again = error instanceof KeyTaken || (isDataError(error) && !tolerant);
        if (!again || tries === keyTriesMax) throw error;
        tolerant ||= isDataError(error);
      }
    }
  }

  return {
    assertRoom,
    async deliver(delivery) {
      assertRoom(delivery.bytes);
      return new Promise((resolve, reject) => {
        const size = rowsOf(delivery);
        pending.push({ delivery, since: performance.now(), resolve, reject });
        rows += size;
        bytes += delivery.bytes;
        pendingRows += size;
        if (lingering === null || pendingRows >= worthACommit) pump();
      });
    },
    async [Symbol.asyncDispose]() {
      closing = true;
      pump();
      const from = performance.now();
      while ((flushes.size > 0 || pending.length > 0) && performance.now() - from < closingMsMax) {
        await Promise.race([Promise.all(flushes), sleep(closingMsMax, undefined, { ref: false })]);
        pump();
      }
      for (const { reject } of pending.splice(0)) reject(notStored());
    },
  };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function keyOf({ tenantId, batch }: Delivery): string {
  return `${tenantId}\0${batch?.key ?? ''}`;
}

/** What went wrong in the database is no reason to give up: 503, also for what took too long. */
function notStored(thrown?: unknown): unknown {
  const error = fromDatabaseError(thrown);
  if (thrown !== undefined && !(error instanceof AppError)) return error;
  return new AppError('unavailable', 'It could not be stored at the moment. Send it again.', {
    cause: thrown,
    retryAfterMs: 1_000 + Math.random() * 1_000,
  });
}
