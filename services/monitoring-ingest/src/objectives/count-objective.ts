import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { count } from '../series/query-series.ts';
import type { Span } from '../series/step.ts';
import { burnWindowMs, burnWindows, judgeObjective, type BurnWindow, type Judgement, type Tally } from './burn-rate.ts';
import { thresholdKey } from './objective.ts';
import type { ObjectiveRow } from './objective-store.ts';

const hourMs = 3_600_000;
const dayMs = 86_400_000;

export interface CountedObjective {
  judgement: Judgement;
  whole: Tally;
  from: number;
  at: number;
}

/** Judges an objective by what was measured until `at`. Its own window begins with a whole hour. */
export async function countObjective(
  db: Kysely<Schema>,
  objective: ObjectiveRow,
  at: number,
): Promise<CountedObjective> {
  const tally = (span: Span) => tallyOf(db, objective, span);
  const since = (ms: number) => tally({ from: at - ms, to: at });
  const from = Math.floor((at - objective.window_days * dayMs) / hourMs) * hourMs;
  const burning: Record<BurnWindow, Tally> = {
    ...{ '5m': nothing, '30m': nothing, '1h': nothing, '6h': nothing, '3d': nothing },
  };
  for (const window of burnWindows) burning[window] = await since(burnWindowMs[window]);
  const whole = await tally({ from, to: at });
  const latest = await since(objective.no_data_after_minutes * 60_000);
  const judgement = judgeObjective({ target: objective.target, whole, burning, latest });
  return { judgement, whole, from, at };
}

const nothing: Tally = { good: 0, total: 0 };

async function tallyOf(db: Kysely<Schema>, objective: ObjectiveRow, span: Span): Promise<Tally> {
  const { tenant_id: tenantId, model_id, model_version, environment, threshold_ms: threshold } = objective;
  const { cells } = await count(db, {
    filter: {
      tenantId,
      modelId: model_id ?? undefined,
      modelVersion: model_version ?? undefined,
      environment: environment ?? undefined,
    },
    metrics: [threshold === null ? 'error_rate' : 'latency_ms'],
    span,
    stepMs: null,
    ...(threshold === null ? {} : { atMostKey: thresholdKey(threshold) }),
  });
  const [cell] = cells;
  if (cell === undefined) return nothing;
  // An error rate is the part of a sample that was bad.
  return { good: threshold === null ? cell.count - cell.sum : (cell.atMost ?? 0), total: cell.count };
}
