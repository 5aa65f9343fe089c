import { sql, type Kysely } from 'kysely';

/** Vectors that wait for the index to be there again. */
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
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table waiting_vectors`.execute(db);
}
