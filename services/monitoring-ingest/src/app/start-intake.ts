import { openDatabase } from '@signalbox/postgres';
import { openIntake } from '../intake/group-commit.ts';
import { mountIntakeRoutes } from '../intake/routes.ts';
import { tellArrivals } from '../intake/tell-arrivals.ts';
import { timeWindow } from '../intake/time-window.ts';
import { mountModelRoutes } from '../models/routes.ts';
import { mountOtlpRoutes } from '../otlp/routes.ts';
import { keepPartitions } from '../partitions/keep-partitions.ts';
import { startPartitionKeeper } from '../partitions/start-partition-keeper.ts';
import { mountRemoteWriteRoute } from '../remote-write/routes.ts';
import { startUsageWorker } from '../usage/usage-recorded.worker.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import { createEvents } from './events.ts';

/** As many as write at once, and one to spare. */
const intakeConnections = 3;
/** A statement of ten thousand rows takes a hundredth of it; senders are told sooner that they must come again. */
const intakeStatementMsMax = 5_000;

/** Connects the registry of models and everything that takes measurements in. What it opens lies on `owned`. */
export async function startIntake(deps: DomainDeps, owned: AsyncDisposableStack): Promise<DomainProbes> {
  const { config, routes, database, working, logger, metrics } = deps;
  const { rawRetentionDays } = config;
  const events = createEvents(logger, metrics);
  const now = (): number => Date.now();
  const windowAt = (nowMs: number) => timeWindow(nowMs, rawRetentionDays);

  const partitions = owned.use(
    await startPartitionKeeper(() => keepPartitions(database.db, rawRetentionDays, now()), events),
  );
  const writing = owned.use(
    openDatabase({
      url: config.databaseUrl,
      applicationName: 'monitoring-ingest intake',
      poolMax: intakeConnections,
      statementTimeoutMs: intakeStatementMsMax,
      logger,
    }),
  );
  const { emitter, nudgeRelay } = deps;
  const storing = owned.use(
    openIntake({
      pool: writing.pool,
      events,
      rowsMax: config.intakePendingRowsMax,
      bytesMax: config.intakePendingBytesMax,
    }),
  );
  const intake = owned.use(tellArrivals(storing, { db: database.db, emitter, nudgeRelay, logger }));
  const usageWorker = owned.use(startUsageWorker({ ...working, intake, now, windowAt }));

  mountModelRoutes(routes, database.db);
  mountIntakeRoutes(routes, { intake, now, windowAt });
  mountOtlpRoutes(routes, { intake, now, windowAt });
  mountRemoteWriteRoute(routes, { intake, now, windowAt });
  return {
    partitions: { probe: () => partitions.probe(), critical: false },
    usage_worker: { probe: () => usageWorker.probe(), critical: false },
  };
}
