import { toAppError } from '@signalbox/errors';
import type { Logger, Metrics } from '@signalbox/telemetry';
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { lockAlerts, lockAlertsOfRule, saveAlerts } from '../alerts/alert-store.ts';
import type { TellChanges } from '../alerts/tell-changes.ts';
import type { Schema } from '../app/schema.ts';
import { compileCondition } from './compile-rule.ts';
import { isNotable, judge, stepRule } from './evaluate-rule.ts';
import { claimDueRules, holdsClaim, settleQuietRule, settleRule } from './rule-store.ts';
import { msOf, type RuleRow } from './rule.ts';
import type { Sources } from './sources.ts';

export interface RunDeps {
  db: Kysely<Schema>;
  sourcesOf: (tenantId: string) => Sources;
  tell: TellChanges;
  nudge: () => void;
  logger: Logger;
  evaluations: ReturnType<Metrics['counter']>;
}

/** Longer than a read may take, so that nobody takes over what is only slow. */
const leaseMs = 30_000;
const claimedMax = 40;
const atOnce = 8;

/** Evaluates the rules that are due, at most forty; gives how many those were. Any number of processes may do so at once. */
export async function runDueRules(deps: RunDeps, now: Date): Promise<number> {
  const claim = randomUUID();
  const rules = await claimDueRules(deps.db, { now, claim, leaseMs, limit: claimedMax });
  const waiting = [...rules];
  const work = async (): Promise<void> => {
    for (let rule = waiting.shift(); rule !== undefined; rule = waiting.shift()) await runRule(deps, rule, claim, now);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, rules.length) }, work));
  if (rules.length > 0) deps.nudge();
  return rules.length;
}

/**
 * The moment for which a rule is evaluated: when it was due; and when that is long ago, the last moment at which it would
 * have been due since. Its next moment is a multiple of its interval, moved by the rule so that not all are due at once.
 */
export function momentsOf(
  { next_eval_at: due, id, spec }: Pick<RuleRow, 'next_eval_at' | 'id' | 'spec'>,
  now: Date,
): { slot: Date; next: Date } {
  const intervalMs = msOf(spec.interval);
  const offset = Buffer.from(id).reduce((sum, byte) => (sum * 31 + byte) % 1_000_003, 7) % intervalMs;
  const floor = (at: number): number => Math.floor((at - offset) / intervalMs) * intervalMs + offset;
  const isLate = now.getTime() - due.getTime() >= intervalMs;
  const slot = isLate ? floor(now.getTime()) : due.getTime();
  return { slot: new Date(slot), next: new Date(floor(Math.max(slot, now.getTime())) + intervalMs) };
}

async function runRule(deps: RunDeps, rule: RuleRow, claim: string, now: Date): Promise<void> {
  const { db, logger, evaluations } = deps;
  const { slot, next } = momentsOf(rule, now);
  try {
    await evaluate(deps, rule, claim, { slot, next, now });
    evaluations.inc({ outcome: 'ok' });
  } catch (thrown) {
    const error = toAppError(thrown);
    evaluations.inc({ outcome: 'failed' });
    logger.warn('rule.failed', { tenant_id: rule.tenant_id, rule_id: rule.id, error: thrown });
    // Its alerts stay as they are: that nothing can be read is not that nothing is wrong.
    await settleRule(db, rule, { claim, slot: null, next, error: error.message });
  }
}

async function evaluate(
  { db, sourcesOf, tell }: RunDeps,
  rule: RuleRow,
  claim: string,
  { slot, next, now }: { slot: Date; next: Date; now: Date },
): Promise<void> {
  const { tenant_id: tenantId, id: ruleId, spec } = rule;
  const at = slot.getTime();
  const readAt = await compileCondition(spec.condition).read(sourcesOf(tenantId), { from: at, to: at });
  const judged = judge({ tenantId, ruleId, spec }, readAt(slot), slot);
  const notable = judged.filter((one) => isNotable(one, spec)).map(({ alert }) => alert);
  // Most rules find nothing most of the time: that costs one statement.
  if (notable.length === 0 && (await settleQuietRule(db, rule, { claim, slot, next }))) return;
  await db.transaction().execute(async (trx) => {
    if (!(await holdsClaim(trx, rule, claim))) return;
    const fingerprints = notable.map(({ fingerprint }) => fingerprint);
    const locked = await lockAlertsOfRule(trx, { tenantId, ruleId, fingerprints });
    const known = new Map(locked.map((alert) => [alert.fingerprint, alert]));
    const fresh = notable.filter(({ fingerprint }) => !known.has(fingerprint));
    if (fresh.length > 0) {
      for (const [fingerprint, alert] of await lockAlerts(trx, tenantId, fresh)) known.set(fingerprint, alert);
    }
    const stepped = stepRule(
      spec,
      judged.filter(({ alert }) => known.has(alert.fingerprint)),
      known,
      slot,
    );
    await saveAlerts(
      trx,
      stepped.map(({ alert }) => alert),
    );
    await tell(trx, tenantId, stepped, now);
    await settleRule(trx, rule, { claim, slot, next, error: null });
  });
}
