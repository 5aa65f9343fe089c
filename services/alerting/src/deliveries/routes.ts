import { listDeliveries, replayDelivery } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { findDelivery, listDeliveryRows, reviveDelivery } from './delivery-store.ts';
import { presentDelivery } from './present-delivery.ts';

export interface DeliveryRouteDeps {
  readonly db: Kysely<Schema>;
  readonly tellAudit: TellAudit;
  readonly nudge: () => void;
}

export function mountDeliveryRoutes(routes: Routes, { db, tellAudit, nudge }: DeliveryRouteDeps): void {
  mountRoute(routes, listDeliveries, async ({ principal, query }) => {
    const list = listDeliveries.operationId;
    const start = pageStart(list, query, ['string']);
    const [id] = start.after ?? [];
    const stretch = { after: typeof id === 'string' ? id : null, backwards: start.backwards, limit: start.fetch };
    const filter = { state: query.state, channelId: query.channel_id, notificationId: query.notification_id };
    const rows = await listDeliveryRows(db, principal.tenantId, filter, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: presentDelivery });
  });

  mountRoute(routes, replayDelivery, async ({ principal, requestId, params }) => {
    const { tenantId } = principal;
    const revived = await db.transaction().execute(async (trx) => {
      const delivery = await findDelivery(trx, tenantId, params.id);
      if (delivery === null) throw new AppError('not_found', 'There is no such delivery.');
      if (!(await reviveDelivery(trx, delivery, new Date())))
        throw new AppError('conflict', 'Only a delivery that was given up can be replayed.', {
          details: { state: delivery.state },
        });
      const details = { notification_id: delivery.notificationId };
      await tellAudit(trx, { action: 'delivery.replayed', target: params.id, principal, requestId, details });
      return findDelivery(trx, tenantId, params.id);
    });
    nudge();
    if (revived === null) throw new AppError('not_found', 'There is no such delivery.');
    return presentDelivery(revived);
  });
}
