import { sql, type Kysely } from 'kysely';

/** Conversations that the router remembers, and what was said in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table conversations (
      id text primary key,
      tenant_id text not null,
      title text,
      metadata jsonb not null,
      messages integer not null default 0,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index conversations_tenant on conversations (tenant_id, id)`.execute(db);
  await sql`
    create table conversation_messages (
      conversation_id text not null references conversations (id) on delete cascade,
      position integer not null,
      message jsonb not null,
      model text,
      request_id text not null,
      created_at timestamptz not null default now(),
      primary key (conversation_id, position)
    )`.execute(db);
  await sql`create index conversation_messages_request on conversation_messages (conversation_id, request_id)`.execute(
    db,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table conversation_messages`.execute(db);
  await sql`drop table conversations`.execute(db);
}
