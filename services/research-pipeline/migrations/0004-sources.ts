import { sql, type Kysely } from 'kysely';

/** Where is searched and what is fetched: credentials of tenants, and what hosts and providers asked for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table search_credentials (
      tenant_id text not null,
      provider text not null,
      sealed text not null,
      hint text not null,
      updated_at timestamptz not null,
      primary key (tenant_id, provider)
    )`.execute(db);
  await sql`
    create table provider_rests (
      holder text not null,
      provider text not null,
      until timestamptz not null,
      reason text not null,
      primary key (holder, provider)
    )`.execute(db);
  await sql`
    create table provider_answers (
      holder text not null,
      url_sha256 text not null,
      etag text not null,
      body text not null,
      expires_at timestamptz not null,
      primary key (holder, url_sha256)
    )`.execute(db);
  await sql`create index provider_answers_expires on provider_answers (expires_at)`.execute(db);
  await sql`
    create table host_turns (
      host text primary key,
      free_at timestamptz not null
    )`.execute(db);
  await sql`
    create table robots_files (
      origin text primary key,
      verdict text not null,
      body text not null,
      expires_at timestamptz not null
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table robots_files, host_turns, provider_answers, provider_rests, search_credentials`.execute(db);
}
