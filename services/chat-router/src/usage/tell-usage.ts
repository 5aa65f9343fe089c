import { usageRecorded, type UsageRecord } from '@signalbox/contracts';
import { emit, type Database } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import { parseTraceparent, runInRequest, type Logger } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';
import { takeUntold, type TracedRecord } from './usage-store.ts';

export interface UsageTellerOptions {
  database: Database<Schema>;
  emitter: Emitter;
  /** Called after messages were put into the outbox. */
  nudgeRelay: () => void;
  logger: Logger;
}

export interface UsageTeller extends AsyncDisposable {
  /** Says that records were committed. */
  nudge(): void;
}

/** How long records are collected before they are told of together: one round costs as much as ten requests. */
const collectMs = 1_000;
/** How often it looks for records that another process left untold. */
const lookMs = 5_000;
/** A message about so many of one tenant stays below what a queue takes. */
const recordsPerRoundMax = 200;

/**
 * Tells the subscribers of `usage.recorded` what stands in the ledger: a round a second, however many requests there
 * are. Records and the mark that they are untold are committed together, so that none is forgotten whatever dies.
 */
export function startUsageTeller({ database, emitter, nudgeRelay, logger }: UsageTellerOptions): UsageTeller {
  let nudged = true;
  let closed = false;
  let lookedAt = -Infinity;
  let round: Promise<void> | null = null;

  async function tellAll(): Promise<void> {
    try {
      for (let taken = recordsPerRoundMax; taken === recordsPerRoundMax && !closed;) {
        taken = await database.db.transaction().execute(async (trx) => {
          const records = await takeUntold(trx, recordsPerRoundMax);
          await emit(trx, messagesOf(records, emitter));
          return records.length;
        });
        if (taken > 0) nudgeRelay();
      }
    } catch (error) {
      nudged = true;
      logger.warn('usage.telling_failed', { error });
    }
    round = null;
  }

  const timer = setInterval(() => {
    const now = performance.now();
    if (round !== null || (!nudged && now - lookedAt < lookMs)) return;
    nudged = false;
    lookedAt = now;
    round = tellAll();
  }, collectMs);

  return {
    nudge() {
      nudged = true;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      closed = true;
      await round;
    },
  };
}

/**
 * One message per tenant, so that whoever consumes it has its tenant from the signature and not from the payload. It goes on
 * in the trace of its first record.
 */
function messagesOf(records: readonly TracedRecord[], emitter: Emitter) {
  const byTenant = new Map<string, { first: TracedRecord; all: UsageRecord[] }>();
  for (const traced of records) {
    const { tenant_id: tenantId } = traced.record;
    const ofTenant = byTenant.get(tenantId);
    if (ofTenant === undefined) byTenant.set(tenantId, { first: traced, all: [traced.record] });
    else ofTenant.all.push(traced.record);
  }
  return [...byTenant].flatMap(([tenantId, { first, all }]) => {
    const principal = { kind: 'service', principalId: 'chat-router', tenantId, scopes: [] } as const;
    const requestId = first.record.request_id;
    return runInRequest({ requestId, ...parseTraceparent(first.traceparent) }, () =>
      emitter.outboxRows(usageRecorded, { records: all }, { principal, requestId }),
    );
  });
}
