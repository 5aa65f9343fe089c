import { z } from 'zod';

/** What a credential may do: `<area>:<read|write>`, `admin` for the tenant's administration, `*` for everything. */
export const scopes = [
  '*',
  'admin',
  'alerts:read',
  'alerts:write',
  'audit:read',
  'budgets:read',
  'budgets:write',
  'chat:read',
  'chat:write',
  'documents:read',
  'documents:write',
  'keys:read',
  'keys:write',
  'metrics:read',
  'metrics:write',
  'models:read',
  'models:write',
  'providers:read',
  'providers:write',
  'research:read',
  'research:write',
  'systems:read',
  'systems:write',
  'usage:read',
  'users:read',
  'users:write',
] as const;

export const Scope = z
  .enum(scopes)
  .describe('A permission: `<area>:<read|write>`, `admin`, or `*` for everything.')
  .meta({ id: 'Scope' });
export type Scope = z.infer<typeof Scope>;

/** People's roles and the scopes each one gives. Deny by default: what is not listed is not allowed. */
export const rolesToScopes = {
  owner: ['*'],
  admin: scopes.filter((scope) => scope !== '*'),
  operator: scopes.filter(
    (scope) =>
      !['*', 'admin', 'keys:write', 'users:write', 'providers:write', 'budgets:write', 'audit:read'].includes(scope),
  ),
  viewer: scopes.filter((scope) => scope.endsWith(':read') && scope !== 'audit:read'),
} as const satisfies Record<string, readonly Scope[]>;

export const Role = z
  .enum(['owner', 'admin', 'operator', 'viewer'])
  .describe('What a person may do in a tenant.')
  .meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

/** True when what is granted covers what is needed. `*` covers everything; writing an area covers reading it. */
export function covers(granted: readonly string[], needed: Scope): boolean {
  if (granted.includes('*') || granted.includes(needed)) return true;
  return needed.endsWith(':read') && granted.includes(needed.replace(/:read$/, ':write'));
}
