import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideFlush, type FlushInput, type GroupedAlert } from './decide-flush.ts';
import { afterFlush, emptyGroupKeptMs, isForgotten, joinGroup, restartGroup, type GroupTimer } from './group-timer.ts';
import { needsUpdate } from './needs-update.ts';

const { needs_update: cases } = JSON.parse(
  readFileSync(new URL('../../test/vectors/am-unit-vectors.json', import.meta.url), 'utf8'),
) as {
  needs_update: {
    entry: { firing?: number[]; resolved?: number[]; age_s?: number | 'infinite' } | null;
    firing?: number[];
    resolved?: number[];
    repeat_s?: number;
    send_resolved?: boolean;
    notify: boolean;
  }[];
};

const at = (seconds: number): Date => new Date(1_700_000_000_000 + Math.round(seconds * 1_000));
const seconds = (moment: Date): number => (moment.getTime() - at(0).getTime()) / 1_000;

describe('whether somebody has to be told again (MX-12)', () => {
  it('decides the 11 cases of Alertmanager alike', () => {
    expect(cases).toHaveLength(11);
    const names = (ids: number[] = []): string[] => ids.map(String);
    for (const one of cases) {
      const age = one.entry?.age_s ?? 0;
      const last = one.entry && {
        firing: names(one.entry.firing),
        resolved: names(one.entry.resolved),
        at: age === 'infinite' ? new Date(0) : at(-age),
      };
      const verdict = needsUpdate(
        last,
        { firing: names(one.firing), resolved: names(one.resolved) },
        {
          sendResolved: one.send_resolved ?? false,
          repeatIntervalMs: (one.repeat_s ?? 0) * 1_000 || 3_600_000,
          now: at(0),
        },
      );
      expect([one, verdict.needed]).toEqual([one, one.notify]);
    }
  });
});

describe('the rhythm of a group (B-45)', () => {
  const intervals = { groupWaitMs: 1_000, groupIntervalMs: 5_000 };

  it('waits once, then beats', () => {
    const begun = joinGroup(null, { startsAt: at(1) }, intervals, at(1));
    expect(begun).toEqual({ nextFlushAt: at(2), hasFlushed: false, emptySince: null });
    expect(joinGroup(begun, { startsAt: at(1.5) }, intervals, at(1.5))).toEqual(begun);
    const flushed = afterFlush(begun, intervals, at(2.01), false);
    expect(flushed).toEqual({ nextFlushAt: at(7), hasFlushed: true, emptySince: null });
    expect(joinGroup(flushed, { startsAt: at(0) }, intervals, at(3))).toEqual(flushed);
  });

  it('tells at once what has been firing for longer than the wait', () => {
    expect(joinGroup(null, { startsAt: at(-5) }, intervals, at(1)).nextFlushAt).toEqual(at(1));
    const waiting = joinGroup(null, { startsAt: at(1) }, intervals, at(1));
    expect(joinGroup(waiting, { startsAt: at(0) }, intervals, at(1.5)).nextFlushAt).toEqual(at(1.5));
    expect(joinGroup(waiting, { startsAt: at(0.5) }, intervals, at(1.5)).nextFlushAt).toEqual(at(2));
  });

  it('keeps its rhythm while it is empty, and for half a minute only', () => {
    const empty = afterFlush({ nextFlushAt: at(7), hasFlushed: true, emptySince: null }, intervals, at(7), true);
    expect(empty.emptySince).toEqual(at(7));
    expect(joinGroup(empty, { startsAt: at(8) }, intervals, at(8))).toMatchObject({
      nextFlushAt: at(12),
      emptySince: null,
    });
    expect(joinGroup(empty, { startsAt: at(23) }, intervals, at(23)).nextFlushAt).toEqual(at(27));
    const later = at(7 + emptyGroupKeptMs / 1_000);
    expect(isForgotten(empty, later)).toBe(true);
    expect(joinGroup(empty, { startsAt: later }, intervals, later)).toMatchObject({
      nextFlushAt: new Date(later.getTime() + 1_000),
      hasFlushed: false,
    });
  });

  it('begins anew when the configuration is read again', () => {
    expect(
      restartGroup([{ startsAt: at(1) }], { groupWaitMs: 1_000, groupIntervalMs: 6_000 }, at(3)).nextFlushAt,
    ).toEqual(at(3));
    expect(
      restartGroup([{ startsAt: at(2.5) }], { groupWaitMs: 1_000, groupIntervalMs: 6_000 }, at(3)).nextFlushAt,
    ).toEqual(at(4));
  });

  it('never beats in the past and never shifts, however late a flush is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 10_000_000 }),
        (groupIntervalMs, lateMs) => {
          const due = at(0);
          const now = new Date(due.getTime() + lateMs);
          const { nextFlushAt } = afterFlush(
            { nextFlushAt: due, hasFlushed: true, emptySince: null },
            { groupIntervalMs },
            now,
            false,
          );
          const ahead = nextFlushAt.getTime() - now.getTime();
          expect(ahead).toBeGreaterThan(0);
          expect(ahead).toBeLessThanOrEqual(groupIntervalMs);
          expect((nextFlushAt.getTime() - due.getTime()) % groupIntervalMs).toBe(0);
        },
      ),
    );
  });
});

