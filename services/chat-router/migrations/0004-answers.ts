import { sql, type Kysely } from 'kysely';

/** Answers that are sent again to whoever repeats a request under its key, and two more ways for a call to come out. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table usage_records drop constraint usage_records_outcome_check`.execute(db);
  await sql`
    alter table usage_records add constraint usage_records_outcome_check
    check (outcome in ('ok', 'aborted', 'failed', 'cancelled', 'cache_hit'))`.execute(db);
  await sql`
    create table idempotency_keys (
      tenant_id text not null,
      principal_id text not null,
      key text not null,
      fingerprint bytea not null,
      state text not null check (state in ('running', 'done')),
      owner text not null,
      lease_until timestamptz not null,
      expires_at timestamptz not null,
      answer bytea,
      primary key (tenant_id, principal_id, key)
    )`.execute(db);
  await sql`create index idempotency_keys_expires on idempotency_keys (expires_at)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table idempotency_keys`.execute(db);
  await sql`delete from usage_records where outcome in ('cancelled', 'cache_hit')`.execute(db);
  await sql`alter table usage_records drop constraint usage_records_outcome_check`.execute(db);
  await sql`
    alter table usage_records add constraint usage_records_outcome_check
    check (outcome in ('ok', 'aborted', 'failed'))`.execute(db);
}
