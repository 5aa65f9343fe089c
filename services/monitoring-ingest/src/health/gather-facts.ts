import { defaultThresholds } from '@signalbox/contracts';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { countObjective } from '../objectives/count-objective.ts';
import { allObjectives } from '../objectives/objective-store.ts';
import { count, type CountedCell } from '../series/query-series.ts';
import { recentMs, type HealthFacts } from './health-step.ts';
import { watchedModels } from './health-store.ts';

/** What the newest verdicts of drift say, by model: what drifts. A model that nobody judged is not among them. */
export type DriftingOf = (tenantId: string) => Promise<ReadonlyMap<string, readonly string[]>>;

const resources = ['gpu_memory', 'cpu_usage', 'memory_usage'] as const;
const modelsMax = 10_000;

/** What is known of each model of a tenant at this moment. */
export async function gatherFacts(
  db: Kysely<Schema>,
  tenantId: string,
  driftingOf: DriftingOf,
  now: Date,
): Promise<Map<string, HealthFacts>> {
  const at = now.getTime();
  const request = {
    filter: { tenantId },
    span: { from: at - recentMs, to: at },
    stepMs: null,
    segmentBy: 'model_id' as const,
    segmentsMax: modelsMax,
  };
  const samples = await count(db, {
    ...request,
    metrics: ['requests', 'error_rate', 'latency_ms', ...resources],
    quantiles: true,
  });
  const points = await count(db, { ...request, metrics: resources, ofPoints: true });
  const burning = await burningOf(db, tenantId, at);
  const drifting = await driftingOf(tenantId);
  const models = await watchedModels(db, tenantId, now);
  return new Map(
    models.map(({ id, thresholds, lastSampleAt }) => {
      const of = (cells: readonly CountedCell[], metric: string) =>
        cells.find((cell) => cell.segment === id && cell.metric === metric);
      const mean = (metric: string) => {
        const cells = [of(samples.cells, metric), of(points.cells, metric)].filter((cell) => cell !== undefined);
        const values = cells.reduce((sum, cell) => sum + cell.count, 0);
        return values === 0 ? null : cells.reduce((sum, cell) => sum + cell.sum, 0) / values;
      };
      const facts: HealthFacts = {
        lastSampleAt: lastSampleAt?.getTime() ?? null,
        recent: {
          samples: of(samples.cells, 'requests')?.count ?? 0,
          error_rate: mean('error_rate'),
          latency: of(samples.cells, 'latency_ms')?.p95 ?? null,
          gpu_memory: mean('gpu_memory'),
          cpu_usage: mean('cpu_usage'),
          memory_usage: mean('memory_usage'),
        },
        limits: { ...defaultThresholds, ...thresholds },
        burning: burning.filter(({ modelId }) => modelId === id),
        drifting: drifting.get(id) ?? null,
      };
      return [id, facts];
    }),
  );
}

/** Of the objectives of single models, those that burn: by the most pressing of their alarms. */
async function burningOf(
  db: Kysely<Schema>,
  tenantId: string,
  at: number,
): Promise<(HealthFacts['burning'][number] & { modelId: string })[]> {
  const burning: (HealthFacts['burning'][number] & { modelId: string })[] = [];
  for (const objective of await allObjectives(db, tenantId)) {
    if (objective.model_id === null) continue;
    const [alarm] = (await countObjective(db, objective, at)).judgement.alarms;
    if (alarm === undefined) continue;
    const { severity, longRate: rate, factor } = alarm;
    burning.push({ modelId: objective.model_id, objectiveId: objective.id, severity, rate, factor });
  }
  return burning;
}
