import { sql, type Generated, type Kysely, type QueryExecutorProvider } from 'kysely';

/** One message on its way out, as `createEmitter` of @signalbox/queue makes it. */
export interface OutboxRow {
  /** One message is one effect: a second row of the same id is not stored. */
  id: string;
  /** Where it goes: the queue's name. */
  name: string;
  /** JSON, already as text. */
  message: string;
}

/** For a service's kysely schema: `interface Schema extends OutboxTables { … }`. */
export interface OutboxTables {
  outbox: {
    id: string;
    name: string;
    message: string;
    available_at: Generated<Date>;
    claim_after: Generated<Date>;
    publishes: Generated<number>;
  };
  inbox: { consumer: string; message_id: string; handled_at: Generated<Date> };
}

/**
 * For a service's migration: `outbox`, where a row lives from the transaction that caused it until its job is settled,
 * and `inbox`, which remembers what was handled.
 */
export async function createOutboxTables(db: Kysely<unknown>): Promise<void> {
  // Rows come, are claimed once or twice and go: vacuum early, or the claims walk over the dead.
  await sql`
    create table outbox (
      id text primary key,
      name text not null,
      message json not null,
      available_at timestamptz not null default now(),
      claim_after timestamptz not null default now(),
      publishes integer not null default 0
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)`.execute(db);
  await sql`create index outbox_claim_after on outbox (claim_after)`.execute(db);
  await sql`
    create table inbox (
      consumer text not null,
      message_id text not null,
      handled_at timestamptz not null default now(),
      primary key (consumer, message_id)
    )`.execute(db);
  await sql`create index inbox_handled_at on inbox using brin (handled_at)`.execute(db);
}

export async function dropOutboxTables(db: Kysely<unknown>): Promise<void> {
  await sql`drop table inbox`.execute(db);
  await sql`drop table outbox`.execute(db);
}

/**
 * Stores messages in the transaction of what they tell of: both are there or neither is. Nudge the relay after the commit.
 * `availableAt` keeps them back until then.
 */
export async function emit(
  trx: QueryExecutorProvider,
  rows: readonly OutboxRow[],
  { availableAt }: { availableAt?: Date } = {},
): Promise<void> {
  if (rows.length === 0) return;
  const due = availableAt ?? null;
  await sql`
    insert into outbox (id, name, message, available_at, claim_after)
    select id, name, message::json, coalesce(${due}::timestamptz, now()), coalesce(${due}::timestamptz, now())
    from unnest(${rows.map(({ id }) => id)}::text[], ${rows.map(({ name }) => name)}::text[],
      ${rows.map(({ message }) => message)}::text[]) as row (id, name, message)
    on conflict (id) do nothing`.execute(trx);
}
