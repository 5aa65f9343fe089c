import { randomUUID } from 'node:crypto';
import { newId } from '@signalbox/ids';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { MessageLimit, SendOutcome } from '../channels/channel.ts';
import { disableChannel, findChannel } from '../channels/channel-store.ts';
import { limitOf } from '../channels/find-settings.ts';
import { findNextBeat } from '../notifications/group-store.ts';
import { newDelivery } from '../notifications/new-delivery.ts';
import type { Notification } from '../notifications/notification.ts';
import { addNotifications, findNotifications } from '../notifications/notification-store.ts';
import { attemptDelivery, type AttemptDeliveryDeps } from './attempt-delivery.ts';
import type { Delivery, RuleLimit } from './delivery.ts';
import {
  addDeliveries,
  expediteDeliveries,
  holdDeliveries,
  listDueDeliveries,
  markMerged,
  markSending,
  nextDeliveryAt,
  settleDelivery,
} from './delivery-store.ts';
import { planSend, settleAttempt } from './destination.ts';
import { claimDueDestinations, lockDestination, saveDestination, type DestinationRow } from './destination-store.ts';
import { mergeNotifications } from './merge-notifications.ts';
import { patientRetries, type RetryPolicy } from './retry-policy.ts';
import { tellOfDestination } from './tell-of-destination.ts';

export interface SendDeliveriesDeps extends AttemptDeliveryDeps {
  readonly db: Kysely<Schema>;
  readonly clock: () => Date;
  /** [0, 1) */
  readonly random: () => number;
  /** When what failed is tried again. Default `patientRetries`. */
  readonly policy?: RetryPolicy;
  /** Told of every attempt, for metrics. */
  readonly attempted: (delivery: Delivery, outcome: SendOutcome) => void;
}

/** A message that nobody else sends for as long as the lease lasts. */
export interface ClaimedDelivery {
  readonly destination: DestinationRow;
  readonly leaseToken: string;
  readonly limit: MessageLimit;
  readonly delivery: Delivery;
  readonly notification: Notification;
}

/** After a sender was killed this is how long the message waits; an attempt ends well before. */
const leaseMs = 45_000;
/** So many held messages become one at most; the next ones become another. */
const digestMax = 1_000;

/**
 * Claims what is to be sent now: at most one message for each of at most `destinationsMax` destinations. Holding back and
 * merging happen here. `looked` tells how many destinations were looked at, for some may have had nothing to send.
 */
export async function claimDeliveries(
  deps: SendDeliveriesDeps,
  destinationsMax: number,
): Promise<{ claimed: ClaimedDelivery[]; looked: number }> {
  const now = deps.clock();
  return deps.db.transaction().execute(async (trx) => {
    const destinations = await claimDueDestinations(trx, now, destinationsMax);
    const claimed: ClaimedDelivery[] = [];
    for (const destination of destinations) {
      const one = await claimOf(deps, trx, destination, now);
      if (one !== null) claimed.push(one);
    }
    return { claimed, looked: destinations.length };
  });
}

async function claimOf(
  { kinds }: SendDeliveriesDeps,
  trx: Transaction<Schema>,
  destination: DestinationRow,
  now: Date,
): Promise<ClaimedDelivery | null> {
  const due = await listDueDeliveries(trx, destination, now, digestMax);
  const [first] = due;
  if (first === undefined) {
    await saveDestination(trx, destination, { nextAt: await nextDeliveryAt(trx, destination) });
    return null;
  }
  const kind = kinds.get(first.kind);
  const channel = first.channelId === null ? null : await findChannel(trx, first.tenantId, first.channelId);
  const limit = channel === null ? (kind?.limit ?? { messagesMax: 60, windowMs: 60_000 }) : limitOf(channel);
  const plan = planSend(destination, due, limit, { isDigestible: kind?.isDigestible ?? false, now });
  switch (plan.kind) {
    case 'nothing':
      return null;
    case 'hold':
      await holdDeliveries(trx, destination, now);
      await saveDestination(trx, destination, { nextAt: plan.until });
      return null;
    case 'send':
    case 'digest': {
      const delivery = plan.kind === 'send' ? plan.delivery : await merge(trx, plan.deliveries, now);
      await markSending(trx, delivery.id, now);
      const leaseToken = randomUUID();
      const until = new Date(now.getTime() + leaseMs);
      await saveDestination(trx, destination, { nextAt: now, lease: { token: leaseToken, until } });
      const [notification] = await findNotifications(trx, [delivery.notificationId]);
      if (notification === undefined) throw new Error('a delivery has no notification');
      const sending = { ...delivery, state: 'sending', attempts: delivery.attempts + 1 } as const;
      return { destination, leaseToken, limit, delivery: sending, notification };
    }
  }
}

