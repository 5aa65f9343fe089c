import { sql, type Kysely } from 'kysely';

/** Research jobs, what each has done and told so far, and tenants whose jobs wait because somebody said so. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // `epoch` is the fence: whoever writes for a job names the epoch of its lease, and only the last one's writes count.
  await sql`
    create table research_jobs (
      id text collate "C" primary key,
      tenant_id text not null,
      principal jsonb not null,
      request jsonb not null,
      request_hash text not null,
      idempotency_key text,
      status text not null check (status in ('queued', 'running', 'waiting_for_approval', 'cancelling', 'cancelled',
        'completed', 'completed_partial', 'failed')),
      stage text,
      run integer not null default 1,
      turn integer not null default 0,
      epoch integer not null default 0,
      lease_owner text,
      lease_until timestamptz,
      lost_leases integer not null default 0,
      parked boolean not null default false,
      cancel_requested_at timestamptz,
      approved_at timestamptz,
      budget jsonb not null,
      spent jsonb not null,
      units jsonb not null default '[]',
      questions jsonb,
      mode jsonb,
      degraded jsonb not null default '[]',
      warnings jsonb not null default '[]',
      partial_reason text,
      error jsonb,
      events integer not null default 1,
      report_sha256 text,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz,
      touched_at timestamptz not null default now(),
      expires_at timestamptz not null,
      unique (tenant_id, idempotency_key)
    )`.execute(db);
  await sql`create index research_jobs_tenant on research_jobs (tenant_id, id)`.execute(db);
  await sql`
    create index research_jobs_open on research_jobs (touched_at)
    where status in ('queued', 'running', 'cancelling')`.execute(db);
  await sql`create index research_jobs_expiry on research_jobs (expires_at)`.execute(db);

  // What was paid for once is not paid for again: a step that stands here is not done a second time.
  await sql`
    create table research_steps (
      job_id text collate "C" not null references research_jobs (id) on delete cascade,
      stage text not null,
      key text not null,
      input_hash text not null,
      output jsonb not null,
      cost jsonb not null,
      finished_at timestamptz not null default now(),
      primary key (job_id, stage, key)
    )`.execute(db);
  await sql`
    create table research_events (
      job_id text collate "C" not null references research_jobs (id) on delete cascade,
      seq integer not null,
      type text not null,
      data jsonb not null,
      at timestamptz not null default now(),
      primary key (job_id, seq)
    )`.execute(db);
  await sql`
    create table research_pauses (
      tenant_id text primary key,
      paused_by text not null,
      paused_at timestamptz not null default now()
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table research_pauses`.execute(db);
  await sql`drop table research_events`.execute(db);
  await sql`drop table research_steps`.execute(db);
  await sql`drop table research_jobs`.execute(db);
}
