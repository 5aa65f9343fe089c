import { sql, type Kysely } from 'kysely';

/** Systems with all of their versions, the tasks given to them, and what each task has done and told so far. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A deleted system keeps its row: its tasks name it, and its id must never mean something else.
  await sql`
    create table systems (
      tenant_id text not null,
      id text collate "C" not null,
      version integer not null check (version > 0),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db);
  await sql`
    create table system_versions (
      tenant_id text not null,
      system_id text collate "C" not null,
      version integer not null,
      spec jsonb not null,
      created_at timestamptz not null default now(),
      created_by text not null,
      primary key (tenant_id, system_id, version),
      foreign key (tenant_id, system_id) references systems (tenant_id, id)
    )`.execute(db);

  await sql`
    create table tasks (
      id text primary key,
      tenant_id text not null,
      system_id text collate "C" not null,
      system_version integer not null,
      status text not null check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
      input jsonb not null,
      task_type text,
      metadata jsonb not null,
      idempotency_key text,
      input_hash text not null,
      latency_target_ms integer,
      epoch integer not null default 0,
      lease_until timestamptz,
      touched_at timestamptz not null default now(),
      events integer not null default 1,
      result jsonb,
      error jsonb,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz,
      foreign key (tenant_id, system_id, system_version) references system_versions (tenant_id, system_id, version),
      unique (tenant_id, system_id, idempotency_key)
    )`.execute(db);
  await sql`create index tasks_system on tasks (tenant_id, system_id, id)`.execute(db);
  await sql`create index tasks_processing on tasks (touched_at) where status = 'processing'`.execute(db);

  // What was paid for once is not paid for again: a step that stands here is not done a second time.
  await sql`
    create table task_steps (
      task_id text not null references tasks (id) on delete cascade,
      step text not null,
      output jsonb not null,
      primary key (task_id, step)
    )`.execute(db);
  await sql`
    create table task_events (
      task_id text not null references tasks (id) on delete cascade,
      position integer not null,
      type text not null,
      data jsonb not null,
      at timestamptz not null default now(),
      primary key (task_id, position)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table task_events`.execute(db);
  await sql`drop table task_steps`.execute(db);
  await sql`drop table tasks`.execute(db);
  await sql`drop table system_versions`.execute(db);
  await sql`drop table systems`.execute(db);
}
