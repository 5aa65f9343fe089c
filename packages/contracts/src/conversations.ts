import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Conversations';
const service = 'chat-router';
const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the conversation: `conversation_…`.') });

export const Conversation = z
  .object({
    id: z.string(),
    title: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    messages: z.int().describe('How many there are.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Conversation' });
export type Conversation = z.infer<typeof Conversation>;

const conversationShape = {
  title: z.string().trim().min(1).max(200).optional(),
  metadata: z.record(z.string().max(64), z.string().max(500)).optional(),
};

/** One message in OpenAI's shape. Members that are not named here (`tool_calls`, `name`) are kept. */
export const ConversationMessageInput = z
  .looseObject({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
  })
  .meta({ id: 'ConversationMessageInput' });
export type ConversationMessageInput = z.infer<typeof ConversationMessageInput>;

export const ConversationMessage = z
  .object({
    position: z.int().describe('From 1, in the order of the conversation.'),
    message: ConversationMessageInput,
    model: z.string().nullable().describe('Which model wrote it; null where none did.'),
    request_id: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'ConversationMessage' });
export type ConversationMessage = z.infer<typeof ConversationMessage>;

export const createConversation = defineRoute({
  operationId: 'createConversation',
  service,
  method: 'post',
  path: '/api/v1/conversations',
  tag,
  summary: 'Begin a conversation that the router remembers',
  description:
    'Name it as `signalbox.conversation_id` in a chat request: what was said before is put in front of the messages, as much as fits.',
  scope: 'chat:write',
  body: z.strictObject({
    ...conversationShape,
    messages: z.array(ConversationMessageInput).max(200).optional().describe('What was said before.'),
  }),
  bodyBytesMax: 4 * 1_048_576,
  response: { status: 201, description: 'The conversation', schema: Conversation },
});

export const listConversations = defineRoute({
  operationId: 'listConversations',
  service,
  method: 'get',
  path: '/api/v1/conversations',
  tag,
  summary: "List the tenant's conversations, newest first",
  scope: 'chat:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of conversations', schema: pageOf(Conversation) },
});

export const getConversation = defineRoute({
  operationId: 'getConversation',
  service,
  method: 'get',
  path: '/api/v1/conversations/{id}',
  tag,
  summary: 'Get one conversation',
  scope: 'chat:read',
  params: IdParams,
  response: { status: 200, description: 'The conversation', schema: Conversation },
});

export const updateConversation = defineRoute({
  operationId: 'updateConversation',
  service,
  method: 'patch',
  path: '/api/v1/conversations/{id}',
  tag,
  summary: 'Change the title or the metadata of a conversation',
  scope: 'chat:write',
  params: IdParams,
  body: z.strictObject(conversationShape),
  response: { status: 200, description: 'The conversation as it is now', schema: Conversation },
});

export const deleteConversation = defineRoute({
  operationId: 'deleteConversation',
  service,
  method: 'delete',
  path: '/api/v1/conversations/{id}',
  tag,
  summary: 'Delete a conversation and every message of it',
  scope: 'chat:write',
  params: IdParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

export const addConversationMessages = defineRoute({
  operationId: 'addConversationMessages',
  service,
  method: 'post',
  path: '/api/v1/conversations/{id}/messages',
  tag,
  summary: 'Add messages without asking a model',
  scope: 'chat:write',
  params: IdParams,
  body: z.strictObject({ messages: z.array(ConversationMessageInput).min(1).max(200) }),
  bodyBytesMax: 4 * 1_048_576,
  response: { status: 200, description: 'The conversation as it is now', schema: Conversation },
});

export const listConversationMessages = defineRoute({
  operationId: 'listConversationMessages',
  service,
  method: 'get',
  path: '/api/v1/conversations/{id}/messages',
  tag,
  summary: 'List the messages of a conversation, oldest first',
  scope: 'chat:read',
  params: IdParams,
  query: PageQuery,
  response: { status: 200, description: 'One page of messages', schema: pageOf(ConversationMessage) },
});

export const exportConversation = defineRoute({
  operationId: 'exportConversation',
  service,
  method: 'get',
  path: '/api/v1/conversations/{id}/export',
  tag,
  summary: 'Get a conversation with everything that was said in it, as one document',
  scope: 'chat:read',
  params: IdParams,
  firstByteTimeoutMs: 30_000,
  response: {
    status: 200,
    description: 'The conversation',
    schema: z.object({
      conversation: Conversation,
      messages: z.array(ConversationMessage),
      exported_at: z.iso.datetime(),
    }),
  },
});

export const conversationRoutes = [
  createConversation,
  listConversations,
  getConversation,
  updateConversation,
  deleteConversation,
  addConversationMessages,
  listConversationMessages,
  exportConversation,
] as const;
