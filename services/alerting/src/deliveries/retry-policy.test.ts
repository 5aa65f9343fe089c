import { describe, expect, it } from '@jest/globals';
import { alertmanagerRetries, patientRetries, type FailedAttempt, type RetryPolicy } from './retry-policy.ts';

const now = new Date('2026-11-20T12:00:00Z');
const failed = { kind: 'failed', status: 500, reason: '' } as const;
const rejected = { kind: 'rejected', status: 404, reason: '', isFinal: false } as const;

function delay(policy: RetryPolicy, more: Partial<FailedAttempt>): number | null {
  const at = policy.nextAttemptAt({ outcome: failed, attempts: 1, now, random: () => 0.5, nextBeat: null, ...more });
  return at === null ? null : at.getTime() - now.getTime();
}

describe('when what failed is tried again (MX-12, MX-13)', () => {
  it('is soon at first, then hourly, with full jitter', () => {
    const delays = [1, 2, 3, 4, 10, 50].map((attempts) => delay(patientRetries, { attempts, random: () => 1 }));
    expect(delays).toEqual([2_000, 5_000, 15_000, 30_000, 3_600_000, 3_600_000]);
    expect(delay(patientRetries, { attempts: 3, random: () => 0 })).toBe(0);
  });

  it('is never for what is refused three times, or for good', () => {
    expect(
      [1, 2, 3].map((attempts) => delay(patientRetries, { outcome: rejected, attempts, random: () => 1 })),
    ).toEqual([30_000, 300_000, null]);
    expect(delay(patientRetries, { outcome: { ...rejected, isFinal: true } })).toBeNull();
  });

  it('grows by half each time in the manner of Alertmanager, up to a minute', () => {
    expect([1, 2, 3, 20].map((attempts) => delay(alertmanagerRetries, { attempts }))).toEqual([
      500, 750, 1_125, 60_000,
    ]);
    expect(delay(alertmanagerRetries, { random: () => 0 })).toBe(250);
    const unavailable = { kind: 'throttled', status: 503, retryAfterMs: null, reason: '' } as const;
    expect(delay(alertmanagerRetries, { outcome: unavailable })).toBe(500);
    expect(delay(alertmanagerRetries, { outcome: { ...failed, status: null } })).toBe(500);
  });

  it('is at the next beat of the group for what a receiver refuses, in the manner of Alertmanager', () => {
    const nextBeat = new Date(now.getTime() + 4_200);
    const throttled = { kind: 'throttled', status: 429, retryAfterMs: null, reason: '' } as const;
    expect(delay(alertmanagerRetries, { outcome: throttled, nextBeat })).toBe(4_200);
    expect(delay(alertmanagerRetries, { outcome: rejected, nextBeat, attempts: 9 })).toBe(4_200);
    expect(delay(alertmanagerRetries, { outcome: rejected })).toBe(60_000);
    expect(delay(alertmanagerRetries, { outcome: { ...rejected, isFinal: true }, nextBeat })).toBeNull();
  });
});
