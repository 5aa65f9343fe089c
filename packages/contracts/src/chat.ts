import { z } from 'zod';
import { defineEvent } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { CostBasis, CostTags, UsdAmount } from './money.ts';
import { pageOf, PageQuery } from './page.ts';
import { Routing, SignalboxOptions } from './routing.ts';

const tag = 'Chat';

/**
 * OpenAI's chat request. Only what has one meaning everywhere is pinned; every other field travels on untouched, so that a
 * parameter that was invented yesterday works today.
 */
export const ChatCompletionRequest = z
  .looseObject({
    model: z.string().min(1).max(200),
    messages: z
      .array(
        z.looseObject({
          role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
          content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
        }),
      )
      .min(1)
      // As many as fit the number of members that a body may have.
      .max(4_000),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    // What is wrong in itself is refused: of a request that is translated nobody else would say which member it was.
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    presence_penalty: z.number().min(-2).max(2).nullish(),
    frequency_penalty: z.number().min(-2).max(2).nullish(),
    n: z.int().min(1).max(128).nullish(),
    stop: z.union([z.string(), z.array(z.string())]).nullish(),
    tools: z.array(z.looseObject({})).nullish(),
    tool_choice: z.union([z.string(), z.looseObject({})]).nullish(),
    response_format: z.looseObject({ type: z.string() }).nullish(),
    signalbox: SignalboxOptions.optional(),
  })
  .meta({ id: 'ChatCompletionRequest' });
export type ChatCompletionRequest = z.infer<typeof ChatCompletionRequest>;

export const ChatCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.int(),
        message: z.looseObject({ role: z.string(), content: z.string().nullable().optional() }),
        finish_reason: z.string().nullable(),
      }),
    ),
    usage: z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }).optional(),
  })
  .meta({ id: 'ChatCompletion' });
export type ChatCompletion = z.infer<typeof ChatCompletion>;

export const createChatCompletion = defineRoute({
  operationId: 'createChatCompletion',
  service: 'chat-router',
  method: 'post',
  path: '/v1/chat/completions',
  tag,
  summary: 'Complete a chat, as one document or as a stream',
  description:
    "OpenAI's shape. With `stream: true` the answer is `text/event-stream`, ending in `data: [DONE]`. With " +
    '`execute_tools: true` the router itself executes what the model calls, in at most `max_tool_steps` steps (5): those of ' +
    'its tools that `tools` names, or all that are granted. The answer has no `tool_calls` then; what was executed stands in ' +
    'its member `signalbox` (`ToolsUsed`), and `usage` is that of all turns. A stream has the text of every turn, a blank ' +
    'line between them, and chunks without choices whose member `signalbox` tells `tool_call_started`, `tool_call`, and at ' +
    'last the whole.',
  scope: 'chat:write',
  dialect: 'openai',
  routeClass: 'chat',
  body: ChatCompletionRequest,
  bodyBytesMax: 20 * 1_048_576,
  // Longer than the router's own limits (60 s to the first token, 120 s for a whole document, 30 s of silence), so that
  // the router is the one to say what happened.
  firstByteTimeoutMs: 130_000,
  idleTimeoutMs: 40_000,
  response: { status: 200, description: 'The completion', schema: ChatCompletion },
  alsoAnswers: [{ status: 200, description: 'The stream', schema: z.string(), contentType: 'text/event-stream' }],
});

/** A chat in as few words as can be; what is left out has its usual value. */
export const ChatInput = z
  .strictObject({
    messages: ChatCompletionRequest.shape.messages,
    model: z.string().min(1).max(200).default('auto').describe('A model, an alias, a system, or `auto`.'),
    max_tokens: z.int().min(1).default(4_096),
    temperature: z.number().min(0).max(2).default(1),
    stream: z.boolean().default(false),
    signalbox: SignalboxOptions.optional(),
  })
  .meta({ id: 'ChatInput' });
export type ChatInput = z.infer<typeof ChatInput>;

export const ChatReply = z
  .object({
    role: z.literal('assistant'),
    content: z.string(),
    model: z.string().describe('Who answered: `provider/model`.'),
    usage: z.object({
      input_tokens: z.int().nullable().describe('Null: the provider did not say.'),
      output_tokens: z.int().nullable(),
      total_tokens: z.int().nullable(),
    }),
    cost: UsdAmount.nullable().describe('Null: nobody knows the price.'),
    routing: Routing.optional().describe('With `signalbox.explain`.'),
  })
  .meta({ id: 'ChatReply' });
export type ChatReply = z.infer<typeof ChatReply>;

export const createChat = defineRoute({
  operationId: 'createChat',
  service: 'chat-router',
  method: 'post',
  path: '/api/v1/chat',
  tag,
  summary: 'Ask whoever can answer, in few words',
  description:
    'The same as a chat completion in everything but its shape. With `stream: true` the answer is `text/event-stream`: the ' +
    'text as it comes, and `data: [DONE]` at its end; a stream that breaks ends with an event `error` instead.',
  scope: 'chat:write',
  routeClass: 'chat',
  body: ChatInput,
  bodyBytesMax: 20 * 1_048_576,
  firstByteTimeoutMs: 130_000,
  idleTimeoutMs: 40_000,
  response: { status: 200, description: 'The answer', schema: ChatReply },
  alsoAnswers: [{ status: 200, description: 'The stream', schema: z.string(), contentType: 'text/event-stream' }],
});

export const Model = z
  .looseObject({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
  })
  .meta({ id: 'Model' });

const VendorModelsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).optional().describe('With `anthropic-version`. Default 20.'),
  after_id: z.string().max(200).optional().describe('With `anthropic-version`: what comes after this model.'),
  before_id: z.string().max(200).optional().describe('With `anthropic-version`: what comes before this model.'),
});
export type VendorModelsQuery = z.infer<typeof VendorModelsQuery>;

/** A model as Anthropic's clients read it. */
export const AnthropicModel = z
  .object({
    type: z.literal('model'),
    id: z.string(),
    display_name: z.string(),
    created_at: z.iso.datetime().describe('1970 where nobody knows when a model was made.'),
  })
  .meta({ id: 'AnthropicModel' });
export type AnthropicModel = z.infer<typeof AnthropicModel>;

export const AnthropicModels = z
  .object({
    data: z.array(AnthropicModel),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  })
  .meta({ id: 'AnthropicModels' });
export type AnthropicModels = z.infer<typeof AnthropicModels>;

export const listModels = defineRoute({
  operationId: 'listModels',
  service: 'chat-router',
  method: 'get',
  path: '/v1/models',
  tag,
  summary: 'List the models that can be asked',
  description:
    "OpenAI's shape, and all of them; Anthropic's, by pages (`AnthropicModels`), for a request with the header " +
    '`anthropic-version`.',
  scope: 'chat:read',
  dialect: 'openai',
  query: VendorModelsQuery,
  response: {
    status: 200,
    description: 'The models',
    schema: z.object({ object: z.literal('list'), data: z.array(Model) }),
  },
});

export const getModel = defineRoute({
  operationId: 'getModel',
  service: 'chat-router',
  method: 'get',
  path: '/v1/models/{model}',
  takesRestOfPath: true,
  tag,
  summary: 'Get one model',
  description:
    "A model's id may hold slashes; they stand in the path as they are: `/v1/models/signalbox/extractive`. In Anthropic's " +
    'shape (`AnthropicModel`) for a request with the header `anthropic-version`.',
  scope: 'chat:read',
  dialect: 'openai',
  params: z.strictObject({ model: z.string().max(200).describe('The id of the model, slashes as they are.') }),
  response: { status: 200, description: 'The model', schema: Model },
});

/** One paid or answered call, as it stands in the ledger. */
export const UsageRecord = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    tenant_id: z.string(),
    principal_id: z.string(),
    request_id: z.string(),
    provider: z.string(),
    model: z.string().describe('The model that answered.'),
    requested_model: z.string(),
    outcome: z
      .enum(['ok', 'aborted', 'failed', 'cancelled', 'cache_hit'])
      .describe('`cancelled`: another answer came first, and this one costs nothing. `cache_hit`: nobody was asked.'),
    streamed: z.boolean(),
    prompt_tokens: z.int().nullable().describe('Null: the provider did not say.'),
    completion_tokens: z.int().nullable(),
    cached_tokens: z.int().nullable().describe('Part of `prompt_tokens`.'),
    reasoning_tokens: z.int().nullable().describe('Part of `completion_tokens`.'),
    // What came after the first version may be missing in messages that were under way while it was introduced.
    cache_write_tokens: z.int().nullable().optional().describe('Part of `prompt_tokens`.'),
    cost_usd: UsdAmount.nullable().optional().describe('Null: unknown, which is not 0.'),
    cost_basis: CostBasis.nullable().optional(),
    charged_tokens: z.int().nullable().optional().describe('What counts against budgets of tokens.'),
    price_version: z.string().nullable().optional(),
    system: z.string().nullable().optional().describe('The system or alias that was asked for.'),
    tags: CostTags.nullable().optional(),
    attempts: z.int().min(1).nullable().optional().describe('How many calls the request had made by then.'),
    estimated_prompt_tokens: z.int().nullable().optional(),
    estimate_method: z.string().nullable().optional(),
    latency_ms: z.number(),
    first_token_ms: z.number().nullable(),
  })
  .meta({ id: 'UsageRecord' });
export type UsageRecord = z.infer<typeof UsageRecord>;

export const listUsage = defineRoute({
  operationId: 'listUsage',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/usage',
  tag: 'Usage',
  summary: "List the tenant's usage records, newest first",
  scope: 'usage:read',
  query: PageQuery.extend({
    model: z.string().max(200).optional().describe('Only records of this model.'),
    request_id: z.string().max(64).optional().describe('Only records of this request.'),
  }),
  response: { status: 200, description: 'One page of records', schema: pageOf(UsageRecord) },
});

export const listDailyUsage = defineRoute({
  operationId: 'listDailyUsage',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/usage/daily',
  tag: 'Usage',
  summary: 'Usage by day (UTC) and model; follows the records within seconds',
  scope: 'usage:read',
  query: PageQuery,
  response: {
    status: 200,
    description: 'One page of days',
    schema: pageOf(
      z.object({
        day: z.iso.date(),
        model: z.string(),
        requests: z.int(),
        prompt_tokens: z.int(),
        completion_tokens: z.int(),
      }),
    ),
  },
});

/** Told after the ledger rows are committed; many rows may share one event. */
export const usageRecorded = defineEvent({
  name: 'usage.recorded',
  version: 1,
  emitter: 'chat-router',
  subscribers: ['chat-router', 'monitoring-ingest'],
  payload: z.object({ records: z.array(UsageRecord).min(1) }),
});

export const chatRoutes = [createChat, createChatCompletion, listModels, getModel, listUsage, listDailyUsage] as const;
