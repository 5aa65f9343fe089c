import { z } from 'zod';
import { defineRoute } from './define-route.ts';

const Moment = z.iso.datetime();

export const Forecast = z
  .object({
    metric: z.string(),
    aggregate: z.string(),
    step: z.string(),
    from: Moment,
    to: Moment.describe('Where the last bucket ends that is over.'),
    method: z
      .enum(['sen_slope', 'seasonal_sen_slope'])
      .describe('`seasonal_sen_slope`: each bucket was compared with those of the same time of the day alone.'),
    buckets: z.int().describe('How many had a value.'),
    threshold: z.number(),
    comparator: z.enum(['>', '<']),
    outcome: z
      .enum(['reached', 'expected', 'beyond_horizon', 'moving_away', 'no_trend', 'insufficient_data'])
      .describe(
        '`reached`: it is beyond the threshold already. `expected`: it will be at `reaches_at`. `no_trend`: it may stand still.',
      ),
    level: z.number().nullable().describe('Where the trend is at `to`.'),
    slope_per_hour: z.number().nullable(),
    slope_per_hour_low: z.number().nullable().describe('The bounds within which it is, at 95 %.'),
    slope_per_hour_high: z.number().nullable(),
    p_value: z.number().nullable().describe('Of such a trend by chance (Mann-Kendall, corrected for ties).'),
    reaches_at: Moment.nullable(),
    earliest: Moment.nullable().describe('By the steeper bound of the slope.'),
    latest: Moment.nullable().describe('By the flatter one. Null: perhaps not within the horizon, or never.'),
  })
  .meta({ id: 'Forecast' });
export type Forecast = z.infer<typeof Forecast>;

export const getForecast = defineRoute({
  operationId: 'getForecast',
  service: 'monitoring-ingest',
  method: 'get',
  path: '/api/v1/forecast',
  tag: 'Metrics',
  summary: 'Forecast when a series reaches a threshold, if it goes on as it did',
  description:
    'B-22. The trend is the median of the slopes between pairs of buckets (Sen), which a fifth of wild values does not move; ' +
    'with three days of history or more only buckets of the same time of the day are paired. Its bounds are those ranks among ' +
    'the slopes that the variance of the Mann-Kendall statistic gives at 95 %. Without a trend at 5 % nothing is forecast.',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({
    metric: z.string().min(1).max(200).describe('As for `/api/v1/metrics/series`.'),
    aggregate: z
      .enum(['avg', 'min', 'max', 'count', 'sum', 'p50', 'p95', 'p99', 'rate'])
      .default('avg')
      .describe('As for `/api/v1/metrics/series`.'),
    threshold: z.coerce.number().describe('The value to be reached.'),
    comparator: z.enum(['>', '<']).default('>').describe('On which side of the threshold it is reached.'),
    step: z.enum(['5m', '15m', '30m', '1h', '6h', '24h']).default('1h').describe('At most 1,000 buckets.'),
    history_days: z.coerce.number().int().min(1).max(365).default(14).describe('How far back the trend is looked for.'),
    horizon_days: z.coerce.number().int().min(1).max(365).default(30).describe('How far ahead it is followed.'),
    model_id: z.string().min(1).max(200).optional().describe('Only of this model.'),
    model_version: z.string().max(100).optional().describe('Only of this version.'),
    environment: z.string().max(100).optional().describe('Only of this environment.'),
  }),
  response: { status: 200, description: 'When, and how well that is known', schema: Forecast },
});

export const forecastRoutes = [getForecast] as const;
