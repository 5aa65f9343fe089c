import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { GroupTimer } from '../grouping/group-timer.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { NotificationTables } from './notification-tables.ts';

/** One group: the alerts of one route that share the group's labels. */
export interface GroupRow extends GroupTimer {
  readonly groupHash: string;
  readonly routeId: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
}

/** An alert of a group, as it was last reported. */
export interface MemberRow {
  readonly groupHash: string;
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly generatorUrl: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly updatedAt: Date;
}

/** Adds the groups that are not there yet. Give them in order, so that two that add the same ones do not block each other. */
export async function addGroups(
  trx: Transaction<Schema>,
  tenantId: string,
  groups: readonly GroupRow[],
): Promise<void> {
  await sql`
    insert into alert_groups (tenant_id, group_hash, route_id, group_key, group_labels, next_flush_at, has_flushed)
    select ${tenantId}, hash, route, key, labels::jsonb, flush_at, false
    from unnest(${groups.map(({ groupHash }) => groupHash)}::text[], ${groups.map(({ routeId }) => routeId)}::text[],
      ${groups.map(({ groupKey }) => groupKey)}::text[],
      ${groups.map(({ groupLabels }) => JSON.stringify(groupLabels))}::text[],
      ${groups.map(({ nextFlushAt }) => nextFlushAt)}::timestamptz[]) as given (hash, route, key, labels, flush_at)
    on conflict (tenant_id, group_hash) do nothing`.execute(trx);
}

/** Holds groups, in a fixed order, until the transaction ends. */
export async function lockGroups(
  trx: Transaction<Schema>,
  tenantId: string,
  hashes: readonly string[] | 'all',
): Promise<GroupRow[]> {
  const rows = await trx
    .selectFrom('alert_groups')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(hashes !== 'all', (query) => query.where('group_hash', '=', sql<string>`any(${listOf(hashes)})`))
    .orderBy('group_hash')
    .forUpdate()
    .execute();
  return rows.map(groupOf);
}

/** Those that are there, held by nobody. */
export async function findGroups(db: Kysely<Schema>, tenantId: string, hashes: readonly string[]): Promise<GroupRow[]> {
  const rows = await db
    .selectFrom('alert_groups')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('group_hash', '=', sql<string>`any(${[...hashes]})`)
    .execute();
  return rows.map(groupOf);
}

/** The groups that an alert is in. */
export async function listGroupsOf(db: Kysely<Schema>, tenantId: string, fingerprint: string): Promise<GroupRow[]> {
  const rows = await db
    .selectFrom('alert_groups')
    .innerJoin('alert_group_members', (join) =>
      join
        .onRef('alert_group_members.tenant_id', '=', 'alert_groups.tenant_id')
        .onRef('alert_group_members.group_hash', '=', 'alert_groups.group_hash'),
    )
    .selectAll('alert_groups')
    .where('alert_groups.tenant_id', '=', tenantId)
    .where('alert_group_members.fingerprint', '=', fingerprint)
    .orderBy('alert_groups.group_hash')
    .execute();
  return rows.map(groupOf);
}

export interface DueGroup extends GroupRow {
  readonly tenantId: string;
}

/** Claims groups whose time has come, and which nobody else is at, until the transaction ends. */
export async function claimDueGroups(trx: Transaction<Schema>, now: Date, groupsMax: number): Promise<DueGroup[]> {
  const rows = await trx
    .selectFrom('alert_groups')
    .selectAll()
    .where('next_flush_at', '<=', now)
    .orderBy('next_flush_at')
    .limit(groupsMax)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map((row) => ({ ...groupOf(row), tenantId: row.tenant_id }));
}

export async function setTimers(
  trx: Transaction<Schema>,
  tenantId: string,
  groups: readonly (GroupTimer & { groupHash: string })[],
): Promise<void> {
  if (groups.length === 0) return;
  await sql`
    update alert_groups set next_flush_at = given.flush_at, has_flushed = given.flushed, empty_since = given.empty_since
    from unnest(${groups.map(({ groupHash }) => groupHash)}::text[],
      ${groups.map(({ nextFlushAt }) => nextFlushAt)}::timestamptz[],
      ${groups.map(({ hasFlushed }) => hasFlushed)}::boolean[],
      ${groups.map(({ emptySince }) => emptySince)}::timestamptz[]) as given (hash, flush_at, flushed, empty_since)
    where alert_groups.tenant_id = ${tenantId} and alert_groups.group_hash = given.hash`.execute(trx);
}

