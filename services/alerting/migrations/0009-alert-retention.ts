import { sql, type Kysely } from 'kysely';

/** Finds what ended long ago, so that it can be let go of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index alerts_ended on alerts (ends_at) where state in ('resolved', 'inactive')`.execute(db);
  await sql`create index alert_events_age on alert_events using brin (at)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop index alert_events_age, alerts_ended`.execute(db);
}
