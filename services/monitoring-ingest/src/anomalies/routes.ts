import { getAnomalies } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { isoTime } from '../series/present-series.ts';
import { refuse } from '../series/query-series.ts';
import { filterOf, spanOf } from '../series/query-span.ts';
import { findAnomalies } from './find-anomalies.ts';

const dayMs = 86_400_000;

/** Mounts the scores of a series. */
export function mountAnomalyRoutes(
  routes: Routes,
  { reading, now = () => new Date() }: { reading: Kysely<Schema>; now?: () => Date },
): void {
  mountRoute(routes, getAnomalies, async ({ principal, query }) => {
    const { metric, aggregate, step, threshold, history_days: historyDays } = query;
    const asked = spanOf(query, now(), dayMs);
    if (asked.from >= asked.to || asked.to - asked.from > 7 * dayMs) {
      throw refuse('to', 'Expected a moment after `from`, at most a week after it.');
    }
    const filter = filterOf(principal.tenantId, query);
    const search = { filter, metric, aggregate, step, span: asked, historyDays };
    const { span, scored } = await findAnomalies(reading, search, now().getTime());
    return {
      metric,
      aggregate,
      step,
      from: isoTime(span.from),
      to: isoTime(span.to),
      method: 'robust_z_by_hour_of_week' as const,
      threshold,
      scored: scored.map(({ at, score, ...rest }) => ({
        time: isoTime(at),
        ...rest,
        score,
        anomalous: score !== null && Math.abs(score) >= threshold,
      })),
    };
  });
}
