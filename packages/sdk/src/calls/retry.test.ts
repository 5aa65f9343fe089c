import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CircuitOpenError, ConnectionError, SignalboxError, TimeoutError } from '../signalbox-error.ts';
import { defaultRetryPolicy, isRepeatable, mayPass, readRetryAfter, waitBeforeRetry } from './retry.ts';

const refused = (status: number, body: unknown = null) => new SignalboxError('refused', 'no', { status, body });

describe('when a call is tried again (MX-21)', () => {
  it('waits 1, 2 and 4 s without jitter, and never longer than its cap', () => {
    const wait = (attempts: number) =>
      waitBeforeRetry(defaultRetryPolicy, { attempts, retryAfterMs: null, random: () => 0 });
    expect([1, 2, 3].map(wait)).toEqual([1_000, 2_000, 4_000]);
    expect(wait(20)).toBe(30_000);
  });

  it('spreads with jitter, within what the kind of jitter allows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
        const whole = Math.min(30_000, 1_000 * 2 ** (attempts - 1));
        const wait = (jitter: 'full' | 'equal') =>
          waitBeforeRetry({ ...defaultRetryPolicy, jitter }, { attempts, retryAfterMs: null, random: () => random });
        expect(wait('full')).toBeCloseTo(whole * random);
        expect(wait('equal')).toBeCloseTo(whole / 2 + (whole / 2) * random);
      }),
    );
  });

  it('waits at least as long as the server asks for, beyond its own cap', () => {
    const wait = (retryAfterMs: number) =>
      waitBeforeRetry(defaultRetryPolicy, { attempts: 1, retryAfterMs, random: () => 0 });
    expect([wait(7_000), wait(90_000), wait(10)]).toEqual([7_000, 90_000, 1_000]);
  });

  it.each([
    [new ConnectionError('x'), true],
    [new TimeoutError('x'), true],
    ...[408, 429, 500, 502, 503, 504].map((status) => [refused(status), true] as const),
    ...[400, 401, 402, 403, 404, 409, 413, 422].map((status) => [refused(status), false] as const),
    [refused(503, { should_retry: false }), false],
    [new CircuitOpenError(5), false],
    [new SignalboxError('protocol', 'x'), false],
    [new TypeError('a bug'), false],
  ])('%s: %s', (failure, expected) => {
    expect(mayPass(failure)).toBe(expected);
  });

  it('repeats a POST or PATCH only under an idempotency key', () => {
    expect(['GET', 'HEAD', 'PUT', 'DELETE'].map((method) => isRepeatable(method, null))).not.toContain(false);
    expect(['POST', 'PATCH'].map((method) => isRepeatable(method, null))).toEqual([false, false]);
    expect(['POST', 'PATCH'].map((method) => isRepeatable(method, 'k'))).toEqual([true, true]);
  });

  it('reads Retry-After as seconds and as a date, and nothing else', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    expect(readRetryAfter('7', now)).toBe(7_000);
    expect(readRetryAfter('Fri, 20 Nov 2026 12:00:09 GMT', now)).toBe(9_000);
    expect(readRetryAfter('Fri, 20 Nov 2026 11:00:00 GMT', now)).toBe(0);
    for (const header of [null, '', 'soon', '-5', '1e9x']) expect(readRetryAfter(header, now)).toBeNull();
  });
});
