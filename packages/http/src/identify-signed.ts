import { identityHeader, verifyIdentity, type IdentityKeys } from '@signalbox/identity';
import type { Identify } from './mount-route.ts';

/** Law 1 for services: the caller is whom the gateway's signature names, and nobody else. */
export function identifySigned(keys: IdentityKeys, audience: string): Identify {
  return (request) => {
    const header = request.headers[identityHeader];
    const binding = { audience, method: request.method, path: request.originalUrl };
    return verifyIdentity(keys, binding, typeof header === 'string' ? header : undefined);
  };
}
