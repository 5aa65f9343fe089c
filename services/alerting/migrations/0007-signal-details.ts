import { sql, type Kysely } from 'kysely';

/** What a service said of its subject last, beside what tells the subject apart. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table signals add column details jsonb not null default '{}'`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table signals drop column details`.execute(db);
}
