import { sql, type Kysely } from 'kysely';

/** The tools that a tenant registered, and who may have which tools executed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table tools (
      tenant_id text not null,
      name text collate "C" not null,
      description text not null,
      parameters jsonb not null,
      url text not null,
      method text not null check (method in ('GET', 'POST')),
      timeout_ms integer not null check (timeout_ms > 0),
      primary key (tenant_id, name)
    )`.execute(db);
  await sql`
    create table tool_grants (
      tenant_id text not null,
      principal_id text collate "C" not null,
      tools text[] not null,
      updated_at timestamptz not null default now(),
      primary key (tenant_id, principal_id)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table tool_grants`.execute(db);
  await sql`drop table tools`.execute(db);
}
