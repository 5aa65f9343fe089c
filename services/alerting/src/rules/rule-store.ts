import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { RuleLimit } from '../deliveries/delivery.ts';
import type { RuleRow } from './rule.ts';
import type { RuleSpec } from './rule-spec.ts';

/** Throws `conflict` when the tenant has a rule of that name. */
export async function insertRule(
  trx: Transaction<Schema>,
  tenantId: string,
  {
    id,
    spec,
    enabled,
    origin,
    now,
  }: { id: string; spec: RuleSpec; enabled: boolean; origin: RuleRow['origin']; now: Date },
): Promise<RuleRow> {
  const row = await trx
    .insertInto('rules')
    .values({
      tenant_id: tenantId,
      id,
      name: spec.name,
      origin,
      spec: JSON.stringify(spec),
      enabled,
      next_eval_at: now,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw nameTaken(spec.name);
  return row;
}

/** Puts the rules of the start there, once for each tenant. */
export async function beginTenant(
  db: Kysely<Schema>,
  tenantId: string,
  rules: readonly { id: string; spec: RuleSpec }[],
  now: Date,
): Promise<void> {
  const known = await db.selectFrom('rule_tenants').select('tenant_id').where('tenant_id', '=', tenantId).execute();
  if (known.length > 0) return;
  await db.transaction().execute(async (trx) => {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('rule_tenants')
      .values({ tenant_id: tenantId, begun_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows !== 1n) return;
    for (const { id, spec } of rules) {
      await trx
        .insertInto('rules')
        .values({
          tenant_id: tenantId,
          id,
          name: spec.name,
          origin: 'default',
          spec: JSON.stringify(spec),
          enabled: true,
          next_eval_at: now,
          created_at: now,
          updated_at: now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  });
}

/** Throws `not_found`. */
export async function getRule(db: Kysely<Schema>, tenantId: string, id: string): Promise<RuleRow> {
  const row = await db
    .selectFrom('rules')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw noRule();
  return row;
}

export async function findRule(db: Kysely<Schema>, tenantId: string, id: string): Promise<RuleRow | null> {
  const row = await db
    .selectFrom('rules')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

/** The limits that the rules of these alerts have of their own, by the alerts' fingerprints. */
export async function findRuleLimits(
  db: Kysely<Schema>,
  tenantId: string,
  fingerprints: readonly string[],
): Promise<Map<string, RuleLimit>> {
  const { rows } = await sql<{ fingerprint: string; id: string; messages: number; seconds: number }>`
    select alerts.fingerprint, rules.id, (rules.spec -> 'notify_limit' -> 'messages')::integer as messages,
      (rules.spec -> 'notify_limit' -> 'window_seconds')::integer as seconds
    from rules join alerts on alerts.tenant_id = rules.tenant_id and alerts.rule_id = rules.id
    where rules.tenant_id = ${tenantId} and rules.spec -> 'notify_limit' is not null
      and alerts.fingerprint = any(${[...fingerprints]}::text[])`.execute(db);
  return new Map(
    rows.map(({ fingerprint, id, messages, seconds }) => [
      fingerprint,
      { ruleId: id, messagesMax: messages, windowMs: seconds * 1_000 },
    ]),
  );
}

/** By name. */
export async function listRuleRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<RuleRow[]> {
  return db
    .selectFrom('rules')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('name', backwards ? '<' : '>', after ?? ''))
    .orderBy('name', backwards ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

/** Locks every rule of a tenant. */
export async function lockRules(trx: Transaction<Schema>, tenantId: string): Promise<RuleRow[]> {
  return trx.selectFrom('rules').selectAll().where('tenant_id', '=', tenantId).orderBy('id').forUpdate().execute();
}

/** Locks a rule. Throws `not_found`. */
export async function lockRule(trx: Transaction<Schema>, tenantId: string, id: string): Promise<RuleRow> {
  const row = await trx
    .selectFrom('rules')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw noRule();
  return row;
}

/** Writes what a locked rule says from now on; it is due at once, and an evaluation that is under way does not count. */
export async function updateRule(
  trx: Transaction<Schema>,
  { tenant_id: tenantId, id }: RuleRow,
  { spec, enabled, origin, now }: { spec: RuleSpec; enabled: boolean; origin: RuleRow['origin']; now: Date },
): Promise<RuleRow> {
  const taken = await trx
    .selectFrom('rules')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', spec.name)
    .where('id', '<>', id)
    .execute();
  if (taken.length > 0) throw nameTaken(spec.name);
  return trx
    .updateTable('rules')
    .set({
      name: spec.name,
      spec: JSON.stringify(spec),
      enabled,
      origin,
      next_eval_at: now,
      claim: null,
      claimed_until: null,
      updated_at: now,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function deleteRule(trx: Transaction<Schema>, { tenant_id: tenantId, id }: RuleRow): Promise<void> {
  await trx.deleteFrom('rules').where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

/** Takes rules that are due, each for one process alone and for as long as the lease runs. */
export async function claimDueRules(
  db: Kysely<Schema>,
  { now, claim, leaseMs, limit }: { now: Date; claim: string; leaseMs: number; limit: number },
): Promise<RuleRow[]> {
  const { rows } = await sql<RuleRow>`
    update rules set claim = ${claim}, claimed_until = ${new Date(now.getTime() + leaseMs)}
    where (tenant_id, id) in (
      select tenant_id, id from rules
      where enabled and next_eval_at <= ${now} and (claimed_until is null or claimed_until <= ${now})
      order by next_eval_at limit ${limit} for update skip locked
    )
    returning *`.execute(db);
  return rows;
}

/** When the next rule is due that nobody is at; null where there is none. */
export async function nextEvaluationAt(db: Kysely<Schema>, now: Date): Promise<Date | null> {
  const row = await db
    .selectFrom('rules')
    .select('next_eval_at')
    .where('enabled', '=', true)
    .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
    .orderBy('next_eval_at')
    .limit(1)
    .executeTakeFirst();
  return row?.next_eval_at ?? null;
}

/**
 * Locks a claimed rule for its evaluation to be written. False: somebody else has it by now, or it was changed or deleted.
 */
export async function holdsClaim(trx: Transaction<Schema>, rule: RuleRow, claim: string): Promise<boolean> {
  const row = await trx
    .selectFrom('rules')
    .select('id')
    .where('tenant_id', '=', rule.tenant_id)
    .where('id', '=', rule.id)
    .where('claim', '=', claim)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends a claim: evaluated at `slot`, next at `next`, or at once where something has happened after `slot`. */
export async function settleRule(
  db: Kysely<Schema>,
  rule: RuleRow,
  { claim, slot, next, error }: { claim: string; slot: Date | null; next: Date; error: string | null },
): Promise<void> {
  await sql`
    update rules set claim = null, claimed_until = null, error = ${error}, last_slot = coalesce(${slot}, last_slot),
      next_eval_at = case when nudged_at > ${slot}::timestamptz then nudged_at else ${next}::timestamptz end
    where tenant_id = ${rule.tenant_id} and id = ${rule.id} and claim = ${claim}`.execute(db);
}

/**
 * As `settleRule`, in one statement, for a rule that found nothing and of which nothing is open. False: something is open
 * that has to be stepped, or the claim is gone; nothing was changed.
 */
export async function settleQuietRule(
  db: Kysely<Schema>,
  rule: RuleRow,
  { claim, slot, next }: { claim: string; slot: Date; next: Date },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update rules set claim = null, claimed_until = null, error = null, last_slot = ${slot},
      next_eval_at = case when nudged_at > ${slot}::timestamptz then nudged_at else ${next}::timestamptz end
    where tenant_id = ${rule.tenant_id} and id = ${rule.id} and claim = ${claim} and not exists (
      select from alerts where alerts.tenant_id = rules.tenant_id and alerts.rule_id = rules.id
        and (state in ('pending', 'firing') or held_until_clear or flapping))`.execute(db);
  return numAffectedRows === 1n;
}

/** Has the rules of a tenant evaluated as soon as may be: those that look at something of that kind. */
export async function nudgeRules(
  trx: Kysely<Schema>,
  {
    tenantId,
    kind,
    signal,
    now,
  }: { tenantId: string | null; kind: 'series' | 'signal'; signal: string | null; now: Date },
): Promise<void> {
  await sql`
    update rules set nudged_at = ${now}, next_eval_at = least(next_eval_at, ${now}::timestamptz)
    where (tenant_id, id) in (
      select tenant_id, id from rules
      where enabled and spec -> 'condition' ->> 'kind' = ${kind}
        and (${tenantId}::text is null or tenant_id = ${tenantId})
        and (${signal}::text is null or spec -> 'condition' ->> 'signal' = ${signal})
      order by tenant_id, id for update
    )`.execute(trx);
}

/** Another tenant's rule is as absent as one that never was. */
function noRule(): AppError {
  return new AppError('not_found', 'There is no such rule.');
}

function nameTaken(name: string): AppError {
  return new AppError('conflict', 'A rule of that name exists.', { details: { name } });
}
