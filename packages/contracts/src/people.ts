import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';
import { Role } from './scope.ts';

const sessions = 'Sessions';
const people = 'People';

const Email = z
  .email()
  .max(254)
  .transform((text) => text.toLowerCase());
const NewPassword = z.string().min(12).max(256);

export const User = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    email: z.string(),
    role: Role,
    status: z.enum(['active', 'locked', 'disabled']),
    created_at: z.iso.datetime(),
    last_login_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

export const TokenPair = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds the access token lives.'),
    refresh_token: z.string().describe('Good for one use; using it twice revokes the whole session.'),
    refresh_expires_in: z.int(),
  })
  .meta({ id: 'TokenPair' });
export type TokenPair = z.infer<typeof TokenPair>;

export const login = defineRoute({
  operationId: 'login',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/auth/login',
  tag: sessions,
  routeClass: 'login',
  summary: 'Sign in with email and password',
  scope: 'public',
  body: z.strictObject({ email: Email, password: z.string().min(1).max(256) }),
  bodyBytesMax: 4_096,
  response: { status: 200, description: 'An access token and a refresh token', schema: TokenPair },
});

export const refreshSession = defineRoute({
  operationId: 'refreshSession',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/auth/refresh',
  tag: sessions,
  summary: 'Trade a refresh token for a new pair',
  scope: 'public',
  body: z.strictObject({ refresh_token: z.string().min(1).max(512) }),
  bodyBytesMax: 4_096,
  response: { status: 200, description: 'A new pair; the old refresh token is used up', schema: TokenPair },
});

export const logout = defineRoute({
  operationId: 'logout',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/auth/logout',
  tag: sessions,
  summary: 'End a session: its refresh token and its access tokens are refused from now on',
  scope: 'public',
  body: z.strictObject({ refresh_token: z.string().min(1).max(512) }),
  bodyBytesMax: 4_096,
  response: { status: 204, description: 'Ended, or was not there', schema: null },
});

export const getMe = defineRoute({
  operationId: 'getMe',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/users/me',
  tag: people,
  summary: 'Who the credential is',
  scope: 'authenticated',
  response: {
    status: 200,
    description: 'The principal, its tenant and its scopes',
    schema: z.object({
      principal_id: z.string(),
      kind: z.enum(['api_key', 'user']),
      tenant_id: z.string(),
      scopes: z.array(z.string()),
      user: User.nullable(),
    }),
  },
  deprecatedPaths: ['/users/me'],
});

export const listUsers = defineRoute({
  operationId: 'listUsers',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/users',
  tag: people,
  summary: "List the tenant's people, newest first",
  scope: 'users:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of people', schema: pageOf(User) },
});

export const createUser = defineRoute({
  operationId: 'createUser',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/users',
  tag: people,
  summary: 'Add a person to the tenant',
  scope: 'users:write',
  body: z.strictObject({ email: Email, password: NewPassword, role: Role }),
  response: { status: 201, description: 'The person', schema: User },
});

export const updateUser = defineRoute({
  operationId: 'updateUser',
  service: 'gateway',
  method: 'patch',
  path: '/api/v1/users/{id}',
  tag: people,
  summary: "Change a person's role, password or status; a change ends the person's sessions",
  scope: 'users:write',
  params: z.strictObject({ id: z.string().max(64).describe('The id of the person: `user_…`.') }),
  body: z.strictObject({ role: Role, password: NewPassword, status: z.enum(['active', 'disabled']) }).partial(),
  response: { status: 200, description: 'The person as they are now', schema: User },
});

export const createTenant = defineRoute({
  operationId: 'createTenant',
  service: 'gateway',
  method: 'post',
  path: '/api/v1/tenants',
  tag: 'Tenants',
  routeClass: 'keys',
  summary: "Open a tenant (only for the scope `*` of the operators' tenant)",
  scope: '*',
  body: z.strictObject({ name: z.string().trim().min(1).max(100) }),
  response: {
    status: 201,
    description: 'The tenant, and the key of its first administrator, shown this once',
    schema: z.object({
      id: z.string(),
      name: z.string(),
      created_at: z.iso.datetime(),
      api_key: z.object({ id: z.string(), key: z.string() }),
    }),
  },
});

export const listTenants = defineRoute({
  operationId: 'listTenants',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/tenants',
  tag: 'Tenants',
  summary: "List the tenants (only for the scope `*` of the operators' tenant)",
  scope: '*',
  query: PageQuery,
  response: {
    status: 200,
    description: 'One page of tenants',
    schema: pageOf(z.object({ id: z.string(), name: z.string(), created_at: z.iso.datetime() })),
  },
});

export const peopleRoutes = [
  login,
  refreshSession,
  logout,
  getMe,
  listUsers,
  createUser,
  updateUser,
  createTenant,
  listTenants,
] as const;
