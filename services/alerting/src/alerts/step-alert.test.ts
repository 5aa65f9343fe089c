import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newAlert, type AlertRecord } from './alert.ts';
import { changeAlert } from './change-alert.ts';
import { stepAlert, type Observation, type StepPolicy } from './step-alert.ts';

const minute = 60_000;
const start = Date.parse('2026-03-01T00:00:00Z');
const at = (minutes: number) => new Date(start + minutes * minute);
const plain: StepPolicy = {
  forMs: 0,
  keepFiringMs: 0,
  cooldownMs: 0,
  noData: 'keep',
  flapping: { transitionsMax: 100, withinMs: 60 * minute },
};
const seen = (kind: Observation['kind'], severity: Observation['severity'] = 'high'): Observation => ({
  kind,
  value: kind === 'no_data' ? null : 1,
  severity,
  annotations: {},
});
const fresh = (): AlertRecord =>
  newAlert(
    {
      tenant_id: 'tenant_1',
      fingerprint: '0000000000000001',
      id: 'alert_1',
      rule_id: 'rule_1',
      name: 'LatencyHigh',
      model_id: 'm',
      alert_type: 'latency',
      severity: 'low',
      labels: { alertname: 'LatencyHigh' },
    },
    at(0),
  );

/** What each observation, one a minute from minute 0 on, makes of it. */
function walk(policy: StepPolicy, observations: readonly Observation[], from: AlertRecord = fresh()) {
  let alert = from;
  const types: string[] = [];
  const states = observations.map((observation, index) => {
    const stepped = stepAlert(alert, observation, at(index), policy);
    alert = stepped.next;
    types.push(...stepped.changes.map(({ type }) => type));
    return alert.state;
  });
  return { alert, states, types };
}

