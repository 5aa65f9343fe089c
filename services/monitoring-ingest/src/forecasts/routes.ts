import { getForecast } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { pointKind } from '../series/point-values-store.ts';
import { isoTime, presentBuckets } from '../series/present-series.ts';
import { count, isSampleMetric, layGrid, refuse } from '../series/query-series.ts';
import { filterOf } from '../series/query-span.ts';
import { forecastThreshold } from './forecast-threshold.ts';

const dayMs = 86_400_000;
/** Every pair of them is looked at. */
const bucketsMax = 1_000;

/** Mounts the forecast of a series. */
export function mountForecastRoutes(
  routes: Routes,
  { reading, now = () => new Date() }: { reading: Kysely<Schema>; now?: () => Date },
): void {
  mountRoute(routes, getForecast, async ({ principal: { tenantId }, query }) => {
    const { metric, aggregate, step, threshold, comparator } = query;
    const { stepMs } = layGrid({ step, from: 0, to: 1 });
    const to = Math.floor(now().getTime() / stepMs) * stepMs;
    const from = to - query.history_days * dayMs;
    if ((to - from) / stepMs > bucketsMax) throw refuse('step', 'Expected a longer step, or a shorter history.');
    const grid = layGrid({ step, from, to });
    const filter = filterOf(tenantId, query);
    const ofPoints = !isSampleMetric(metric);
    const quantiles = aggregate === 'p50' || aggregate === 'p95' || aggregate === 'p99';
    const { cells } = await count(reading, { filter, metrics: [metric], ofPoints, span: grid.span, stepMs, quantiles });
    const kind = ofPoints ? await pointKind(reading, tenantId, metric) : null;
    const first = Math.min(...cells.map(({ at }) => at));
    const buckets = presentBuckets(grid, cells, aggregate, kind === 'counter' || kind === 'delta').flatMap(
      ({ time, value }) => {
        const at = Date.parse(time);
        // Before the first value nothing was measured at all, which is not the same as a count of 0.
        return value === null || at < first ? [] : [{ at: at + stepMs / 2, value }];
      },
    );
    const question = { threshold, comparator, end: to, horizonMs: query.horizon_days * dayMs, stepMs };
    const asked = { metric, aggregate, step, from: isoTime(from), to: isoTime(to), threshold, comparator };
    return { ...asked, ...forecastThreshold(buckets, question) };
  });
}
