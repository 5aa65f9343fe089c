import type { AlertRecord } from '../alerts/alert.ts';
import { compileCondition } from './compile-rule.ts';
import { isNotable, judge, stepRule } from './evaluate-rule.ts';
import type { RuleSpec } from './rule-spec.ts';
import type { Sources } from './sources.ts';

export interface PlayedMoment {
  at: Date;
  alerts: readonly AlertRecord[];
}

/**
 * Plays a rule over moments, as its evaluation would have gone: by the same query, the same judgement and the same steps,
 * kept nowhere. Tells after each moment which alerts there are.
 */
export async function playRule(
  { spec, sources, ruleId = 'rule_preview' }: { spec: RuleSpec; sources: Sources; ruleId?: string },
  slots: readonly Date[],
): Promise<PlayedMoment[]> {
  const [first, last] = [slots.at(0), slots.at(-1)];
  if (first === undefined || last === undefined) return [];
  const span = { from: first.getTime(), to: last.getTime() };
  const readAt = await compileCondition(spec.condition).read(sources, span);
  const known = new Map<string, AlertRecord>();
  return slots.map((slot) => {
    const judged = judge({ tenantId: 'preview', ruleId, spec }, readAt(slot), slot);
    for (const one of judged) {
      if (!known.has(one.alert.fingerprint) && isNotable(one, spec)) known.set(one.alert.fingerprint, one.alert);
    }
    const watched = judged.filter(({ alert }) => known.has(alert.fingerprint));
    for (const { alert } of stepRule(spec, watched, known, slot)) known.set(alert.fingerprint, alert);
    return { at: slot, alerts: [...known.values()] };
  });
}
