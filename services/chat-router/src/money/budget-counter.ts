import { periodAt, type Meter, type PeriodSpan } from './budget.ts';

/** Where one meter is counted in one period. */
export interface Counter {
  meter: Meter;
  span: PeriodSpan;
  key: string;
  livesMs: number;
}

/** How long a counter is kept when its period is over: requests that began in it may still be under way. */
const afterPeriodMs = 86_400_000;

export function counterOf(keyPrefix: string, meter: Meter, at: Date): Counter {
  const span = periodAt(meter.budget.period, at);
  return {
    meter,
    span,
    key: `${keyPrefix}:c:${meter.budget.id}:${meter.unit}:${String(span.from.getTime())}`,
    livesMs: span.to.getTime() - at.getTime() + afterPeriodMs,
  };
}

/** Of each counter what was spent, and the leases on what is held. */
export function keysOf(counters: readonly Counter[]): string[] {
  return counters.flatMap(({ key }) => [key, `${key}:leases`]);
}
