import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arbitraryCalls } from '../test/arbitrary-calls.ts';
import { createReferenceModel } from '../test/reference-model.ts';
import { limitKey, termsOf, type LimitPolicy } from './limit-policy.ts';
import { createLocalLimiter } from './local-limiter.ts';

const start = 1_790_000_000_000_000;

function policy(changes: Partial<LimitPolicy>): LimitPolicy {
  return {
    name: 'p',
    key: 'k',
    algorithm: 'sliding_window',
    limit: 10,
    windowMs: 60_000,
    unit: 'requests',
    onOutage: 'local',
    ...changes,
  };
}

describe('OP-17, LA-2: both algorithms against their reference model', () => {
  it('allow exactly what the model allows, all policies or none', () => {
    fc.assert(
      fc.property(arbitraryCalls(), (calls) => {
        const limiter = createLocalLimiter();
        const model = createReferenceModel();
        let now = start;
        for (const { laterUs, policies } of calls) {
          now += laterUs;
          const verdicts = limiter.take(policies.map(termsOf), now);
          const expected = policies.map((each) => model.allows(each, now));
          expect(verdicts.map((verdict) => verdict.allowed)).toEqual(expected);
          if (expected.every(Boolean)) for (const each of policies) model.charge(each, now);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tell truly how long to wait: then the same call succeeds, and a millisecond earlier it does not', () => {
    fc.assert(
      fc.property(arbitraryCalls(), (calls) => {
        const limiter = createLocalLimiter();
        let now = start;
        for (const { laterUs, policies } of calls) {
          now += laterUs;
          const terms = policies.map(termsOf);
          const verdicts = limiter.take(terms, now);
          const retryAfterMs = Math.max(...verdicts.map((verdict) => verdict.retryAfterMs));
          const never = terms.some(({ cost, unitSize, capacity }) => cost * unitSize > capacity);
          if (verdicts.every((verdict) => verdict.allowed) || never) continue;
          expect(limiter.take(terms, now + (retryAfterMs - 1) * 1_000 - 1).every(({ allowed }) => allowed)).toBe(false);
          now += retryAfterMs * 1_000;
          expect(limiter.take(terms, now).every(({ allowed }) => allowed)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tell truly what remains and when all of it is there again', () => {
    fc.assert(
      fc.property(arbitraryCalls(), (calls) => {
        const limiter = createLocalLimiter();
        let now = start;
        for (const { laterUs, policies } of calls) {
          now += laterUs;
          const verdicts = limiter.take(policies.map(termsOf), now);
          for (const [index, each] of policies.entries()) {
            const { remaining = 0, resetMs = 0 } = verdicts[index] ?? {};
            const ask = (cost: number, at: number): boolean | undefined =>
              limiter.take([{ ...termsOf(each), cost }, refusesAll], at)[0]?.allowed;
            expect(ask(remaining, now)).toBe(true);
            expect(ask(remaining + 1, now)).toBe(false);
            const all = each.algorithm === 'gcra' ? (each.burst ?? each.limit) : each.limit;
            expect(ask(all, now + resetMs * 1_000)).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Keeps a question from being charged. */
const refusesAll = termsOf(policy({ name: 'none', limit: 1, cost: 2 }));

describe('LA-2: the sliding window', () => {
  it('never lets more than the limit into any window, wherever it begins', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000_000 }), fc.integer({ min: 1, max: 6 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (calls) => {
        const limiter = createLocalLimiter();
        const taken: { at: number; cost: number }[] = [];
        let now = start;
        for (const [laterUs, cost] of calls) {
          now += laterUs;
          if (limiter.take([termsOf(policy({ cost }))], now)[0]?.allowed === true) taken.push({ at: now, cost });
        }
        for (const { at: from } of taken) {
          const within = taken.filter(({ at }) => at >= from && at < from + 60_000_000);
          expect(within.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('gives nothing away at the edge of a minute', () => {
    const limiter = createLocalLimiter();
    const terms = termsOf(policy({ limit: 100 }));
    const allowedAt = (now: number) =>
      Array.from({ length: 300 }, () => limiter.take([terms], now)).filter(([verdict]) => verdict?.allowed).length;
    expect(allowedAt(start + 59_999_999)).toBe(100);
    expect(allowedAt(start + 60_000_000)).toBe(0);
    expect(allowedAt(start + 119_999_998)).toBe(0);
    expect(allowedAt(start + 119_999_999)).toBe(100);
  });

  it('forgets old calls as it goes', () => {
    const limiter = createLocalLimiter();
    const terms = termsOf(policy({ limit: 1_000_000 }));
    const startedAt = performance.now();
    for (let call = 0; call < 300_000; call += 1) limiter.take([terms], start + call * 10_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(limiter.take([terms], start + 300_000 * 10_000)[0]?.remaining).toBe(1_000_000 - 6_000);
  });
});

describe('MX-17: the token bucket', () => {
  it('allows its burst at once and then its steady rate, as exactly for 7 a minute as for 60', () => {
    for (const limit of [7, 60, 999_983]) {
      const limiter = createLocalLimiter();
      const terms = termsOf(policy({ algorithm: 'gcra', limit, burst: 5 }));
      const allowedAt = (now: number) =>
        Array.from({ length: 9 }, () => limiter.take([terms], now)).filter(([verdict]) => verdict?.allowed).length;
      expect(allowedAt(start)).toBe(5);
      const interval = Math.ceil(60_000_000 / limit);
      expect(allowedAt(start + interval - 2)).toBe(0);
      expect(allowedAt(start + interval + 1)).toBe(1);
      expect(allowedAt(start + 10 * interval + 10)).toBe(5);
    }
  });
});

describe('a clock that is set back', () => {
  it.each(['sliding_window', 'gcra'] as const)('holds a %s still for one window at most', (algorithm) => {
    const limiter = createLocalLimiter();
    const terms = termsOf(policy({ algorithm, limit: 1 }));
    expect(limiter.take([terms], start)[0]?.allowed).toBe(true);
    const back = start - 30_000_000;
    const refused = limiter.take([terms], back)[0];
    expect(refused?.allowed).toBe(false);
    expect(limiter.take([terms], back + (refused?.retryAfterMs ?? 0) * 1_000)[0]?.allowed).toBe(true);
    expect(limiter.take([terms], start - 3_600_000_000)[0]?.allowed).toBe(true);
  });
});

describe('S21: keys', () => {
  it('of different parts are different, whatever is in them', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a:b', 'a', 'b', '{}', '}', '{', '","', '\n', '', '\\', '\ud800'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 4 }), (one, two) => {
        const same = one.length === two.length && one.every((text, index) => text === two[index]);
        expect(limitKey(...one) === limitKey(...two)).toBe(same);
        expect(Buffer.from(limitKey(...one)).equals(Buffer.from(limitKey(...two)))).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('beyond the bound push out the ones not asked for longest', () => {
    const limiter = createLocalLimiter({ keysMax: 3 });
    const take = (key: string) => limiter.take([termsOf(policy({ key, limit: 1 }))], start)[0]?.allowed;
    expect(['a', 'b', 'c', 'd'].map(take)).toEqual([true, true, true, true]);
    expect(['d', 'c', 'b', 'a'].map(take)).toEqual([false, false, false, true]);
  });
});

describe('a policy with which nothing can be counted', () => {
  it.each([
    { limit: 0 },
    { limit: 1.5 },
    { limit: NaN },
    { limit: -1 },
    { limit: Infinity },
    { windowMs: 0 },
    { windowMs: 1e12 },
    { cost: -1 },
    { cost: 0.5 },
    { algorithm: 'gcra' as const, burst: 0 },
    { algorithm: 'gcra' as const, burst: 1e12 },
  ])('is refused: %j', (changes) => {
    expect(() => termsOf(policy(changes))).toThrow(RangeError);
  });
});
