import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CircuitOpenError } from '../signalbox-error.ts';
import { createBreaker, stepBreaker, type BreakerEvent, type BreakerState, type Permit } from './breaker.ts';

const policy = { failuresMax: 5, restMs: 60_000 };
const closed = (failures: number): BreakerState => ({ kind: 'CLOSED', failures, epoch: 3 });
const open: BreakerState = { kind: 'OPEN', until: 60_000, epoch: 3 };
const half: BreakerState = { kind: 'HALF_OPEN', until: 60_000, epoch: 3 };
const ended = (kind: 'succeeded' | 'failed' | 'abandoned', epoch = 3): BreakerEvent => ({ kind, epoch });
const admit: BreakerEvent = { kind: 'admit' };

describe('the circuit breaker (MX-22)', () => {
  const table: [string, BreakerState, BreakerEvent, number, BreakerState][] = [
    ['CLOSED admits', closed(4), admit, 0, closed(4)],
    ['CLOSED counts failures in a row', closed(3), ended('failed'), 0, closed(4)],
    ['the fifth opens it for 60 s', closed(4), ended('failed'), 500, { kind: 'OPEN', until: 60_500, epoch: 4 }],
    ['a success starts the count anew', closed(4), ended('succeeded'), 0, closed(0)],
    ['what was abandoned counts for nothing', closed(4), ended('abandoned'), 0, closed(4)],
    ['OPEN stays open while it rests', open, admit, 59_999, open],
    ['OPEN lets a probe through after that', open, admit, 60_000, { kind: 'HALF_OPEN', until: 60_000, epoch: 4 }],
    ['OPEN hears nothing of what was sent before', open, ended('succeeded', 2), 1, open],
    ['HALF_OPEN lets nothing more through', half, admit, 99_999, half],
    ['a probe that succeeds closes it', half, ended('succeeded'), 1, { kind: 'CLOSED', failures: 0, epoch: 4 }],
    ['a probe that fails opens it anew', half, ended('failed'), 70_000, { kind: 'OPEN', until: 130_000, epoch: 4 }],
    ['an abandoned probe makes room for the next', half, ended('abandoned'), 1, { ...open, epoch: 4 }],
    ['HALF_OPEN hears nothing of what was sent before', half, ended('failed', 2), 1, half],
    ['CLOSED hears nothing of what was sent before it opened', closed(0), ended('failed', 1), 1, closed(0)],
  ];
  it.each(table)('%s', (_, state, event, now, next) => {
    expect(stepBreaker(state, event, policy, now)).toEqual(next);
  });

  it('never has more than one probe out, and never opens before so many failures in a row, whatever happens', () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('admit' as const) }),
      fc.record({ kind: fc.constantFrom('succeeded', 'failed', 'abandoned'), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(1_500) }),
    );
    fc.assert(
      fc.property(fc.array(act, { minLength: 50, maxLength: 200 }), (acts) => {
        let now = 0;
        let inARow = 0;
        const breaker = createBreaker(
          { failuresMax: 2, restMs: 1_000 },
          () => now,
          () => undefined,
        );
        const out: { settle: Permit['settle']; isProbe: boolean }[] = [];
        for (const one of acts) {
          const before = breaker.state();
          if (one.kind === 'wait') now += one.ms;
          else if (one.kind === 'admit') {
            try {
              const permit = breaker.admit();
              const isProbe = breaker.state() === 'HALF_OPEN';
              expect(isProbe && out.some((other) => other.isProbe)).toBe(false);
              out.push({ settle: permit.settle, isProbe });
            } catch (error) {
              expect(error).toBeInstanceOf(CircuitOpenError);
              expect(before).not.toBe('CLOSED');
            }
          } else if (out.length > 0) {
            const [ended] = out.splice(one.which % out.length, 1);
            ended?.settle(one.kind);
            if (one.kind === 'failed') inARow += 1;
            if (one.kind === 'succeeded') inARow = 0;
            if (before === 'CLOSED' && breaker.state() === 'OPEN') expect(inARow).toBeGreaterThanOrEqual(2);
            if (breaker.state() !== 'CLOSED') inARow = 0;
          }
        }
      }),
    );
  });
});
