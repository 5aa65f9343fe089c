import { sql, type Kysely } from 'kysely';

/** Whom else to tell of what nobody acknowledges, and when alerts are quiet again and again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table escalation_policies (
      id text primary key,
      tenant_id text not null,
      name text not null,
      matchers jsonb not null,
      steps jsonb not null,
      created_at timestamptz not null,
      unique (tenant_id, name)
    )`.execute(db);
  await sql`
    create table escalations (
      tenant_id text not null,
      policy_id text not null references escalation_policies on delete cascade,
      fingerprint text not null,
      episode integer not null,
      step integer not null,
      escalated_at timestamptz not null,
      primary key (tenant_id, policy_id, fingerprint, episode, step)
    )`.execute(db);
  await sql`
    create table maintenance_windows (
      id text primary key,
      tenant_id text not null,
      name text not null,
      matchers jsonb not null,
      weekdays integer[] not null,
      start_minute integer not null,
      end_minute integer not null,
      time_zone text not null,
      created_at timestamptz not null,
      unique (tenant_id, name)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table escalations, escalation_policies, maintenance_windows`.execute(db);
}
