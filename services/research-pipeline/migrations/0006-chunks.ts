import { sql, type Kysely } from 'kysely';

/** What waits for the index to be there again: vectors that belong into it, and sources that it has to forget. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table waiting_vectors (
      tenant_id text not null,
      embedder text not null,
      dimensions integer not null,
      chunk_id text collate "C" not null,
      source_sha256 text not null,
      vector bytea not null,
      created_at timestamptz not null default now(),
      primary key (embedder, dimensions, tenant_id, chunk_id)
    )`.execute(db);
  await sql`create index waiting_vectors_source on waiting_vectors (tenant_id, source_sha256)`.execute(db);
  await sql`
    create table forgotten_sources (
      tenant_id text not null,
      source_sha256 text not null,
      created_at timestamptz not null default now(),
      primary key (tenant_id, source_sha256)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table forgotten_sources`.execute(db);
  await sql`drop table waiting_vectors`.execute(db);
}
