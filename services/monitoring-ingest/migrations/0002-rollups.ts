import { sql, type Kysely } from 'kysely';

/**
 * What samples come to, by minute, hour and day: count, sum, extremes, and a sketch of the quantiles as the counts of its
 * keys (see `rollups/sketch.ts`); of what was predicted, the counts of its categories. Every cell can be merged with every
 * other of its metric.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One expression and not declared strict, so that it is put in place of its call, which costs many times as much. It must
  // make the keys that `rollups/sketch.ts` makes, and is null of what is no number to count with.
  await sql`
    create function sketch_key(value double precision) returns integer
    language sql immutable parallel safe
    return case
      when value = 0 then 0
      when value = 'NaN' or abs(value) = 'Infinity' then null
      else (sign(value) * (40000 + ceil(ln(abs(value)) / ln(1.01::double precision / 0.99::double precision))))::integer
    end`.execute(db);

  for (const table of ['rollups_1m', 'rollups_1h', 'rollups_1d']) {
    await sql`
      create table ${sql.id(table)} (
        tenant_id text not null,
        metric text not null,
        bucket timestamptz not null,
        model_id text not null,
        model_version text not null,
        environment text not null,
        count bigint not null,
        sum double precision not null,
        min double precision,
        max double precision,
        keys integer[] not null,
        counts bigint[] not null,
        categories text[],
        primary key (tenant_id, metric, bucket, model_id, model_version, environment)
      ) ${table === 'rollups_1d' ? sql`` : sql`partition by range (bucket)`}`.execute(db);
  }
  for (const table of ['rollups_1m', 'rollups_1h']) {
    await sql`create table ${sql.id(`${table}_default`)} partition of ${sql.id(table)} default`.execute(db);
  }

  // As with dirty minutes: a row for each reason, so that taking one away never takes another with it.
  await sql`
    create table dirty_buckets (
      resolution text not null check (resolution in ('1h', '1d')),
      tenant_id text not null,
      model_id text not null,
      bucket timestamptz not null
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)`.execute(db);
  await createPartitionKeeping(db);
}

/** As for what comes in: minutes lie by day, hours by month, and the application may make and drop these and nothing else. */
async function createPartitionKeeping(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function make_rollup_partitions(parent text, first_day date, last_day date) returns integer
    language plpgsql security definer
    set search_path = monitoring_ingest, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $$
    declare
      unit text := case parent when 'rollups_1m' then 'day' when 'rollups_1h' then 'month' end;
      first timestamptz;
      next timestamptz;
      part text;
      made integer := 0;
    begin
      if unit is null then
        raise exception 'no partitioned table %', parent;
      end if;
      perform pg_advisory_xact_lock(hashtextextended('partitions of monitoring_ingest', 0));
      for first in
        select generate_series(date_trunc(unit, first_day::timestamptz), last_day::timestamptz, ('1 ' || unit)::interval)
      loop
        next := first + ('1 ' || unit)::interval;
        part := parent || to_char(first, '"_p"YYYYMMDD');
        continue when to_regclass(part) is not null;
        execute format('create table %I (like %I including defaults including constraints including indexes)', part, parent);
        execute format('with moved as (delete from %I where bucket >= %L and bucket < %L returning *) insert into %I select * from moved',
          parent || '_default', first, next, part);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part, first, next);
        made := made + 1;
      end loop;
      return made;
    end $$`.execute(db);
  await sql`
    create function drop_rollup_partitions(parent text, before_day date) returns text[]
    language plpgsql security definer
    set search_path = monitoring_ingest, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $$
    declare
      unit text := case parent when 'rollups_1m' then 'day' when 'rollups_1h' then 'month' end;
      part text;
      dropped text[] := '{}';
    begin
      if unit is null then
        raise exception 'no partitioned table %', parent;
      end if;
      perform pg_advisory_xact_lock(hashtextextended('partitions of monitoring_ingest', 0));
      for part in
        select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
        where inhparent = parent::regclass and relname ~ '_p[0-9]{8}$'
          and to_date(right(relname, 8), 'YYYYMMDD') + ('1 ' || unit)::interval <= before_day
        order by relname
      loop
        execute format('alter table %I detach partition %I', parent, part);
        execute format('drop table %I', part);
        dropped := dropped || part;
      end loop;
      return dropped;
    end $$`.execute(db);
  await sql`
    revoke all on function make_rollup_partitions(text, date, date), drop_rollup_partitions(text, date) from public`.execute(
    db,
  );
  await sql`
    do $$ begin
      if exists (select from pg_roles where rolname = 'monitoring_ingest_app') then
        grant execute on function make_rollup_partitions(text, date, date), drop_rollup_partitions(text, date)
          to monitoring_ingest_app;
      end if;
    end $$`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop function drop_rollup_partitions(text, date)`.execute(db);
  await sql`drop function make_rollup_partitions(text, date, date)`.execute(db);
  for (const table of ['dirty_buckets', 'rollups_1d', 'rollups_1h', 'rollups_1m']) {
    await sql`drop table ${sql.id(table)}`.execute(db);
  }
  await sql`drop function sketch_key(double precision)`.execute(db);
}
