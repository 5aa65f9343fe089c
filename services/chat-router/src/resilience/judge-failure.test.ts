import { describe, expect, it } from '@jest/globals';
import { AppError, type ErrorCode } from '@signalbox/errors';
import { RefusedAddress } from '@signalbox/outbound';
import fc from 'fast-check';
import { Cooldowns } from './cooldowns.ts';
import { FirstTokenTimes } from './first-token-times.ts';
import { backoffMs, healthAfter, judgeFailure } from './judge-failure.ts';
import { TokenBucket } from './token-bucket.ts';

const error = (code: ErrorCode, details: Record<string, unknown> = {}, retryAfterMs?: number) =>
  new AppError(code, 'x', { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

describe('what a failure means (LA-3, LA-14)', () => {
  it.each([
    ['validation_failed', {}, 'stop', 'well'],
    ['unprocessable', {}, 'stop', 'well'],
    ['payload_too_large', {}, 'stop', 'well'],
    ['not_found', {}, 'elsewhere', 'well'],
    ['validation_failed', { code: 'context_length_exceeded' }, 'elsewhere', 'well'],
    ['provider_failed', { should_retry: false }, 'elsewhere', 'unknown'],
    ['internal', {}, 'elsewhere', 'unknown'],
    ['rate_limited', {}, 'again', 'well'],
    ['provider_failed', {}, 'again', 'ill'],
    ['unavailable', {}, 'again', 'ill'],
    ['timeout', {}, 'again', 'ill'],
  ] as const)('%s %j: %s, and the provider is %s', (code, details, verdict, health) => {
    expect(judgeFailure(error(code, details)).kind).toBe(verdict);
    expect(healthAfter(error(code, details))).toBe(health);
  });

  it('S8: asks nobody again at an address that was refused; a name that is not found may be found later', () => {
    const refused = new AppError('provider_failed', 'x', { cause: new RefusedAddress() });
    expect(judgeFailure(refused).kind).toBe('elsewhere');
    const notFound = new RefusedAddress(undefined, { cause: new Error('EAI_AGAIN') });
    expect(judgeFailure(new AppError('provider_failed', 'x', { cause: notFound })).kind).toBe('again');
  });

  it('waits as long as was told', () => {
    expect(judgeFailure(error('rate_limited', {}, 7_000))).toEqual({ kind: 'again', waitMs: 7_000 });
  });
});

describe('waiting before a repeat', () => {
  it('takes anything up to a bound that doubles and ends', () => {
    const bounds = { firstMs: 500, maxMs: 8_000 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (round, random) => {
        const ms = backoffMs(round, bounds, random);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(8_000, 500 * 2 ** round));
      }),
    );
    expect(backoffMs(2, bounds, 1)).toBe(2_000);
  });
});

describe('leave to do more', () => {
  it('never exceeds its share of the ordinary calls, and what it began with', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (calls) => {
        const bucket = new TokenBucket({ capacity: 10, share: 0.1 });
        let [ordinary, more] = [0, 0];
        for (const isOrdinary of calls) {
          if (isOrdinary) {
            ordinary += 1;
            bucket.earn();
          } else if (bucket.spend()) more += 1;
        }
        expect(more).toBeLessThanOrEqual(10 + ordinary / 10 + 1e-6);
      }),
    );
  });

  it('is never given where the share is none', () => {
    expect(new TokenBucket({ capacity: 10, share: 0 }).spend()).toBe(false);
  });
});

describe('what a process remembers', () => {
  const target = { provider: 'p', model: 'm' };

  it('is the median of the last 64 times to a first token, for each connection and model', () => {
    const times = new FirstTokenTimes();
    expect(times.median('c', target)).toBeNull();
    for (const ms of [300, 100, 200]) times.observe('c', target, ms);
    expect(times.median('c', target)).toBe(200);
    for (let time = 0; time < 64; time += 1) times.observe('c', target, 50);
    expect(times.median('c', target)).toBe(50);
    expect(times.median('d', target)).toBeNull();
    expect(times.median('c', { ...target, model: 'n' })).toBeNull();
  });

  it('is who wants to be left alone, until then, and for a minute at most', () => {
    const cooldowns = new Cooldowns();
    cooldowns.rest('c', target, 7_000, 1_000);
    expect(cooldowns.restsMs('c', target, 1_000)).toBe(7_000);
    expect(cooldowns.restsMs('c', { ...target, model: 'n' }, 1_000)).toBe(0);
    expect(cooldowns.restsMs('c', target, 8_000)).toBe(0);
    cooldowns.rest('c', target, 86_400_000, 0);
    expect(cooldowns.restsMs('c', target, 0)).toBe(60_000);
  });
});
