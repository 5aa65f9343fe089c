create table dead_letters (
  id text not null,
  name text not null,
  message json not null,
  reason text not null,
  attempts integer not null,
  failed_at timestamp with time zone default now() not null,
  constraint dead_letters_pkey PRIMARY KEY (id)
);
create table dirty_buckets (
  resolution text not null,
  tenant_id text not null,
  model_id text not null,
  bucket timestamp with time zone not null,
  constraint dirty_buckets_resolution_check CHECK ((resolution = ANY (ARRAY['1h'::text, '1d'::text])))
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);
create table dirty_minutes (
  tenant_id text not null,
  model_id text not null,
  minute timestamp with time zone not null
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);
create table drift_reference_columns (
  reference_id text not null,
  "position" integer not null,
  name text not null,
  kind text not null,
  missing integer not null,
  numbers double precision[],
  dimensions integer,
  labels jsonb,
  constraint drift_reference_columns_kind_check CHECK ((kind = ANY (ARRAY['numeric'::text, 'categorical'::text, 'embedding'::text, 'error_rate'::text, 'estimated_performance'::text]))),
  constraint drift_reference_columns_pkey PRIMARY KEY (reference_id, "position"),
  constraint drift_reference_columns_reference_id_fkey FOREIGN KEY (reference_id) REFERENCES drift_references(id) ON DELETE CASCADE
);
create table drift_references (
  id text not null,
  tenant_id text not null,
  model_id text not null,
  version integer not null,
  status text not null,
  source text not null,
  window_from timestamp with time zone,
  window_to timestamp with time zone,
  row_count integer not null,
  rows_total integer not null,
  window_minutes integer not null,
  is_scheduled boolean not null,
  positive_label text,
  policy jsonb not null,
  columns jsonb not null,
  next_run_at timestamp with time zone not null,
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  constraint drift_references_pkey PRIMARY KEY (id),
  constraint drift_references_source_check CHECK ((source = ANY (ARRAY['window'::text, 'upload'::text]))),
  constraint drift_references_status_check CHECK ((status = ANY (ARRAY['active'::text, 'superseded'::text, 'retired'::text]))),
  constraint drift_references_tenant_id_model_id_version_key UNIQUE (tenant_id, model_id, version),
  constraint drift_references_window_minutes_check CHECK ((window_minutes > 0))
);
create table drift_verdicts (
  id text not null,
  tenant_id text not null,
  model_id text not null,
  reference_id text not null,
  reference_version integer not null,
  window_from timestamp with time zone not null,
  window_to timestamp with time zone not null,
  row_count integer not null,
  rows_total integer not null,
  outcome text not null,
  state text not null,
  flagged_columns text[] not null,
  drifting_columns text[] not null,
  unknown_columns text[] not null,
  checks jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint drift_verdicts_outcome_check CHECK ((outcome = ANY (ARRAY['drift'::text, 'no_drift'::text, 'insufficient_data'::text]))),
  constraint drift_verdicts_pkey PRIMARY KEY (id),
  constraint drift_verdicts_reference_id_fkey FOREIGN KEY (reference_id) REFERENCES drift_references(id) ON DELETE CASCADE,
  constraint drift_verdicts_reference_id_window_from_window_to_key UNIQUE (reference_id, window_from, window_to),
  constraint drift_verdicts_state_check CHECK ((state = ANY (ARRAY['drifting'::text, 'suspected'::text, 'stable'::text, 'unknown'::text])))
);
create table inbox (
  consumer text not null,
  message_id text not null,
  handled_at timestamp with time zone default now() not null,
  constraint inbox_pkey PRIMARY KEY (consumer, message_id)
);
create table intake_batches (
  tenant_id text not null,
  key uuid not null,
  body_hash uuid not null,
  result jsonb not null,
  at timestamp with time zone default now() not null,
  constraint intake_batches_pkey PRIMARY KEY (tenant_id, key)
);
create table model_health (
  tenant_id text not null,
  model_id text not null,
  status text not null,
  since timestamp with time zone not null,
  reasons jsonb not null,
  tending jsonb,
  evaluated_at timestamp with time zone not null,
  constraint model_health_pkey PRIMARY KEY (tenant_id, model_id),
  constraint model_health_status_check CHECK ((status = ANY (ARRAY['ok'::text, 'drifting'::text, 'degraded'::text, 'failing'::text, 'no_data'::text])))
);
create table model_versions (
  tenant_id text not null,
  model_id text not null,
  revision integer not null,
  spec jsonb not null,
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  constraint model_versions_pkey PRIMARY KEY (tenant_id, model_id, revision)
);
create table models (
  tenant_id text not null,
  id text not null,
  registered boolean not null,
  name text not null,
  model_type text not null,
  version text,
  environment text,
  thresholds jsonb default '{}'::jsonb not null,
  features jsonb default '{}'::jsonb not null,
  revision integer default 0 not null,
  first_seen_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint models_environment_check CHECK ((environment = ANY (ARRAY['dev'::text, 'staging'::text, 'prod'::text]))),
  constraint models_model_type_check CHECK ((model_type = ANY (ARRAY['llm'::text, 'cv'::text, 'tabular'::text, 'other'::text]))),
  constraint models_pkey PRIMARY KEY (tenant_id, id)
);
create table objectives (
  id text not null,
  tenant_id text not null,
  name text not null,
  model_id text,
  model_version text,
  environment text,
  kind text not null,
  threshold_ms double precision,
  target double precision not null,
  window_days integer not null,
  no_data_after_minutes integer not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint objectives_check CHECK (((threshold_ms IS NULL) = (kind = 'availability'::text))),
  constraint objectives_kind_check CHECK ((kind = ANY (ARRAY['availability'::text, 'latency'::text]))),
  constraint objectives_name UNIQUE (tenant_id, name),
  constraint objectives_no_data_after_minutes_check CHECK ((no_data_after_minutes > 0)),
  constraint objectives_pkey PRIMARY KEY (id),
  constraint objectives_target_check CHECK (((target > (0)::double precision) AND (target < (1)::double precision))),
  constraint objectives_window_days_check CHECK ((window_days > 0))
);
create table outbox (
  id text not null,
  name text not null,
  message json not null,
  available_at timestamp with time zone default now() not null,
  claim_after timestamp with time zone default now() not null,
  publishes integer default 0 not null,
  constraint outbox_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);
