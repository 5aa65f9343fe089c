import { providerStateChanged, type ProviderStateChanged } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit, type Database } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { BreakerChange } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';

export interface TellProviderStateDeps {
  database: Pick<Database<Schema>, 'db'>;
  /** The tenant of a connection; null: it is everybody's. */
  ownerOf: (connectionId: string) => Promise<string | null>;
  emitter: Emitter;
  nudgeRelay: () => void;
  logger: Logger;
}

/** Whose news it is when a connection of this installation changes. */
const everybody = 'signalbox';

/**
 * Tells of a breaker that changed by a call of this process. A change is news and no order: with Postgres away it stands in
 * the log only.
 */
export function createTellProviderState(deps: TellProviderStateDeps): (change: BreakerChange) => void {
  const { database, ownerOf, emitter, nudgeRelay, logger } = deps;

  async function tell({ id, from, to }: BreakerChange): Promise<void> {
    const tenantId = await ownerOf(id);
    const payload: ProviderStateChanged = {
      connection_id: id,
      tenant_id: tenantId,
      from,
      to,
      at: new Date().toISOString(),
    };
    const principal = {
      kind: 'service',
      principalId: 'chat-router',
      tenantId: tenantId ?? everybody,
      scopes: [],
    } as const;
    await emit(database.db, emitter.outboxRows(providerStateChanged, payload, { principal, requestId: newId('req') }));
    nudgeRelay();
  }

  return (change) => {
    tell(change).catch((error: unknown) => {
      logger.warn('provider.state_change_not_told', { connection: change.id, to: change.to, error });
    });
  };
}
