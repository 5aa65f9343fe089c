import { sql, type Kysely } from 'kysely';

/** Reports: where their files lie, for how long, and what is left to be cleared away. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table research_reports (
      job_id text collate "C" primary key,
      tenant_id text not null,
      sha256 text not null,
      files jsonb not null,
      evidence_key text not null,
      published_at timestamptz not null default now(),
      expires_at timestamptz not null,
      cleared_at timestamptz
    )`.execute(db);
  await sql`create index research_reports_due on research_reports (expires_at) where cleared_at is null`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table research_reports`.execute(db);
}
