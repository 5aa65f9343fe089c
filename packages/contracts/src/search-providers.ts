import { z } from 'zod';
import { defineRoute } from './define-route.ts';

const tag = 'Search providers';
const service = 'research-pipeline';

export const CredentialedProvider = z
  .enum(['google_cse', 'brave', 'tavily', 'searxng', 'github'])
  .describe('A provider that a tenant can have a credential of its own for.')
  .meta({ id: 'CredentialedProvider' });
export type CredentialedProvider = z.infer<typeof CredentialedProvider>;

const ProviderParams = z.strictObject({ provider: CredentialedProvider });

export const SearchCredentialInput = z
  .strictObject({
    key: z
      .string()
      .min(1)
      .max(4_096)
      .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces')
      .optional()
      .describe(
        'Of `google_cse`, `brave` and `tavily` the key, of `github` a token. Sealed at once, and never readable again.',
      ),
    engine_id: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\w:.-]+$/, 'letters, digits, : . - _')
      .optional()
      .describe('Of `google_cse`: the engine, `cx`.'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .refine((url) => !/[?#@]/.test(url), 'no user, query or fragment')
      .optional()
      .describe(
        'Of `searxng`: where it is. It must be reachable from the public internet, unless the operator allows it.',
      ),
  })
  .meta({ id: 'SearchCredentialInput' });
export type SearchCredentialInput = z.infer<typeof SearchCredentialInput>;

export const SearchProviderState = z
  .object({
    name: z.string(),
    configured: z.boolean().describe('False: searching there gives `not_configured`, with `missing` as the reason.'),
    missing: z.string().nullable(),
    credential: z
      .enum(['tenant', 'operator', 'none'])
      .describe('Whose credential is used. `none`: it needs none, or there is none.'),
    hint: z.string().nullable().describe("The end of the tenant's own credential, enough to recognise it."),
    resting_until: z.iso.datetime().nullable().describe('It asked not to be asked before then.'),
  })
  .meta({ id: 'SearchProvider' });
export type SearchProviderState = z.infer<typeof SearchProviderState>;

export const SearchProviderTest = z
  .object({
    status: z.enum(['ok', 'failed', 'not_configured', 'rate_limited']),
    reason: z.string().nullable(),
    account: z.string().nullable().describe('Of `github`: whose token it is.'),
  })
  .meta({ id: 'SearchProviderTest' });
export type SearchProviderTest = z.infer<typeof SearchProviderTest>;

export const listSearchProviders = defineRoute({
  operationId: 'listSearchProviders',
  service,
  method: 'get',
  path: '/api/v1/search-providers',
  tag,
  summary: 'List where research can search, and what is missing for it',
  scope: 'providers:read',
  response: {
    status: 200,
    description: 'Every provider',
    schema: z.object({ data: z.array(SearchProviderState) }).meta({ id: 'SearchProviderList' }),
  },
});

export const setSearchCredential = defineRoute({
  operationId: 'setSearchCredential',
  service,
  method: 'put',
  path: '/api/v1/search-providers/{provider}/credential',
  tag,
  summary: "Give the tenant's own credential for a provider, in place of the one before",
  scope: 'providers:write',
  params: ProviderParams,
  body: SearchCredentialInput,
  response: { status: 200, description: 'The provider as it is now', schema: SearchProviderState },
});

export const deleteSearchCredential = defineRoute({
  operationId: 'deleteSearchCredential',
  service,
  method: 'delete',
  path: '/api/v1/search-providers/{provider}/credential',
  tag,
  summary: "Forget the tenant's own credential for a provider",
  scope: 'providers:write',
  params: ProviderParams,
  response: { status: 204, description: 'Forgotten', schema: null },
});

export const testSearchProvider = defineRoute({
  operationId: 'testSearchProvider',
  service,
  method: 'post',
  path: '/api/v1/search-providers/{provider}/test',
  tag,
  summary: 'Ask a provider once, to see whether its credential works',
  description: 'GitHub is asked whose token it is; any other provider for one hit, which may count against its quota.',
  scope: 'providers:write',
  params: ProviderParams,
  firstByteTimeoutMs: 20_000,
  response: { status: 200, description: 'How it answered', schema: SearchProviderTest },
});

export const searchProviderRoutes = [
  listSearchProviders,
  setSearchCredential,
  deleteSearchCredential,
  testSearchProvider,
] as const;
