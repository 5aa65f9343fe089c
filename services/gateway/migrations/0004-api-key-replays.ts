import { sql, type Kysely } from 'kysely';

/** Which key was made for an `Idempotency-Key`, so that a repeat of the request makes no other. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE api_key_replays (
      tenant_id text COLLATE "C" NOT NULL REFERENCES tenants,
      principal_id text COLLATE "C" NOT NULL,
      idempotency_key text COLLATE "C" NOT NULL,
      fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
      api_key_id text COLLATE "C" REFERENCES api_keys,
      sealed_key text,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, principal_id, idempotency_key)
    )
  `.execute(db);
  await sql`CREATE INDEX api_key_replays_expires ON api_key_replays (expires_at)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TABLE api_key_replays`.execute(db);
}
