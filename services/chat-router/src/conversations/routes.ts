import {
  addConversationMessages,
  createConversation,
  deleteConversation,
  exportConversation,
  getConversation,
  listConversationMessages,
  listConversations,
  updateConversation,
  type Conversation,
  type ConversationMessage,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import {
  appendMessages,
  changeConversation,
  getConversationRow,
  insertConversation,
  listConversationRows,
  listMessageRows,
  messagesMax,
  removeConversation,
  type ConversationRow,
  type MessageRow,
} from './conversation-store.ts';

export function mountConversationRoutes(routes: Routes, db: Kysely<Schema>): void {
  mountRoute(routes, createConversation, async ({ principal, requestId, body }) => {
    const { title = null, metadata = {}, messages = [] } = body;
    const addition = { requestId, messages: messages.map((message) => ({ message, model: null })) };
    const row = await insertConversation(db, principal.tenantId, { title, metadata }, addition);
    return reply(present(row), { headers: { Location: `/api/v1/conversations/${row.id}` } });
  });

  mountRoute(routes, listConversations, async ({ principal, query }) => {
    const list = listConversations.operationId;
    const start = pageStart(list, query, ['string']);
    const [after] = start.after ?? [];
    const rows = await listConversationRows(db, principal.tenantId, {
      after: typeof after === 'string' ? after : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present });
  });

  mountRoute(routes, getConversation, async ({ principal, params }) =>
    present(await getConversationRow(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, updateConversation, async ({ principal, params, body }) =>
    present(await changeConversation(db, principal.tenantId, params.id, body)),
  );

  mountRoute(routes, deleteConversation, async ({ principal, params }) => {
    if (await removeConversation(db, principal.tenantId, params.id)) return null;
    throw new AppError('not_found', 'There is no such conversation.');
  });

  mountRoute(routes, addConversationMessages, async ({ principal, requestId, params, body }) => {
    const messages = body.messages.map((message) => ({ message, model: null }));
    return present(await appendMessages(db, principal.tenantId, params.id, { requestId, messages }));
  });

  mountRoute(routes, listConversationMessages, async ({ principal, params, query }) => {
    const list = listConversationMessages.operationId;
    const start = pageStart(list, query, ['number']);
    const [after] = start.after ?? [];
    await getConversationRow(db, principal.tenantId, params.id);
    const rows = await listMessageRows(db, principal.tenantId, params.id, {
      after: typeof after === 'number' ? after : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ position }) => [position], present: presentMessage });
  });

  mountRoute(routes, exportConversation, async ({ principal, params }) => {
    const conversation = await getConversationRow(db, principal.tenantId, params.id);
    const all = { after: null, backwards: false, limit: messagesMax };
    const rows = await listMessageRows(db, principal.tenantId, params.id, all);
    return {
      conversation: present(conversation),
      messages: rows.map(presentMessage),
      exported_at: new Date().toISOString(),
    };
  });
}

function present({ tenant_id: _tenant, created_at, updated_at, ...row }: ConversationRow): Conversation {
  return { ...row, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}

function presentMessage({ created_at, ...row }: MessageRow): ConversationMessage {
  return { ...row, created_at: created_at.toISOString() };
}
