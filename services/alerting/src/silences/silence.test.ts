import { describe, expect, it } from '@jest/globals';
import {
  compareSilences,
  createSilencer,
  expireSilence,
  hasMatchers,
  planSilence,
  silenceState,
  type Silence,
  type SilenceInput,
} from './silence.ts';

const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 20, 12) + minutes * 60_000);
const input = (more: Partial<SilenceInput> = {}): SilenceInput => ({
  matchers: [{ name: 'alertname', op: '=', value: 'LatencyHigh' }],
  startsAt: at(0),
  endsAt: at(60),
  createdBy: 'alice',
  comment: 'maintenance',
  annotations: {},
  ...more,
});
const silence = (more: Partial<Silence> = {}): Silence => ({ ...input(), id: 'old', updatedAt: at(0), ...more });
const plan = (previous: Silence | null, wanted: Partial<SilenceInput>, now = at(10)) =>
  planSilence(previous, input(wanted), now, () => 'new');

describe('setting a silence (MX-15, B-45)', () => {
  it('creates one that begins no earlier than now', () => {
    expect(plan(null, {})).toMatchObject({ kind: 'create', expired: null, silence: { id: 'new', startsAt: at(10) } });
    expect(plan(null, { startsAt: at(20) })).toMatchObject({ silence: { startsAt: at(20), updatedAt: at(10) } });
  });

  it('changes an active one in place as long as matchers and start stay', () => {
    expect(plan(silence(), { endsAt: at(120), comment: 'longer' })).toMatchObject({
      kind: 'update',
      silence: { id: 'old', endsAt: at(120), comment: 'longer', startsAt: at(0) },
    });
    expect(plan(silence(), { startsAt: new Date(at(0).getTime() + 999) })).toMatchObject({ kind: 'update' });
  });

  it('ends the old one and creates another when the past would change', () => {
    const moved = plan(silence(), { startsAt: new Date(at(0).getTime() + 1_000) });
    expect(moved).toMatchObject({
      kind: 'create',
      silence: { id: 'new', startsAt: at(10) },
      expired: { id: 'old', endsAt: at(10) },
    });
    const other = plan(silence(), { matchers: [{ name: 'alertname', op: '=~', value: 'LatencyHigh' }] });
    expect(other).toMatchObject({ kind: 'create', expired: { endsAt: at(10) } });
  });

  it('moves a pending one ahead, and never back', () => {
    const pending = silence({ startsAt: at(30) });
    expect(plan(pending, { startsAt: at(15) })).toMatchObject({ kind: 'update', silence: { startsAt: at(15) } });
    expect(plan(pending, { startsAt: at(5) })).toMatchObject({
      kind: 'create',
      expired: { startsAt: at(10), endsAt: at(10) },
    });
  });

  it('creates a new one for one that has ended', () => {
    const ended = silence({ endsAt: at(5) });
    expect(plan(ended, {})).toMatchObject({ kind: 'create', expired: null });
  });

  it('refuses what Alertmanager refuses, in its words', () => {
    const refusal = (wanted: Partial<SilenceInput>): string => {
      try {
        plan(null, wanted);
        return 'taken';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const matcher = (op: '=' | '=~' | '!=', value: string, name = 'a') => ({ matchers: [{ name, op, value }] });
    expect(refusal({ endsAt: at(9) })).toBe("Failed to create silence: end time can't be in the past");
    expect(refusal({ startsAt: at(60) })).toBe('Failed to create silence: start time must be before end time');
    expect(refusal(matcher('=~', '.*'))).toBe('silence invalid: at least one matcher must not match the empty string');
    expect(refusal(matcher('=', ''))).toBe('silence invalid: at least one matcher must not match the empty string');
    expect(refusal(matcher('!=', 'x'))).toBe('taken');
    expect(refusal(matcher('=', 'x', 'bad name'))).toBe(
      'silence invalid: invalid label matcher 0: invalid label name "bad name"',
    );
    expect(refusal(matcher('=~', 'a['))).toBe(
      'silence invalid: invalid label matcher 0: invalid regular expression "a[": error parsing regexp: missing closing ]: `[`',
    );
    expect(refusal({ matchers: [] })).toBe('silence invalid: at least one matcher required');
  });
});

describe('a silence (B-45)', () => {
  it('is pending, active from its very start, and expired from its very end', () => {
    const states = [-1, 0, 59, 60].map((minute) => silenceState(silence(), at(minute)));
    expect(states).toEqual(['pending', 'active', 'active', 'expired']);
  });

  it('is ended once, and a second time is no change', () => {
    const ended = expireSilence(silence(), at(10));
    expect(ended).toMatchObject({ startsAt: at(0), endsAt: at(10), updatedAt: at(10) });
    expect(expireSilence(ended ?? silence(), at(11))).toBeNull();
    expect(expireSilence(silence({ startsAt: at(30) }), at(10))).toMatchObject({ startsAt: at(10), endsAt: at(10) });
  });

  it('covers the alerts that fit all its matchers, while it is active', () => {
    const silences = [
      silence({
        id: 'b',
        matchers: [
          { name: 'model', op: '=~', value: 'm.*' },
          { name: 'zone', op: '!=', value: 'eu' },
        ],
      }),
      silence({ id: 'a' }),
      silence({ id: 'c', endsAt: at(5) }),
    ];
    const silencedBy = createSilencer(silences, at(10));
    expect(silencedBy({ alertname: 'LatencyHigh', model: 'm1' })).toEqual(['a', 'b']);
    expect(silencedBy({ alertname: 'Other', model: 'm1', zone: 'eu' })).toEqual([]);
    expect(silencedBy({ alertname: 'Other', model: 'xm1' })).toEqual([]);
  });

  it('is listed by state, then by what comes next', () => {
    const listed = [
      silence({ id: 'ended-early', endsAt: at(-20), startsAt: at(-60) }),
      silence({ id: 'pending-late', startsAt: at(40), endsAt: at(50) }),
      silence({ id: 'active-long', endsAt: at(90) }),
      silence({ id: 'ended-late', endsAt: at(-5), startsAt: at(-60) }),
      silence({ id: 'pending-soon', startsAt: at(20), endsAt: at(80) }),
      silence({ id: 'active-short', endsAt: at(15) }),
    ].sort((a, b) => compareSilences(a, b, at(10)));
    expect(listed.map(({ id }) => id)).toEqual([
      'active-short',
      'active-long',
      'pending-soon',
      'pending-late',
      'ended-late',
      'ended-early',
    ]);
  });

  it('is found by its matchers, letter by letter', () => {
    expect(hasMatchers(silence(), [{ name: 'alertname', op: '=', value: 'LatencyHigh' }])).toBe(true);
    expect(hasMatchers(silence(), [{ name: 'alertname', op: '=~', value: 'LatencyHigh' }])).toBe(false);
    expect(hasMatchers(silence(), [])).toBe(true);
  });
});
