import { z } from 'zod';
import { defineEvent } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Providers';

export const BreakerState = z.enum(['closed', 'open', 'half_open']).meta({ id: 'BreakerState' });

/** LA-3, LA-12: the circuit breaker of one connection, as the replica that answers knows it. */
export const ProviderBreaker = z
  .object({
    id: z.string().describe('The id of the connection.'),
    name: z.string(),
    state: BreakerState,
    failures: z.int().describe('Within its window, while it is closed.'),
    opens_at: z.iso
      .datetime()
      .nullable()
      .describe('When the way is open again: no call is made before. Null: calls are made.'),
  })
  .meta({ id: 'ProviderBreaker' });
export type ProviderBreaker = z.infer<typeof ProviderBreaker>;

export const listBreakers = defineRoute({
  operationId: 'listBreakers',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/breakers',
  tag,
  summary: 'List the circuit breakers of the connections that the tenant may ask',
  scope: 'providers:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of breakers, by name', schema: pageOf(ProviderBreaker) },
});

export const resetBreaker = defineRoute({
  operationId: 'resetBreaker',
  service: 'chat-router',
  method: 'post',
  path: '/api/v1/providers/{id}/breaker/reset',
  tag,
  summary: 'Close the circuit breaker of a connection, in all replicas',
  description:
    'LA-29. That of a connection of the installation only by those who run it. The act stands in the audit log. 503 while ' +
    'the replicas cannot be told.',
  scope: 'admin',
  params: z.strictObject({ id: z.string().max(80).describe('The id of the connection.') }),
  response: { status: 200, description: 'The breaker, closed', schema: ProviderBreaker },
});

/** Told when a connection begins to rest after failures, tries again, or is well. */
export const providerStateChanged = defineEvent({
  name: 'provider.state-changed',
  version: 1,
  emitter: 'chat-router',
  subscribers: ['chat-router', 'alerting'],
  payload: z.object({
    connection_id: z.string(),
    tenant_id: z.string().nullable().describe('Null: it is a connection of this installation, for all tenants.'),
    from: BreakerState,
    to: BreakerState,
    at: z.iso.datetime(),
  }),
});
export type ProviderStateChanged = z.infer<typeof providerStateChanged.payload>;

export const breakerRoutes = [listBreakers, resetBreaker] as const;
