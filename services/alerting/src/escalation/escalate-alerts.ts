import { newId } from '@signalbox/ids';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ChannelRecord } from '../channels/channel-record.ts';
import { listEnabledChannels } from '../channels/channel-store.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { addDeliveries } from '../deliveries/delivery-store.ts';
import { createInhibitor } from '../inhibition/inhibit-rule.ts';
import { listFiringMembers } from '../notifications/group-store.ts';
import { newDelivery } from '../notifications/new-delivery.ts';
import { severityRank, statusOf, type Notification, type NotifiedAlert } from '../notifications/notification.ts';
import { addNotifications } from '../notifications/notification-store.ts';
import { dueSteps, type EscalationPolicy, type WaitingAlert } from './escalation-policy.ts';
import { listEscalatingTenants, listPolicies, listWaitingAlerts, takeEnded, takeSteps } from './escalation-store.ts';
import { findSilencer } from './find-silencer.ts';

export const policiesMax = 100;

export interface EscalateAlertsDeps {
  readonly db: Kysely<Schema>;
  readonly configurations: ConfigurationSource;
  readonly kinds: ChannelKinds;
}

/**
 * Tells the next ones of what fires and nobody acknowledged, and those who were told so of its end. Taking a step and
 * putting its messages on their way are one transaction; a step is taken once, whoever tries.
 */
export async function escalateAlerts(deps: EscalateAlertsDeps, now: Date): Promise<void> {
  for (const tenantId of await listEscalatingTenants(deps.db))
    await deps.db.transaction().execute((trx) => escalateTenant(deps, trx, tenantId, now));
}

async function escalateTenant(
  { configurations, kinds }: EscalateAlertsDeps,
  trx: Transaction<Schema>,
  tenantId: string,
  now: Date,
): Promise<void> {
  const policies = await listPolicies(trx, tenantId, { after: null, backwards: false, limit: policiesMax });
  const channels = await listEnabledChannels(trx, tenantId);
  const { inhibitRules } = await configurations.of(trx, tenantId);
  const sources = inhibitRules.length === 0 ? [] : await listFiringMembers(trx, tenantId, now);
  const inhibitedBy = createInhibitor(inhibitRules, sources, now);
  const silencedBy = await findSilencer(trx, tenantId, now);
  const waiting = (await listWaitingAlerts(trx, tenantId, now)).filter(
    ({ labels }) => silencedBy(labels).length === 0 && inhibitedBy(labels).length === 0,
  );
  for (const policy of policies) {
    const told = new Map<number, NotifiedAlert[]>();
    const add = (step: number, alert: NotifiedAlert): void => {
      told.set(step, [...(told.get(step) ?? []), alert]);
    };
    for (const { alert, step } of await takeSteps(trx, policy, dueSteps(policy, waiting, now), now))
      add(step, notifiedOf(alert, null));
    for (const ended of await takeEnded(trx, policy, now)) add(ended.step, notifiedOf(ended, ended.endedAt));
    for (const [step, alerts] of told) await tellStep(trx, { policy, step, alerts, channels, kinds, now });
  }
}

async function tellStep(
  trx: Transaction<Schema>,
  {
    policy,
    step,
    alerts,
    channels,
    kinds,
    now,
  }: {
    policy: EscalationPolicy;
    step: number;
    alerts: readonly NotifiedAlert[];
    channels: readonly ChannelRecord[];
    kinds: ChannelKinds;
    now: Date;
  },
): Promise<void> {
  const notification: Notification = {
    id: newId('notification', now.getTime()),
    tenantId: policy.tenantId,
    kind: 'escalation',
    reason: statusOf(alerts) === 'firing' ? 'not_acknowledged' : 'all_resolved',
    status: statusOf(alerts),
    receiver: policy.name,
    groupKey: `escalation:${policy.id}/${step}`,
    groupLabels: {},
    alerts,
    severity: severityRank(alerts),
    heldBack: 0,
    decidedAt: now,
  };
  const wanted = policy.steps[step]?.channels ?? [];
  const targets = channels
    .filter(({ id, name }) => wanted.includes(id) || wanted.includes(name))
    .flatMap((channel) =>
      (kinds.get(channel.kind)?.recipientsOf(channel.shown) ?? [null]).map((recipient) => ({
        kind: channel.kind,
        channelId: channel.id,
        receiver: policy.name,
        integration: `escalation[${step}]`,
        recipient,
        sendsResolved: channel.sendsResolved,
      })),
    );
  await addNotifications(trx, [notification]);
  await addDeliveries(
    trx,
    targets
      .filter(({ sendsResolved }) => sendsResolved || notification.status === 'firing')
      .map((target) => newDelivery(notification, target, now)),
  );
}

function notifiedOf(alert: WaitingAlert, endedAt: Date | null): NotifiedAlert {
  return {
    fingerprint: alert.fingerprint,
    status: endedAt === null ? 'firing' : 'resolved',
    labels: alert.labels,
    annotations: alert.annotations,
    generatorUrl: alert.generatorUrl,
    startsAt: alert.firedAt.toISOString(),
    endsAt: endedAt?.toISOString() ?? null,
  };
}
