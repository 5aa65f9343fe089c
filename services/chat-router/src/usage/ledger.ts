import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UsageRecord } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { outgoingTraceparent } from '@signalbox/telemetry';
import type { TracedRecord } from './usage-store.ts';

/** What was spent, as rows that are committed before a caller hears that its answer is whole. */
export interface Ledger extends AsyncDisposable {
  /** Throws `unavailable` while nothing can be recorded. To be asked before anything is spent. */
  assertOpen(): void;
  /**
   * Resolves when the record is committed; rejects with `unavailable` when that takes longer than `commitMsMax`. The
   * record is kept even then, and written when Postgres is back.
   */
  record(record: UsageRecord): Promise<void>;
}

export interface LedgerEvents {
  /** One statement has committed this many records, which cost so much by provider. */
  committed(event: { records: number; durationMs: number; usd: ReadonlyMap<string, number> }): void;
  /** Postgres has stopped or begun again to take records. */
  opened(event: { open: boolean; error?: unknown }): void;
  /** This record will never stand in the ledger; the log is the only place that has it. */
  lost(event: { record: UsageRecord; error: unknown }): void;
}

export interface LedgerOptions {
  /** Writes records in one statement; the same ones again without effect. */
  write: (records: readonly TracedRecord[]) => Promise<void>;
  ping: (signal: AbortSignal) => Promise<void>;
  /** Called after every commit. */
  nudge: () => void;
  events: LedgerEvents;
  commitMsMax?: number;
  pingEveryMs?: number;
}

interface Entry extends TracedRecord {
  /** The context of the request that the record comes from, in which its trace goes on. */
  context: AsyncResource;
  resolve: () => void;
  reject: (error: AppError) => void;
}

const recordsPerStatementMax = 500;
/** Records that wait for a database that is away; above it nothing more is spent. */
const pendingMax = 10_000;
const retryMs = { first: 50, max: 1_000 };
const closingMsMax = 5_000;

/**
 * Group commit: a record waits only for the statement that is running, then all that are waiting go together in the next.
 * One request alone costs one statement; a thousand at once cost few.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { write, ping, nudge, events, commitMsMax = 3_000, pingEveryMs = 1_000 } = options;
  const pending: Entry[] = [];
  const closing = new AbortController();
  let writing: Promise<void> | null = null;
  let isOpen = true;
  let lastCommitMs = -Infinity;

  function setOpen(open: boolean, error?: unknown): void {
    if (open === isOpen) return;
    isOpen = open;
    events.opened(error === undefined ? { open } : { open, error });
  }

  /** One statement; on a passing failure the same again, until it is committed or the ledger closes. */
  async function commit(batch: readonly Entry[]): Promise<void> {
    for (let waitMs = retryMs.first; ; waitMs = Math.min(2 * waitMs, retryMs.max)) {
      try {
        const from = performance.now();
        await write(batch);
        lastCommitMs = performance.now();
        setOpen(true);
        events.committed({ records: batch.length, durationMs: lastCommitMs - from, usd: usdByProvider(batch) });
        nudge();
        return;
      } catch (error) {
        if (!isPassing(error) || closing.signal.aborted) throw error;
        if (waitMs > retryMs.first) setOpen(false, error);
        await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function settle(batch: readonly Entry[]): Promise<void> {
    try {
      await batch[0]?.context.runInAsyncScope(commit, undefined, batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length > 1 && !isPassing(error)) {
        // One record that the database refuses must not take the others with it.
        for (const entry of batch) await settle([entry]);
        return;
      }
      for (const { record, reject } of batch) {
        events.lost({ record, error });
        reject(notRecorded(error));
      }
    }
  }

  async function writeAll(): Promise<void> {
    while (pending.length > 0) await settle(pending.splice(0, recordsPerStatementMax));
    writing = null;
  }

  /** Learns that Postgres is away, or back, without spending anybody's tokens on it. */
  async function watch(): Promise<void> {
    for (;;) {
      try {
        await sleep(pingEveryMs, undefined, { signal: closing.signal, ref: false });
      } catch {
        return;
      }
      if (performance.now() - lastCommitMs < pingEveryMs) continue;
      await ping(AbortSignal.timeout(pingEveryMs)).then(
        () => {
          if (writing === null) setOpen(true);
        },
        (error: unknown) => {
          setOpen(false, error);
        },
      );
    }
  }

  const watching = watch();

  return {
    assertOpen() {
      if (!isOpen || pending.length >= pendingMax || closing.signal.aborted) throw notRecorded();
    },
    record(record) {
      if (closing.signal.aborted || pending.length >= pendingMax) {
        const error = notRecorded();
        events.lost({ record, error });
        return Promise.reject(error);
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(notRecorded());
        }, commitMsMax);
        pending.push({
          record,
          traceparent: outgoingTraceparent(),
          context: new AsyncResource('UsageRecord'),
          resolve: () => {
            clearTimeout(timer);
            resolve();
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        });
        writing ??= writeAll();
      });
    },
    async [Symbol.asyncDispose]() {
      const giveUp = setTimeout(() => {
        closing.abort();
      }, closingMsMax);
      await writing;
      clearTimeout(giveUp);
      closing.abort();
      await watching;
    },
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'unavailable' || error.code === 'timeout');
}

function notRecorded(cause?: unknown): AppError {
  return new AppError('unavailable', 'What is spent cannot be recorded at the moment.', { cause, retryAfterMs: 2_000 });
}

/** What is without a price adds nothing. */
function usdByProvider(batch: readonly Entry[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { record } of batch) {
    if (record.cost_usd === null) continue;
    sums.set(record.provider, (sums.get(record.provider) ?? 0) + Number(record.cost_usd));
  }
  return sums;
}
