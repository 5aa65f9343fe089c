import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { listEnabledChannels } from '../channels/channel-store.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { addDeliveries } from '../deliveries/delivery-store.ts';
import { allRoutesOf } from '../routing/route.ts';
import { addresseesOf } from './addressees.ts';
import { findAttended } from './attended-store.ts';
import { hashOf } from './enrol-alerts.ts';
import { listGroupsOf, listMembers, type GroupRow, type MemberRow } from './group-store.ts';
import { newDelivery } from './new-delivery.ts';
import { severityRank, type Notification, type NotifiedAlert } from './notification.ts';
import { addNotifications, findLastSent } from './notification-store.ts';

/**
 * Tells receivers that keep a state for each group that somebody is at an alert, in the transaction that acknowledges it:
 * those who were told that it fires, and not before all that fires in the group is acknowledged.
 */
export type TellAcknowledged = (
  trx: Transaction<Schema>,
  tenantId: string,
  fingerprint: string,
  now: Date,
) => Promise<void>;

export function createTellAcknowledged({
  configurations,
  kinds,
}: {
  configurations: ConfigurationSource;
  kinds: ChannelKinds;
}): TellAcknowledged {
  return async (trx, tenantId, fingerprint, now) => {
    const groups = await listGroupsOf(trx, tenantId, fingerprint);
    if (groups.length === 0) return;
    const configuration = await configurations.of(trx, tenantId);
    const routes = new Map(allRoutesOf(configuration.route).map((route) => [route.id, route]));
    const channels = await listEnabledChannels(trx, tenantId);
    for (const group of groups) {
      const receiver = configuration.receivers.get(routes.get(group.routeId)?.receiver ?? '');
      if (receiver === undefined) continue;
      const firing = await allAcknowledged(trx, tenantId, group, now);
      if (firing === null) continue;
      const lastSent = await findLastSent(trx, tenantId, [hashOf(group.groupKey)], now);
      const told = new Set(
        lastSent.filter((last) => last.firing.includes(fingerprint)).map(({ addressee }) => addressee),
      );
      const targets = addresseesOf(receiver, channels, kinds)
        .filter(({ key }) => told.has(key))
        .flatMap((addressee) => addressee.targets)
        .filter(({ kind }) => kinds.get(kind)?.takesAcknowledgements === true);
      if (targets.length === 0) continue;
      const notification = acknowledgementOf(group, { tenantId, receiver: receiver.name, firing, now });
      await addNotifications(trx, [notification]);
      await addDeliveries(
        trx,
        targets.map((target) => newDelivery(notification, target, now)),
      );
    }
  };
}

/** What fires in a group; null as long as somebody has to acknowledge some of it. */
async function allAcknowledged(
  trx: Transaction<Schema>,
  tenantId: string,
  { groupHash }: GroupRow,
  now: Date,
): Promise<MemberRow[] | null> {
  const members = await listMembers(trx, tenantId, [groupHash]);
  const firing = members.filter(({ endsAt }) => endsAt > now);
  const fingerprints = firing.map(({ fingerprint }) => fingerprint);
  const { acknowledged } = await findAttended(trx, tenantId, fingerprints, now);
  return fingerprints.every((one) => acknowledged.has(one)) ? firing : null;
}

function acknowledgementOf(
  { groupKey, groupLabels }: GroupRow,
  { tenantId, receiver, firing, now }: { tenantId: string; receiver: string; firing: readonly MemberRow[]; now: Date },
): Notification {
  const alerts = firing.map(({ fingerprint, labels, annotations, generatorUrl, startsAt }): NotifiedAlert => ({
    ...{ fingerprint, status: 'firing', labels, annotations, generatorUrl },
    startsAt: startsAt.toISOString(),
    endsAt: null,
  }));
  return {
    id: newId('notification', now.getTime()),
    tenantId,
    kind: 'acknowledgement',
    reason: 'acknowledged',
    status: 'firing',
    receiver,
    groupKey,
    groupLabels,
    alerts,
    severity: severityRank(alerts),
    heldBack: 0,
    decidedAt: now,
  };
}
