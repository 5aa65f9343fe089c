import { sql, type Kysely } from 'kysely';

/** Who is told of what: groups of alerts, what was decided for them, and every message until it has arrived. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table channels (
      id text primary key,
      tenant_id text not null,
      name text not null,
      kind text not null,
      is_enabled boolean not null,
      disabled_reason text,
      sends_resolved boolean not null,
      shown jsonb not null,
      sealed text not null,
      messages_max integer not null,
      window_seconds integer not null,
      heartbeat_seconds integer,
      heartbeat_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      unique (tenant_id, name)
    )`.execute(db);
  await sql`create index channels_heartbeat on channels (heartbeat_at) where heartbeat_at is not null`.execute(db);

  await sql`
    create table alert_groups (
      tenant_id text not null,
      group_hash text not null,
      route_id text not null,
      group_key text not null,
      group_labels jsonb not null,
      next_flush_at timestamptz not null,
      has_flushed boolean not null,
      empty_since timestamptz,
      primary key (tenant_id, group_hash)
    )`.execute(db);
  await sql`create index alert_groups_due on alert_groups (next_flush_at)`.execute(db);
  await sql`
    create table alert_group_members (
      tenant_id text not null,
      group_hash text not null,
      fingerprint text not null,
      labels jsonb not null,
      annotations jsonb not null,
      generator_url text not null,
      starts_at timestamptz not null,
      ends_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, group_hash, fingerprint),
      foreign key (tenant_id, group_hash) references alert_groups on delete cascade
    )`.execute(db);

  await sql`
    create table last_sent (
      tenant_id text not null,
      group_key_hash text not null,
      addressee text not null,
      firing text[] not null,
      resolved text[] not null,
      sent_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (tenant_id, group_key_hash, addressee)
    )`.execute(db);
  await sql`create index last_sent_expires on last_sent (expires_at)`.execute(db);

  await sql`
    create table notifications (
      id text primary key,
      tenant_id text not null,
      kind text not null,
      reason text not null,
      status text not null,
      receiver text not null,
      group_key text not null,
      group_labels jsonb not null,
      alerts jsonb not null,
      severity smallint not null,
      held_back integer not null,
      decided_at timestamptz not null
    )`.execute(db);
  await sql`create index notifications_of_tenant on notifications (tenant_id, id)`.execute(db);
  await sql`create index notifications_age on notifications using brin (decided_at)`.execute(db);

  await sql`
    create table flushes (
      id bigint generated always as identity primary key,
      tenant_id text not null,
      group_hash text not null,
      group_key text not null,
      receiver text not null,
      reason text not null,
      notification_id text,
      fingerprints text[] not null,
      suppressed jsonb not null,
      muted_by jsonb not null,
      times integer not null,
      first_at timestamptz not null,
      last_at timestamptz not null
    )`.execute(db);
  await sql`create index flushes_of_alert on flushes using gin (fingerprints)`.execute(db);
  await sql`create index flushes_of_group on flushes (tenant_id, group_hash, id)`.execute(db);

  await sql`
    create table destinations (
      tenant_id text not null,
      destination text not null,
      next_at timestamptz,
      blocked_until timestamptz,
      failures integer not null default 0,
      failing_since timestamptz,
      told_failing_at timestamptz,
      sent_recently jsonb not null default '[]',
      lease_until timestamptz,
      lease_token uuid,
      primary key (tenant_id, destination)
    )`.execute(db);
  await sql`create index destinations_due on destinations (next_at) where next_at is not null`.execute(db);

  await sql`
    create table deliveries (
      id text primary key,
      tenant_id text not null,
      notification_id text not null references notifications on delete cascade,
      destination text not null,
      kind text not null,
      channel_id text,
      receiver text not null,
      integration text not null,
      recipient text,
      sends_resolved boolean not null,
      severity smallint not null,
      state text not null,
      attempts integer not null,
      next_at timestamptz,
      held_at timestamptz,
      merged_into text,
      last_status integer,
      last_error text,
      created_at timestamptz not null,
      attempted_at timestamptz,
      sent_at timestamptz,
      unique (notification_id, destination)
    )`.execute(db);
  await sql`
    create index deliveries_open on deliveries (tenant_id, destination, id) where state in ('pending', 'sending')`.execute(
    db,
  );
  await sql`create index deliveries_of_tenant on deliveries (tenant_id, id)`.execute(db);
  await sql`create index deliveries_dead on deliveries (tenant_id, id) where state = 'dead'`.execute(db);
  await sql`create index deliveries_merged on deliveries (merged_into) where merged_into is not null`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table deliveries, destinations, flushes, notifications, last_sent, alert_group_members, alert_groups,
      channels`.execute(db);
}
