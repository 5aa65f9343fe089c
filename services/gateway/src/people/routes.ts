import * as contracts from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type RouteContext, type Routes } from '@signalbox/http';
import { accessTokenLifetimeS, type AccessTokens, type Principal } from '@signalbox/identity';
import type { Database } from '@signalbox/postgres';
import type { Counter } from '@signalbox/telemetry';
import type { Request } from 'express';
import type { GatewaySchema } from '../app/schema.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CredentialChanges } from '../authentication/credential-changes.ts';
import type { TellRestriction } from '../authentication/tell-restriction.ts';
import { endSession } from '../tokens/end-session.ts';
import type { OpenedSession } from '../tokens/open-session.ts';
import { refreshSession } from '../tokens/refresh-session.ts';
import type { Actor } from './actor.ts';
import { changeUser } from './change-user.ts';
import { createUser } from './create-user.ts';
import { logIn } from './log-in.ts';
import { openTenant } from './open-tenant.ts';
import type { Passwords } from './password.ts';
import { isOperatorTenant, listTenants, type Tenant } from './tenant-store.ts';
import { findUser, listUsers } from './user-store.ts';
import { presentUser } from './user.ts';

export interface PeopleRoutesDeps {
  database: Pick<Database<GatewaySchema>, 'db'>;
  passwords: Passwords;
  tokens: Pick<AccessTokens, 'issue'>;
  changes: Pick<CredentialChanges, 'publish'>;
  audit: AuditLog;
  tellRestriction: TellRestriction;
  /** Counts accounts that were put to rest. */
  lockouts: Counter;
  /** The client's address, for the audit. */
  addressOf: (request: Request) => string | null;
  now: () => Date;
}

/** Mounts sessions, people and tenants. Another tenant's person is as absent as one that never was. */
export function mountPeopleRoutes(routes: Routes, deps: PeopleRoutesDeps): void {
  mountSessions(routes, deps);
  mountPeople(routes, deps);
  mountTenants(routes, deps);
}

function mountSessions(routes: Routes, deps: PeopleRoutesDeps): void {
  const { tokens, addressOf, now } = deps;
  const visitorOf = ({ requestId, request }: Pick<RouteContext, 'requestId' | 'request'>) => ({
    requestId,
    ip: addressOf(request),
  });
  // RFC 6749 §5.1: whatever stands between us keeps no copy of a token.
  const pairOf = async ({ owner, refreshToken, refreshExpiresAt }: OpenedSession) =>
    reply(
      {
        access_token: await tokens.issue(owner),
        token_type: 'Bearer' as const,
        expires_in: accessTokenLifetimeS,
        refresh_token: refreshToken,
        refresh_expires_in: Math.floor((refreshExpiresAt.getTime() - now().getTime()) / 1_000),
      },
      { headers: { 'cache-control': 'no-store' } },
    );

  mountRoute(routes, contracts.login, async (context) => pairOf(await logIn(deps, context.body, visitorOf(context))));

  mountRoute(routes, contracts.refreshSession, async (context) =>
    pairOf(await refreshSession(deps, context.body.refresh_token, visitorOf(context))),
  );

  mountRoute(routes, contracts.logout, async (context) => {
    await endSession(deps, context.body.refresh_token, visitorOf(context));
    return reply(undefined);
  });
}

function mountPeople(routes: Routes, deps: PeopleRoutesDeps): void {
  const { db } = deps.database;
  const { addressOf, now } = deps;

  mountRoute(routes, contracts.getMe, async ({ principal }) => {
    const user = principal.kind === 'user' ? await findUser(db, principal.tenantId, principal.principalId) : null;
    return {
      principal_id: principal.principalId,
      kind: principal.kind === 'user' ? ('user' as const) : ('api_key' as const),
      tenant_id: principal.tenantId,
      scopes: [...principal.scopes],
      user: user === null ? null : presentUser(user, now()),
    };
  });

  mountRoute(routes, contracts.listUsers, async ({ principal, query }) => {
    const list = contracts.listUsers.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listUsers(db, principal.tenantId, { ...start, after: firstText(start.after) });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: (row) => presentUser(row, now()) });
  });

  mountRoute(routes, contracts.createUser, async (context) => {
    const user = await createUser(deps, context.body, actorOf(context, addressOf));
    return presentUser(user, now());
  });

  mountRoute(routes, contracts.updateUser, async (context) => {
    const user = await changeUser(deps, context.params.id, context.body, actorOf(context, addressOf));
    return presentUser(user, now());
  });
}

function mountTenants(routes: Routes, { database: { db }, audit, addressOf, now }: PeopleRoutesDeps): void {
  /** `*` of a tenant means everything in it; only the operators' stands above the tenants. */
  const assertOperator = async ({ tenantId }: Principal): Promise<void> => {
    if (!(await isOperatorTenant(db, tenantId))) {
      throw new AppError('forbidden', "Only the operators' tenant may see and open tenants.");
    }
  };

  mountRoute(routes, contracts.createTenant, async (context) => {
    const { principal, body } = context;
    await assertOperator(principal);
    const { principalId: createdBy, tenantId, requestId, ip } = actorOf(context, addressOf);
    const { tenant, administrator } = await db.transaction().execute(async (trx) => {
      const opened = await openTenant(trx, { name: body.name, isOperator: false, createdBy }, now());
      const entry = { actor: createdBy, requestId, ip };
      await audit.record(trx, { ...entry, tenantId, action: 'tenant.created', target: opened.tenant.id });
      // The new tenant finds in its own log where its first key came from.
      await audit.record(trx, {
        ...entry,
        tenantId: opened.tenant.id,
        action: 'api_key.created',
        target: opened.administrator.record.id,
        details: { scopes: opened.administrator.record.scopes },
      });
      return opened;
    });
    return { ...presentTenant(tenant), api_key: { id: administrator.record.id, key: administrator.key } };
  });

  mountRoute(routes, contracts.listTenants, async ({ principal, query }) => {
    await assertOperator(principal);
    const list = contracts.listTenants.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listTenants(db, { ...start, after: firstText(start.after) });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: presentTenant });
  });
}

function actorOf(
  { principal, requestId, request }: Pick<RouteContext, 'requestId' | 'request'> & { principal: Principal },
  addressOf: (request: Request) => string | null,
): Actor {
  const { tenantId, principalId, scopes } = principal;
  return { tenantId, principalId, scopes, requestId, ip: addressOf(request) };
}

function presentTenant({ id, name, createdAt }: Tenant) {
  return { id, name, created_at: createdAt.toISOString() };
}

function firstText(values: readonly unknown[] | null): string | null {
  const value = values?.[0];
  return typeof value === 'string' ? value : null;
}
