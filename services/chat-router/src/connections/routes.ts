import * as contracts from '@signalbox/contracts';
import type { ProviderConnection } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type PageStart, type Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { changedConnection, connectionsMax, newConnection, type ChangeConnectionsDeps } from './change-connections.ts';
import { checkConnection } from './check-connection.ts';
import { needsKey, type ConnectionRecord } from './connection-record.ts';
import {
  allConnections,
  deleteConnection,
  findConnection,
  insertConnection,
  nameTaken,
  updateConnection,
} from './connection-store.ts';
import type { FoundServer } from './find-ollama.ts';
import type { ListingProvider } from './open-connections.ts';

/** A connection of this installation, for all tenants. */
export interface SharedConnection {
  shown: ProviderConnection;
  /** Null: it lists no models, for there is nobody to ask. */
  provider: ListingProvider | null;
}

export interface ConnectionRoutesDeps extends ChangeConnectionsDeps {
  database: Pick<Database<Schema>, 'db'>;
  shared: readonly SharedConnection[];
  construct: (record: ConnectionRecord) => ListingProvider;
  findServer: () => Promise<FoundServer | null>;
  tellAudit: TellAudit;
  /** To be called after a commit that changed a tenant's connections, and messages were put into the outbox. */
  changed: (tenantId: string) => Promise<void>;
  now?: () => Date;
}

/** Mounts everything under `/api/v1/providers`. Another tenant's connection is as absent as one that never was. */
export function mountConnectionRoutes(routes: Routes, deps: ConnectionRoutesDeps): void {
  const { database, shared, construct, findServer, tellAudit, changed, now = () => new Date() } = deps;
  const { db } = database;

  function assertNameFree(name: string): void {
    if (shared.some(({ shown }) => shown.name === name)) throw nameTaken();
  }

  mountRoute(routes, contracts.createProvider, async ({ principal, requestId, body, signal }) => {
    assertNameFree(body.name);
    const record = await withModels(newConnection(deps, principal.tenantId, body, now()), body.models, signal);
    await db.transaction().execute(async (trx) => {
      if ((await allConnections(trx, principal.tenantId)).length >= connectionsMax) {
        throw new AppError('conflict', `A tenant has at most ${String(connectionsMax)} connections.`);
      }
      await insertConnection(trx, record);
      const details = { change: 'created', name: record.name, kind: record.kind };
      await tellAudit(trx, { action: 'provider.changed', target: record.id, principal, requestId, details });
    });
    await changed(principal.tenantId);
    return reply(present(record), { headers: { location: `/api/v1/providers/${record.id}` } });
  });

  /** Where nobody said which models there are and the registry knows none, the server may. */
  async function withModels(
    record: ConnectionRecord,
    given: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<ConnectionRecord> {
    if (given !== undefined || record.models.length > 0) return record;
    await using provider = construct(record);
    return { ...record, models: (await checkConnection(provider, signal)).models ?? [] };
  }

  mountRoute(routes, contracts.listProviders, async ({ principal, query }) => {
    const list = contracts.listProviders.operationId;
    const start = pageStart(list, query, ['number', 'string']);
    const [own, found] = await Promise.all([allConnections(db, principal.tenantId), findServer()]);
    const isConnected = (server: FoundServer) =>
      [...own.map(({ baseUrl }) => baseUrl), ...shared.map(({ shown }) => shown.base_url)].includes(server.baseUrl);
    const all = [
      ...own.map(present),
      ...shared.map(({ shown }) => shown),
      ...(found === null || isConnected(found) ? [] : [presentFound(found)]),
    ];
    return keysetPage({
      list,
      start,
      rows: stretchOf(all, start),
      keyOf: ({ source, id }) => [ranks[source], id],
      present: (connection) => connection,
    });
  });

  mountRoute(routes, contracts.getProvider, async ({ principal, params }) => {
    const common = shared.find(({ shown }) => shown.id === params.id);
    if (common !== undefined) return common.shown;
    return present(await existing(principal.tenantId, params.id));
  });

  mountRoute(routes, contracts.updateProvider, async ({ principal, requestId, params, body }) => {
    assertOwn(params.id);
    if (body.name !== undefined) assertNameFree(body.name);
    const record = await db.transaction().execute(async (trx) => {
      const before = await findConnection(trx, principal.tenantId, params.id, true);
      if (before === null) throw absent();
      const after = changedConnection(deps, before, body, now());
      await updateConnection(trx, after);
      const details = { change: 'updated', name: after.name, kind: after.kind, members: Object.keys(body) };
      await tellAudit(trx, { action: 'provider.changed', target: after.id, principal, requestId, details });
      return after;
    });
    await changed(principal.tenantId);
    return present(record);
  });

  mountRoute(routes, contracts.deleteProvider, async ({ principal, requestId, params }) => {
    assertOwn(params.id);
    await db.transaction().execute(async (trx) => {
      if (!(await deleteConnection(trx, principal.tenantId, params.id))) throw absent();
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'provider.changed', target: params.id, principal, requestId, details });
    });
    await changed(principal.tenantId);
    return undefined;
  });

  mountRoute(routes, contracts.testProvider, async ({ principal, params, signal }) => {
    const common = shared.find(({ shown }) => shown.id === params.id);
    if (common !== undefined) {
      if (common.provider !== null) return checkConnection(common.provider, signal);
      return { state: 'ready' as const, detail: 'It is built in.', latency_ms: null, models: [...common.shown.models] };
    }
    const record = await existing(principal.tenantId, params.id);
    await using provider = construct(record);
    // Awaited here: at the end of this block the provider is closed.
    return await checkConnection(provider, signal);
  });

  async function existing(tenantId: string, id: string): Promise<ConnectionRecord> {
    const record = await findConnection(db, tenantId, id);
    if (record === null) throw absent();
    return record;
  }

  function assertOwn(id: string): void {
    if (shared.some(({ shown }) => shown.id === id)) {
      throw new AppError('forbidden', 'This connection belongs to the installation. Only its operator changes it.');
    }
  }
}