describe('an alert, step by step (MX-8)', () => {
  it('fires as promtool says: true from minute 1 with `for: 3m` is pending at 3 and firing at 4', () => {
    const { states } = walk({ ...plain, forMs: 3 * minute }, [
      seen('clear'),
      seen('breach'),
      seen('breach'),
      seen('breach'),
      seen('breach'),
    ]);
    expect(states).toEqual(['inactive', 'pending', 'pending', 'pending', 'firing']);
  });

  it('is kept firing as promtool says: false from minute 5 with `keep_firing_for: 2m` fires at 6 and is gone at 7', () => {
    const { states } = walk({ ...plain, keepFiringMs: 2 * minute }, [
      ...Array.from({ length: 5 }, () => seen('breach')),
      seen('clear'),
      seen('clear'),
      seen('clear'),
    ]);
    expect(states.slice(4)).toEqual(['firing', 'firing', 'firing', 'resolved']);
  });

  it('begins anew when a pending breach was interrupted', () => {
    const { states, types } = walk({ ...plain, forMs: 2 * minute }, [
      seen('breach'),
      seen('breach'),
      seen('clear'),
      seen('breach'),
      seen('breach'),
      seen('breach'),
    ]);
    expect(states).toEqual(['pending', 'pending', 'inactive', 'pending', 'pending', 'firing']);
    expect(types).toEqual(['pending', 'cleared', 'pending', 'fired']);
  });

  it('goes on between the two levels of a hysteresis, and does not begin there', () => {
    const { states } = walk(plain, [seen('hold'), seen('breach'), seen('hold'), seen('hold'), seen('clear')]);
    expect(states).toEqual(['inactive', 'firing', 'firing', 'firing', 'resolved']);
  });

  it('counts what confirms it, and begins a new episode after its end', () => {
    const { alert } = walk(plain, [seen('breach'), seen('breach'), seen('clear'), seen('breach')]);
    expect(alert).toMatchObject({ state: 'firing', episode: 2, count: 1, resolved_at: null });
  });

  it.each([
    ['keep', 'firing', null],
    ['ok', 'resolved', 'condition'],
    ['no_data', 'resolved', 'no_data'],
    ['alert', 'firing', null],
  ] as const)('takes nothing measured as its rule says: %s', (noData, state, reason) => {
    const { alert } = walk({ ...plain, noData }, [seen('breach'), seen('no_data')]);
    expect(alert).toMatchObject({ state, resolved_reason: reason, no_data: true });
  });

  it('only gets worse within an episode, and then somebody has to acknowledge it again', () => {
    const fired = walk(plain, [seen('breach', 'medium')]).alert;
    const known = changeAlert(fired, { kind: 'acknowledge', note: null, until: null }, 'user_1', at(0)).next;
    const milder = stepAlert(known, seen('breach', 'low'), at(1), plain);
    expect(milder).toMatchObject({ next: { severity: 'medium', acknowledged_by: 'user_1' }, changes: [] });
    const worse = stepAlert(milder.next, seen('breach', 'critical'), at(2), plain);
    expect(worse.next).toMatchObject({ severity: 'critical', labels: { severity: 'critical' }, acknowledged_at: null });
    expect(worse.changes.map(({ type }) => type)).toEqual(['severity_changed', 'unacknowledged']);
  });

  it('waits out its cooldown, unless it comes back worse', () => {
    const policy = { ...plain, cooldownMs: 5 * minute };
    const ended = walk(policy, [seen('breach', 'medium'), seen('clear')]).alert;
    expect(stepAlert(ended, seen('breach', 'medium'), at(2), policy).next.state).toBe('pending');
    expect(stepAlert(ended, seen('breach', 'critical'), at(2), policy).next.state).toBe('firing');
    expect(stepAlert(ended, seen('breach', 'medium'), at(6), policy).next.state).toBe('firing');
  });

  it('says that it flaps, and when it no longer does', () => {
    const policy = { ...plain, flapping: { transitionsMax: 3, withinMs: 10 * minute } };
    const { alert, types } = walk(policy, [seen('breach'), seen('clear'), seen('breach'), seen('clear')]);
    expect([alert.flapping, types.at(-1)]).toEqual([true, 'flapping']);
    expect(stepAlert(alert, seen('clear'), at(20), policy)).toMatchObject({
      next: { flapping: false },
      changes: [{ type: 'steady' }],
    });
  });

  it('stays resolved by hand for as long as was said', () => {
    const fired = walk(plain, [seen('breach')]).alert;
    const untilClear = changeAlert(
      fired,
      { kind: 'resolve', note: 'seen to', hold: 'until_clear', graceMs: 0 },
      'user_1',
      at(0),
    ).next;
    const again = stepAlert(untilClear, seen('breach'), at(1), plain).next;
    expect(again.state).toBe('resolved');
    const cleared = stepAlert(again, seen('clear'), at(2), plain).next;
    expect(stepAlert(cleared, seen('breach'), at(3), plain).next).toMatchObject({ state: 'firing', episode: 2 });

    const grace = { kind: 'resolve', note: null, hold: 'after_grace', graceMs: 2 * minute } as const;
    const graced = changeAlert(fired, grace, 'user_1', at(0)).next;
    expect(stepAlert(graced, seen('breach'), at(1), plain).next.state).toBe('resolved');
    expect(stepAlert(graced, seen('breach'), at(2), plain).next).toMatchObject({ state: 'firing', episode: 2 });
  });

  const anObservation = fc.constantFrom(
    seen('breach'),
    seen('breach', 'critical'),
    seen('hold'),
    seen('clear'),
    seen('no_data'),
  );
  const aPolicy = fc.record({
    forMs: fc.integer({ min: 0, max: 5 }).map((minutes) => minutes * minute),
    keepFiringMs: fc.integer({ min: 0, max: 5 }).map((minutes) => minutes * minute),
    cooldownMs: fc.integer({ min: 0, max: 5 }).map((minutes) => minutes * minute),
    noData: fc.constantFrom('alert', 'ok', 'keep', 'no_data'),
    flapping: fc.constant({ transitionsMax: 4, withinMs: 10 * minute }),
  }) satisfies fc.Arbitrary<StepPolicy>;

  it('never fires before its breach has lasted, and each episode is told to begin and to end once', () => {
    fc.assert(
      fc.property(aPolicy, fc.array(anObservation, { maxLength: 40 }), (policy, observations) => {
        let alert = fresh();
        let episodes = 0;
        let isOpen = false;
        observations.forEach((observation, index) => {
          const { next, changes } = stepAlert(alert, observation, at(index), policy);
          for (const { type } of changes) {
            if (type === 'fired') {
              expect(isOpen).toBe(false);
              isOpen = true;
              episodes += 1;
              expect(at(index).getTime() - (next.active_since ?? at(999)).getTime()).toBeGreaterThanOrEqual(
                policy.forMs,
              );
            }
            if (type === 'resolved') {
              expect(isOpen).toBe(true);
              isOpen = false;
            }
          }
          expect([next.state === 'firing', next.episode]).toEqual([isOpen, episodes]);
          alert = next;
        });
      }),
    );
  });

  it('is not moved by an observation that is late or comes twice', () => {
    fc.assert(
      fc.property(
        aPolicy,
        fc.array(anObservation, { minLength: 1, maxLength: 20 }),
        anObservation,
        (policy, all, late) => {
          const { alert } = walk(policy, all);
          for (const minutes of [all.length - 1, all.length - 2])
            expect(stepAlert(alert, late, at(minutes), policy)).toEqual({ next: alert, changes: [] });
        },
      ),
    );
  });
});
