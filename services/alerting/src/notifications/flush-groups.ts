import { newId } from '@signalbox/ids';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { listEnabledChannels } from '../channels/channel-store.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import type { Delivery, RuleLimit } from '../deliveries/delivery.ts';
import { addDeliveries } from '../deliveries/delivery-store.ts';
import { findSilencer } from '../escalation/find-silencer.ts';
import { decideFlush, type FlushDecision } from '../grouping/decide-flush.ts';
import { isForgotten } from '../grouping/group-timer.ts';
import { createInhibitor } from '../inhibition/inhibit-rule.ts';
import { compareAlertLabels } from '../labels/label-set.ts';
import { allRoutesOf, type Route } from '../routing/route.ts';
import { findRuleLimits } from '../rules/rule-store.ts';
import { intervalsMuting } from '../time-intervals/time-interval.ts';
import { addresseesOf, type AddresseeTargets } from './addressees.ts';
import { findAttended } from './attended-store.ts';
import { hashOf, type RegroupAlerts } from './enrol-alerts.ts';
import { addFlushes, findLastFlushes, repeatFlushes, type FlushRow, type RecordedFlush } from './flush-store.ts';
import {
  claimDueGroups,
  dropGroups,
  listFiringMembers,
  listMembers,
  removeMembers,
  setTimers,
  type DueGroup,
  type MemberRow,
} from './group-store.ts';
import { newDelivery } from './new-delivery.ts';
import { severityRank, statusOf, type Notification, type NotifiedAlert } from './notification.ts';
import { addNotifications, findLastSent, saveLastSent, type LastSentRow } from './notification-store.ts';

export interface FlushGroupsDeps {
  readonly db: Kysely<Schema>;
  readonly configurations: ConfigurationSource;
  readonly kinds: ChannelKinds;
  readonly regroupAlerts: RegroupAlerts;
}

const groupsMax = 100;
const [lastSentKeptMsMin, lastSentKeptMsMax] = [3_600_000, 30 * 86_400_000];

/**
 * Decides for the groups whose time has come, and gives how many there were. What is decided, what is remembered of it and
 * every message that follows from it are one transaction: there is no moment at which something was decided and is not on
 * its way. Any number of replicas may do this at once.
 */
export async function flushDueGroups(deps: FlushGroupsDeps, now: Date): Promise<number> {
  const { strays, flushed } = await deps.db.transaction().execute(async (trx) => {
    const due = await claimDueGroups(trx, now, groupsMax);
    const byTenant = grouped(due, ({ tenantId }) => tenantId);
    const astray: string[] = [];
    for (const [tenantId, groups] of byTenant)
      if (await flushTenant(deps, trx, { tenantId, groups, now })) astray.push(tenantId);
    return { strays: astray, flushed: due.length };
  });
  for (const tenantId of strays) await deps.db.transaction().execute((trx) => deps.regroupAlerts(trx, tenantId, now));
  return flushed;
}

/** Whether a group was found whose route is no longer there. */
async function flushTenant(
  deps: FlushGroupsDeps,
  trx: Transaction<Schema>,
  { tenantId, groups, now }: { tenantId: string; groups: readonly DueGroup[]; now: Date },
): Promise<boolean> {
  const facts = await gatherFacts(deps, trx, { tenantId, groups, now });
  const flushes: Flush[] = [];
  const kept: DueGroup[] = [];
  for (const group of groups) {
    const flush = decide(group, facts);
    if (flush === null) kept.push({ ...group, nextFlushAt: new Date(now.getTime() + 1_000) });
    else flushes.push(flush);
  }
  const forgotten = flushes.filter(({ decision }) => isForgotten(decision.timer, now));
  const timers = flushes.filter((flush) => !forgotten.includes(flush));
  await removeMembers(
    trx,
    tenantId,
    flushes.flatMap(({ decision }) => decision.leaving),
  );
  await setTimers(trx, tenantId, [
    ...kept,
    ...timers.map(({ group, decision }) => ({ groupHash: group.groupHash, ...decision.timer })),
  ]);
  await dropGroups(
    trx,
    tenantId,
    forgotten.map(({ group }) => group.groupHash),
  );
  await record(trx, { flushes, facts });
  return kept.length > 0;
}

interface Facts {
  tenantId: string;
  now: Date;
  routes: ReadonlyMap<string, Route>;
  members: ReadonlyMap<string, MemberRow[]>;
  lastSent: ReadonlyMap<string, LastSentRow>;
  lastFlushes: readonly RecordedFlush[];
  acknowledged: ReadonlySet<string>;
  ruleLimits: ReadonlyMap<string, RuleLimit>;
  addresseesOf: (receiver: string) => readonly AddresseeTargets[];
  mutedBy: (route: Route) => string[];
  inhibitedBy: (labels: MemberRow['labels']) => readonly string[];
  silencedBy: (labels: MemberRow['labels']) => readonly string[];
}

