import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Doer, TellAudit } from '../audit/tell-audit.ts';
import { attemptDelivery, type AttemptDeliveryDeps } from '../deliveries/attempt-delivery.ts';
import { addDeliveryRows, settleDelivery } from '../deliveries/delivery-store.ts';
import { fingerprintOf } from '../labels/label-set.ts';
import { newDelivery } from '../notifications/new-delivery.ts';
import { severityRank, type Notification, type NotifiedAlert } from '../notifications/notification.ts';
import { addNotifications } from '../notifications/notification-store.ts';
import type { ChannelRecord } from './channel-record.ts';

export interface TestChannelDeps extends AttemptDeliveryDeps {
  readonly db: Kysely<Schema>;
  readonly tellAudit: TellAudit;
  readonly nudge: () => void;
}

/**
 * Sends a test message, the way every message is sent, once to each address, and keeps what became of it. Throws
 * `provider_failed` with what the other side said unless all were taken.
 */
export async function sendTest(
  deps: TestChannelDeps,
  channel: ChannelRecord,
  doer: Doer,
  signal: AbortSignal,
): Promise<{ delivery_id: string; status: number | null }> {
  const now = new Date();
  const notification = testNotification(channel, now);
  const recipients = deps.kinds.get(channel.kind)?.recipientsOf(channel.shown) ?? [null];
  const target = {
    kind: channel.kind,
    channelId: channel.id,
    receiver: 'test',
    integration: 'test',
    sendsResolved: true,
  };
  const deliveries = recipients.map((recipient) => {
    const delivery = newDelivery(notification, { ...target, recipient }, now);
    // A place of its own: what is tested neither waits behind alerts nor uses up their limit.
    return {
      ...delivery,
      destination: `test/${delivery.id}`,
      state: 'sending' as const,
      attempts: 1,
      attemptedAt: now,
    };
  });
  await deps.db.transaction().execute(async (trx) => {
    await addNotifications(trx, [notification]);
    await addDeliveryRows(trx, deliveries);
    const details = { name: channel.name, kind: channel.kind, deliveries: deliveries.map(({ id }) => id) };
    await deps.tellAudit(trx, { ...doer, action: 'channel.tested', target: channel.id, details });
  });
  deps.nudge();
  let last: { delivery_id: string; status: number | null } | null = null;
  for (const delivery of deliveries) {
    const outcome = await attemptDelivery(deps, { delivery, notification }, { now, signal });
    const error = outcome.kind === 'accepted' ? null : outcome.reason;
    await deps.db
      .transaction()
      .execute((trx) =>
        settleDelivery(
          trx,
          { id: delivery.id, state: error === null ? 'sent' : 'dead', nextAt: null, status: outcome.status, error },
          new Date(),
        ),
      );
    if (error !== null)
      throw new AppError('provider_failed', `The test message was not taken. ${error}`, {
        details: { delivery_id: delivery.id, upstream_status: outcome.status },
      });
    last = { delivery_id: delivery.id, status: outcome.status };
  }
  if (last === null) throw new AppError('provider_failed', 'There is nobody to send a test message to.');
  return last;
}

function testNotification(channel: ChannelRecord, now: Date): Notification {
  const labels = { alertname: 'SignalboxTest', severity: 'info', channel: channel.name };
  const alert: NotifiedAlert = {
    fingerprint: fingerprintOf(labels),
    status: 'firing',
    labels,
    annotations: { summary: 'This is a test. Nothing is wrong.' },
    generatorUrl: '',
    startsAt: now.toISOString(),
    endsAt: null,
  };
  return {
    id: newId('notification', now.getTime()),
    tenantId: channel.tenantId,
    kind: 'test',
    reason: 'test',
    status: 'firing',
    receiver: 'test',
    groupKey: `test:${channel.id}`,
    groupLabels: labels,
    alerts: [alert],
    severity: severityRank([alert]),
    heldBack: 0,
    decidedAt: now,
  };
}
