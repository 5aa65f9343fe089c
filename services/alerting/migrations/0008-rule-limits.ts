import { sql, type Kysely } from 'kysely';

/** How many messages about the alerts of its rule may arrive, of a message that tells of one such rule alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table deliveries add column rule_limit jsonb`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table deliveries drop column rule_limit`.execute(db);
}
