import { sql, type Kysely } from 'kysely';

/** What a tenant does not want to be told of for a while, and by what its alerts are routed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table silences (
      tenant_id text not null,
      id uuid not null,
      matchers jsonb not null,
      starts_at timestamptz not null,
      ends_at timestamptz not null check (ends_at >= starts_at),
      created_by text not null,
      comment text not null,
      annotations jsonb not null default '{}',
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db);
  await sql`create index silences_end on silences (tenant_id, ends_at)`.execute(db);
  await sql`
    create table configurations (
      tenant_id text primary key,
      revision integer not null,
      sealed text not null,
      updated_at timestamptz not null,
      updated_by text not null
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table configurations, silences`.execute(db);
}
