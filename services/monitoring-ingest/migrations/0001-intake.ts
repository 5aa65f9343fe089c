import { createDeadLetterTable, createOutboxTables, dropDeadLetterTable, dropOutboxTables } from '@signalbox/postgres';
import { sql, type Kysely } from 'kysely';

/**
 * The registry of models, and what comes in: samples, points and spans by day (UTC), with what makes each of them one
 * however often it is sent. Partitions are no part of it: the service makes them ahead, day by day.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table models (
      tenant_id text not null,
      id text not null,
      registered boolean not null,
      name text not null,
      model_type text not null check (model_type in ('llm', 'cv', 'tabular', 'other')),
      version text,
      environment text check (environment in ('dev', 'staging', 'prod')),
      thresholds jsonb not null default '{}',
      features jsonb not null default '{}',
      revision integer not null default 0,
      first_seen_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (tenant_id, id)
    )`.execute(db);
  await sql`
    create table model_versions (
      tenant_id text not null,
      model_id text not null,
      revision integer not null,
      spec jsonb not null,
      created_at timestamptz not null default now(),
      created_by text not null,
      primary key (tenant_id, model_id, revision)
    )`.execute(db);

  await createPartitioned(db);
  await createIdempotency(db);

  await sql`
    create table reported_drift (
      id text primary key,
      time timestamptz not null,
      tenant_id text not null,
      model_id text not null,
      drift_type text not null check (drift_type in ('data', 'concept')),
      severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
      confidence double precision not null,
      feature text,
      tags jsonb not null default '{}'
    )`.execute(db);
  await sql`create index reported_drift_tenant on reported_drift (tenant_id, id)`.execute(db);

  // One row per minute and commit that brought samples, however many there are of a minute already: whoever takes a mark
  // away sees what it stands for, for both became visible together. Rows come and go: vacuum early.
  await sql`
    create table dirty_minutes (
      tenant_id text not null,
      model_id text not null,
      minute timestamptz not null
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)`.execute(db);

  await createPartitionKeeping(db);
  await createOutboxTables(db);
  await createDeadLetterTable(db);
}

async function createPartitioned(db: Kysely<unknown>): Promise<void> {
  // Rows get their place in the order of arrival from it; gaps mean nothing.
  await sql`create sequence row_seq cache 100`.execute(db);
  await sql`
    create table samples (
      time timestamptz not null,
      tenant_id text not null,
      model_id text not null,
      request_id text not null,
      model_type text not null,
      model_version text,
      environment text,
      latency_ms double precision not null,
      throughput double precision,
      error_rate double precision,
      cpu_usage double precision,
      memory_usage double precision,
      gpu_memory double precision,
      time_to_first_token_ms double precision,
      input_tokens bigint,
      output_tokens bigint,
      cost_nanos bigint,
      score double precision,
      prediction text,
      actual text,
      features jsonb,
      embedding real[],
      tags jsonb,
      source text not null,
      seq bigint not null default nextval('row_seq')
    ) partition by range (time)`.execute(db);
  await sql`create index samples_model_time on samples (tenant_id, model_id, time)`.execute(db);
  await sql`create index samples_time on samples using brin (time)`.execute(db);

  await sql`
    create table points (
      time timestamptz not null,
      tenant_id text not null,
      metric text not null,
      labels jsonb not null,
      value double precision not null,
      kind text not null check (kind in ('gauge', 'counter', 'delta', 'histogram', 'summary')),
      unit text,
      histogram jsonb,
      source text not null,
      seq bigint not null default nextval('row_seq')
    ) partition by range (time)`.execute(db);
  await sql`create index points_metric_time on points (tenant_id, metric, time)`.execute(db);
  await sql`create index points_time on points using brin (time)`.execute(db);

  await sql`
    create table spans (
      time timestamptz not null,
      tenant_id text not null,
      trace_id text not null,
      span_id text not null,
      parent_span_id text,
      name text not null,
      kind text not null,
      service text,
      status text not null,
      status_message text,
      duration_ms double precision not null,
      attributes jsonb not null,
      resource jsonb not null,
      events jsonb,
      seq bigint not null default nextval('row_seq')
    ) partition by range (time)`.execute(db);
  await sql`create index spans_trace on spans (tenant_id, trace_id)`.execute(db);
  await sql`create index spans_time on spans using brin (time)`.execute(db);

  for (const table of ['samples', 'points', 'spans']) {
    await sql`create table ${sql.id(`${table}_default`)} partition of ${sql.id(table)} default`.execute(db);
  }
}

async function createIdempotency(db: Kysely<unknown>): Promise<void> {
  // A digest of tenant, model and request id. It is no partitioned table, for a key must be one over all days; its rows
  // lie in the order of their days, so that those of a past day are found and go together.
  await sql`
    create table sample_keys (
      key uuid primary key,
      day date not null
    ) with (autovacuum_vacuum_insert_scale_factor = 0.1)`.execute(db);
  await sql`create index sample_keys_day on sample_keys using brin (day)`.execute(db);

  await sql`
    create table intake_batches (
      tenant_id text not null,
      key uuid not null,
      body_hash uuid not null,
      result jsonb not null,
      at timestamptz not null default now(),
      primary key (tenant_id, key)
    )`.execute(db);
  await sql`create index intake_batches_at on intake_batches using brin (at)`.execute(db);
}

/**
 * The application may change rows and nothing else, so that making and dropping partitions are two functions of the
 * owner's, which can do that and nothing else.
 */
