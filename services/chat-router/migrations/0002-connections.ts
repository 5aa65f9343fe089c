import { sql, type Kysely } from 'kysely';

/** What tenants have connected. A key stands here in an envelope of the vault, and nowhere else. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table provider_connections (
      id text primary key,
      tenant_id text not null,
      name text not null,
      kind text not null,
      base_url text,
      sealed_key text,
      key_hint text,
      models text[],
      options jsonb not null,
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint provider_connections_name unique (tenant_id, name)
    )`.execute(db);
  // For rotation, which looks for envelopes of an older key.
  await sql`create index provider_connections_sealed on provider_connections (id) where sealed_key is not null`.execute(
    db,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table provider_connections`.execute(db);
}
