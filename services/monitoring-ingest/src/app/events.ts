import type { Logger, Metrics } from '@signalbox/telemetry';
import type { IntakeEvents } from '../intake/group-commit.ts';
import type { PartitionEvents } from '../partitions/start-partition-keeper.ts';

export type Events = IntakeEvents & PartitionEvents;

/** What this service tells of itself: one function per event, which makes its metric and its log line. */
export function createEvents(logger: Logger, metrics: Metrics): Events {
  const rows = metrics.counter({
    name: 'signalbox_intake_rows_total',
    help: 'Rows that were handed in and committed, duplicates included.',
  });
  const flushes = metrics.histogram({
    name: 'signalbox_intake_flush_duration_seconds',
    help: 'One transaction that stores what came in meanwhile.',
  });
  const failures = metrics.counter({ name: 'signalbox_intake_failures_total', help: 'Flushes that stored nothing.' });
  const refusals = metrics.counter({
    name: 'signalbox_intake_refusals_total',
    help: 'Requests that were told to come again, because too much was waiting.',
  });
  const waitingRows = metrics.gauge({ name: 'signalbox_intake_waiting_rows', help: 'Rows that wait to be stored.' });
  const waitingBytes = metrics.gauge({ name: 'signalbox_intake_waiting_bytes', help: 'Bytes that wait to be stored.' });
  const ahead = metrics.gauge({
    name: 'signalbox_partitions_ahead_days',
    help: 'Days to come that have their partitions, in the table that has the fewest.',
  });
  const strays = metrics.gauge({
    name: 'signalbox_partitions_stray_rows',
    help: 'Rows that found no partition of their day.',
  });

  return {
    committed({ rows: stored, durationMs }) {
      rows.inc(undefined, stored);
      flushes.observe({}, durationMs / 1_000);
    },
    failed({ deliveries, error }) {
      failures.inc();
      logger.error('intake.flush_failed', { deliveries, error });
    },
    waiting(event) {
      waitingRows.set({}, event.rows);
      waitingBytes.set({}, event.bytes);
    },
    refused() {
      refusals.inc();
    },
    kept({ made, dropped, ahead: days, strays: stray }) {
      ahead.set({}, days);
      strays.set({}, stray);
      if (made > 0 || dropped.length > 0) logger.info('partitions.kept', { made, dropped });
      if (stray > 0) logger.error('partitions.strays', { rows: stray });
    },
    keepingFailed(error) {
      logger.error('partitions.keeping_failed', { error });
    },
  };
}
