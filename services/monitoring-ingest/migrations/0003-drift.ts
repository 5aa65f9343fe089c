import { sql, type Kysely } from 'kysely';

/** References, frozen, with what they keep of each column; and the verdict on each window that was judged by one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table drift_references (
      id text primary key,
      tenant_id text not null,
      model_id text not null,
      version integer not null,
      status text not null check (status in ('active', 'superseded', 'retired')),
      source text not null check (source in ('window', 'upload')),
      window_from timestamptz,
      window_to timestamptz,
      row_count integer not null,
      rows_total integer not null,
      window_minutes integer not null check (window_minutes > 0),
      is_scheduled boolean not null,
      positive_label text,
      policy jsonb not null,
      columns jsonb not null,
      next_run_at timestamptz not null,
      created_at timestamptz not null default now(),
      created_by text not null,
      unique (tenant_id, model_id, version)
    )`.execute(db);
  await sql`
    create unique index drift_references_active on drift_references (tenant_id, model_id) where status = 'active'`.execute(
    db,
  );
  await sql`create index drift_references_tenant on drift_references (tenant_id, id)`.execute(db);
  await sql`
    create index drift_references_due on drift_references (next_run_at) where status = 'active' and is_scheduled`.execute(
    db,
  );

  await sql`
    create table drift_reference_columns (
      reference_id text not null references drift_references (id) on delete cascade,
      position integer not null,
      name text not null,
      kind text not null
        check (kind in ('numeric', 'categorical', 'embedding', 'error_rate', 'estimated_performance')),
      missing integer not null,
      numbers double precision[],
      dimensions integer,
      labels jsonb,
      primary key (reference_id, position)
    )`.execute(db);
  // What a reference keeps never changes: verdicts of years can be compared.
  await sql`
    do $$ begin
      if exists (select from pg_roles where rolname = 'monitoring_ingest_app') then
        revoke update on drift_reference_columns from monitoring_ingest_app;
      end if;
    end $$`.execute(db);

  await sql`
    create table drift_verdicts (
      id text primary key,
      tenant_id text not null,
      model_id text not null,
      reference_id text not null references drift_references (id) on delete cascade,
      reference_version integer not null,
      window_from timestamptz not null,
      window_to timestamptz not null,
      row_count integer not null,
      rows_total integer not null,
      outcome text not null check (outcome in ('drift', 'no_drift', 'insufficient_data')),
      state text not null check (state in ('drifting', 'suspected', 'stable', 'unknown')),
      flagged_columns text[] not null,
      drifting_columns text[] not null,
      unknown_columns text[] not null,
      checks jsonb not null,
      created_at timestamptz not null default now(),
      unique (reference_id, window_from, window_to)
    )`.execute(db);
  await sql`create index drift_verdicts_window on drift_verdicts (tenant_id, window_to, id)`.execute(db);
  await sql`create index drift_verdicts_model on drift_verdicts (tenant_id, model_id, window_to, id)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table drift_verdicts`.execute(db);
  await sql`drop table drift_reference_columns`.execute(db);
  await sql`drop table drift_references`.execute(db);
}
