import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { ReportedAlert } from '../alerts/merge-alert.ts';
import type { Schema } from '../app/schema.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { joinGroup, type GroupTimer } from '../grouping/group-timer.ts';
import { formatLabelSet, type LabelSet } from '../labels/label-set.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes, type Route } from '../routing/route.ts';
import {
  addGroups,
  dropGroups,
  listMembers,
  lockGroups,
  putMembers,
  setTimers,
  type GroupRow,
  type MemberRow,
} from './group-store.ts';

/** An alert as it is known after a report of it was merged. */
export type EnrolledAlert = ReportedAlert & { readonly fingerprint: string };

/**
 * Puts alerts, firing or ended, into the groups that tell of them, in the transaction in which they change. To be called
 * for every change of labels' life: reported, resolved by hand, expired, fired again. Calling it twice changes nothing.
 * Locks the groups in a fixed order; whoever locks alerts as well does so before.
 */
export type EnrolAlerts = (
  trx: Transaction<Schema>,
  tenantId: string,
  alerts: readonly EnrolledAlert[],
  now: Date,
) => Promise<void>;

export function createEnrolAlerts(configurations: ConfigurationSource): EnrolAlerts {
  return async (trx, tenantId, alerts, now) => {
    if (alerts.length === 0) return;
    const { route } = await configurations.of(trx, tenantId);
    const groups = groupsOf(route, alerts, now);
    const hashes = [...groups.keys()].sort();
    await addGroups(
      trx,
      tenantId,
      hashes.flatMap((hash) => groups.get(hash)?.row ?? []),
    );
    const changed: GroupRow[] = [];
    for (const row of await lockGroups(trx, tenantId, hashes)) {
      const group = groups.get(row.groupHash);
      if (group === undefined) continue;
      const timer = group.alerts.reduce<GroupTimer>((joined, alert) => joinGroup(joined, alert, group.route, now), row);
      if (timer !== row) changed.push({ ...row, ...timer });
    }
    await setTimers(trx, tenantId, changed);
    const members = [...groups].flatMap(([groupHash, group]) =>
      group.alerts.map((alert): MemberRow => ({ ...alert, groupHash })),
    );
    await putMembers(trx, tenantId, members);
  };
}

/**
 * Begins anew with every group of a tenant, as a changed configuration wants them: alerts go where they now belong, and
 * those that waited long enough are due. What was told already is remembered. To be called in the transaction that
 * changes the configuration.
 */
export type RegroupAlerts = (trx: Transaction<Schema>, tenantId: string, now: Date) => Promise<void>;

export function createRegroupAlerts(enrolAlerts: EnrolAlerts): RegroupAlerts {
  return async (trx, tenantId, now) => {
    const groups = await lockGroups(trx, tenantId, 'all');
    const members = await listMembers(trx, tenantId, 'all');
    await dropGroups(
      trx,
      tenantId,
      groups.map(({ groupHash }) => groupHash),
    );
    const alerts = new Map(members.map((member) => [member.fingerprint, { ...member, timeout: false }]));
    await enrolAlerts(trx, tenantId, [...alerts.values()], now);
  };
}

interface OpenGroup {
  route: Route;
  row: GroupRow;
  alerts: EnrolledAlert[];
}

function groupsOf(root: Route, alerts: readonly EnrolledAlert[], now: Date): Map<string, OpenGroup> {
  const groups = new Map<string, OpenGroup>();
  for (const alert of alerts) {
    for (const route of matchRoutes(root, alert.labels)) {
      const groupLabels = groupLabelsOf(route, alert.labels);
      const groupHash = groupHashOf(route, alert.labels);
      const known = groups.get(groupHash);
      if (known !== undefined) {
        known.alerts.push(alert);
        continue;
      }
      const row: GroupRow = {
        groupHash,
        routeId: route.id,
        groupKey: groupKeyOf(route, groupLabels),
        groupLabels,
        nextFlushAt: new Date(now.getTime() + route.groupWaitMs),
        hasFlushed: false,
        emptySince: null,
      };
      groups.set(groupHash, { route, row, alerts: [alert] });
    }
  }
  return groups;
}

/** Which group of a route an alert with these labels is in. */
export function groupHashOf(route: Route, labels: LabelSet): string {
  return hashOf(`${route.id}:${formatLabelSet(groupLabelsOf(route, labels))}`);
}

/** Keys hold whatever labels hold; a hash of them has one length. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
