import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stepOutage, type Outage, type OutageEvent } from './outage.ts';

describe('R6: asking a Redis that does not answer', () => {
  it('stops at the first failure, probes soon, and then less and less often', () => {
    let outage: Outage = stepOutage({ kind: 'closed' }, 'failed', 0);
    const pauses: number[] = [];
    for (let probe = 0; probe < 8; probe += 1) {
      expect(outage.kind).toBe('open');
      if (outage.kind === 'open') pauses.push(outage.probeAt);
      outage = stepOutage(stepOutage(outage, 'probed', 0), 'failed', 0);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  });

  it('takes only the answer to a probe for a recovery', () => {
    const open = stepOutage({ kind: 'closed' }, 'failed', 0);
    expect(stepOutage(open, 'answered', 1)).toBe(open);
    expect(stepOutage(stepOutage(open, 'probed', 1), 'answered', 2)).toEqual({ kind: 'closed' });
  });

  it('always says when it will ask again, whatever happens', () => {
    const events = fc.array(fc.constantFrom<OutageEvent>('answered', 'failed', 'probed'));
    fc.assert(
      fc.property(events, (list) => {
        let outage: Outage = { kind: 'closed' };
        list.forEach((event, now) => {
          outage = stepOutage(outage, event, now);
          if (outage.kind === 'open') expect(outage.probeAt).toBeLessThanOrEqual(now + 2_000);
        });
      }),
    );
  });
});
