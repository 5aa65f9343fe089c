import type { Simulation } from '@signalbox/contracts';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { listEnabledChannels } from '../channels/channel-store.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { findSilencer } from '../escalation/find-silencer.ts';
import { joinGroup } from '../grouping/group-timer.ts';
import { createInhibitor } from '../inhibition/inhibit-rule.ts';
import { withoutEmptyLabels, type LabelSet } from '../labels/label-set.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes } from '../routing/route.ts';
import { intervalsMuting } from '../time-intervals/time-interval.ts';
import { addresseesOf } from './addressees.ts';
import { groupHashOf } from './enrol-alerts.ts';
import { findGroups, listFiringMembers } from './group-store.ts';

/** What the very rules that decide would do with such an alert now. Nothing is changed. */
export async function simulateNotification(
  { db, configurations, kinds }: { db: Kysely<Schema>; configurations: ConfigurationSource; kinds: ChannelKinds },
  tenantId: string,
  { labels: given, startsAt }: { labels: LabelSet; startsAt: Date },
  now: Date,
): Promise<Simulation> {
  const labels = withoutEmptyLabels(given);
  const configuration = await configurations.of(db, tenantId);
  const channels = await listEnabledChannels(db, tenantId);
  const silencedBy = (await findSilencer(db, tenantId, now))(labels);
  const firing = await listFiringMembers(db, tenantId, now);
  const inhibitedBy = createInhibitor(configuration.inhibitRules, firing, now)(labels);
  const routes = matchRoutes(configuration.route, labels);
  const known = await findGroups(
    db,
    tenantId,
    routes.map((route) => groupHashOf(route, labels)),
  );
  return {
    routes: routes.map((route) => {
      const hash = groupHashOf(route, labels);
      const timer = joinGroup(known.find(({ groupHash }) => groupHash === hash) ?? null, { startsAt }, route, now);
      const receiver = configuration.receivers.get(route.receiver);
      const addressees = receiver === undefined ? [] : addresseesOf(receiver, channels, kinds);
      const firstAt = timer.nextFlushAt < now ? now : timer.nextFlushAt;
      const mutedBy = intervalsMuting(route, configuration.timeIntervals, firstAt);
      const isQuiet = silencedBy.length + inhibitedBy.length + mutedBy.length > 0 || addressees.length === 0;
      return {
        route: route.key,
        receiver: route.receiver,
        group_key: groupKeyOf(route, groupLabelsOf(route, labels)),
        first_told_at: isQuiet ? null : firstAt.toISOString(),
        looked_at_every_seconds: route.groupIntervalMs / 1_000,
        repeated_every_seconds: route.repeatIntervalMs / 1_000,
        silenced_by: [...silencedBy],
        inhibited_by: [...inhibitedBy],
        muted_by: mutedBy,
        destinations: addressees.flatMap(({ targets }) =>
          targets.map(({ kind, channelId, recipient }) => ({ kind, channel_id: channelId, recipient })),
        ),
      };
    }),
  };
}