/** The connection as everybody may see it: the key is not among what is shown, and never was. */
function present(record: ConnectionRecord): ProviderConnection {
  return {
    id: record.id,
    name: record.name,
    kind: record.kind,
    source: 'tenant',
    base_url: record.baseUrl,
    has_api_key: record.sealedKey !== null,
    api_key_hint: record.keyHint,
    models: [...record.models],
    options: record.options,
    configured: record.sealedKey !== null || !needsKey(record),
    version: record.version,
    created_at: record.createdAt.toISOString(),
    updated_at: record.updatedAt.toISOString(),
  };
}

/** An offer: to be asked, it has to be connected. */
function presentFound({ name, baseUrl, models }: FoundServer): ProviderConnection {
  return {
    id: `discovered_${name}`,
    name,
    kind: 'openai_compatible',
    source: 'discovered',
    base_url: baseUrl,
    has_api_key: false,
    api_key_hint: null,
    models: [...models],
    options: { quirks: { flavour: 'ollama' } },
    configured: false,
    version: null,
    created_at: null,
    updated_at: null,
  };
}

/** The order of the list: a tenant's own, the newest first; then the others by their ids. */
const ranks = { tenant: 0, operator: 1, built_in: 2, discovered: 3 } as const satisfies Record<
  ProviderConnection['source'],
  number
>;

/** What a page shows of a list that is all in memory, in the order in which a store would give it. */
function stretchOf(all: readonly ProviderConnection[], { after, backwards, fetch }: PageStart): ProviderConnection[] {
  const [rank, id] = after ?? [];
  const isBeyond = (row: ProviderConnection): boolean => {
    if (after === null) return true;
    const behind =
      ranks[row.source] - Number(rank) ||
      (row.id < String(id) ? -1 : row.id > String(id) ? 1 : 0) * (rank === 0 ? -1 : 1);
    return backwards ? behind < 0 : behind > 0;
  };
  const sorted = [...all].sort(
    (a, b) => ranks[a.source] - ranks[b.source] || (a.source === 'tenant' ? 0 : a.id < b.id ? -1 : 1),
  );
  return (backwards ? sorted.reverse() : sorted).filter(isBeyond).slice(0, fetch);
}

function absent(): AppError {
  return new AppError('not_found', 'There is no such provider.');
}
