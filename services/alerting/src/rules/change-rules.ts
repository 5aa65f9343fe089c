import { AlertRuleInput, type AlertRuleChanges } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Kysely, Transaction } from 'kysely';
import type { z } from 'zod';
import { lockAlertsOfRule, saveAlerts } from '../alerts/alert-store.ts';
import { resolve } from '../alerts/alert.ts';
import type { TellChanges, ToldAlert } from '../alerts/tell-changes.ts';
import type { Schema } from '../app/schema.ts';
import type { Doer, TellAudit } from '../audit/tell-audit.ts';
import { deleteRule, insertRule, lockRule, lockRules, updateRule } from './rule-store.ts';
import { toSpec, type RuleRow } from './rule.ts';
import type { ReadRule } from './read-rules.ts';

export interface ChangeRulesDeps {
  db: Kysely<Schema>;
  tell: TellChanges;
  tellAudit: TellAudit;
}

export interface AppliedRules {
  created: string[];
  updated: string[];
  unchanged: string[];
  deleted: string[];
}

export async function addRule(
  { db, tellAudit }: ChangeRulesDeps,
  { principal, requestId }: Doer,
  input: AlertRuleInput,
): Promise<RuleRow> {
  const spec = toSpec(input);
  const [id, now] = [newId('rule'), new Date()];
  return db.transaction().execute(async (trx) => {
    const enabled = input.enabled ?? true;
    const row = await insertRule(trx, principal.tenantId, { id, spec, enabled, origin: 'api', now });
    const details = { change: 'created', name: spec.name };
    await tellAudit(trx, { action: 'alert_rule.changed', target: id, principal, requestId, details });
    return row;
  });
}

export async function changeRule(
  { db, tellAudit, tell }: ChangeRulesDeps,
  { principal, requestId }: Doer,
  id: string,
  { enabled, ...changes }: z.infer<typeof AlertRuleChanges>,
): Promise<RuleRow> {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  if (Object.keys(given).length === 0 && enabled === undefined)
    throw new AppError('validation_failed', undefined, { fields: [{ path: '', message: 'Expected a change.' }] });
  return db.transaction().execute(async (trx) => {
    const now = new Date();
    const row = await lockRule(trx, principal.tenantId, id);
    const spec = toSpec(AlertRuleInput.parse({ ...row.spec, ...given }));
    const isEnabled = enabled ?? row.enabled;
    const updated = await updateRule(trx, row, { spec, enabled: isEnabled, origin: row.origin, now });
    // What nobody looks at any more does not go on firing.
    if (!isEnabled) await endAlerts(trx, tell, row, now);
    const details = { change: 'updated', fields: Object.keys(given), enabled: isEnabled };
    await tellAudit(trx, { action: 'alert_rule.changed', target: id, principal, requestId, details });
    return updated;
  });
}

export async function removeRule(
  { db, tellAudit, tell }: ChangeRulesDeps,
  { principal, requestId }: Doer,
  id: string,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await lockRule(trx, principal.tenantId, id);
    await removeLocked(trx, tell, row);
    const details = { change: 'deleted', name: row.name };
    await tellAudit(trx, { action: 'alert_rule.changed', target: id, principal, requestId, details });
  });
}

/** Makes the rules of a file those in force, in one transaction: all of them or, where one cannot be, none. */
export async function applyRules(
  { db, tellAudit, tell }: ChangeRulesDeps,
  { principal, requestId }: Doer,
  rules: readonly ReadRule[],
): Promise<AppliedRules> {
  return db.transaction().execute(async (trx) => {
    const now = new Date();
    const present = new Map((await lockRules(trx, principal.tenantId)).map((row) => [row.name, row]));
    const applied: AppliedRules = { created: [], updated: [], unchanged: [], deleted: [] };
    for (const { spec, enabled } of rules) {
      const row = present.get(spec.name);
      present.delete(spec.name);
      if (row === undefined) {
        await insertRule(trx, principal.tenantId, { id: newId('rule'), spec, enabled, origin: 'yaml', now });
        applied.created.push(spec.name);
      } else if (row.origin === 'yaml' && row.enabled === enabled && isSame(row.spec, spec)) {
        applied.unchanged.push(spec.name);
      } else {
        await updateRule(trx, row, { spec, enabled, origin: 'yaml', now });
        if (!enabled) await endAlerts(trx, tell, row, now);
        applied.updated.push(spec.name);
      }
    }
    for (const row of [...present.values()].filter(({ origin }) => origin === 'yaml')) {
      await removeLocked(trx, tell, row);
      applied.deleted.push(row.name);
    }
    await tellAudit(trx, {
      action: 'alert_rule.changed',
      target: 'yaml',
      principal,
      requestId,
      details: { ...applied },
    });
    return applied;
  });
}

async function removeLocked(trx: Transaction<Schema>, tell: TellChanges, row: RuleRow): Promise<void> {
  await endAlerts(trx, tell, row, new Date());
  await deleteRule(trx, row);
}

async function endAlerts(trx: Transaction<Schema>, tell: TellChanges, row: RuleRow, at: Date): Promise<void> {
  const alerts = await lockAlertsOfRule(trx, { tenantId: row.tenant_id, ruleId: row.id, fingerprints: [] });
  const told = alerts.flatMap((alert): ToldAlert[] => {
    if (alert.state === 'pending') {
      const next = { ...alert, state: 'inactive', active_since: null, ends_at: at } as const;
      return [{ alert: next, changes: [{ type: 'cleared', by: null, details: { reason: 'rule_deleted' } }] }];
    }
    if (alert.state !== 'firing') return [];
    const { next, changes } = resolve(alert, { reason: 'rule_deleted', at });
    return [{ alert: next, changes }];
  });
  await saveAlerts(
    trx,
    told.map(({ alert }) => alert),
  );
  await tell(trx, row.tenant_id, told, at);
}

/** Postgres gives the members of a document back in an order of its own. */
function isSame(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
