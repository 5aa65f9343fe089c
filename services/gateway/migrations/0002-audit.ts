import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE audit_events (
      id text COLLATE "C" PRIMARY KEY,
      at timestamptz NOT NULL,
      tenant_id text COLLATE "C",
      actor text NOT NULL,
      action text NOT NULL,
      target text,
      outcome text NOT NULL CHECK (outcome IN ('ok', 'refused')),
      request_id text,
      ip text,
      details jsonb NOT NULL
    )
  `.execute(db);
  await sql`CREATE INDEX audit_events_of_tenant ON audit_events (tenant_id, id)`.execute(db);
  // OD-14: whoever takes the application over can add to the log, and cannot rewrite it.
  await sql`REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON audit_events FROM gateway_app`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TABLE audit_events`.execute(db);
}
