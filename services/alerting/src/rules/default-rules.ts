import type { AlertRuleInput } from '@signalbox/contracts';
import { toSpec } from './rule.ts';
import type { RuleSpec } from './rule-spec.ts';

/**
 * OD-12, MX-8: the rules that every tenant begins with. Each is a rule as any other, to be changed or deleted. A registered
 * model's own limits hold for it; `max` over a minute, so that one bad measurement is seen.
 */
const inputs: readonly AlertRuleInput[] = [
  limit('LatencyHigh', 'latency_ms', 1_000, 'latency'),
  limit('ErrorRateHigh', 'error_rate', 0.05, 'error_rate'),
  limit('CpuUsageHigh', 'cpu_usage', 0.8, 'cpu_usage'),
  limit('MemoryUsageHigh', 'memory_usage', 0.85, 'memory_usage'),
  limit('GpuMemoryHigh', 'gpu_memory', 0.8, 'gpu_memory'),
  signal('ModelUnhealthy', 'model_health', ['failing'], 'critical', 'The model {{ labels.model_id }} is failing.'),
  signal('ModelDrift', 'drift', ['drifting'], 'high', 'The data of {{ labels.model_id }} drift.'),
  signal(
    'ProviderDown',
    'provider_state',
    ['open'],
    'high',
    'The provider {{ labels.provider }} rests after failures.',
  ),
  signal('BudgetUsedUp', 'budget', ['hard'], 'critical', 'The budget {{ labels.budget_name }} is used up.'),
  signal(
    'BudgetCrossed',
    'budget',
    ['soft'],
    'medium',
    'The budget {{ labels.budget_name }} has crossed its soft limit.',
  ),
  {
    name: 'ResearchFailing',
    condition: { kind: 'signal', signal: 'research', states: ['failed'], at_least: 3 },
    severity: 'high',
    annotations: {
      summary: 'Research has failed {{ value }} times in a row, last on {{ labels.topic }}: {{ labels.error }}',
    },
  },
  signal('DependencyUnhealthy', 'dependency', ['unhealthy'], 'critical', '{{ labels.dependency }} is unhealthy.'),
  {
    ...signal('QueueUnhealthy', 'queue', ['degraded', 'unhealthy'], 'high', 'The queue {{ labels.queue }} is unwell.'),
    for: '1m',
  },
  burn('ErrorBudgetBurnsFast', '1h', 14.4, 'critical'),
  burn('ErrorBudgetBurns', '6h', 6, 'high'),
  burn('ErrorBudgetBurnsSlowly', '3d', 1, 'medium'),
];

export function defaultRules(): RuleSpec[] {
  return inputs.map((input) => toSpec(input));
}

function limit(
  name: string,
  metric: string,
  threshold: number,
  ofModel: 'latency' | 'error_rate' | 'gpu_memory' | 'cpu_usage' | 'memory_usage',
): AlertRuleInput {
  return {
    name,
    condition: {
      kind: 'series',
      metric,
      source: 'samples',
      aggregate: 'max',
      window: '1m',
      comparator: '>',
      threshold,
      threshold_of_model: ofModel,
    },
    no_data: 'ok',
    annotations: {
      summary: `{{ labels.model_id }}: ${metric} is {{ value | round 4 }}, above {{ threshold | round 4 }}`,
    },
  };
}

function signal(
  name: string,
  kind: 'model_health' | 'drift' | 'provider_state' | 'budget' | 'dependency' | 'queue',
  states: string[],
  severity: 'medium' | 'high' | 'critical',
  summary: string,
): AlertRuleInput {
  return { name, condition: { kind: 'signal', signal: kind, states }, severity, annotations: { summary } };
}

function burn(
  name: string,
  window: '1h' | '6h' | '3d',
  factor: number,
  severity: 'medium' | 'high' | 'critical',
): AlertRuleInput {
  return {
    name,
    condition: { kind: 'burn_rate', long_window: window, factor },
    interval: '1m',
    severity,
    annotations: { summary: `{{ labels.objective }} burns its error budget {{ value | round 1 }} times too fast.` },
  };
}
