import { listBreakers, resetBreaker, type ProviderBreaker } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, type Routes } from '@signalbox/http';
import { isOperator } from '@signalbox/identity';
import type { Database } from '@signalbox/postgres';
import { RedisAway, type Breakers } from '@signalbox/redis';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { Connection, Connections } from '../routing/connection.ts';

export interface ProviderStateRoutesDeps {
  connections: Connections;
  /** The ids of those of this installation, for all tenants. */
  shared: ReadonlySet<string>;
  breakers: Breakers;
  database: Pick<Database<Schema>, 'db'>;
  tellAudit: TellAudit;
  nudgeRelay: () => void;
}

/** Another tenant's connection is as absent as one that never was. */
export function mountProviderStateRoutes(routes: Routes, deps: ProviderStateRoutesDeps): void {
  const { connections, shared, breakers, database, tellAudit, nudgeRelay } = deps;

  function present({ id, provider }: Connection): ProviderBreaker {
    const { state, failures, restsMs } = breakers.view(id);
    return {
      id,
      name: provider.name,
      state,
      failures,
      opens_at: restsMs === 0 ? null : new Date(Date.now() + restsMs).toISOString(),
    };
  }

  mountRoute(routes, listBreakers, async ({ principal, query }) => {
    const list = listBreakers.operationId;
    const start = pageStart(list, query, ['string']);
    const [after] = start.after ?? [];
    const byName = [...(await connections.of(principal.tenantId))].sort((a, b) =>
      a.provider.name < b.provider.name ? -1 : 1,
    );
    const inOrder = start.backwards ? byName.reverse() : byName;
    const from = typeof after === 'string' ? inOrder.findIndex(({ provider }) => provider.name === after) + 1 : 0;
    return keysetPage({
      list,
      start,
      rows: inOrder.slice(from, from + start.fetch),
      keyOf: ({ provider }) => [provider.name],
      present,
    });
  });

  mountRoute(routes, resetBreaker, async ({ principal, requestId, params }) => {
    const connection = (await connections.of(principal.tenantId)).find(({ id }) => id === params.id);
    if (connection === undefined) throw new AppError('not_found', 'There is no such connection.');
    if (shared.has(connection.id) && !isOperator(principal))
      throw new AppError('forbidden', 'This connection belongs to the installation. Only its operator resets it.');
    const before = breakers.view(connection.id);
    await database.db.transaction().execute(async (trx) => {
      await tellAudit(trx, {
        action: 'breaker.reset',
        target: connection.id,
        principal,
        requestId,
        details: { name: connection.provider.name, was: before.state },
      });
      try {
        await breakers.reset(connection.id);
      } catch (thrown) {
        if (!(thrown instanceof RedisAway)) throw thrown;
        throw new AppError('unavailable', 'The replicas cannot be told at the moment.', {
          cause: thrown,
          retryAfterMs: 1_000,
        });
      }
    });
    nudgeRelay();
    return present(connection);
  });
}
