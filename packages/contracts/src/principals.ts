import { z } from 'zod';
import { defineEvent } from './define-job.ts';

/**
 * A key was revoked, a person disabled or given another role: what they may do from now on. Told in the transaction that
 * makes it true; the tenant is that of the message's identity. A key that ends when it was said to end is no such case.
 */
export const principalRestricted = defineEvent({
  name: 'principal.restricted',
  version: 1,
  emitter: 'gateway',
  subscribers: ['chat-router'],
  payload: z.object({
    principal_id: z.string().max(64),
    scopes: z.array(z.string().max(64)).max(100).describe('What is left; empty: nothing.'),
    at: z.iso.datetime(),
  }),
});
