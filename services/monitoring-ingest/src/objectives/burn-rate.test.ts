import { describe, expect, it } from '@jest/globals';
import {
  burnRate,
  burnWindowMs,
  burnWindows,
  errorBudget,
  judgeObjective,
  type BurnWindow,
  type Tally,
} from './burn-rate.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A past of one event a second, whose part of bad events at each minute is told by `badShare`. */
function replay(now: number, target: number, badShare: (minute: number) => number, windowMs = 30 * dayMs) {
  const tally = (length: number): Tally => {
    let [good, total] = [0, 0];
    for (let minute = now - length; minute < now; minute += minuteMs) {
      total += 60;
      good += 60 * (1 - badShare(minute));
    }
    return { good, total };
  };
  return judgeObjective({
    target,
    whole: tally(windowMs),
    burning: Object.fromEntries(burnWindows.map((name) => [name, tally(burnWindowMs[name])])) as Record<
      BurnWindow,
      Tally
    >,
    latest: tally(60 * minuteMs),
  });
}

describe('error budgets and burn rates (B-27)', () => {
  it('know nothing where nothing was measured, and do not call it good', () => {
    expect(burnRate({ good: 0, total: 0 }, 0.99)).toBeNull();
    expect(errorBudget({ good: 0, total: 0 }, 0.99).remaining).toBeNull();
    const nothing = { good: 0, total: 0 };
    const judged = judgeObjective({
      target: 0.99,
      whole: { good: 100, total: 100 },
      burning: { '5m': nothing, '30m': nothing, '1h': nothing, '6h': nothing, '3d': { good: 100, total: 100 } },
      latest: nothing,
    });
    expect(judged).toMatchObject({ state: 'no_data', alarms: [], rates: { '1h': null, '3d': 0 } });
  });

  it('burn at 1 when just the allowed part is bad, at 14.4 when 14.4 times as much is', () => {
    expect(burnRate({ good: 990, total: 1_000 }, 0.99)).toBeCloseTo(1, 12);
    expect(burnRate({ good: 856, total: 1_000 }, 0.99)).toBeCloseTo(14.4, 12);
    expect(errorBudget({ good: 995, total: 1_000 }, 0.99)).toEqual({
      allowed: expect.closeTo(10),
      spent: 5,
      remaining: expect.closeTo(0.5),
    });
  });

  it('page by each rule at the minute that arithmetic says, in the replay of a known burn', () => {
    // All is well for 30 days; from minute 0 on a part of the events is bad, all the time.
    const alarmAfter = (badShare: number, factor: number): number => {
      for (let minutes = 1; minutes <= 3 * 24 * 60; minutes += 1) {
        const bad = (minute: number) => (minute >= 0 ? badShare : 0);
        const { alarms } = replay(minutes * minuteMs, 0.999, bad, 3 * dayMs);
        if (alarms.some((alarm) => alarm.factor === factor)) return minutes;
      }
      return Infinity;
    };
    // The long window holds more than the factor when minutes × burn > window × factor: at a burn of 100 after more than
    // 60 × 14.4 / 100 = 8.64 minutes by the first rule, 360 × 6 / 100 = 21.6 by the second.
    expect([alarmAfter(0.1, 14.4), alarmAfter(0.1, 6)]).toEqual([9, 22]);
    // A burn of 10 is too slow for the first rule; 216 minutes of it are just not enough for the second.
    expect(alarmAfter(0.01, 6)).toBe(217);
    // A burn of 2 never pages; after 4320 × 1 / 2 minutes it is a ticket.
    expect(alarmAfter(0.002, 1)).toBe(2_161);
    expect(replay(3 * dayMs, 0.999, () => 0.002).alarms.map(({ severity }) => severity)).toEqual(['ticket']);
  });

  it('end an alarm when the short window is well again, though the long one still burns', () => {
    const outage = (minute: number) => (minute >= 0 && minute < 20 * minuteMs ? 1 : 0);
    const during = replay(20 * minuteMs, 0.99, outage);
    expect([during.state, during.alarms[0]?.factor]).toEqual(['burning', 14.4]);
    const after = replay(26 * minuteMs, 0.99, outage);
    expect(after.rates['1h']).toBeGreaterThan(14.4);
    expect(after.alarms.map(({ factor }) => factor)).not.toContain(14.4);
  });

  it('call a budget exhausted that is used up, when nothing burns any more', () => {
    const judged = replay(0, 0.99, (minute) => (minute < -10 * dayMs ? 0.05 : 0));
    expect(judged.state).toBe('exhausted');
    expect(judged.budget.remaining).toBeCloseTo(1 - (20 * 0.05) / (30 * 0.01), 6);
  });

  it('are well when the bad part stays below what is allowed', () => {
    expect(replay(0, 0.99, () => 0.005)).toMatchObject({ state: 'ok', alarms: [] });
  });
});
