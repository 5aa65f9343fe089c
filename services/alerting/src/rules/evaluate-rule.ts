import type { AlertSeverity } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { newAlert, type AlertRecord } from '../alerts/alert.ts';
import { stepAlert, type Observation } from '../alerts/step-alert.ts';
import type { ToldAlert } from '../alerts/tell-changes.ts';
import { fingerprintOf, withoutEmptyLabels, type LabelSet } from '../labels/label-set.ts';
import type { Reading } from './compile-rule.ts';
import { alertTypeOf, policyOf } from './rule.ts';
import type { RuleSpec } from './rule-spec.ts';
import { severityByRatio } from './severity.ts';
import { fillTemplate } from './template.ts';

export interface EvaluatedRule {
  tenantId: string;
  ruleId: string;
  spec: RuleSpec;
}

/** One subject of a rule at one moment: which alert it is, and what was seen of it. */
export interface Judged {
  alert: AlertRecord;
  observation: Observation;
}

/**
 * The identity of an alert of a rule. Its severity is no part of it: what gets worse is the same alert. The rule is, so that
 * no two rules make the same alert.
 */
function identityOf(ruleId: string, labels: LabelSet): string {
  const { severity: _severity, ...rest } = labels;
  return fingerprintOf({ ...rest, rule_id: ruleId });
}

/** What each reading makes: an alert of its labels, as it would be new, and an observation of it. */
export function judge({ tenantId, ruleId, spec }: EvaluatedRule, readings: readonly Reading[], slot: Date): Judged[] {
  return readings.map((reading) => {
    const severity = severityOf(spec, reading);
    const { value, threshold, details } = reading;
    const filled = (templates: LabelSet, spokenOf: LabelSet = reading.labels) =>
      Object.fromEntries(
        Object.entries(templates).map(([name, text]) => [
          name,
          fillTemplate(text, { value, threshold, labels: spokenOf }),
        ]),
      );
    const labels = withoutEmptyLabels({
      ...reading.labels,
      ...filled(spec.labels),
      alertname: spec.name,
      alert_type: alertTypeOf(spec),
      severity,
      ...(spec.channels.length === 0 ? {} : { channels: spec.channels.join(',') }),
    });
    const alert = newAlert(
      {
        tenant_id: tenantId,
        fingerprint: identityOf(ruleId, labels),
        id: newId('alert'),
        rule_id: ruleId,
        name: spec.name,
        model_id: labels['model_id'] ?? null,
        alert_type: alertTypeOf(spec),
        severity,
        labels,
      },
      slot,
    );
    const kind = kindOf(reading);
    const annotations = filled(annotationsOf(spec), { ...details, ...reading.labels });
    return { alert, observation: { kind, value, severity, annotations } };
  });
}

/**
 * Steps every alert of a rule: those that were read, and those that are open and were not, of which nothing is known at this
 * moment. `known` are the rule's alerts by fingerprint; of one that is not among them and not in breach nothing is made.
 */
export function stepRule(
  spec: RuleSpec,
  judged: readonly Judged[],
  known: ReadonlyMap<string, AlertRecord>,
  slot: Date,
): ToldAlert[] {
  const policy = policyOf(spec);
  const read = new Set(judged.map(({ alert }) => alert.fingerprint));
  const seen = judged.flatMap(({ alert: fresh, observation }) => {
    const alert = known.get(fresh.fingerprint) ?? fresh;
    const { next, changes } = stepAlert(alert, observation, slot, policy);
    return next === alert ? [] : [{ alert: next, changes }];
  });
  const unseen = [...known.values()]
    .filter((alert) => !read.has(alert.fingerprint) && alert.state !== 'inactive')
    .flatMap((alert) => {
      const observation = { kind: 'no_data', value: null, severity: alert.severity as AlertSeverity } as const;
      const { next, changes } = stepAlert(alert, { ...observation, annotations: alert.annotations }, slot, policy);
      return next === alert ? [] : [{ alert: next, changes }];
    });
  return [...seen, ...unseen];
}

/** Whether it is worth keeping an alert of which nothing is known yet. */
export function isNotable({ observation }: Judged, spec: RuleSpec): boolean {
  return observation.kind === 'breach' || (observation.kind === 'no_data' && spec.no_data === 'alert');
}

function kindOf({ value, comparator, threshold, clearThreshold }: Reading): Observation['kind'] {
  if (value === null) return 'no_data';
  if (holds(value, comparator, threshold)) return 'breach';
  return holds(value, comparator, clearThreshold) ? 'hold' : 'clear';
}

function holds(value: number, comparator: Reading['comparator'], threshold: number): boolean {
  switch (comparator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    case '==':
      return value === threshold;
    case '!=':
      return value !== threshold;
  }
}

function severityOf({ severity }: RuleSpec, { value, threshold, comparator }: Reading): AlertSeverity {
  if (severity !== 'by_ratio') return severity;
  return value === null ? 'low' : severityByRatio(value, threshold, comparator);
}

function annotationsOf({ annotations, condition }: RuleSpec): LabelSet {
  if ('summary' in annotations) return annotations;
  const what = condition.kind === 'series' ? condition.metric : condition.kind;
  const whose = condition.kind === 'series' ? '{{ labels.model_id }}: ' : '';
  const limit = condition.kind === 'series' ? ` ${condition.comparator} {{ threshold | round 4 }}` : '';
  return { ...annotations, summary: `${whose}${what} is {{ value | round 4 }}${limit}` };
}
