import { sql, type QueryExecutorProvider } from 'kysely';
import type { OutboxRow } from './outbox.ts';

/** How the outbox stands: rows that no relay has published yet although they are due (counted up to 10,000), and the oldest one's age. */
export interface OutboxBacklog {
  pending: number;
  lagSeconds: number;
}

/**
 * Takes rows that are due and keeps other relays off them for a lease: `leaseMs`, doubled with each time before, 16 times
 * at most. Who does not hear of them until then takes them again.
 */
export async function claim(db: QueryExecutorProvider, rowsMax: number, leaseMs: number): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    with due as materialized (
      select id from outbox where claim_after <= now() order by claim_after limit ${rowsMax} for update skip locked
    )
    update outbox
    set claim_after = now() + ${leaseMs}::float8 * 2 ^ least(outbox.publishes, 4) * interval '1 ms',
      publishes = outbox.publishes + 1
    from due where outbox.id = due.id
    returning outbox.id, outbox.name, outbox.message::text as message`.execute(db);
  return rows;
}

/** Gives claimed rows back that could not be published. */
export async function release(db: QueryExecutorProvider, ids: readonly string[], afterMs: number): Promise<void> {
  await sql`
    update outbox set claim_after = now() + ${afterMs}::float8 * interval '1 ms', publishes = publishes - 1
    where id = any(${ids}::text[]) and publishes > 0`.execute(db);
}

/** Ends the life of rows whose jobs are settled. */
export async function settle(db: QueryExecutorProvider, ids: readonly string[]): Promise<void> {
  await sql`delete from outbox where id = any(${ids}::text[])`.execute(db);
}

/** Makes everything that was published and is not settled due at once; gives how many rows that were. */
export async function expedite(db: QueryExecutorProvider): Promise<number> {
  const { numAffectedRows } = await sql`
    update outbox set claim_after = now() where publishes > 0 and claim_after > now()`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

export async function backlog(db: QueryExecutorProvider): Promise<OutboxBacklog> {
  const { rows } = await sql<OutboxBacklog>`
    select count(*)::int as pending,
      coalesce(extract(epoch from now() - min(available_at)), 0)::float8 as "lagSeconds"
    from (
      select available_at from outbox where publishes = 0 and available_at <= now() order by claim_after limit 10000
    ) as waiting`.execute(db);
  return rows[0] ?? { pending: 0, lagSeconds: 0 };
}

/** Forgets what was handled longer ago than any message can still be on its way. */
export async function pruneInbox(db: QueryExecutorProvider, olderThanDays: number): Promise<void> {
  await sql`delete from inbox where handled_at < now() - ${olderThanDays}::int * interval '1 day'`.execute(db);
}
