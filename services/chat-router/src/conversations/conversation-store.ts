import type { ConversationMessageInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { storableJson } from '../asking/storable-json.ts';
import type { Stretch } from '../usage/usage-store.ts';
import type { ConversationTables } from './conversation-tables.ts';

export type ConversationRow = Selectable<ConversationTables['conversations']>;
export type MessageRow = Omit<Selectable<ConversationTables['conversation_messages']>, 'conversation_id'>;

/** What is added to a conversation at once. */
export interface Addition {
  requestId: string;
  messages: readonly { message: ConversationMessageInput; model: string | null }[];
}

/** Beyond this a conversation takes nothing more: it is meant for people, and read as a whole for its export. */
export const messagesMax = 10_000;

export async function insertConversation(
  db: Kysely<Schema>,
  tenantId: string,
  { title, metadata }: { title: string | null; metadata: Record<string, string> },
  addition: Addition,
): Promise<ConversationRow> {
  const id = newId('conversation');
  return db.transaction().execute(async (trx) => {
    await trx
      .insertInto('conversations')
      .values({ id, tenant_id: tenantId, title, metadata: JSON.stringify(metadata) })
      .execute();
    return append(trx, tenantId, id, addition);
  });
}

/** Adds what was said, after what has been said meanwhile. What one request adds is added once. Throws `not_found`. */
export async function appendMessages(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  addition: Addition,
): Promise<ConversationRow> {
  return db.transaction().execute((trx) => append(trx, tenantId, id, addition));
}

async function append(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  addition: Addition,
): Promise<ConversationRow> {
  const { rows } = await sql<ConversationRow>`
    select * from conversations where tenant_id = ${tenantId} and id = ${id} for update`.execute(trx);
  const [before] = rows;
  if (before === undefined) throw noConversation();
  const { requestId, messages } = addition;
  if (messages.length === 0) return before;
  const earlier = await trx
    .selectFrom('conversation_messages')
    .select('position')
    .where('conversation_id', '=', id)
    .where('request_id', '=', requestId)
    .limit(1)
    .executeTakeFirst();
  if (earlier !== undefined) return before;
  if (before.messages + messages.length > messagesMax) {
    throw new AppError('conflict', `A conversation holds at most ${String(messagesMax)} messages.`);
  }
  await trx
    .insertInto('conversation_messages')
    .values(
      messages.map(({ message, model }, index) => ({
        conversation_id: id,
        position: before.messages + index + 1,
        message: storableJson(message),
        model,
        request_id: requestId,
      })),
    )
    .execute();
  return trx
    .updateTable('conversations')
    .set({ messages: before.messages + messages.length, updated_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Throws `not_found`. */
export async function getConversationRow(db: Kysely<Schema>, tenantId: string, id: string): Promise<ConversationRow> {
  const row = await conversations(db, tenantId).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw noConversation();
  return row;
}

/** The newest first. */
export async function listConversationRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: Stretch<string>,
): Promise<ConversationRow[]> {
  return conversations(db, tenantId)
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

/** Throws `not_found`. */
export async function changeConversation(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  { title, metadata }: { title?: string | undefined; metadata?: Record<string, string> | undefined },
): Promise<ConversationRow> {
  const row = await db
    .updateTable('conversations')
    .set({
      updated_at: sql<Date>`now()`,
      ...(title === undefined ? {} : { title }),
      ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw noConversation();
  return row;
}

/** Its messages go with it. False where there was none. */
export async function removeConversation(db: Kysely<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('conversations')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** In the order of the conversation; `id` is known to be the tenant's. */
export async function listMessageRows(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  { after, backwards, limit }: Stretch<number>,
): Promise<MessageRow[]> {
  return messages(db, tenantId, id)
    .$if(after !== null, (query) => query.where('position', backwards ? '<' : '>', after ?? 0))
    .orderBy('position', backwards ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

/**
 * What stands in front of what a request adds: all instructions, and the last messages, in order. For a request that has
 * added its part already it is what stood in front of it then.
 */
export async function readHistory(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  { requestId, lastMax }: { requestId: string; lastMax: number },
): Promise<ConversationMessageInput[]> {
  const { messages: count } = await getConversationRow(db, tenantId, id);
  const added = await messages(db, tenantId, id)
    .where('request_id', '=', requestId)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst();
  const end = added?.position ?? count + 1;
  const rows = await messages(db, tenantId, id)
    .where('position', '<', end)
    .where((where) =>
      where.or([where.eb('position', '>=', end - lastMax), sql<boolean>`message->>'role' in ('system', 'developer')`]),
    )
    .orderBy('position')
    .execute();
  return rows.map(({ message }) => message);
}

function conversations(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('conversations').selectAll().where('tenant_id', '=', tenantId);
}

function messages(db: Kysely<Schema>, tenantId: string, id: string) {
  return db
    .selectFrom('conversation_messages')
    .innerJoin('conversations', 'conversations.id', 'conversation_id')
    .select(['position', 'message', 'model', 'request_id', 'conversation_messages.created_at'])
    .where('tenant_id', '=', tenantId)
    .where('conversation_id', '=', id);
}

function noConversation(): AppError {
  return new AppError('not_found', 'There is no such conversation.');
}