async function createPartitionKeeping(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function make_partitions(first_day date, last_day date) returns integer
    language plpgsql security definer
    set search_path = monitoring_ingest, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $$
    declare
      parent text;
      day date;
      part text;
      made integer := 0;
    begin
      perform pg_advisory_xact_lock(hashtextextended('partitions of monitoring_ingest', 0));
      foreach parent in array array['samples', 'points', 'spans'] loop
        for day in select generate_series(first_day, last_day, interval '1 day')::date loop
          part := parent || to_char(day, '"_p"YYYYMMDD');
          continue when to_regclass(part) is not null;
          execute format('create table %I (like %I including defaults including constraints including indexes)', part, parent);
          -- What came before its partition was there moves in.
          execute format('with moved as (delete from %I where time >= %L and time < %L returning *) insert into %I select * from moved',
            parent || '_default', day::timestamptz, (day + 1)::timestamptz, part);
          execute format('alter table %I attach partition %I for values from (%L) to (%L)',
            parent, part, day::timestamptz, (day + 1)::timestamptz);
          made := made + 1;
        end loop;
      end loop;
      return made;
    end $$`.execute(db);
  await sql`
    create function drop_partitions(before_day date) returns text[]
    language plpgsql security definer
    set search_path = monitoring_ingest, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $$
    declare
      parent text;
      part text;
      dropped text[] := '{}';
    begin
      perform pg_advisory_xact_lock(hashtextextended('partitions of monitoring_ingest', 0));
      for parent, part in
        select inhparent::regclass::text, relname from pg_inherits join pg_class on pg_class.oid = inhrelid
        where inhparent in ('samples'::regclass, 'points'::regclass, 'spans'::regclass) and relname ~ '_p[0-9]{8}$'
          and to_date(right(relname, 8), 'YYYYMMDD') < before_day
        order by relname
      loop
        execute format('alter table %I detach partition %I', parent, part);
        execute format('drop table %I', part);
        dropped := dropped || part;
      end loop;
      return dropped;
    end $$`.execute(db);
  await sql`revoke all on function make_partitions(date, date), drop_partitions(date) from public`.execute(db);
  await sql`
    do $$ begin
      if exists (select from pg_roles where rolname = 'monitoring_ingest_app') then
        grant execute on function make_partitions(date, date), drop_partitions(date) to monitoring_ingest_app;
      end if;
    end $$`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropDeadLetterTable(db);
  await dropOutboxTables(db);
  await sql`drop function drop_partitions(date)`.execute(db);
  await sql`drop function make_partitions(date, date)`.execute(db);
  for (const table of [
    'dirty_minutes',
    'reported_drift',
    'intake_batches',
    'sample_keys',
    'spans',
    'points',
    'samples',
    'model_versions',
    'models',
  ]) {
    await sql`drop table ${sql.id(table)}`.execute(db);
  }
  await sql`drop sequence row_seq`.execute(db);
}
