import { recordAudit } from '@signalbox/contracts';
import type { IdentityKeys } from '@signalbox/identity';
import type { Database } from '@signalbox/postgres';
import { startWorker, type DeadLetterSink, type RunningWorker } from '@signalbox/queue';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { GatewaySchema } from '../app/schema.ts';
import { insertAuditEvent } from './audit-store.ts';

export interface AuditWorkerOptions {
  database: Pick<Database<GatewaySchema>, 'db'>;
  redisUrl: string;
  identityKeys: IdentityKeys;
  deadLetters: DeadLetterSink;
  logger: Logger;
  metrics: Metrics;
  /** For tests that share a Redis. */
  prefix?: string;
}

/** Writes audit events into their table. A second delivery of one finds its id taken. */
export function startAuditWorker({ database, ...options }: AuditWorkerOptions): RunningWorker {
  return startWorker({
    ...options,
    job: recordAudit,
    concurrency: 4,
    handle: ({ payload }) => insertAuditEvent(database.db, payload),
  });
}
