import { sql, type Kysely } from 'kysely';

/** Who gave a task, and whose authority to give any was taken away. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Null: it was given before anybody noted who did.
  await sql`alter table tasks add column created_by text`.execute(db);
  await sql`
    create index tasks_unended on tasks (tenant_id, created_by) where status in ('pending', 'processing')`.execute(db);
  await sql`
    create table restricted_principals (
      tenant_id text not null,
      principal_id text not null,
      scopes text[] not null,
      at timestamptz not null,
      primary key (tenant_id, principal_id)
    )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table restricted_principals`.execute(db);
  await sql`drop index tasks_unended`.execute(db);
  await sql`alter table tasks drop column created_by`.execute(db);
}
