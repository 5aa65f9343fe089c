import { ModelFactsInput, ProviderKind, RoutingProfile } from '@signalbox/contracts';
import { z } from 'zod';
import { SemanticCacheSettings } from '../cache/semantic-settings.ts';
import { ResilienceSettings } from '../resilience/resilience-settings.ts';
import { QuirkSettings } from './openai-compatible/quirks.ts';

/** How long a provider may take for what. A gateway in front must wait longer, or it answers in this service's place. */
const Timeouts = z.strictObject({
  connect_ms: z.int().min(10).max(60_000).default(5_000),
  first_token_ms: z
    .int()
    .min(10)
    .max(600_000)
    .default(60_000)
    .describe('From the request to the first part of a stream.'),
  idle_ms: z
    .int()
    .min(10)
    .max(600_000)
    .default(30_000)
    .describe('Between two events of a stream, two pieces of a document.'),
  document_ms: z.int().min(10).max(3_600_000).default(120_000).describe('A whole answer that is not streamed.'),
  stream_ms: z.int().min(10).max(3_600_000).default(900_000).describe('A whole stream.'),
});

/** When a provider that fails is left alone; usual: 5 failures in 60 s, for 30 s. */
const BreakerOverrides = z.strictObject({
  failures_max: z.int().min(1).max(1_000).optional(),
  window_ms: z.int().min(100).max(3_600_000).optional(),
  open_ms: z.int().min(100).max(3_600_000).optional(),
});

export const ProviderSettings = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'small letters, digits, - and _')
      .refine((name) => name !== 'signalbox', 'this name is taken by the built-in provider'),
    kind: ProviderKind,
    base_url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/[?#@]/.test(url), 'no user, query or fragment')
      .optional()
      .describe('As for the official clients: `https://api.openai.com/v1`. Absent: the provider’s own.'),
    api_key_env: z
      .string()
      // So that no other secret of the environment can be sent to a provider by a slip in this file.
      .regex(/^[A-Z][A-Z0-9_]*_API_KEY$/, 'ends with _API_KEY')
      .optional()
      .describe('The environment variable that holds the key. Absent: the provider asks for none.'),
    models: z.array(z.string().min(1).max(150)).min(1).max(1_000),
    timeouts: Timeouts.prefault({}),
    breaker: BreakerOverrides.optional(),
    model_facts: z
      .record(z.string().min(1).max(150), ModelFactsInput)
      .optional()
      .describe('By the names of models: over what the registry knows.'),
    image_addresses: z
      .enum(['fetch', 'pass'])
      .optional()
      .describe(
        'Images by their addresses are fetched here and sent as data, or passed on for the provider to fetch. Usual: `pass` ' +
          'to OpenAI, Anthropic and xAI themselves, who fetch from outside; `fetch` for all others.',
      ),
    quirks: QuirkSettings.prefault({}).describe('In what a server differs from the API that it speaks.'),
  })
  .refine(({ kind, base_url: baseUrl }) => kind !== 'openai_compatible' || baseUrl !== undefined, {
    path: ['base_url'],
    message: 'an openai_compatible server has no address of its own',
  });
export type ProviderSettings = z.infer<typeof ProviderSettings>;

/** The file of providers. Everything that is not named here is refused, not ignored. */
export const ProvidersFile = z
  .strictObject({
    providers: z
      .array(ProviderSettings)
      .max(100)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two providers bear one name'),
    aliases: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/), RoutingProfile)
      .default({})
      .describe('Names that stand for several models, for all tenants.'),
    resilience: ResilienceSettings.prefault({}),
    semantic_cache: SemanticCacheSettings.nullable()
      .default(null)
      .describe('Answers by what their questions mean; takes a CHROMA_URL. Null: there is none.'),
  })
  .refine(
    ({ providers, semantic_cache: semantic }) =>
      semantic === null ||
      providers.some(({ name, models }) => models.some((model) => `${name}/${model}` === semantic.embedding_model)),
    { path: ['semantic_cache', 'embedding_model'], message: 'no provider of this file has this model' },
  );
export type ProvidersFile = z.infer<typeof ProvidersFile>;
