import { describe, expect, it } from '@jest/globals';
import { dueSteps } from './escalation-policy.ts';
import { createWindowSilencer, formatMinute, isOpen, minuteOf } from './maintenance-window.ts';

const nightly = {
  weekdays: [5],
  startMinute: minuteOf('22:00'),
  endMinute: minuteOf('02:30'),
  timeZone: 'Europe/Berlin',
};

describe('a maintenance window (B-45)', () => {
  // 20 November 2026 is a Friday; Berlin is an hour ahead of UTC then, and two in summer.
  it.each([
    ['2026-11-20T20:59:00Z', false],
    ['2026-11-20T21:00:00Z', true],
    ['2026-11-21T01:29:00Z', true],
    ['2026-11-21T01:30:00Z', false],
    ['2026-11-19T21:30:00Z', false],
    ['2026-11-20T01:00:00Z', false],
    ['2026-07-17T20:00:00Z', true],
    ['2026-07-17T19:59:00Z', false],
  ])('from Friday 22:00 to 02:30 in Berlin is at %s open: %s', (at, open) => {
    expect(isOpen(nightly, new Date(at))).toBe(open);
  });

  it.each([
    ['2026-11-20T11:59:00Z', false],
    ['2026-11-20T12:00:00Z', true],
    ['2026-11-20T12:59:00Z', true],
    ['2026-11-20T13:00:00Z', false],
  ])('of a stretch within every day is at %s open: %s', (at, open) => {
    const daily = { weekdays: [], startMinute: 720, endMinute: 780, timeZone: 'UTC' };
    expect(isOpen(daily, new Date(at))).toBe(open);
  });

  it('keeps only the alerts quiet that fit all its matchers', () => {
    const window = {
      ...nightly,
      ...{ id: 'maintenance_1', tenantId: 'tenant_1', name: 'nights', createdAt: new Date(0) },
      matchers: [{ name: 'job', op: '=' as const, value: 'batch' }],
    };
    const quiet = createWindowSilencer([window], new Date('2026-11-20T22:00:00Z'));
    expect([quiet({ job: 'batch' }), quiet({ job: 'web' })]).toEqual([['maintenance_1'], []]);
    expect(createWindowSilencer([window], new Date('2026-11-20T12:00:00Z'))({ job: 'batch' })).toEqual([]);
  });

  it('is written as it was read', () => {
    expect(['00:00', '09:05', '23:59'].map((text) => formatMinute(minuteOf(text)))).toEqual([
      '00:00',
      '09:05',
      '23:59',
    ]);
  });
});

describe('the steps of an escalation (B-45)', () => {
  const firedAt = new Date('2026-11-20T12:00:00Z');
  const alert = (severity: string) => ({
    ...{ fingerprint: severity, episode: 1, labels: { severity }, annotations: {}, generatorUrl: '', firedAt },
  });
  const policy = {
    matchers: [{ name: 'severity', op: '=' as const, value: 'critical' }],
    steps: [
      { afterSeconds: 300, channels: ['lead'] },
      { afterSeconds: 900, channels: ['boss'] },
    ],
  };
  it.each([
    [299, []],
    [300, [0]],
    [899, [0]],
    [900, [0, 1]],
  ])('that are due after %d seconds: %j', (seconds, steps) => {
    const now = new Date(firedAt.getTime() + seconds * 1_000);
    expect(dueSteps(policy, [alert('critical'), alert('low')], now).map(({ step }) => step)).toEqual(steps);
  });
});
