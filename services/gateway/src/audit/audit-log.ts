import { recordAudit, type AuditEvent } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit, type Database } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Logger } from '@signalbox/telemetry';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import type { AuditEntry } from './audit-entry.ts';
import { createRefusalTally } from './refusal-tally.ts';

export interface AuditLog extends AsyncDisposable {
  /** Notes an act in the transaction that does it: both happen or neither does. */
  record(transaction: Transaction<GatewaySchema>, entry: AuditEntry): Promise<void>;
  /**
   * Notes a refusal (bad credential, missing scope) without making the caller wait: it is stored within a second, or when
   * Postgres is back. Bounded: repeats become one row with their number, so that an attacker cannot fill the table.
   */
  refused(entry: AuditEntry): void;
}

export interface AuditLogOptions {
  database: Pick<Database<GatewaySchema>, 'db'>;
  emitter: Emitter;
  logger: Logger;
  now?: () => Date;
}

/** How often tallied refusals are stored, all in one statement. */
const flushMs = 1_000;

export function createAuditLog({ database, emitter, logger, now = () => new Date() }: AuditLogOptions): AuditLog {
  const tally = createRefusalTally();
  let storing: Promise<void> | null = null;

  async function store(): Promise<void> {
    const refusals = tally.take();
    if (refusals.length === 0) return;
    const rows = refusals.flatMap(({ entry, at, count }) => {
      const details = count === 1 ? { ...entry.details } : { ...entry.details, count };
      const event = toEvent({ ...entry, details }, 'refused', at);
      return emitter.outboxRows(recordAudit, event, speaker(entry), { id: event.id });
    });
    try {
      await emit(database.db, rows);
    } catch (error) {
      for (const refusal of refusals) tally.add(refusal.entry, refusal.at, refusal.count);
      logger.warn('audit.refusals_not_stored', { rows: rows.length, error });
    }
  }

  /** One at a time: while Postgres is slow, refusals gather in the tally and not in the pool's queue. */
  function flush(): Promise<void> {
    storing ??= store().finally(() => {
      storing = null;
    });
    return storing;
  }

  const timer = setInterval(() => void flush(), flushMs);
  timer.unref();

  return {
    async record(transaction, entry) {
      const event = toEvent(entry, 'ok', now());
      await emit(transaction, emitter.outboxRows(recordAudit, event, speaker(entry), { id: event.id }));
    },
    refused(entry) {
      tally.add(entry, now());
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await storing;
      await flush();
    },
  };
}

function toEvent(entry: AuditEntry, outcome: AuditEvent['outcome'], at: Date): AuditEvent {
  return {
    id: newId('audit', at.getTime()),
    at: at.toISOString(),
    tenant_id: entry.tenantId,
    actor: entry.actor,
    action: entry.action,
    target: entry.target,
    outcome,
    request_id: entry.requestId,
    ip: entry.ip,
    details: { ...entry.details },
  };
}

/** The gateway notes it, whoever did it: the actor need not hold any right to write to the audit. */
function speaker(entry: AuditEntry): CallerIdentity {
  return {
    principal: { kind: 'service', principalId: 'gateway', tenantId: entry.tenantId ?? 'none', scopes: [] },
    requestId: entry.requestId ?? newId('req'),
  };
}
