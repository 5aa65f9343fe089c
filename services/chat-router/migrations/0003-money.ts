import { sql, type Kysely } from 'kysely';

/** What calls cost, in the ledger's rows, and the budgets that hold them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // None of them `not null`: the version before this one writes rows without them for as long as a rollout takes.
  await sql`
    alter table usage_records
      add column cache_write_tokens integer check (cache_write_tokens >= 0),
      add column cost_usd numeric(20, 9) check (cost_usd >= 0),
      add column cost_basis text,
      add column charged_tokens bigint check (charged_tokens >= 0),
      add column price_version text,
      add column system text,
      add column tags jsonb,
      add column attempts integer,
      add column estimated_prompt_tokens integer,
      add column estimate_method text`.execute(db);
  await sql`create index usage_records_tenant_at on usage_records (tenant_id, at)`.execute(db);

  await sql`
    create table budgets (
      id text primary key,
      tenant_id text not null,
      name text not null,
      scope_kind text not null check (scope_kind in ('tenant', 'key', 'system')),
      scope_of text check ((scope_of is null) = (scope_kind = 'tenant')),
      period text not null check (period in ('hour', 'day', 'month')),
      hard_usd numeric(20, 9) check (hard_usd > 0),
      soft_usd numeric(20, 9) check (soft_usd > 0),
      hard_tokens bigint check (hard_tokens > 0),
      soft_tokens bigint check (soft_tokens > 0),
      ceiling_usd numeric(20, 9) check (ceiling_usd > 0),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint budgets_name unique (tenant_id, name)
    )`.execute(db);
  // That a limit was crossed is told once for each period, whatever was forgotten and counted again meanwhile.
  await sql`
    create table budget_crossings (
      budget_id text not null references budgets (id) on delete cascade,
      period_start timestamptz not null,
      unit text not null,
      level text not null,
      limit_at numeric(30, 9) not null,
      crossed_at timestamptz not null default now(),
      primary key (budget_id, period_start, unit, level, limit_at)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table budget_crossings`.execute(db);
  await sql`drop table budgets`.execute(db);
  await sql`drop index usage_records_tenant_at`.execute(db);
  await sql`
    alter table usage_records
      drop column cache_write_tokens, drop column cost_usd, drop column cost_basis, drop column charged_tokens,
      drop column price_version, drop column system, drop column tags, drop column attempts,
      drop column estimated_prompt_tokens, drop column estimate_method`.execute(db);
}