create table points (
  "time" timestamp with time zone not null,
  tenant_id text not null,
  metric text not null,
  labels jsonb not null,
  value double precision not null,
  kind text not null,
  unit text,
  histogram jsonb,
  source text not null,
  seq bigint default nextval('row_seq'::regclass) not null,
  constraint points_kind_check CHECK ((kind = ANY (ARRAY['gauge'::text, 'counter'::text, 'delta'::text, 'histogram'::text, 'summary'::text])))
) partition by RANGE ("time");
create table points_default (
  "time" timestamp with time zone not null,
  tenant_id text not null,
  metric text not null,
  labels jsonb not null,
  value double precision not null,
  kind text not null,
  unit text,
  histogram jsonb,
  source text not null,
  seq bigint default nextval('row_seq'::regclass) not null,
  constraint points_kind_check CHECK ((kind = ANY (ARRAY['gauge'::text, 'counter'::text, 'delta'::text, 'histogram'::text, 'summary'::text])))
); -- partition of points DEFAULT;
create table reported_drift (
  id text not null,
  "time" timestamp with time zone not null,
  tenant_id text not null,
  model_id text not null,
  drift_type text not null,
  severity text not null,
  confidence double precision not null,
  feature text,
  tags jsonb default '{}'::jsonb not null,
  constraint reported_drift_drift_type_check CHECK ((drift_type = ANY (ARRAY['data'::text, 'concept'::text]))),
  constraint reported_drift_pkey PRIMARY KEY (id),
  constraint reported_drift_severity_check CHECK ((severity = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text])))
);
create table rollups_1d (
  tenant_id text not null,
  metric text not null,
  bucket timestamp with time zone not null,
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
  constraint rollups_1d_pkey PRIMARY KEY (tenant_id, metric, bucket, model_id, model_version, environment)
);
create table rollups_1h (
  tenant_id text not null,
  metric text not null,
  bucket timestamp with time zone not null,
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
  constraint rollups_1h_pkey PRIMARY KEY (tenant_id, metric, bucket, model_id, model_version, environment)
) partition by RANGE (bucket);
create table rollups_1h_default (
  tenant_id text not null,
  metric text not null,
  bucket timestamp with time zone not null,
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
  constraint rollups_1h_default_pkey PRIMARY KEY (tenant_id, metric, bucket, model_id, model_version, environment)
); -- partition of rollups_1h DEFAULT;
create table rollups_1m (
  tenant_id text not null,
  metric text not null,
  bucket timestamp with time zone not null,
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
  constraint rollups_1m_pkey PRIMARY KEY (tenant_id, metric, bucket, model_id, model_version, environment)
) partition by RANGE (bucket);
create table rollups_1m_default (
  tenant_id text not null,
  metric text not null,
  bucket timestamp with time zone not null,
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
  constraint rollups_1m_default_pkey PRIMARY KEY (tenant_id, metric, bucket, model_id, model_version, environment)
); -- partition of rollups_1m DEFAULT;
create table sample_keys (
  key uuid not null,
  day date not null,
  constraint sample_keys_pkey PRIMARY KEY (key)
) with (autovacuum_vacuum_insert_scale_factor=0.1);
create table samples (
  "time" timestamp with time zone not null,
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
  seq bigint default nextval('row_seq'::regclass) not null
) partition by RANGE ("time");
create table samples_default (
  "time" timestamp with time zone not null,
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
  seq bigint default nextval('row_seq'::regclass) not null
); -- partition of samples DEFAULT;
create table spans (
  "time" timestamp with time zone not null,
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
  seq bigint default nextval('row_seq'::regclass) not null
) partition by RANGE ("time");
create table spans_default (
  "time" timestamp with time zone not null,
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
  seq bigint default nextval('row_seq'::regclass) not null
); -- partition of spans DEFAULT;

