import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Providers';
const IdParams = z.strictObject({ id: z.string().max(80).describe('The id of the connection: `connection_…`.') });

export const ProviderKind = z
  .enum(['openai', 'anthropic', 'gemini', 'xai', 'openai_compatible'])
  .describe('Whose API it is. `openai_compatible`: any server that speaks OpenAI’s.')
  .meta({ id: 'ProviderKind' });
export type ProviderKind = z.infer<typeof ProviderKind>;

/** OP-3: never merged. What is not configured is not called unreachable, and neither is called ready. */
export const ConnectionState = z
  .enum(['ready', 'not_configured', 'unauthorised', 'unreachable'])
  .meta({ id: 'ConnectionState' });
export type ConnectionState = z.infer<typeof ConnectionState>;

const decimal = z.string().regex(/^\d{1,6}(\.\d{1,9})?$/);

/** Facts of a model that the one who connects it knows better than the registry. */
export const ModelFactsInput = z
  .strictObject({
    context_tokens_max: z.int().min(1).max(100_000_000).optional(),
    output_tokens_max: z.int().min(1).max(100_000_000).optional(),
    vision: z.boolean().optional(),
    tools: z.boolean().optional(),
    json_schema: z.boolean().optional(),
    reasoning: z.boolean().optional(),
    embeddings: z.boolean().optional(),
    quality: z.number().min(0).max(1_000).optional(),
    prices: z
      .strictObject({
        input: decimal,
        output: decimal,
        cached_input: decimal.optional(),
        cache_write: decimal.optional(),
        reasoning: decimal.optional(),
      })
      .optional()
      .describe('US dollars for a million tokens, as decimal texts.'),
  })
  .meta({ id: 'ModelFactsInput' });
export type ModelFactsInput = z.infer<typeof ModelFactsInput>;

const milliseconds = z.int().min(10).max(3_600_000);

export const ConnectionOptions = z
  .strictObject({
    timeouts: z
      .strictObject({
        connect_ms: milliseconds.max(60_000).optional(),
        first_token_ms: milliseconds.max(600_000).optional(),
        idle_ms: milliseconds.max(600_000).optional(),
        document_ms: milliseconds.optional(),
        stream_ms: milliseconds.optional(),
      })
      .optional(),
    breaker: z
      .strictObject({
        failures_max: z.int().min(1).max(1_000).optional(),
        window_ms: milliseconds.min(100).optional(),
        open_ms: milliseconds.min(100).optional(),
      })
      .optional()
      .describe('After how many failures in which time it rests, and for how long.'),
    quirks: z
      .record(z.string().regex(/^[a-z][a-z0-9_]{0,49}$/), z.union([z.boolean(), z.string().max(100)]))
      .optional()
      .describe('In what a server differs from the API that it speaks.'),
    image_addresses: z
      .literal('fetch')
      .optional()
      .describe(
        '`fetch`: images by their addresses are fetched here and sent as data, to OpenAI, Anthropic and xAI too, who otherwise ' +
          'get the address. All other servers always get data.',
      ),
    model_facts: z
      .record(z.string().min(1).max(150), ModelFactsInput)
      .optional()
      .describe('By the names of models: over what the registry knows.'),
  })
  .meta({ id: 'ConnectionOptions' });
export type ConnectionOptions = z.infer<typeof ConnectionOptions>;

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'small letters, digits, - and _')
  .refine((text) => !['signalbox', 'auto'].includes(text), 'this name is taken')
  .describe('Its models are asked for as `name/model`.');