async function gatherFacts(
  { configurations, kinds }: FlushGroupsDeps,
  trx: Transaction<Schema>,
  { tenantId, groups, now }: { tenantId: string; groups: readonly DueGroup[]; now: Date },
): Promise<Facts> {
  const configuration = await configurations.of(trx, tenantId);
  const hashes = groups.map(({ groupHash }) => groupHash);
  const members = await listMembers(trx, tenantId, hashes);
  const keyHashes = [...new Set(groups.map(({ groupKey }) => hashOf(groupKey)))];
  const lastSent = await findLastSent(trx, tenantId, keyHashes, now);
  const channels = await listEnabledChannels(trx, tenantId);
  const silencedBy = await findSilencer(trx, tenantId, now);
  const sources = configuration.inhibitRules.length === 0 ? [] : await listFiringMembers(trx, tenantId, now);
  const { acknowledged, snoozed } = await findAttended(
    trx,
    tenantId,
    members.map(({ fingerprint }) => fingerprint),
    now,
  );
  const snoozedLabels = new Set(
    members.filter(({ fingerprint }) => snoozed.has(fingerprint)).map(({ labels }) => labels),
  );
  return {
    tenantId,
    now,
    routes: new Map(allRoutesOf(configuration.route).map((route) => [route.id, route])),
    members: grouped(members, ({ groupHash }) => groupHash),
    lastSent: new Map(lastSent.map((row) => [`${row.groupKeyHash}/${row.addressee}`, row])),
    lastFlushes: await findLastFlushes(trx, tenantId, hashes),
    acknowledged,
    ruleLimits: await findRuleLimits(
      trx,
      tenantId,
      members.map(({ fingerprint }) => fingerprint),
    ),
    addresseesOf: (name) => {
      const receiver = configuration.receivers.get(name);
      return receiver === undefined ? [] : addresseesOf(receiver, channels, kinds);
    },
    mutedBy: (route) => intervalsMuting(route, configuration.timeIntervals, now),
    inhibitedBy: createInhibitor(configuration.inhibitRules, sources, now),
    // The labels of a member are one object: by it a snooze is told from a silence of others.
    silencedBy: (labels) => [...silencedBy(labels), ...(snoozedLabels.has(labels) ? ['snoozed'] : [])],
  };
}

interface Flush {
  group: DueGroup;
  route: Route;
  members: readonly MemberRow[];
  mutedBy: readonly string[];
  addressees: readonly AddresseeTargets[];
  decision: FlushDecision<MemberRow>;
  /** Null: nobody is told. */
  notification: Notification | null;
}

function decide(group: DueGroup, facts: Facts): Flush | null {
  const { now } = facts;
  const route = facts.routes.get(group.routeId);
  if (route === undefined) return null;
  const addressees = facts.addresseesOf(route.receiver);
  const keyHash = hashOf(group.groupKey);
  const members = facts.members.get(group.groupHash) ?? [];
  const mutedBy = facts.mutedBy(route);
  const made = decideFlush<MemberRow>({
    timer: group,
    alerts: members.sort((a, b) => compareAlertLabels(a.labels, b.labels)),
    addressees: addressees.map(({ key, sendResolved }, index) => ({
      index,
      sendResolved,
      lastSent: facts.lastSent.get(`${keyHash}/${key}`) ?? null,
    })),
    groupIntervalMs: route.groupIntervalMs,
    repeatIntervalMs: route.repeatIntervalMs,
    inhibitedBy: facts.inhibitedBy,
    silencedBy: facts.silencedBy,
    mutedBy,
    now,
  });
  const decision = withoutRepeats(made, facts.acknowledged);
  const told = [...decision.firing, ...decision.resolved].sort((a, b) => compareAlertLabels(a.labels, b.labels));
  const alerts = told.map((alert) => notified(alert, now));
  const notification: Notification | null =
    decision.kind === 'nothing'
      ? null
      : {
          id: newId('notification', now.getTime()),
          tenantId: facts.tenantId,
          kind: 'group',
          reason: decision.reason,
          status: statusOf(alerts),
          receiver: route.receiver,
          groupKey: group.groupKey,
          groupLabels: group.groupLabels,
          alerts,
          severity: severityRank(alerts),
          heldBack: 0,
          decidedAt: now,
        };
  return { group, route, members, mutedBy, addressees, decision, notification };
}

