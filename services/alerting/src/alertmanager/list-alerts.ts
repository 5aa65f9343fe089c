import type { AmAlert } from '@signalbox/contracts';
import type { AlertingConfiguration } from '../configuration/alerting-configuration.ts';
import { createInhibitor } from '../inhibition/inhibit-rule.ts';
import { compareAlertLabels, compareLabelSets, sameLabels, type LabelSet } from '../labels/label-set.ts';
import type { Regex } from '../matchers/compile-regex.ts';
import { matchesAll, type Matcher } from '../matchers/matcher.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes, type Route } from '../routing/route.ts';
import { createSilencer, type Silence } from '../silences/silence.ts';
import { intervalsMuting } from '../time-intervals/time-interval.ts';
import { formatGoTime } from './go-time.ts';
import { readFilter, readFlag, readReceiver, type AmQuery } from './read-query.ts';

/** An alert that has not ended, as it is shown. */
export interface ShownAlert {
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly generatorUrl: string;
  readonly startsAt: Date;
  /** null: for as long as nobody says otherwise. */
  readonly endsAt: Date | null;
  readonly updatedAt: Date;
}

/** What alerts are shown against. */
export interface Surroundings {
  readonly configuration: AlertingConfiguration;
  readonly alerts: readonly ShownAlert[];
  /** All that fires and may inhibit these. */
  readonly inhibiting: readonly ShownAlert[];
  readonly silences: readonly Silence[];
  readonly now: Date;
}

/** The alerts that fit a query, by fingerprint, with what suppresses them at this moment. Throws `AmRefusal`. */
export function listAlerts(query: AmQuery, surroundings: Surroundings): AmAlert[] {
  const wanted = readWanted(query);
  const statusOf = createStatus(surroundings);
  const { configuration } = surroundings;
  return surroundings.alerts
    .flatMap((alert) => {
      const routes = matchRoutes(configuration.route, alert.labels);
      if (!routes.some((route) => isWantedReceiver(route, wanted, configuration))) return [];
      const shown = present(alert, statusOf(alert.labels, []), routes);
      return isWanted(shown, wanted) ? [shown] : [];
    })
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

interface ShownGroup {
  alerts: AmAlert[];
  labels: LabelSet;
  receiver: { name: string };
  routeLabels: LabelSet;
}

/** The alerts that fit a query in the groups in which they are told, by their labels. Throws `AmRefusal`. */
export function listAlertGroups(query: AmQuery, surroundings: Surroundings): ShownGroup[] {
  const wanted = readWanted(query);
  const statusOf = createStatus(surroundings);
  const { configuration, now } = surroundings;
  const groups = new Map<string, ShownGroup & { key: string }>();
  const receivers = new Map<string, string[]>();
  for (const alert of surroundings.alerts) {
    for (const route of matchRoutes(configuration.route, alert.labels)) {
      if (!isWantedReceiver(route, wanted, configuration)) continue;
      const mutedBy = intervalsMuting(route, configuration.timeIntervals, now);
      if (mutedBy.length > 0 && !wanted.muted) continue;
      const shown = present(alert, statusOf(alert.labels, mutedBy), [route]);
      if (!isWanted(shown, wanted)) continue;
      const names = receivers.get(alert.fingerprint) ?? [];
      receivers.set(alert.fingerprint, [...names, route.receiver].sort());
      const labels = groupLabelsOf(route, alert.labels);
      const key = `${route.id} ${groupKeyOf(route, labels)}`;
      const group = groups.get(key) ?? { key, alerts: [], labels, receiver: { name: route.receiver }, routeLabels: {} };
      group.alerts.push(shown);
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .sort((a, b) =>
      sameLabels(a.labels, b.labels) ? order(a.receiver.name, b.receiver.name) : compareLabelSets(a.labels, b.labels),
    )
    .map(({ key: _key, alerts, ...group }) => ({
      ...group,
      alerts: alerts
        .sort((a, b) => compareAlertLabels(a.labels, b.labels))
        .map((alert) => ({ ...alert, receivers: (receivers.get(alert.fingerprint) ?? []).map((name) => ({ name })) })),
    }));
}

/** What every alert that fits a query carries, for whoever looks them up. Throws `AmRefusal`. */
export function carriedLabels(query: AmQuery): LabelSet {
  return Object.fromEntries(
    readFilter(query)
      // An absent label has the empty value.
      .filter(({ op, value }) => op === '=' && value !== '')
      .map(({ name, value }) => [name, value]),
  );
}

interface Wanted {
  active: boolean;
  silenced: boolean;
  inhibited: boolean;
  muted: boolean;
  filter: readonly Matcher[];
  receiver: Regex | null;
  receiverMatchers: readonly Matcher[];
}

function readWanted(query: AmQuery): Wanted {
  return {
    filter: readFilter(query),
    receiverMatchers: readFilter(query, 'receiver_matchers'),
    receiver: readReceiver(query),
    active: readFlag(query, 'active'),
    silenced: readFlag(query, 'silenced'),
    inhibited: readFlag(query, 'inhibited'),
    muted: readFlag(query, 'muted'),
  };
}

function isWantedReceiver({ receiver }: Route, wanted: Wanted, { receivers }: AlertingConfiguration): boolean {
  if (wanted.receiver?.test(receiver) === false) return false;
  return matchesAll(wanted.receiverMatchers, receivers.get(receiver)?.labels ?? {});
}

function isWanted({ status, labels }: AmAlert, wanted: Wanted): boolean {
  if (!wanted.active && status.state === 'active') return false;
  if (!wanted.silenced && status.silencedBy.length > 0) return false;
  if (!wanted.inhibited && status.inhibitedBy.length > 0) return false;
  return matchesAll(wanted.filter, labels);
}

function createStatus({ configuration, inhibiting, silences, now }: Surroundings) {
  const inhibitedBy = createInhibitor(
    configuration.inhibitRules,
    inhibiting.map(({ fingerprint, labels, endsAt }) => ({ fingerprint, labels, endsAt: endsAt ?? forEver })),
    now,
  );
  const silencedBy = createSilencer(silences, now);
  return (labels: LabelSet, mutedBy: readonly string[]): AmAlert['status'] => {
    const status = {
      inhibitedBy: [...inhibitedBy(labels)],
      mutedBy: [...mutedBy],
      silencedBy: [...silencedBy(labels)],
    };
    const suppressed = Object.values(status).some(({ length }) => length > 0);
    return { ...status, state: suppressed ? 'suppressed' : 'active' };
  };
}

const forEver = new Date(8_640_000_000_000_000);

function present(alert: ShownAlert, status: AmAlert['status'], routes: readonly Route[]): AmAlert {
  return {
    annotations: { ...alert.annotations },
    endsAt: formatGoTime(alert.endsAt),
    fingerprint: alert.fingerprint,
    receivers: routes.map(({ receiver }) => ({ name: receiver })),
    startsAt: formatGoTime(alert.startsAt),
    status,
    updatedAt: formatGoTime(alert.updatedAt),
    generatorURL: alert.generatorUrl,
    labels: { ...alert.labels },
  };
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
