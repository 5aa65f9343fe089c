import * as contracts from '@signalbox/contracts';
import type { ApiKey } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  idempotencyKeyOf,
  keysetPage,
  mountRoute,
  pageStart,
  reply,
  type RouteContext,
  type Routes,
} from '@signalbox/http';
import type { Principal } from '@signalbox/identity';
import type { Database } from '@signalbox/postgres';
import type { Request } from 'express';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CredentialChanges } from '../authentication/credential-changes.ts';
import type { TellRestriction } from '../authentication/tell-restriction.ts';
import { changeApiKey, findApiKey, listApiKeys, markRevoked } from './api-key-store.ts';
import { keyStatus, type ApiKeyRecord } from './api-key.ts';
import { createApiKey, expiryOf, type MadeApiKey } from './create-api-key.ts';
import type { KeyReplays } from './key-replays.ts';
import { assertMayGrant } from './grant-scopes.ts';
import { rotateApiKey } from './rotate-api-key.ts';

export interface ApiKeyRoutesDeps {
  database: Pick<Database<GatewaySchema>, 'db'>;
  changes: Pick<CredentialChanges, 'publish'>;
  audit: Pick<AuditLog, 'record'>;
  replays: Pick<KeyReplays, 'once'>;
  tellRestriction: TellRestriction;
  /** The client's address, for the audit. */
  addressOf: (request: Request) => string | null;
  now: () => Date;
}

/** Mounts everything under `/api/v1/api-keys`. Another tenant's key is as absent as one that never was. */
export function mountApiKeyRoutes(
  routes: Routes,
  { database: { db }, changes, audit, replays, tellRestriction, addressOf, now }: ApiKeyRoutesDeps,
): void {
  const entryOf = ({
    principal,
    requestId,
    request,
  }: Pick<RouteContext, 'requestId' | 'request'> & { principal: Principal }) => ({
    tenantId: principal.tenantId,
    actor: principal.principalId,
    requestId,
    ip: addressOf(request),
  });
  const located = (made: MadeApiKey, headers: Readonly<Record<string, string>> = {}) =>
    reply(presentMade(made, now()), { headers: { location: `/api/v1/api-keys/${made.record.id}`, ...headers } });

  mountRoute(routes, contracts.createApiKey, async (context) => {
    const { principal, body } = context;
    assertMayGrant(principal.scopes, body.scopes);
    const idempotencyKey = idempotencyKeyOf(context.request.headers['idempotency-key']);
    const time = now();
    const make = async (trx: Transaction<GatewaySchema>): Promise<MadeApiKey> => {
      const command = {
        tenantId: principal.tenantId,
        name: body.name,
        scopes: body.scopes,
        requestsPerMinute: body.limits?.requests_per_minute ?? null,
        costUnitsPerMinute: body.limits?.cost_units_per_minute ?? null,
        expiresAt: expiryOf(body, time),
        createdBy: principal.principalId,
      };
      const created = await createApiKey(trx, command, time);
      await audit.record(trx, {
        ...entryOf(context),
        action: 'api_key.created',
        target: created.record.id,
        details: { scopes: created.record.scopes },
      });
      return created;
    };
    const { made, isReplay } = await db.transaction().execute(async (trx) => {
      if (idempotencyKey === null) return { made: await make(trx), isReplay: false };
      const { tenantId, principalId } = principal;
      return replays.once(trx, { tenantId, principalId, idempotencyKey }, body, () => make(trx));
    });
    return located(made, isReplay ? { 'idempotent-replayed': 'true' } : {});
  });

  mountRoute(routes, contracts.listApiKeys, async ({ principal, query }) => {
    const list = contracts.listApiKeys.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listApiKeys(db, principal.tenantId, { ...start, after: firstText(start.after) });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: (row) => present(row, now()) });
  });

  mountRoute(routes, contracts.getApiKey, async ({ principal, params }) => {
    const record = await findApiKey(db, principal.tenantId, params.id);
    if (record === null) throw absent();
    return present(record, now());
  });

  mountRoute(routes, contracts.updateApiKey, async (context) => {
    const { principal, params, body } = context;
    const changed = await db.transaction().execute(async (trx) => {
      const record = await findApiKey(trx, principal.tenantId, params.id);
      if (record === null) throw absent();
      if (body.name === undefined && body.limits === undefined) return record;
      const updated = await changeApiKey(trx, principal.tenantId, params.id, {
        ...(body.name === undefined ? {} : { name: body.name }),
        ...(body.limits === undefined
          ? {}
          : {
              requestsPerMinute: body.limits.requests_per_minute ?? null,
              costUnitsPerMinute: body.limits.cost_units_per_minute ?? null,
            }),
      });
      if (updated === null) throw new AppError('conflict', 'This key has been revoked.');
      await audit.record(trx, {
        ...entryOf(context),
        action: 'api_key.updated',
        target: params.id,
        details: { ...body },
      });
      return updated;
    });
    await changes.publish({ kind: 'api_key', ids: [params.id] });
    return present(changed, now());
  });

  mountRoute(routes, contracts.revokeApiKey, async (context) => {
    const { principal, params } = context;
    await db.transaction().execute(async (trx) => {
      if ((await findApiKey(trx, principal.tenantId, params.id)) === null) throw absent();
      // A second time changes nothing and is answered alike.
      const at = now();
      if (!(await markRevoked(trx, principal.tenantId, params.id, at))) return;
      const { tenantId } = principal;
      const { requestId } = context;
      await tellRestriction(trx, { tenantId, principalId: params.id, scopes: [], requestId, at });
      await audit.record(trx, { ...entryOf(context), action: 'api_key.revoked', target: params.id });
    });
    await changes.publish({ kind: 'api_key', ids: [params.id] });
    return reply(undefined);
  });

  mountRoute(routes, contracts.rotateApiKey, async (context) => {
    const { principal, params, body } = context;
    const time = now();
    const made = await db.transaction().execute(async (trx) => {
      const old = await findApiKey(trx, principal.tenantId, params.id);
      if (old === null) throw absent();
      // The new key is shown to the caller, so this hands out what the old one could do.
      assertMayGrant(principal.scopes, old.scopes);
      const command = { overlapSeconds: body.overlap_seconds, createdBy: principal.principalId };
      const created = await rotateApiKey(trx, old, command, time);
      await audit.record(trx, {
        ...entryOf(context),
        action: 'api_key.rotated',
        target: old.id,
        details: { replaced_by: created.record.id, overlap_seconds: body.overlap_seconds },
      });
      return created;
    });
    await changes.publish({ kind: 'api_key', ids: [params.id] });
    return located(made);
  });
}

function present(key: ApiKeyRecord, now: Date): ApiKey {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    scopes: key.scopes,
    limits: {
      ...(key.requestsPerMinute === null ? {} : { requests_per_minute: key.requestsPerMinute }),
      ...(key.costUnitsPerMinute === null ? {} : { cost_units_per_minute: key.costUnitsPerMinute }),
    },
    status: keyStatus(key, now),
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    replaced_by: key.replacedBy,
  };
}

function presentMade({ record, key }: MadeApiKey, now: Date) {
  return { ...present(record, now), key };
}

function absent(): AppError {
  return new AppError('not_found', 'There is no such API key.');
}

function firstText(values: readonly unknown[] | null): string | null {
  const value = values?.[0];
  return typeof value === 'string' ? value : null;
}