/** Nobody is told once more of what somebody has acknowledged. */
function withoutRepeats(
  decision: FlushDecision<MemberRow>,
  acknowledged: ReadonlySet<string>,
): FlushDecision<MemberRow> {
  if (!decision.firing.every(({ fingerprint }) => acknowledged.has(fingerprint))) return decision;
  const addressees = decision.addressees.map((verdict) =>
    verdict.reason === 'repeat_interval_elapsed' ? { ...verdict, kind: 'skip' as const, alerts: [] } : verdict,
  );
  const isSilent = addressees.every(({ kind }) => kind !== 'send');
  return { ...decision, addressees, ...(isSilent ? { kind: 'nothing' as const } : {}) };
}

function notified(alert: MemberRow, now: Date): NotifiedAlert {
  const hasEnded = alert.endsAt <= now;
  return {
    fingerprint: alert.fingerprint,
    status: hasEnded ? 'resolved' : 'firing',
    labels: alert.labels,
    annotations: alert.annotations,
    generatorUrl: alert.generatorUrl,
    startsAt: alert.startsAt.toISOString(),
    endsAt: hasEnded ? alert.endsAt.toISOString() : null,
  };
}

async function record(
  trx: Transaction<Schema>,
  { flushes, facts }: { flushes: readonly Flush[]; facts: Facts },
): Promise<void> {
  const { tenantId, lastFlushes, ruleLimits, now } = facts;
  await addNotifications(
    trx,
    flushes.flatMap(({ notification }) => notification ?? []),
  );
  await addDeliveries(
    trx,
    flushes.flatMap((flush) => deliveriesOf(flush, ruleLimits, now)),
  );
  await saveLastSent(trx, tenantId, [
    ...new Map(flushes.flatMap(lastSentOf).map((row) => [`${row.groupKeyHash}/${row.addressee}`, row])).values(),
  ]);
  const previous = new Map(lastFlushes.map((row) => [row.groupHash, row]));
  const repeated: string[] = [];
  const fresh: FlushRow[] = [];
  for (const row of flushes.map(rowOf)) {
    const last = previous.get(row.groupHash);
    if (last !== undefined && isSame(last, row)) repeated.push(last.id);
    else if (row.reason !== 'no_alerts') fresh.push(row);
  }
  await repeatFlushes(trx, repeated, now);
  await addFlushes(trx, tenantId, fresh, now);
}

function deliveriesOf(
  { notification, decision, addressees }: Flush,
  ruleLimits: ReadonlyMap<string, RuleLimit>,
  now: Date,
): Delivery[] {
  if (notification === null) return [];
  const limits = new Map(
    notification.alerts.map(({ fingerprint }) => [ruleLimits.get(fingerprint)?.ruleId, ruleLimits.get(fingerprint)]),
  );
  // Who tells of other rules as well must not wait for this one.
  const ruleLimit = limits.size === 1 ? ([...limits.values()][0] ?? null) : null;
  return decision.addressees
    .filter(({ kind }) => kind === 'send')
    .flatMap(({ index }) => addressees[index]?.targets ?? [])
    .map((target) => newDelivery(notification, target, now, ruleLimit));
}

function lastSentOf({ group, route, decision, addressees }: Flush): (LastSentRow & { expiresAt: Date })[] {
  const keptMs = Math.min(lastSentKeptMsMax, Math.max(lastSentKeptMsMin, 2 * route.repeatIntervalMs));
  return decision.addressees
    .filter(({ kind }) => kind !== 'skip')
    .flatMap(({ index, record: sent }) => {
      const addressee = addressees[index];
      if (addressee === undefined) return [];
      const expiresAt = new Date(sent.at.getTime() + keptMs);
      return [{ groupKeyHash: hashOf(group.groupKey), addressee: addressee.key, ...sent, expiresAt }];
    });
}

function rowOf({ group, route, members, mutedBy, decision, notification }: Flush): FlushRow {
  const suppressed = decision.suppressed.map(({ alert, inhibitedBy, silencedBy }) => ({
    fingerprint: alert.fingerprint,
    inhibitedBy,
    silencedBy,
  }));
  return {
    groupHash: group.groupHash,
    groupKey: group.groupKey,
    receiver: route.receiver,
    reason: decision.reason,
    notificationId: notification?.id ?? null,
    fingerprints: members.map(({ fingerprint }) => fingerprint).sort(),
    suppressed,
    mutedBy,
  };
}

/** Deciding the same again is counted and not written down again, unless somebody was told. */
function isSame(last: RecordedFlush, row: FlushRow): boolean {
  return (
    row.notificationId === null &&
    last.notificationId === null &&
    JSON.stringify([last.reason, last.fingerprints, last.suppressed, last.mutedBy]) ===
      JSON.stringify([row.reason, row.fingerprints, row.suppressed, row.mutedBy])
  );
}

function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const others = groups.get(keyOf(row));
    if (others === undefined) groups.set(keyOf(row), [row]);
    else others.push(row);
  }
  return groups;
}
