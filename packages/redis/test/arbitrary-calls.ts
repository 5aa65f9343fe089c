import fc from 'fast-check';
import type { LimitPolicy } from '../src/limit-policy.ts';

/** Calls to make one after another: how much later than the one before, and against which policies. */
export interface ArbitraryCall {
  laterUs: number;
  policies: LimitPolicy[];
}

// Windows of hours: keys expire by the real clock, and must not while a test tells the script another time.
const windowMs = 3_600_000;
const windowUs = windowMs * 1_000;

const policies = fc
  .record({
    sliding: fc.integer({ min: 1, max: 12 }),
    rate: fc.integer({ min: 1, max: 12 }),
    burst: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ sliding, rate, burst }): [LimitPolicy, LimitPolicy, LimitPolicy] => [
    {
      name: 'window',
      key: 'a',
      algorithm: 'sliding_window',
      limit: sliding,
      windowMs,
      unit: 'requests',
      onOutage: 'local',
    },
    { name: 'rate', key: 'a', algorithm: 'gcra', limit: rate, burst, windowMs, unit: 'requests', onOutage: 'local' },
    {
      name: 'half',
      key: 'b',
      algorithm: 'sliding_window',
      limit: 7,
      windowMs: windowMs / 2,
      unit: 'cost_units',
      onOutage: 'local',
    },
  ]);

/** Mostly what is awkward: no time at all, one microsecond on either side of a window's edge, a pause of a few calls. */
const later = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0, 1, 999, 1_000, 1_001) },
  { weight: 3, arbitrary: fc.constantFrom(windowUs - 1, windowUs, windowUs + 1, windowUs / 2, windowUs / 2 - 1) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: windowUs / 4 }) },
);
const earlier = fc.constantFrom(-1, -1_000, -windowUs / 4, -windowUs, -windowUs - 1, -2 * windowUs);

export function arbitraryCalls({ clockMayGoBack = false } = {}): fc.Arbitrary<ArbitraryCall[]> {
  return policies.chain((all) =>
    fc.array(
      fc.record({
        laterUs: clockMayGoBack ? fc.oneof({ weight: 5, arbitrary: later }, { weight: 1, arbitrary: earlier }) : later,
        policies: fc
          .tuple(fc.shuffledSubarray(all, { minLength: 1 }), fc.constantFrom(0, 1, 1, 1, 1, 2, 3, 7, 12, 30))
          .map(([some, cost]) => some.map((policy) => ({ ...policy, cost }))),
      }),
      { minLength: 1, maxLength: 60 },
    ),
  );
}
