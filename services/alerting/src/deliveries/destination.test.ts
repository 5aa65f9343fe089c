import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SendOutcome } from '../channels/channel.ts';
import type { Delivery } from './delivery.ts';
import { planSend, settleAttempt, type Destination } from './destination.ts';

const limit = { messagesMax: 3, windowMs: 60_000 };
const start = new Date('2026-11-20T12:00:00Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);
const working: Destination = {
  ...{ failures: 0, failingSince: null, toldFailingAt: null, blockedUntil: null, sentRecently: [] },
};
const aDelivery = (more: Partial<Delivery> = {}): Delivery => ({
  ...{ id: 'delivery_1', tenantId: 'tenant_1', notificationId: 'notification_1', destination: 'channel/1' },
  ...{ kind: 'webhook', channelId: '1', receiver: 'all', integration: 'channel[0]', recipient: null },
  ...{ sendsResolved: true, severity: 1, ruleLimit: null, state: 'pending', attempts: 1, nextAt: start, heldAt: null },
  ...{ mergedInto: null, lastStatus: null, lastError: null, createdAt: start, attemptedAt: null, sentAt: null },
  ...more,
});
const failed: SendOutcome = { kind: 'failed', status: 500, reason: 'The receiver answered 500.' };

describe('what is sent next (MX-12)', () => {
  const options = { isDigestible: true, now: start };

  it('is never dropped: it is sent, merged, or waits for a moment that comes', () => {
    const one = fc.record({ severity: fc.integer({ min: -1, max: 4 }), held: fc.boolean() });
    const sent = fc.record({ at: fc.integer({ min: -120_000, max: 0 }), severity: fc.integer({ min: -1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1 }), fc.array(sent), fc.boolean(), (given, before, isDigestible) => {
        const due = given.map(({ severity, held }, index) =>
          aDelivery({ id: String(index), severity, heldAt: held ? start : null }),
        );
        const sentRecently = before
          .map(({ at, severity }) => ({ at: start.getTime() + at, severity }))
          .sort((a, b) => a.at - b.at);
        const plan = planSend({ sentRecently }, due, limit, { isDigestible, now: start });
        const inWindow = sentRecently.filter(({ at }) => at > start.getTime() - limit.windowMs);
        if (plan.kind === 'hold') {
          expect(inWindow.length).toBeGreaterThanOrEqual(limit.messagesMax);
          expect(plan.until.getTime()).toBeGreaterThan(start.getTime());
          expect(plan.until.getTime()).toBeLessThanOrEqual(start.getTime() + limit.windowMs);
          expect(planSend({ sentRecently }, due, limit, { isDigestible, now: plan.until }).kind).not.toBe('hold');
        } else if (plan.kind === 'digest') expect(plan.deliveries).toEqual(due);
        else expect(plan.kind).toBe('send');
      }),
    );
  });

  it('is what is more severe than all that the window told, in spite of the limit', () => {
    const sentRecently = [1, 1, 2].map((severity) => ({ at: start.getTime() - 1_000, severity }));
    const due = [aDelivery({ severity: 2 }), aDelivery({ id: 'delivery_2', severity: 3 })];
    expect(planSend({ sentRecently }, due, limit, options)).toMatchObject({ delivery: { id: 'delivery_2' } });
    expect(planSend({ sentRecently }, due.slice(0, 1), limit, options)).toEqual({ kind: 'hold', until: later(59_000) });
  });
});

describe('the limit of a rule (MX-12)', () => {
  const options = { isDigestible: true, now: start };
  const ruleLimit = { ruleId: 'rule_1', messagesMax: 1, windowMs: 300_000 };
  const rule = { id: 'rule_1', windowMs: 300_000 };
  const sentRecently = [{ at: start.getTime() - 100_000, severity: 2, rule }];
  const ofRule = (id: string, severity: number): Delivery => aDelivery({ id, severity, ruleLimit });

  it('holds back what tells of the rule alone, and lets the rest and what is more severe pass', () => {
    const [held, other, worse] = [ofRule('1', 2), aDelivery({ id: '2', severity: 0 }), ofRule('3', 3)];
    expect(planSend({ sentRecently }, [held, other], limit, options)).toEqual({ kind: 'send', delivery: other });
    expect(planSend({ sentRecently }, [held, worse], limit, options)).toEqual({ kind: 'send', delivery: worse });
    expect(planSend({ sentRecently }, [held], limit, options)).toEqual({ kind: 'hold', until: later(200_000) });
    const another = aDelivery({ ruleLimit: { ...ruleLimit, ruleId: 'rule_2' } });
    expect(planSend({ sentRecently }, [another], limit, options)).toEqual({ kind: 'send', delivery: another });
  });

  it('ends with its window, and then what was held is told as one', () => {
    const held = [ofRule('1', 2), ofRule('2', 1)].map((one) => ({ ...one, heldAt: start }));
    const then = { ...options, now: later(200_000) };
    expect(planSend({ sentRecently }, held, limit, then)).toEqual({ kind: 'digest', deliveries: held });
  });

  it('remembers what arrived for as long as the rule wants, though the channel asks for less', () => {
    const settled = settleAttempt(
      { ...working, sentRecently },
      ofRule('1', 2),
      { kind: 'accepted', status: 200 },
      {
        ...{ now: later(150_000), random: () => 0, limit },
      },
    );
    expect(settled.destination.sentRecently).toEqual([
      ...sentRecently,
      { at: later(150_000).getTime(), severity: 2, rule },
    ]);
  });
});

describe('what an attempt means (MX-13)', () => {
  const settle = (attempts: number, outcome: SendOutcome, more: Partial<Destination> = {}, now = start) =>
    settleAttempt({ ...working, ...more }, aDelivery({ attempts }), outcome, { now, random: () => 0.999_999, limit });

  it('is tried again after 2, 5, 15, 30 seconds, 1, 2, 5, 10, 30 minutes and every hour, with jitter', () => {
    const delays = Array.from({ length: 12 }, (_, index) => {
      const { delivery } = settle(index + 1, failed);
      return Math.round(((delivery.nextAt?.getTime() ?? 0) - start.getTime()) / 1_000);
    });
    expect(delays).toEqual([2, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 3_600, 3_600]);
    const { delivery } = settleAttempt(working, aDelivery({ attempts: 3 }), failed, {
      ...{ now: start, random: () => 0, limit },
    });
    expect(delivery.nextAt).toEqual(start);
  });

  it('is given up after a day', () => {
    expect(settle(30, failed, {}, later(86_399_000)).delivery.state).toBe('pending');
    expect(settle(30, failed, {}, later(86_400_000)).delivery).toEqual({ state: 'dead', nextAt: null });
  });

  it('has the address rest after five failures, longer each time and never for ever', () => {
    const rests = [4, 5, 6, 20].map((failures) => {
      const { destination } = settle(failures, failed, { failures: failures - 1, failingSince: start });
      return destination.blockedUntil === null
        ? 0
        : Math.round((destination.blockedUntil.getTime() - start.getTime()) / 1_000);
    });
    expect(rests).toEqual([0, 10, 20, 300]);
  });

  it('uses up the window only when it arrived, and then lets the others go at once', () => {
    expect(settle(1, failed).destination.sentRecently).toEqual([]);
    const recovered = settle(
      2,
      { kind: 'accepted', status: 200 },
      { failures: 7, failingSince: start, toldFailingAt: start },
    );
    expect(recovered).toMatchObject({ hasRecovered: true, tell: 'recovered', delivery: { state: 'sent' } });
    expect(recovered.destination).toEqual({ ...working, sentRecently: [{ at: start.getTime(), severity: 1 }] });
  });

  it('tells others once that messages do not arrive', () => {
    const long = { failures: 9, failingSince: later(-61_000) };
    expect(settle(5, failed, long).tell).toBe('failing');
    expect(settle(5, failed, { ...long, toldFailingAt: start }).tell).toBeNull();
    expect(settle(1, failed).tell).toBeNull();
  });
});
