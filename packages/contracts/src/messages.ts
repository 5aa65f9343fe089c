import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { SignalboxOptions } from './routing.ts';

const tag = 'Chat';

const Content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);
const Prompt = {
  model: z.string().min(1).max(200),
  messages: z
    .array(z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: Content }))
    .min(1)
    // As many as fit the number of members that a body may have.
    .max(4_000),
  system: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).optional(),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  signalbox: SignalboxOptions.optional(),
};

/** Anthropic's message request. Only what has one meaning everywhere is pinned; every other field travels on untouched. */
export const MessageRequest = z
  .looseObject({
    ...Prompt,
    max_tokens: z.int().min(1),
    stream: z.boolean().optional(),
    // Models of others take more than the 1 that Anthropic's do.
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    top_k: z.int().min(0).optional(),
    stop_sequences: z.array(z.string()).optional(),
    tool_choice: z.looseObject({ type: z.string() }).optional(),
    thinking: z.looseObject({ type: z.string() }).optional(),
  })
  .meta({ id: 'MessageRequest' });
export type MessageRequest = z.infer<typeof MessageRequest>;

export const Message = z
  .looseObject({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string(),
    content: z.array(z.looseObject({ type: z.string() })),
    stop_reason: z.string().nullable(),
    usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
  })
  .meta({ id: 'Message' });

export const createMessage = defineRoute({
  operationId: 'createMessage',
  service: 'chat-router',
  method: 'post',
  path: '/v1/messages',
  tag,
  summary: 'Complete a chat in Anthropic’s shape, as one document or as a stream',
  description:
    'Any model answers, whoever its provider is. With `stream: true` the answer is `text/event-stream`. `execute_tools` and ' +
    '`signalbox.conversation_id` mean what they mean in a chat completion, in whose shape such a request is asked: what only ' +
    'Anthropic’s can say is named in `x-signalbox-dropped`. A stream tells of tools in `ping` events with a member `signalbox`.',
  scope: 'chat:write',
  dialect: 'anthropic',
  routeClass: 'chat',
  body: MessageRequest,
  bodyBytesMax: 20 * 1_048_576,
  firstByteTimeoutMs: 130_000,
  idleTimeoutMs: 40_000,
  response: { status: 200, description: 'The message', schema: Message },
  alsoAnswers: [{ status: 200, description: 'The stream', schema: z.string(), contentType: 'text/event-stream' }],
});

export const TokenCountRequest = z.looseObject(Prompt).meta({ id: 'TokenCountRequest' });
export type TokenCountRequest = z.infer<typeof TokenCountRequest>;

export const countMessageTokens = defineRoute({
  operationId: 'countMessageTokens',
  service: 'chat-router',
  method: 'post',
  path: '/v1/messages/count_tokens',
  tag,
  summary: 'Count the tokens of a message request before it is sent',
  description: 'By the provider’s own counter where it has one; else an estimate, which says so in `signalbox`.',
  scope: 'chat:write',
  dialect: 'anthropic',
  routeClass: 'chat',
  body: TokenCountRequest,
  bodyBytesMax: 20 * 1_048_576,
  response: {
    status: 200,
    description: 'The count',
    schema: z
      .object({
        input_tokens: z.int().min(0),
        signalbox: z.object({
          model: z.string().describe('Whose tokens were counted.'),
          method: z
            .enum(['provider', 'characters/4'])
            .describe('`provider`: counted by the provider. `characters/4`: estimated, text only.'),
        }),
      })
      .meta({ id: 'TokenCount' }),
  },
});

export const messageRoutes = [createMessage, countMessageTokens] as const;
