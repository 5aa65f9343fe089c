import type { AlertTrace } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Kysely } from 'kysely';
import { findAlert } from '../alerts/alert-store.ts';
import type { Schema } from '../app/schema.ts';
import { listDeliveriesOf } from '../deliveries/delivery-store.ts';
import { presentDelivery } from '../deliveries/present-delivery.ts';
import { listFlushesOf } from './flush-store.ts';
import { listGroupsOf } from './group-store.ts';

const decisionsMax = 200;
const fingerprintForm = /^[0-9a-f]{16}$/;

/** Every decision about an alert, given by its id or its fingerprint, and what became of what was decided to be told. */
export async function traceAlert(db: Kysely<Schema>, tenantId: string, id: string): Promise<AlertTrace> {
  const fingerprint = fingerprintForm.test(id) ? id : (await findAlert(db, tenantId, id))?.fingerprint;
  if (fingerprint === undefined) throw new AppError('not_found', 'There is no such alert.');
  const flushes = await listFlushesOf(db, tenantId, fingerprint, decisionsMax);
  const groups = await listGroupsOf(db, tenantId, fingerprint);
  if (flushes.length === 0 && groups.length === 0 && fingerprint === id)
    throw new AppError('not_found', 'There is no such alert.');
  const deliveries = await listDeliveriesOf(
    db,
    tenantId,
    flushes.flatMap(({ notificationId }) => notificationId ?? []),
  );
  return {
    fingerprint,
    decisions: flushes.map((flush) => {
      const suppressed = flush.suppressed.find((one) => one.fingerprint === fingerprint);
      const isTold = flush.notificationId !== null && suppressed === undefined;
      return {
        group_key: flush.groupKey,
        receiver: flush.receiver,
        outcome: isTold ? ('told' as const) : ('not_told' as const),
        reason: suppressed === undefined ? flush.reason : 'suppressed',
        silenced_by: [...(suppressed?.silencedBy ?? [])],
        inhibited_by: [...(suppressed?.inhibitedBy ?? [])],
        muted_by: [...flush.mutedBy],
        times: flush.times,
        first_at: flush.firstAt.toISOString(),
        last_at: flush.lastAt.toISOString(),
        notification_id: isTold ? flush.notificationId : null,
        deliveries: isTold
          ? deliveries.filter(({ notificationId }) => notificationId === flush.notificationId).map(presentDelivery)
          : [],
      };
    }),
    next_decision_at: groups.map(({ groupKey, nextFlushAt }) => ({
      group_key: groupKey,
      at: nextFlushAt.toISOString(),
    })),
  };
}