CREATE INDEX dead_letters_failed_at ON monitoring_ingest.dead_letters USING btree (failed_at DESC, id);
CREATE UNIQUE INDEX drift_references_active ON monitoring_ingest.drift_references USING btree (tenant_id, model_id) WHERE (status = 'active'::text);
CREATE INDEX drift_references_due ON monitoring_ingest.drift_references USING btree (next_run_at) WHERE ((status = 'active'::text) AND is_scheduled);
CREATE INDEX drift_references_tenant ON monitoring_ingest.drift_references USING btree (tenant_id, id);
CREATE INDEX drift_verdicts_model ON monitoring_ingest.drift_verdicts USING btree (tenant_id, model_id, window_to, id);
CREATE INDEX drift_verdicts_window ON monitoring_ingest.drift_verdicts USING btree (tenant_id, window_to, id);
CREATE INDEX inbox_handled_at ON monitoring_ingest.inbox USING brin (handled_at);
CREATE INDEX intake_batches_at ON monitoring_ingest.intake_batches USING brin (at);
CREATE INDEX outbox_claim_after ON monitoring_ingest.outbox USING btree (claim_after);
CREATE INDEX points_default_tenant_id_metric_time_idx ON monitoring_ingest.points_default USING btree (tenant_id, metric, "time");
CREATE INDEX points_default_time_idx ON monitoring_ingest.points_default USING brin ("time");
CREATE INDEX points_metric_time ON ONLY monitoring_ingest.points USING btree (tenant_id, metric, "time");
CREATE INDEX points_time ON ONLY monitoring_ingest.points USING brin ("time");
CREATE INDEX reported_drift_tenant ON monitoring_ingest.reported_drift USING btree (tenant_id, id);
CREATE INDEX sample_keys_day ON monitoring_ingest.sample_keys USING brin (day);
CREATE INDEX samples_default_tenant_id_model_id_time_idx ON monitoring_ingest.samples_default USING btree (tenant_id, model_id, "time");
CREATE INDEX samples_default_time_idx ON monitoring_ingest.samples_default USING brin ("time");
CREATE INDEX samples_model_time ON ONLY monitoring_ingest.samples USING btree (tenant_id, model_id, "time");
CREATE INDEX samples_time ON ONLY monitoring_ingest.samples USING brin ("time");
CREATE INDEX spans_default_tenant_id_trace_id_idx ON monitoring_ingest.spans_default USING btree (tenant_id, trace_id);
CREATE INDEX spans_default_time_idx ON monitoring_ingest.spans_default USING brin ("time");
CREATE INDEX spans_time ON ONLY monitoring_ingest.spans USING brin ("time");
CREATE INDEX spans_trace ON ONLY monitoring_ingest.spans USING btree (tenant_id, trace_id);

