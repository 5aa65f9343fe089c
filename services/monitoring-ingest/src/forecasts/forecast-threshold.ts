import type { Forecast } from '@signalbox/contracts';
import { findTrend, type TimedValue, type Trend } from '../stats/trend.ts';

export interface ForecastQuestion {
  threshold: number;
  comparator: '>' | '<';
  /** Where what is known ends, and how far ahead it may be followed. */
  end: number;
  horizonMs: number;
  stepMs: number;
}

type Answered = Omit<Forecast, 'metric' | 'aggregate' | 'step' | 'from' | 'to' | 'threshold' | 'comparator'>;

const [hourMs, dayMs] = [3_600_000, 86_400_000];
const bucketsMin = 10;
const seasonDaysMin = 3;
const alpha = 0.05;

/** When a series is beyond a threshold, if it goes on as it did. `buckets` in the order of time; their `at` is their middle. */
export function forecastThreshold(buckets: readonly TimedValue[], question: ForecastQuestion): Answered {
  const { end, stepMs } = question;
  const first = buckets[0]?.at ?? end;
  const isSeasonal = stepMs < dayMs && end - first >= seasonDaysMin * dayMs;
  const method = isSeasonal ? 'seasonal_sen_slope' : 'sen_slope';
  const known = { method, buckets: buckets.length } as const;
  const trend = findTrend(buckets, (at) => (isSeasonal ? Math.floor((at % dayMs) / stepMs) : 0));
  if (trend === null || buckets.length < bucketsMin) return { ...known, ...nothing, outcome: 'insufficient_data' };
  const said = {
    ...known,
    level: trend.levelAt(end),
    slope_per_hour: trend.slope * hourMs,
    slope_per_hour_low: trend.low * hourMs,
    slope_per_hour_high: trend.high * hourMs,
    p_value: trend.pValue,
  };
  return { ...said, ...whenOf(trend, said.level, question) };
}

const never = { reaches_at: null, earliest: null, latest: null } as const;
const nothing = {
  ...{ level: null, slope_per_hour: null, slope_per_hour_low: null, slope_per_hour_high: null, p_value: null },
  ...never,
} as const;

function whenOf(
  { slope, low, high, pValue }: Trend,
  level: number,
  { threshold, comparator, end, horizonMs }: ForecastQuestion,
): Pick<Answered, 'outcome' | 'reaches_at' | 'earliest' | 'latest'> {
  // Seen from the side that is not beyond: what is missing, and how fast it becomes less.
  const sign = comparator === '>' ? 1 : -1;
  const missing = (threshold - level) * sign;
  if (missing < 0) return { ...never, outcome: 'reached' };
  if (pValue > alpha || slope === 0) return { ...never, outcome: 'no_trend' };
  if (slope * sign < 0) return { ...never, outcome: 'moving_away' };
  const [slow, fast] = sign > 0 ? [low, high] : [-high, -low];
  const at = (speed: number): string | null =>
    speed > 0 && missing / speed <= horizonMs ? new Date(end + missing / speed).toISOString() : null;
  const reachesAt = at(slope * sign);
  if (reachesAt === null) return { ...never, earliest: at(fast), outcome: 'beyond_horizon' };
  return { outcome: 'expected', reaches_at: reachesAt, earliest: at(fast), latest: at(slow) };
}