describe('one flush of a group (MX-12, B-45)', () => {
  const timer: GroupTimer = { nextFlushAt: at(10), hasFlushed: true, emptySince: null };
  const alert = (name: string, endsAt = 1_000): GroupedAlert => ({
    fingerprint: name,
    labels: { alertname: name },
    startsAt: at(1),
    endsAt: at(endsAt),
  });
  const told = (firing: string[], resolved: string[] = [], when = 9) => ({ firing, resolved, at: at(when) });
  const flush = (input: Partial<FlushInput<GroupedAlert>>) =>
    decideFlush({
      timer,
      alerts: [],
      addressees: [{ index: 0, sendResolved: true, lastSent: null }],
      groupIntervalMs: 5_000,
      repeatIntervalMs: 3_600_000,
      inhibitedBy: () => [],
      silencedBy: () => [],
      mutedBy: [],
      now: at(10),
      ...input,
    });
  const names = (alerts: readonly GroupedAlert[]): string[] => alerts.map(({ fingerprint }) => fingerprint);

  it('sends all alerts of the group, and lets go of the resolved ones', () => {
    const decision = flush({
      alerts: [alert('a'), alert('b', 9)],
      addressees: [{ index: 0, sendResolved: true, lastSent: told(['a', 'b']) }],
    });
    expect(decision).toMatchObject({ kind: 'notify', reason: 'some_resolved' });
    expect(names(decision.addressees[0]?.alerts ?? [])).toEqual(['a', 'b']);
    expect(names(decision.leaving)).toEqual(['b']);
    expect(decision.addressees[0]?.record).toEqual({ firing: ['a'], resolved: ['b'], at: at(10) });
    expect(seconds(decision.timer.nextFlushAt)).toBe(15);
  });

  it('decides for each addressee apart, and records an end for one that is not told of ends', () => {
    const decision = flush({
      alerts: [alert('a', 9)],
      addressees: [
        { index: 0, sendResolved: true, lastSent: told(['a']) },
        { index: 1, sendResolved: false, lastSent: told(['a']) },
        { index: 2, sendResolved: true, lastSent: null },
      ],
    });
    expect(decision.addressees.map(({ kind }) => kind)).toEqual(['send', 'record', 'skip']);
    expect(decision.timer.emptySince).toEqual(at(10));
  });

  it('never tells of a resolution whose alert was never told', () => {
    expect(flush({ alerts: [alert('a', 9)] })).toMatchObject({
      kind: 'nothing',
      reason: 'only_resolved_and_never_told',
    });
  });

  it('leaves out what is inhibited or silenced, resolved or not, and says by whom', () => {
    const decision = flush({
      alerts: [alert('a'), alert('b'), alert('c', 9)],
      inhibitedBy: ({ alertname }) => (alertname === 'b' ? ['a'] : []),
      silencedBy: ({ alertname }) => (alertname === 'c' ? ['s1'] : []),
    });
    expect(
      decision.suppressed.map(({ alert: { fingerprint }, inhibitedBy, silencedBy }) => ({
        fingerprint,
        inhibitedBy,
        silencedBy,
      })),
    ).toEqual([
      { fingerprint: 'b', inhibitedBy: ['a'], silencedBy: [] },
      { fingerprint: 'c', inhibitedBy: [], silencedBy: ['s1'] },
    ]);
    expect(names(decision.addressees[0]?.alerts ?? [])).toEqual(['a']);
    expect(names(decision.leaving)).toEqual(['c']);
  });

  it('says nothing outside its hours, when all is suppressed, and of an empty group', () => {
    expect(flush({ alerts: [alert('a')], mutedBy: ['nights'] })).toMatchObject({
      kind: 'nothing',
      reason: 'muted_by_time_interval',
    });
    expect(flush({ alerts: [alert('a')], silencedBy: () => ['s'] })).toMatchObject({
      kind: 'nothing',
      reason: 'all_suppressed',
    });
    expect(flush({})).toMatchObject({ kind: 'nothing', reason: 'no_alerts' });
    expect(flush({ alerts: [alert('a')], addressees: [] })).toMatchObject({ kind: 'nothing', reason: 'no_addressee' });
  });
});
