import type { AlertRule, AlertRuleInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Selectable } from 'kysely';
import type { StepPolicy } from '../alerts/step-alert.ts';
import { parseDuration } from '../configuration/duration.ts';
import type { RuleTables } from './rule-tables.ts';
import type { RuleSpec } from './rule-spec.ts';
import { templateFlaw } from './template.ts';

export type RuleRow = Selectable<RuleTables['rules']>;

const dayMs = 86_400_000;

/** Says what was left out. Throws `validation_failed`, naming each field that makes no sense. */
export function toSpec(input: AlertRuleInput, path = ''): RuleSpec {
  const { enabled: _enabled, notify_limit: notifyLimit, ...given } = input;
  const spec: RuleSpec = {
    interval: '30s',
    for: '0',
    keep_firing_for: '0',
    cooldown: '0',
    no_data: 'keep',
    severity: 'by_ratio',
    labels: {},
    annotations: {},
    channels: [],
    ...stripped(given),
    name: input.name,
    condition: input.condition,
    ...(notifyLimit === undefined || notifyLimit === null ? {} : { notify_limit: notifyLimit }),
  };
  const fields = flawsOf(spec).map((flaw) => ({ ...flaw, path: path === '' ? flaw.path : `${path}.${flaw.path}` }));
  if (fields.length > 0) throw new AppError('validation_failed', undefined, { fields });
  return spec;
}

function stripped(given: Omit<AlertRuleInput, 'enabled' | 'notify_limit'>): Partial<RuleSpec> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function flawsOf(spec: RuleSpec): { path: string; message: string }[] {
  const flaws: { path: string; message: string }[] = [];
  const within = (path: string, text: string, min: number, max: number): void => {
    const ms = parseDuration(text);
    if (ms === null || ms < min || ms > max) flaws.push({ path, message: 'Expected a duration within its bounds.' });
  };
  within('interval', spec.interval, 1_000, dayMs);
  for (const name of ['for', 'keep_firing_for', 'cooldown'] as const) within(name, spec[name], 0, 30 * dayMs);
  const { condition } = spec;
  if (condition.kind === 'series') {
    within('condition.window', condition.window ?? '1m', 1_000, 7 * dayMs);
    within('condition.lag', condition.lag ?? '0', 0, dayMs);
    if (condition.threshold_of_model !== undefined && (condition.segment_by ?? 'model_id') !== 'model_id')
      flaws.push({ path: 'condition.threshold_of_model', message: 'Expected segment_by: model_id beside it.' });
  }
  for (const part of ['labels', 'annotations'] as const) {
    for (const [name, template] of Object.entries(spec[part])) {
      const flaw = templateFlaw(template);
      if (flaw !== null) flaws.push({ path: `${part}.${name}`, message: flaw });
    }
  }
  for (const name of ['alertname', 'severity', 'alert_type', 'channels'])
    if (name in spec.labels)
      flaws.push({ path: `labels.${name}`, message: 'Expected another name: this one is taken.' });
  return flaws;
}

/** Milliseconds of a duration that has been checked. */
export function msOf(text: string): number {
  return parseDuration(text) ?? 0;
}

export function policyOf(spec: RuleSpec): StepPolicy {
  return {
    forMs: msOf(spec.for),
    keepFiringMs: msOf(spec.keep_firing_for),
    cooldownMs: msOf(spec.cooldown),
    noData: spec.no_data,
    flapping: { transitionsMax: 6, withinMs: Math.max(600_000, 20 * msOf(spec.interval)) },
  };
}

/** How long something that was measured stays in view of a rule. */
export function windowMsOf({ condition }: RuleSpec): number {
  return condition.kind === 'series' ? msOf(condition.window ?? '1m') + msOf(condition.lag ?? '0') : 0;
}

/** What kind of alert it makes, in MonitorX's words where it had one. */
export function alertTypeOf({ condition }: RuleSpec): string {
  switch (condition.kind) {
    case 'series':
      if (condition.metric === 'latency_ms') return 'latency';
      return ['cpu_usage', 'memory_usage', 'gpu_memory'].includes(condition.metric)
        ? 'resource_usage'
        : condition.metric;
    case 'signal':
      return condition.signal;
    case 'burn_rate':
    case 'watchdog':
      return condition.kind;
  }
}

export function presentRule(row: RuleRow): AlertRule {
  return {
    id: row.id,
    origin: row.origin,
    enabled: row.enabled,
    ...row.spec,
    notify_limit: row.spec.notify_limit ?? null,
    evaluated_at: row.last_slot?.toISOString() ?? null,
    error: row.error,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
