import { describe, expect, it } from '@jest/globals';
import { momentsOf } from './run-rules.ts';
import { severityByRatio } from './severity.ts';
import { fillTemplate, templateFlaw } from './template.ts';
import { readInputSeries } from './read-input-series.ts';
import { toSpec } from './rule.ts';
import { stepMsOf, windowValue } from './window-value.ts';
import { defaultRules } from './default-rules.ts';

describe('the bands of severity (MX-8)', () => {
  it('begin exactly at 1.2, 1.5 and 2 times the limit', () => {
    const of = (value: number, threshold: number) => severityByRatio(value, threshold, '>');
    expect([1_199, 1_200, 1_499, 1_500, 1_999, 2_000].map((value) => of(value, 1_000))).toEqual([
      'low',
      'medium',
      'medium',
      'high',
      'high',
      'critical',
    ]);
    // 0.06 ÷ 0.05 is a little less than 1.2 in binary.
    expect([of(0.06, 0.05), of(0.075, 0.05), of(0.1, 0.05)]).toEqual(['medium', 'high', 'critical']);
    expect([of(1, 0), of(0, 0)]).toEqual(['critical', 'low']);
    expect(severityByRatio(5, 10, '<')).toBe('critical');
  });
});

describe('templates', () => {
  const facts = { value: 0.05678, threshold: 0.05, labels: { model_id: 'm<1>', constructor: 'x' } };

  it('fill in facts and nothing else', () => {
    expect(fillTemplate('{{ labels.model_id }}: {{value|percent}} > {{ threshold | percent }}', facts)).toBe(
      'm<1>: 5.68% > 5%',
    );
    expect(fillTemplate('{{ value | round 2 }} {{ labels.model_id | upper }}', facts)).toBe('0.06 M<1>');
    expect(fillTemplate('{{ labels.missing }}{{ labels.toString }}', facts)).toBe('');
    expect(fillTemplate('{{ value }}', { ...facts, value: null })).toBe('');
  });

  it('do not fill in what a label holds a second time', () => {
    expect(fillTemplate('{{ labels.a }}', { ...facts, labels: { a: '{{ labels.b }}', b: 'secret' } })).toBe(
      '{{ labels.b }}',
    );
  });

  it.each([
    '{{ process.env }}',
    '{{ value | eval }}',
    '{{ labels["a"] }}',
    '{{ value',
    'value }}',
    '{{ }}',
    '{{ constructor }}',
  ])('refuse %s', (text) => {
    expect(templateFlaw(text)).not.toBeNull();
  });
});

describe('the value of a window', () => {
  const bucket = (time: number, value: number | null, count = 1) => ({ time: time * 1_000, value, count });
  const minute = { end: 120_000, windowMs: 60_000 };

  it('is that of the buckets that begin in it, weighed by what is in them', () => {
    const buckets = [bucket(58, 9_000), bucket(60, 10, 3), bucket(90, 20), bucket(118, null, 0)];
    expect(windowValue(buckets, { ...minute, aggregate: 'avg' })).toBe(12.5);
    expect(windowValue(buckets, { ...minute, aggregate: 'max' })).toBe(20);
    expect(windowValue(buckets, { ...minute, aggregate: 'min' })).toBe(10);
    expect(windowValue(buckets, { ...minute, aggregate: 'sum' })).toBe(30);
  });

  it('is nothing where nothing was measured', () => {
    for (const aggregate of ['avg', 'max', 'sum', 'count', 'rate', 'p95'] as const)
      expect(windowValue([bucket(60, null, 0)], { ...minute, aggregate })).toBeNull();
  });

  it('is for a percentile that of a whole window of the clock, which no parts make', () => {
    const buckets = [bucket(0, 5), bucket(60, 7), bucket(120, 9)];
    expect(stepMsOf(60_000, 'p95')).toBe(60_000);
    expect(windowValue(buckets, { end: 149_000, windowMs: 60_000, aggregate: 'p95' })).toBe(7);
    expect(windowValue(buckets, { end: 151_000, windowMs: 60_000, aggregate: 'p95' })).toBe(9);
  });
});

describe('the moments of a rule', () => {
  const rule = { id: 'rule_1', spec: toSpec({ name: 'x', condition: { kind: 'watchdog' }, interval: '1m' }) };

  it('are when it was due, however late it is looked at within its interval', () => {
    const due = new Date(600_000);
    const { slot, next } = momentsOf({ ...rule, next_eval_at: due }, new Date(640_000));
    expect([slot, next.getTime() > 640_000, next.getTime() - 640_000 <= 60_000]).toEqual([due, true, true]);
  });

  it('leave out those that were missed, and lie where they would have lain', () => {
    const first = momentsOf({ ...rule, next_eval_at: new Date(600_000) }, new Date(600_000)).next;
    const late = momentsOf({ ...rule, next_eval_at: first }, new Date(first.getTime() + 10 * 60_000 + 5));
    expect(late.slot.getTime()).toBe(first.getTime() + 10 * 60_000);
    expect(late.next.getTime()).toBe(first.getTime() + 11 * 60_000);
  });
});

describe('the series of a unit test', () => {
  it('are read as promtool writes them', () => {
    expect(readInputSeries({ series: 'up{a="b", c="d\\"e"}', values: '1+2x3 _x2 5 -1x1 stale' })).toEqual({
      metric: 'up',
      labels: { a: 'b', c: 'd"e' },
      values: [1, 3, 5, 7, null, null, 5, -1, -1, null],
    });
    expect(readInputSeries({ series: 'up', values: '' })).toMatchObject({ metric: 'up', labels: {}, values: [] });
  });

  it.each([
    ['up{a=b}', '1'],
    ['{}', '1'],
    ['up', 'one'],
    ['up', '1x99999'],
  ])('are refused when they are none: %s %s', (series, values) => {
    expect(readInputSeries({ series, values })).toBeNull();
  });
});

describe('the rules of the start (OD-12)', () => {
  it('make sense, each of them, and bear names of their own', () => {
    const names = defaultRules().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
