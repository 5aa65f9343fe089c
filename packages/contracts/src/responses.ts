import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { SignalboxOptions } from './routing.ts';

/** OpenAI's request for a response. Only what has one meaning everywhere is pinned; every other field travels on untouched. */
export const ResponseRequest = z
  .looseObject({
    model: z.string().min(1).max(200),
    input: z.union([z.string(), z.array(z.looseObject({ type: z.string().optional() })).max(4_000)]),
    instructions: z.string().nullish(),
    max_output_tokens: z.int().min(1).nullish(),
    stream: z.boolean().nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    tools: z.array(z.looseObject({ type: z.string() })).nullish(),
    tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]).nullish(),
    text: z.looseObject({}).nullish(),
    reasoning: z.looseObject({}).nullish(),
    signalbox: SignalboxOptions.optional(),
  })
  .meta({ id: 'ResponseRequest' });
export type ResponseRequest = z.infer<typeof ResponseRequest>;

export const ResponseDocument = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    model: z.string(),
    status: z.string(),
    output: z.array(z.looseObject({ type: z.string() })),
  })
  .meta({ id: 'Response' });

export const createResponse = defineRoute({
  operationId: 'createResponse',
  service: 'chat-router',
  method: 'post',
  path: '/v1/responses',
  tag: 'Chat',
  summary: 'Complete a chat in the shape of OpenAI’s Responses API, as one document or as a stream',
  description:
    'Answers are not kept: `store` is false in every answer, and what refers to an earlier one ' +
    '(`previous_response_id`, `conversation`, `background`) is refused with 400. Only their items are, for an hour and ' +
    'unless `store: false` was asked for, so that an `item_reference` may stand for one. `execute_tools` and ' +
    '`signalbox.conversation_id` mean what they mean in a chat completion, in whose shape such a request is asked. A stream ' +
    'tells of tools in `keepalive` events with a member `signalbox`.',
  scope: 'chat:write',
  dialect: 'openai',
  routeClass: 'chat',
  body: ResponseRequest,
  bodyBytesMax: 20 * 1_048_576,
  firstByteTimeoutMs: 130_000,
  idleTimeoutMs: 40_000,
  response: { status: 200, description: 'The response', schema: ResponseDocument },
  alsoAnswers: [{ status: 200, description: 'The stream', schema: z.string(), contentType: 'text/event-stream' }],
});

export const responseRoutes = [createResponse] as const;
