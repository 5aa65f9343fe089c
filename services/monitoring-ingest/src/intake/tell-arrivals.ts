import { samplesArrived } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Intake } from './group-commit.ts';

export interface ArrivalDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
  logger: Logger;
  everyMs?: number;
}

/**
 * Tells that something was measured, of each tenant at most twice a second: at once, and of what came meanwhile afterwards.
 * It is a wake-up and no more: who needs to know looks by the clock as well, so that one that is lost costs time only.
 */
export function tellArrivals(intake: Intake, { db, emitter, nudgeRelay, logger, everyMs = 500 }: ArrivalDeps): Intake {
  const resting = new Map<string, 'quiet' | 'more'>();
  let isClosed = false;

  async function tell(tenantId: string): Promise<void> {
    const principal = { kind: 'service', principalId: 'monitoring-ingest', tenantId, scopes: [] } as const;
    const payload = { at: new Date().toISOString() };
    const rows = emitter.outboxRows(samplesArrived, payload, { principal, requestId: newId('req') });
    await db.transaction().execute((trx) => emit(trx, rows));
    nudgeRelay();
  }

  function arrived(tenantId: string): void {
    if (resting.has(tenantId)) {
      resting.set(tenantId, 'more');
      return;
    }
    resting.set(tenantId, 'quiet');
    tell(tenantId).catch((error: unknown) => {
      logger.warn('arrivals.not_told', { tenant_id: tenantId, error });
    });
    setTimeout(() => {
      const came = resting.get(tenantId);
      resting.delete(tenantId);
      if (came === 'more' && !isClosed) arrived(tenantId);
    }, everyMs).unref();
  }

  return {
    async deliver(delivery) {
      const receipt = await intake.deliver(delivery);
      if (receipt.kind === 'stored') arrived(delivery.tenantId);
      return receipt;
    },
    assertRoom: (bytes) => {
      intake.assertRoom(bytes);
    },
    [Symbol.asyncDispose]() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}
