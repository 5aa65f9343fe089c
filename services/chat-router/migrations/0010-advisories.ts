import { sql, type Kysely } from 'kysely';

/** Alerts that advise against a model. An ended one stays, so that a late word of its beginning changes nothing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table advisories (
      tenant_id text not null,
      alert_id text not null,
      episode integer not null,
      model text not null,
      alert_name text not null,
      ended boolean not null,
      at timestamptz not null,
      primary key (tenant_id, alert_id)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table advisories`.execute(db);
}
