import type { Logger, Metrics } from '@signalbox/telemetry';
import type { QueryExecutorProvider } from 'kysely';
import type { OutboxRow } from './outbox.ts';
import { backlog, claim, expedite, pruneInbox, release, settle } from './outbox-store.ts';

export interface OutboxRelayOptions {
  database: { readonly db: QueryExecutorProvider };
  /** Puts rows into the queue; a row that is there already must stay one. Rejects when it could not. */
  publish: (rows: readonly OutboxRow[]) => Promise<void>;
  /** The ids whose jobs were settled since the last call, and whether the queue has lost its memory since then. */
  takeSettled: () => Promise<{ ids: readonly string[]; forgot: boolean }>;
  /** How long a published row may go unsettled before it is published again, the first time; default 30 s. */
  leaseMs?: number;
  logger: Logger;
  metrics: Metrics;
}

export interface OutboxRelay extends AsyncDisposable {
  /** Says that rows were committed. Costs nothing: nudges within 20 ms are one round. */
  nudge(): void;
}

const batchRowsMax = 500;
const nudgeMs = 20;
const idleMs = 1_000;
const backoffMsMax = 5_000;
const measureEveryMs = 5_000;
const pruneEveryMs = 3_600_000;
const inboxDays = 7;

/**
 * Carries the outbox to the queue, with any number of replicas at the same outbox. A row is published when it is due,
 * again when its lease ends before its job was settled, and at once when the queue has lost its memory; it is deleted when
 * its job is settled. So nothing that was committed is lost with the queue, and consumers may see a message twice.
 */
export function startOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  const { publish, takeSettled, leaseMs = 30_000, logger } = options;
  const db = options.database.db;
  const observe = observer(options.metrics);
  let timer: NodeJS.Timeout | undefined;
  let wakeAt = Infinity;
  let round: Promise<void> | null = null;
  let closed = false;
  let nudged = false;
  let failures = 0;
  let resumeAt = 0;
  let measuredAt = -Infinity;
  let prunedAt = performance.now();

  function wakeIn(delayMs: number): void {
    const at = Math.max(performance.now() + delayMs, resumeAt);
    if (closed || round !== null || at >= wakeAt) return;
    clearTimeout(timer);
    wakeAt = at;
    timer = setTimeout(run, Math.max(0, at - performance.now()));
  }

  function run(): void {
    wakeAt = Infinity;
    nudged = false;
    round = work()
      .then(succeeded, failed)
      .finally(() => {
        round = null;
        wakeIn(nudged ? nudgeMs : idleMs);
      });
  }

  function succeeded(): void {
    if (failures > 0) logger.info('outbox.recovered', { failures });
    failures = 0;
    resumeAt = 0;
  }

  function failed(error: unknown): void {
    failures += 1;
    resumeAt = performance.now() + Math.min(backoffMsMax, 250 * 2 ** failures);
    // Once is enough: what follows is the same trouble until it is over.
    if (failures === 1) logger.warn('outbox.stopped', { error });
  }

  async function work(): Promise<void> {
    // First, so that what waits is seen while the queue is away as well.
    await lookAfter();
    let claimed: number;
    do claimed = await publishSome();
    while (claimed === batchRowsMax && !closed);
    await settleSome();
  }

  async function publishSome(): Promise<number> {
    const rows = await claim(db, batchRowsMax, leaseMs);
    if (rows.length === 0) return 0;
    try {
      await publish(rows);
    } catch (thrown) {
      await release(
        db,
        rows.map(({ id }) => id),
        idleMs,
      );
      throw thrown;
    }
    observe.published(rows.length);
    return rows.length;
  }

  async function settleSome(): Promise<void> {
    const { ids, forgot } = await takeSettled();
    if (ids.length > 0) await settle(db, ids);
    if (!forgot) return;
    const rows = await expedite(db);
    if (rows > 0) logger.warn('outbox.queue_forgot', { rows });
    nudged = true;
  }

  async function lookAfter(): Promise<void> {
    const now = performance.now();
    if (now - measuredAt >= measureEveryMs) {
      measuredAt = now;
      observe.backlog(await backlog(db));
    }
    if (now - prunedAt >= pruneEveryMs) {
      prunedAt = now;
      await pruneInbox(db, inboxDays);
    }
  }

  wakeIn(0);

  return {
    nudge() {
      nudged = true;
      wakeIn(nudgeMs);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await round;
    },
  };
}

function observer(metrics: Metrics) {
  const published = metrics.counter({
    name: 'signalbox_outbox_published_total',
    help: 'Rows handed to the queue, repeats included.',
  });
  const lag = metrics.gauge({
    name: 'signalbox_outbox_lag_seconds',
    help: 'Age of the oldest row that is due and was never published.',
  });
  const pending = metrics.gauge({
    name: 'signalbox_outbox_pending_rows',
    help: 'Rows that are due and were never published, counted up to 10,000.',
  });
  return {
    published: (rows: number) => {
      published.inc({}, rows);
    },
    backlog: ({ pending: rows, lagSeconds }: { pending: number; lagSeconds: number }) => {
      lag.set({}, lagSeconds);
      pending.set({}, rows);
    },
  };
}