async function merge(trx: Transaction<Schema>, deliveries: readonly Delivery[], now: Date): Promise<Delivery> {
  const [first] = deliveries;
  if (first === undefined) throw new Error('a digest of nothing');
  const notifications = await findNotifications(
    trx,
    deliveries.map(({ notificationId }) => notificationId),
  );
  const digest: Notification = {
    ...mergeNotifications(notifications),
    id: newId('notification', now.getTime()),
    tenantId: first.tenantId,
    receiver: first.receiver,
    decidedAt: now,
  };
  const delivery = newDelivery(digest, first, now, limitOfAll(deliveries));
  await addNotifications(trx, [digest]);
  await addDeliveries(trx, [delivery]);
  await markMerged(
    trx,
    deliveries.map(({ id }) => id),
    delivery.id,
  );
  return delivery;
}

/** Several messages count for a rule as one does: where they all tell of it alone. */
function limitOfAll([first, ...others]: readonly Delivery[]): RuleLimit | null {
  const limit = first?.ruleLimit ?? null;
  return others.every(({ ruleLimit }) => ruleLimit?.ruleId === limit?.ruleId) ? limit : null;
}

/** Sends what was claimed and writes down what became of it. An attempt that outlived its lease changes nothing any more. */
export async function sendClaimed(
  deps: SendDeliveriesDeps,
  claimed: ClaimedDelivery,
  signal: AbortSignal,
): Promise<void> {
  const { delivery, limit, leaseToken } = claimed;
  const outcome = await attemptDelivery(deps, claimed, { now: deps.clock(), signal });
  const now = deps.clock();
  await deps.db.transaction().execute(async (trx) => {
    const destination = await lockDestination(trx, { ...delivery, leaseToken });
    if (destination === null) return;
    const { policy = patientRetries, random } = deps;
    const { tenantId, groupKey } = claimed.notification;
    const nextBeat = policy.needsBeat ? await findNextBeat(trx, tenantId, groupKey) : null;
    const settled = settleAttempt(destination, delivery, outcome, { now, random, limit, policy, nextBeat });
    await settleDelivery(
      trx,
      {
        id: delivery.id,
        ...settled.delivery,
        status: outcome.status,
        error: outcome.kind === 'accepted' ? null : outcome.reason,
      },
      now,
    );
    if (settled.hasRecovered) await expediteDeliveries(trx, delivery, now);
    if (settled.isGone && delivery.channelId !== null)
      await disableChannel(trx, delivery.tenantId, delivery.channelId, 'The receiver answered that it is gone.', now);
    await saveDestination(
      trx,
      { ...destination, ...settled.destination },
      { nextAt: await nextDeliveryAt(trx, delivery) },
    );
    if (settled.tell !== null && claimed.notification.kind !== 'self')
      await tellOfDestination(trx, { delivery, outcome, tell: settled.tell, kinds: deps.kinds, now });
  });
  deps.attempted(delivery, outcome);
}

/** Sends everything that is due, until nothing is; with a clock that stands still, that is all that this moment brings. */
export async function sendAllDue(deps: SendDeliveriesDeps, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { claimed, looked } = await claimDeliveries(deps, 16);
    if (looked === 0) return;
    await Promise.all(claimed.map((one) => sendClaimed(deps, one, signal)));
  }
}
