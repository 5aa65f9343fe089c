import { sql, type Kysely } from 'kysely';

/** The secret headers of tools: their names, and all of them in one envelope of the vault. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table tools
      add column header_names text[] not null default '{}',
      add column sealed_headers text`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tools drop column header_names, drop column sealed_headers`.execute(db);
}
