import { sql, type Kysely } from 'kysely';

/** Every alert of a tenant with its present state, and what has happened to it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Rows change at every report: the free space lets most changes stay on their page and off the indexes.
  await sql`
    create table alerts (
      tenant_id text not null,
      fingerprint text not null,
      id text not null,
      rule_id text,
      name text not null,
      model_id text,
      alert_type text not null,
      severity text not null,
      labels jsonb not null,
      annotations jsonb not null,
      generator_url text not null,
      state text not null check (state in ('inactive', 'pending', 'firing', 'resolved')),
      episode integer not null,
      count integer not null,
      value double precision,
      starts_at timestamptz not null,
      ends_at timestamptz not null,
      timeout boolean not null,
      active_since timestamptz,
      fired_at timestamptz,
      keep_firing_since timestamptz,
      last_seen_at timestamptz,
      last_slot timestamptz,
      resolved_at timestamptz,
      resolved_reason text,
      resolved_by text,
      resolved_note text,
      acknowledged_at timestamptz,
      acknowledged_by text,
      acknowledged_note text,
      acknowledged_until timestamptz,
      snoozed_until timestamptz,
      assignee text,
      held_until timestamptz,
      held_until_clear boolean not null,
      transitions timestamptz[] not null,
      flapping boolean not null,
      no_data boolean not null,
      updated_at timestamptz not null,
      primary key (tenant_id, fingerprint)
    ) with (fillfactor = 80)`.execute(db);
  await sql`create unique index alerts_id on alerts (tenant_id, id)`.execute(db);
  await sql`create index alerts_time on alerts (tenant_id, starts_at, id) where state <> 'inactive'`.execute(db);
  await sql`create index alerts_model on alerts (tenant_id, model_id, starts_at, id) where state <> 'inactive'`.execute(
    db,
  );
  await sql`create index alerts_state on alerts (tenant_id, state, starts_at, id)`.execute(db);
  await sql`create index alerts_severity on alerts (tenant_id, severity, starts_at, id) where state <> 'inactive'`.execute(
    db,
  );
  await sql`create index alerts_rule on alerts (tenant_id, rule_id) where rule_id is not null`.execute(db);
  await sql`create index alerts_posted_end on alerts (ends_at) where state = 'firing' and rule_id is null`.execute(db);
  // What commits later has a later place, once `xid` is below every transaction that still runs.
  await sql`
    create table alert_events (
      tenant_id text not null,
      xid xid8 not null default pg_current_xact_id(),
      position bigint generated always as identity,
      alert_id text not null,
      episode integer not null,
      type text not null,
      at timestamptz not null,
      by text,
      details jsonb not null,
      primary key (tenant_id, xid, position)
    )`.execute(db);
  await sql`create index alert_events_alert on alert_events (tenant_id, alert_id, xid, position)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table alert_events, alerts`.execute(db);
}
