import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { admits, closedBreaker, stepBreaker, usualBreaker, type Breaker, type BreakerEvent } from './breaker.ts';

const settings = { ...usualBreaker, probeMs: 10_000 };
const fail = (at: number, breaker: Breaker) => stepBreaker(breaker, { kind: 'failed', ticket: '' }, at, settings);
const failAt = (...times: number[]) => times.reduce<Breaker>((breaker, at) => fail(at, breaker), closedBreaker);
const opened = failAt(0, 1, 2, 3, 4);

describe('LA-3: the circuit breaker', () => {
  it('opens at the fifth failure within 60 s, and not at the fourth', () => {
    expect(failAt(0, 1, 2, 3).kind).toBe('closed');
    expect(opened).toEqual({ kind: 'open', until: 30_004 });
  });

  it('counts no failure that is 60 s old', () => {
    expect(failAt(0, 1, 2, 3, 60_000).kind).toBe('closed');
    expect(failAt(0, 1, 2, 3, 59_999).kind).toBe('open');
  });

  it('lets nobody pass before its rest is over, then exactly one', () => {
    const early = stepBreaker(opened, { kind: 'asked', ticket: 'a' }, 30_003, settings);
    expect(admits(early, 'a')).toBe(false);
    const trying = stepBreaker(opened, { kind: 'asked', ticket: 'a' }, 30_004, settings);
    expect(admits(trying, 'a')).toBe(true);
    const other = stepBreaker(trying, { kind: 'asked', ticket: 'b' }, 30_005, settings);
    expect([admits(other, 'a'), admits(other, 'b')]).toEqual([true, false]);
  });

  it('closes when that one succeeds, opens again when it fails, lets the next try when it leaves or is lost', () => {
    const trying = stepBreaker(opened, { kind: 'asked', ticket: 'a' }, 40_000, settings);
    expect(stepBreaker(trying, { kind: 'succeeded', ticket: 'a' }, 41_000, settings)).toEqual(closedBreaker);
    expect(stepBreaker(trying, { kind: 'failed', ticket: 'a' }, 41_000, settings)).toEqual({
      kind: 'open',
      until: 71_000,
    });
    const left = stepBreaker(trying, { kind: 'abandoned', ticket: 'a' }, 41_000, settings);
    expect(admits(stepBreaker(left, { kind: 'asked', ticket: 'b' }, 41_000, settings), 'b')).toBe(true);
    expect(admits(stepBreaker(trying, { kind: 'asked', ticket: 'b' }, 49_999, settings), 'b')).toBe(false);
    expect(admits(stepBreaker(trying, { kind: 'asked', ticket: 'b' }, 50_000, settings), 'b')).toBe(true);
  });

  it('is not moved by calls from before it opened', () => {
    for (const kind of ['succeeded', 'failed', 'abandoned'] as const) {
      expect(stepBreaker(opened, { kind, ticket: '' }, 10_000, settings)).toBe(opened);
    }
  });

  it('is closed by a reset, whatever it was (LA-29)', () => {
    for (const breaker of [
      opened,
      failAt(1, 2),
      stepBreaker(opened, { kind: 'asked', ticket: 'a' }, 40_000, settings),
    ]) {
      expect(stepBreaker(breaker, { kind: 'reset' }, 0, settings)).toEqual(closedBreaker);
    }
  });

  it('takes 7 failures in 90 s and rests 45 s where a provider is told so', () => {
    const own = { failuresMax: 7, windowMs: 90_000, openMs: 45_000, probeMs: 1 };
    let breaker: Breaker = closedBreaker;
    for (let at = 0; at < 6; at += 1) breaker = stepBreaker(breaker, { kind: 'failed', ticket: '' }, at * 14_000, own);
    expect(breaker.kind).toBe('closed');
    expect(stepBreaker(breaker, { kind: 'failed', ticket: '' }, 89_999, own)).toEqual({ kind: 'open', until: 134_999 });
  });

  it('never lets two try at once, whatever happens in whatever order', () => {
    const event = fc.record({
      laterMs: fc.integer({ min: 0, max: 40_000 }),
      ticket: fc.constantFrom('a', 'b', 'c', ''),
      kind: fc.constantFrom<BreakerEvent['kind'][]>('asked', 'succeeded', 'failed', 'abandoned', 'reset'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let breaker: Breaker = closedBreaker;
        let now = 0;
        for (const { laterMs, ticket, kind } of events) {
          now += laterMs;
          breaker = stepBreaker(breaker, { kind, ticket }, now, settings);
          if (breaker.kind === 'closed') expect(breaker.failures.length).toBeLessThan(settings.failuresMax);
          else expect(['a', 'b', 'c', ''].filter((each) => admits(breaker, each)).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
