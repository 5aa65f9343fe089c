import { openDatabase } from '@signalbox/postgres';
import { mountExportRoutes } from '../exports/routes.ts';
import { startRolling } from '../rollups/start-rolling.ts';
import { mountSeriesRoutes } from '../series/routes.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import type { Schema } from './schema.ts';
import { startObjectives } from './start-objectives.ts';

/** Reading has connections of its own, so that however much is read, what comes in finds room. */
const readConnections = 4;
const readTimeoutMs = 20_000;
/** A minute of many rows takes its time, and nobody waits for it. */
const rollTimeoutMs = 120_000;

/** Connects rollups, charts and exports, and what is judged by them. What it opens lies on `owned`. */
export function startSeries(deps: DomainDeps, owned: AsyncDisposableStack): DomainProbes {
  const { config, routes, logger, metrics } = deps;
  const {
    databaseUrl: url,
    rawRetentionDays: rowsDays,
    minuteRetentionDays: minutesDays,
    hourRetentionDays: hoursDays,
  } = config;
  const kept = { rowsDays, minutesDays, hoursDays };
  const rolling = owned.use(
    openDatabase<Schema>({
      url,
      applicationName: 'monitoring-ingest rollups',
      poolMax: 1,
      statementTimeoutMs: rollTimeoutMs,
      logger,
    }),
  );
  owned.use(startRolling({ database: rolling, kept, logger, metrics }));
  const reading = owned.use(
    openDatabase<Schema>({
      url,
      applicationName: 'monitoring-ingest reads',
      poolMax: readConnections,
      statementTimeoutMs: readTimeoutMs,
      logger,
    }),
  );
  mountSeriesRoutes(routes, { db: reading.db, kept });
  mountExportRoutes(routes, { db: reading.db, logger });
  return startObjectives(deps, reading.db, owned);
}
