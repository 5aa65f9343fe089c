import { sql, type Kysely } from 'kysely';

/** Finds what fires by what it carries: Alertmanager's clients ask for nothing else. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index alerts_labels on alerts using gin (labels jsonb_path_ops) where state = 'firing'`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop index alerts_labels`.execute(db);
}
