import { sql, type Kysely } from 'kysely';

/** By what alerts are made: rules, and what the other services have said last of their subjects. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table rules (
      tenant_id text not null,
      id text not null,
      name text not null,
      origin text not null check (origin in ('api', 'yaml', 'default')),
      spec jsonb not null,
      enabled boolean not null,
      next_eval_at timestamptz not null,
      nudged_at timestamptz,
      claimed_until timestamptz,
      claim text,
      last_slot timestamptz,
      error text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, name)
    ) with (fillfactor = 70)`.execute(db);
  await sql`create index rules_due on rules (next_eval_at) where enabled`.execute(db);
  // A tenant that has deleted a rule of the start does not get it back.
  await sql`create table rule_tenants (tenant_id text primary key, begun_at timestamptz not null)`.execute(db);
  await sql`
    create table signals (
      tenant_id text not null,
      signal text not null,
      subject text not null,
      state text not null,
      value double precision not null,
      labels jsonb not null,
      at timestamptz not null,
      expires_at timestamptz,
      primary key (tenant_id, signal, subject)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table signals, rule_tenants, rules`.execute(db);
}
