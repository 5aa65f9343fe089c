import { createDeadLetterTable, createOutboxTables, dropDeadLetterTable, dropOutboxTables } from '@signalbox/postgres';
import { sql, type Kysely } from 'kysely';

/** The ledger of calls, its sums by day, and the tables of messages out and in. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Identifiers sort by time, so that (tenant_id, id) is the order of every list.
  await sql`
    create table usage_records (
      id text primary key,
      at timestamptz not null,
      tenant_id text not null,
      principal_id text not null,
      request_id text not null,
      provider text not null,
      model text not null,
      requested_model text not null,
      outcome text not null check (outcome in ('ok', 'aborted', 'failed')),
      streamed boolean not null,
      prompt_tokens integer check (prompt_tokens >= 0),
      completion_tokens integer check (completion_tokens >= 0),
      cached_tokens integer check (cached_tokens >= 0),
      reasoning_tokens integer check (reasoning_tokens >= 0),
      latency_ms double precision not null,
      first_token_ms double precision
    )`.execute(db);
  await sql`create index usage_records_tenant on usage_records (tenant_id, id)`.execute(db);
  await sql`create index usage_records_request on usage_records (tenant_id, request_id)`.execute(db);

  // The records that nobody has been told of yet. Rows come and go: vacuum early.
  await sql`
    create table usage_untold (
      record_id text primary key,
      traceparent text not null
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)`.execute(db);

  await sql`
    create table usage_by_day (
      tenant_id text not null,
      day date not null,
      model text not null,
      requests bigint not null,
      prompt_tokens bigint not null,
      completion_tokens bigint not null,
      primary key (tenant_id, day, model)
    )`.execute(db);

  await createOutboxTables(db);
  await createDeadLetterTable(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropDeadLetterTable(db);
  await dropOutboxTables(db);
  await sql`drop table usage_by_day`.execute(db);
  await sql`drop table usage_untold`.execute(db);
  await sql`drop table usage_records`.execute(db);
}
