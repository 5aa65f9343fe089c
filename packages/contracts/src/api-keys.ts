import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';
import { Scope } from './scope.ts';

const tag = 'API keys';
const routeClass = 'keys';
const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the key: `key_…`.') });

/** Limits of this key alone, in place of the defaults of the route classes. Absent: the defaults. */
export const KeyLimits = z
  .strictObject({
    requests_per_minute: z.int().min(1).max(1_000_000).optional(),
    cost_units_per_minute: z.int().min(1).max(1_000_000_000).optional(),
  })
  .meta({ id: 'KeyLimits' });
export type KeyLimits = z.infer<typeof KeyLimits>;

export const ApiKeyInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes: z.array(Scope).min(1).max(50).describe('At most what the caller holds itself.'),
    expires_in_days: z.int().min(1).max(3650).optional().describe('Absent: the key does not expire.'),
    limits: KeyLimits.optional(),
  })
  .meta({ id: 'ApiKeyInput' });
export type ApiKeyInput = z.infer<typeof ApiKeyInput>;

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    hint: z.string().describe('The beginning of the key, enough to recognise it.'),
    scopes: z.array(Scope),
    limits: KeyLimits,
    status: z
      .enum(['active', 'expiring', 'expired', 'revoked'])
      .describe('`expiring`: rotated, and still accepted for the overlap.'),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable(),
    replaced_by: z.string().nullable().describe('The key that took over at a rotation.'),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

export const CreatedApiKey = ApiKey.extend({
  key: z.string().describe('The whole key. It is shown this once and stored only as a hash.'),
}).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const createApiKey = defineRoute({
  operationId: 'createApiKey',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/api-keys',
  tag,
  routeClass,
  summary: 'Create an API key',
  description:
    'With an `Idempotency-Key` a repeat of the request is told the key that the first one made, for 24 hours; the same ' +
    'key with another body is 422.',
  scope: 'keys:write',
  body: ApiKeyInput,
  response: { status: 201, description: 'The key, shown this once', schema: CreatedApiKey },
  deprecatedPaths: ['/auth/api-keys'],
});

export const listApiKeys = defineRoute({
  operationId: 'listApiKeys',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/api-keys',
  tag,
  summary: "List the tenant's API keys, newest first",
  scope: 'keys:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of keys', schema: pageOf(ApiKey) },
});

export const getApiKey = defineRoute({
  operationId: 'getApiKey',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/api-keys/{id}',
  tag,
  summary: 'Get one API key',
  scope: 'keys:read',
  params: IdParams,
  response: { status: 200, description: 'The key, without its secret', schema: ApiKey },
});

export const updateApiKey = defineRoute({
  operationId: 'updateApiKey',
  service: 'gateway',
  method: 'patch',
  path: '/api/v1/api-keys/{id}',
  tag,
  routeClass,
  summary: 'Change the name or the limits of an API key',
  scope: 'keys:write',
  params: IdParams,
  body: ApiKeyInput.pick({ name: true, limits: true }).partial(),
  response: { status: 200, description: 'The key as it is now', schema: ApiKey },
});

export const revokeApiKey = defineRoute({
  operationId: 'revokeApiKey',
  service: 'gateway',
  method: 'delete',
  path: '/api/v1/api-keys/{id}',
  tag,
  // Not that of the other changes, which are refused while Redis is away: a stolen key must end then, too.
  summary: 'Revoke an API key; every replica refuses it within a second',
  scope: 'keys:write',
  params: IdParams,
  response: { status: 204, description: 'Revoked', schema: null },
});

export const rotateApiKey = defineRoute({
  operationId: 'rotateApiKey',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/api-keys/{id}/rotate',
  tag,
  routeClass,
  summary: 'Replace an API key by a new one with the same scopes and limits; the old one lives on for the overlap',
  scope: 'keys:write',
  params: IdParams,
  body: z
    .strictObject({
      overlap_seconds: z
        .int()
        .min(0)
        .max(30 * 86_400)
        .default(3_600),
    })
    .prefault({}),
  response: { status: 201, description: 'The new key, shown this once', schema: CreatedApiKey },
});

export const apiKeyRoutes = [createApiKey, listApiKeys, getApiKey, updateApiKey, revokeApiKey, rotateApiKey] as const;
