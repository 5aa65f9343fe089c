import type { Database } from '@signalbox/postgres';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';
import { rollUp } from './roll-up.ts';
import { keepRollupPartitions } from './rollup-store.ts';

export interface RollingOptions {
  database: Database<Schema>;
  kept: { minutesDays: number; hoursDays: number };
  logger: Logger;
  metrics: Metrics;
  /** How often it looks for what came. */
  lookMs?: number;
}

const dayMs = 86_400_000;
const partitionsMs = 3_600_000;
const aheadDays = 3;

/**
 * Rolls up what came, for as long as it is open, and keeps the partitions of the rollups. What was marked and not rolled up is
 * in Postgres: whichever process looks next finds it.
 */
export function startRolling({ database, logger, metrics, lookMs = 1_000, kept }: RollingOptions): AsyncDisposable {
  const rolled = metrics.counter({ name: 'signalbox_rollup_buckets_total', help: 'Buckets that were rolled up.' });
  const seconds = metrics.histogram({
    name: 'signalbox_rollup_seconds',
    help: 'How long one round of rolling up took.',
  });
  let closed = false;
  let keptAt = -Infinity;
  let round: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      if (performance.now() - keptAt >= partitionsMs) {
        await keepPartitions();
        keptAt = performance.now();
      }
      for (let buckets = 1; buckets > 0 && !closed;) {
        const from = performance.now();
        buckets = await rollUp(database.db, new Date());
        if (buckets === 0) break;
        rolled.inc({}, buckets);
        seconds.observe({}, (performance.now() - from) / 1_000);
      }
    } catch (error) {
      logger.warn('rollup.failed', { error });
    }
    round = null;
  }

  async function keepPartitions(): Promise<void> {
    const now = Date.now();
    const tables = [
      { table: 'rollups_1m', days: kept.minutesDays },
      { table: 'rollups_1h', days: kept.hoursDays },
    ] as const;
    for (const { table, days } of tables) {
      const { made, dropped } = await keepRollupPartitions(database.db, {
        table,
        firstDay: new Date(now),
        lastDay: new Date(now + aheadDays * dayMs),
        dropBefore: new Date(now - days * dayMs),
      });
      if (made > 0 || dropped.length > 0) logger.info('rollup.partitions_kept', { table, made, dropped });
    }
  }

  const timer = setInterval(() => {
    round ??= look();
  }, lookMs);

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      closed = true;
      await round;
    },
  };
}
