import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Destination } from './destination.ts';

export interface DestinationRow extends Destination {
  readonly tenantId: string;
  readonly destination: string;
}

/**
 * Claims destinations where something is due, which do not rest and which nobody sends to, until the transaction ends. One
 * sender at a time for each: messages to it keep their order.
 */
export async function claimDueDestinations(
  trx: Transaction<Schema>,
  now: Date,
  destinationsMax: number,
): Promise<DestinationRow[]> {
  const rows = await trx
    .selectFrom('destinations')
    .selectAll()
    .where('next_at', '<=', now)
    .where((eb) => eb.or([eb('blocked_until', 'is', null), eb('blocked_until', '<=', now)]))
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now)]))
    .orderBy('next_at')
    .limit(destinationsMax)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    destination: row.destination,
    failures: row.failures,
    failingSince: row.failing_since,
    toldFailingAt: row.told_failing_at,
    blockedUntil: row.blocked_until,
    sentRecently: row.sent_recently,
  }));
}

/** When the next message of all may be sent; null where none waits. What is on its way, and its successors, count from its lease. */
export async function nextClaimAt(db: Kysely<Schema>): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(greatest(next_at, blocked_until, lease_until)) as at from destinations where next_at is not null`.execute(
    db,
  );
  return rows[0]?.at ?? null;
}

/** Holds one destination until the transaction ends. Null: there is none, or `leaseToken` is no longer its lease. */
export async function lockDestination(
  trx: Transaction<Schema>,
  { tenantId, destination, leaseToken }: { tenantId: string; destination: string; leaseToken: string },
): Promise<DestinationRow | null> {
  const row = await trx
    .selectFrom('destinations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('destination', '=', destination)
    .where('lease_token', '=', leaseToken)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    tenantId,
    destination,
    failures: row.failures,
    failingSince: row.failing_since,
    toldFailingAt: row.told_failing_at,
    blockedUntil: row.blocked_until,
    sentRecently: row.sent_recently,
  };
}

/** What was learned of a destination; the lease, if there was one, is over. */
export async function saveDestination(
  trx: Transaction<Schema>,
  row: DestinationRow,
  { nextAt, lease = null }: { nextAt: Date | null; lease?: { token: string; until: Date } | null },
): Promise<void> {
  await trx
    .updateTable('destinations')
    .set({
      next_at: nextAt,
      blocked_until: row.blockedUntil,
      failures: row.failures,
      failing_since: row.failingSince,
      told_failing_at: row.toldFailingAt,
      sent_recently: JSON.stringify(row.sentRecently),
      lease_until: lease?.until ?? null,
      lease_token: lease?.token ?? null,
    })
    .where('tenant_id', '=', row.tenantId)
    .where('destination', '=', row.destination)
    .execute();
}