const baseUrl = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((url) => !/[?#@]/.test(url), 'no user, query or fragment')
  .describe('As for the official clients. Absent: the provider’s own; `openai_compatible` needs one.');
const apiKey = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces')
  .describe('Sealed at once, and never readable again.');
const models = z
  .array(z.string().min(1).max(150))
  .max(1_000)
  .describe('Absent: those that the registry knows of the provider.');

export const ConnectionInput = z
  .strictObject({
    name,
    kind: ProviderKind,
    base_url: baseUrl.optional(),
    api_key: apiKey.optional(),
    models: models.optional(),
    options: ConnectionOptions.optional(),
  })
  .refine(({ kind, base_url }) => kind !== 'openai_compatible' || base_url !== undefined, {
    path: ['base_url'],
    message: 'Expected an address: an openai_compatible server has none of its own.',
  })
  .meta({ id: 'ConnectionInput' });
export type ConnectionInput = z.infer<typeof ConnectionInput>;

export const ConnectionChanges = z
  .strictObject({
    name: name.optional(),
    base_url: baseUrl.nullable().optional(),
    api_key: apiKey.nullable().optional().describe('Null: it is forgotten.'),
    models: models.nullable().optional(),
    options: ConnectionOptions.optional().describe('In place of all options before.'),
  })
  .meta({ id: 'ConnectionChanges' });
export type ConnectionChanges = z.infer<typeof ConnectionChanges>;

export const ProviderConnection = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum([...ProviderKind.options, 'extractive']),
    source: z
      .enum(['tenant', 'operator', 'built_in', 'discovered'])
      .describe(
        '`operator` and `built_in`: for all tenants, read-only. `discovered`: found on this machine, not connected.',
      ),
    base_url: z.string().nullable(),
    has_api_key: z.boolean(),
    api_key_hint: z.string().nullable().describe('The last characters of the key, enough to recognise it.'),
    models: z.array(z.string()),
    options: ConnectionOptions,
    configured: z.boolean().describe('False: what it needs to be asked is missing.'),
    version: z.int().nullable().describe('Grows with every change.'),
    created_at: z.iso.datetime().nullable(),
    updated_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ProviderConnection' });
export type ProviderConnection = z.infer<typeof ProviderConnection>;

export const createProvider = defineRoute({
  operationId: 'createProvider',
  service: 'chat-router',
  method: 'post',
  path: '/api/v1/providers',
  tag,
  summary: 'Connect a provider',
  scope: 'providers:write',
  body: ConnectionInput,
  response: { status: 201, description: 'The connection, without its key', schema: ProviderConnection },
});

export const listProviders = defineRoute({
  operationId: 'listProviders',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/providers',
  tag,
  summary: "List the tenant's connections, then the operator's, the built-in one, and what was found on this machine",
  scope: 'providers:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of connections', schema: pageOf(ProviderConnection) },
});

export const getProvider = defineRoute({
  operationId: 'getProvider',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/providers/{id}',
  tag,
  summary: 'Get one connection',
  scope: 'providers:read',
  params: IdParams,
  response: { status: 200, description: 'The connection, without its key', schema: ProviderConnection },
});

export const updateProvider = defineRoute({
  operationId: 'updateProvider',
  service: 'chat-router',
  method: 'patch',
  path: '/api/v1/providers/{id}',
  tag,
  summary: 'Change a connection; every replica asks by it within a second',
  scope: 'providers:write',
  params: IdParams,
  body: ConnectionChanges,
  response: { status: 200, description: 'The connection as it is now', schema: ProviderConnection },
});

export const deleteProvider = defineRoute({
  operationId: 'deleteProvider',
  service: 'chat-router',
  method: 'delete',
  path: '/api/v1/providers/{id}',
  tag,
  summary: 'Delete a connection, and its key with it',
  scope: 'providers:write',
  params: IdParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

export const ConnectionTest = z
  .object({
    state: ConnectionState,
    detail: z.string().describe('What it was told by, in a sentence.'),
    latency_ms: z.number().nullable(),
    models: z.array(z.string()).nullable().describe('The models that the provider lists; null where it did not.'),
  })
  .meta({ id: 'ConnectionTest' });
export type ConnectionTest = z.infer<typeof ConnectionTest>;

export const testProvider = defineRoute({
  operationId: 'testProvider',
  service: 'chat-router',
  method: 'post',
  path: '/api/v1/providers/{id}/test',
  tag,
  summary: 'Find out whether a connection works, by a call that costs nothing',
  scope: 'providers:write',
  params: IdParams,
  firstByteTimeoutMs: 20_000,
  response: { status: 200, description: 'What was found', schema: ConnectionTest },
});

export const providerRoutes = [
  createProvider,
  listProviders,
  getProvider,
  updateProvider,
  deleteProvider,
  testProvider,
] as const;