CREATE OR REPLACE FUNCTION monitoring_ingest.drop_partitions(before_day date)
 RETURNS text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'monitoring_ingest', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '2s'
AS $function$
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
    end $function$;
CREATE OR REPLACE FUNCTION monitoring_ingest.drop_rollup_partitions(parent text, before_day date)
 RETURNS text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'monitoring_ingest', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '2s'
AS $function$
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
    end $function$;
CREATE OR REPLACE FUNCTION monitoring_ingest.make_partitions(first_day date, last_day date)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'monitoring_ingest', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '2s'
AS $function$
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
    end $function$;
CREATE OR REPLACE FUNCTION monitoring_ingest.make_rollup_partitions(parent text, first_day date, last_day date)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'monitoring_ingest', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '2s'
AS $function$
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
    end $function$;
CREATE OR REPLACE FUNCTION monitoring_ingest.sketch_key(value double precision)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (value = (0)::double precision) THEN 0 WHEN ((value = 'NaN'::double precision) OR (abs(value) = 'Infinity'::double precision)) THEN NULL::integer ELSE ((sign(value) * ((40000)::double precision + ceil((ln(abs(value)) / ln(((1.01)::double precision / (0.99)::double precision)))))))::integer END;

grant delete, insert, select, update on dead_letters to monitoring_ingest_app;
grant delete, insert, select, update on dirty_buckets to monitoring_ingest_app;
grant delete, insert, select, update on dirty_minutes to monitoring_ingest_app;
grant delete, insert, select on drift_reference_columns to monitoring_ingest_app;
grant delete, insert, select, update on drift_references to monitoring_ingest_app;
grant delete, insert, select, update on drift_verdicts to monitoring_ingest_app;
grant delete, insert, select, update on inbox to monitoring_ingest_app;
grant delete, insert, select, update on intake_batches to monitoring_ingest_app;
grant delete, insert, select, update on model_health to monitoring_ingest_app;
grant delete, insert, select, update on model_versions to monitoring_ingest_app;
grant delete, insert, select, update on models to monitoring_ingest_app;
grant delete, insert, select, update on objectives to monitoring_ingest_app;
grant delete, insert, select, update on outbox to monitoring_ingest_app;
grant delete, insert, select, update on points to monitoring_ingest_app;
grant delete, insert, select, update on points_default to monitoring_ingest_app;
grant delete, insert, select, update on reported_drift to monitoring_ingest_app;
grant delete, insert, select, update on rollups_1d to monitoring_ingest_app;
grant delete, insert, select, update on rollups_1h to monitoring_ingest_app;
grant delete, insert, select, update on rollups_1h_default to monitoring_ingest_app;
grant delete, insert, select, update on rollups_1m to monitoring_ingest_app;
grant delete, insert, select, update on rollups_1m_default to monitoring_ingest_app;
grant select, usage on row_seq to monitoring_ingest_app;
grant delete, insert, select, update on sample_keys to monitoring_ingest_app;
grant delete, insert, select, update on samples to monitoring_ingest_app;
grant delete, insert, select, update on samples_default to monitoring_ingest_app;
grant delete, insert, select, update on spans to monitoring_ingest_app;
grant delete, insert, select, update on spans_default to monitoring_ingest_app;
