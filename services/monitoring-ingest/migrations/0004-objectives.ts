import { sql, type Kysely } from 'kysely';

/** Objectives, and how each model is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table objectives (
      id text primary key,
      tenant_id text not null,
      name text not null,
      model_id text,
      model_version text,
      environment text,
      kind text not null check (kind in ('availability', 'latency')),
      threshold_ms double precision check ((threshold_ms is null) = (kind = 'availability')),
      target double precision not null check (target > 0 and target < 1),
      window_days integer not null check (window_days > 0),
      no_data_after_minutes integer not null check (no_data_after_minutes > 0),
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint objectives_name unique (tenant_id, name)
    )`.execute(db);
  await sql`
    create table model_health (
      tenant_id text not null,
      model_id text not null,
      status text not null check (status in ('ok', 'drifting', 'degraded', 'failing', 'no_data')),
      since timestamptz not null,
      reasons jsonb not null,
      tending jsonb,
      evaluated_at timestamptz not null,
      primary key (tenant_id, model_id)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table model_health`.execute(db);
  await sql`drop table objectives`.execute(db);
}