export async function putMembers(
  trx: Transaction<Schema>,
  tenantId: string,
  members: readonly MemberRow[],
): Promise<void> {
  await sql`
    insert into alert_group_members (tenant_id, group_hash, fingerprint, labels, annotations, generator_url, starts_at,
      ends_at, updated_at)
    select ${tenantId}, hash, fingerprint, labels::jsonb, annotations::jsonb, generator_url, starts_at, ends_at, updated_at
    from unnest(${members.map(({ groupHash }) => groupHash)}::text[],
      ${members.map(({ fingerprint }) => fingerprint)}::text[],
      ${members.map(({ labels }) => JSON.stringify(labels))}::text[],
      ${members.map(({ annotations }) => JSON.stringify(annotations))}::text[],
      ${members.map(({ generatorUrl }) => generatorUrl)}::text[],
      ${members.map(({ startsAt }) => startsAt)}::timestamptz[],
      ${members.map(({ endsAt }) => endsAt)}::timestamptz[],
      ${members.map(({ updatedAt }) => updatedAt)}::timestamptz[])
      as given (hash, fingerprint, labels, annotations, generator_url, starts_at, ends_at, updated_at)
    on conflict (tenant_id, group_hash, fingerprint) do update set annotations = excluded.annotations,
      generator_url = excluded.generator_url, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
      updated_at = excluded.updated_at`.execute(trx);
}

/** The alerts of these groups; `all`: of every group of the tenant. */
export async function listMembers(
  db: Kysely<Schema>,
  tenantId: string,
  hashes: readonly string[] | 'all',
): Promise<MemberRow[]> {
  const rows = await db
    .selectFrom('alert_group_members')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(hashes !== 'all', (query) => query.where('group_hash', '=', sql<string>`any(${listOf(hashes)})`))
    .execute();
  return rows.map((row) => ({
    groupHash: row.group_hash,
    fingerprint: row.fingerprint,
    labels: row.labels,
    annotations: row.annotations,
    generatorUrl: row.generator_url,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    updatedAt: row.updated_at,
  }));
}

/** Every alert of a tenant that fires, once, whatever groups it is in. */
export async function listFiringMembers(
  db: Kysely<Schema>,
  tenantId: string,
  now: Date,
): Promise<Pick<MemberRow, 'fingerprint' | 'labels' | 'endsAt'>[]> {
  const rows = await db
    .selectFrom('alert_group_members')
    .distinctOn('fingerprint')
    .select(['fingerprint', 'labels', 'ends_at'])
    .where('tenant_id', '=', tenantId)
    .where('ends_at', '>', now)
    .orderBy('fingerprint')
    .execute();
  return rows.map((row) => ({ fingerprint: row.fingerprint, labels: row.labels, endsAt: row.ends_at }));
}

/** Alerts that groups let go of. */
export async function removeMembers(
  trx: Transaction<Schema>,
  tenantId: string,
  members: readonly Pick<MemberRow, 'groupHash' | 'fingerprint'>[],
): Promise<void> {
  if (members.length === 0) return;
  await sql`
    delete from alert_group_members using unnest(${members.map(({ groupHash }) => groupHash)}::text[],
      ${members.map(({ fingerprint }) => fingerprint)}::text[]) as given (hash, fingerprint)
    where tenant_id = ${tenantId} and group_hash = given.hash
      and alert_group_members.fingerprint = given.fingerprint`.execute(trx);
}

/** Groups, with their alerts. */
export async function dropGroups(trx: Transaction<Schema>, tenantId: string, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  await trx
    .deleteFrom('alert_groups')
    .where('tenant_id', '=', tenantId)
    .where('group_hash', '=', sql<string>`any(${[...hashes]})`)
    .execute();
}

function groupOf(row: Selectable<NotificationTables['alert_groups']>): GroupRow {
  return {
    groupHash: row.group_hash,
    routeId: row.route_id,
    groupKey: row.group_key,
    groupLabels: row.group_labels,
    nextFlushAt: row.next_flush_at,
    hasFlushed: row.has_flushed,
    emptySince: row.empty_since,
  };
}

/** When a group is looked at next; null for one that is not there any more. */
export async function findNextBeat(db: Kysely<Schema>, tenantId: string, groupKey: string): Promise<Date | null> {
  const row = await db
    .selectFrom('alert_groups')
    .select('next_flush_at')
    .where('tenant_id', '=', tenantId)
    .where('group_key', '=', groupKey)
    .orderBy('next_flush_at')
    .limit(1)
    .executeTakeFirst();
  return row?.next_flush_at ?? null;
}

/** When the next group of all has to be looked at; null where there is none. */
export async function nextFlushAt(db: Kysely<Schema>): Promise<Date | null> {
  const row = await db
    .selectFrom('alert_groups')
    .select('next_flush_at')
    .orderBy('next_flush_at')
    .limit(1)
    .executeTakeFirst();
  return row?.next_flush_at ?? null;
}

function listOf(hashes: readonly string[] | 'all'): string[] {
  return hashes === 'all' ? [] : [...hashes];
}
