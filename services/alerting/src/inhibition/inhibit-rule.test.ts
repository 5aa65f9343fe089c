import { describe, expect, it } from '@jest/globals';
import { readMatchers } from '../matchers/read-matchers.ts';
import { createInhibitor, type InhibitRule, type InhibitSource } from './inhibit-rule.ts';

const now = new Date('2026-11-20T12:00:00Z');
const source = (fingerprint: string, labels: Record<string, string>, firing = true): InhibitSource => ({
  fingerprint,
  labels,
  endsAt: new Date(now.getTime() + (firing ? 60_000 : 0)),
});
const rule = (from: string, to: string, equal: string[] = []): InhibitRule => ({
  source: readMatchers(from),
  target: readMatchers(to),
  equal,
});

describe('inhibition (B-45)', () => {
  const jobDown = rule('alertname="JobDown"', 'alertname="InstanceDown"', ['job', 'zone']);
  const target = { alertname: 'InstanceDown', job: 'api', zone: 'aa' };

  it('mutes a target while a source with equal labels fires', () => {
    const fires = source('1', { alertname: 'JobDown', job: 'api', zone: 'aa' });
    expect(createInhibitor([jobDown], [fires], now)(target)).toEqual(['1']);
    expect(createInhibitor([jobDown], [fires], now)({ ...target, zone: 'ab' })).toEqual([]);
    expect(createInhibitor([jobDown], [fires], now)({ ...target, alertname: 'Other' })).toEqual([]);
    expect(createInhibitor([jobDown], [{ ...fires, endsAt: now }], now)(target)).toEqual([]);
  });

  it('goes on while any one of several equal sources fires, whichever ends or comes first', () => {
    const one = source('1', { alertname: 'JobDown', job: 'api', zone: 'aa', instance: 'x' });
    const two = source('2', { alertname: 'JobDown', job: 'api', zone: 'aa', instance: 'y' });
    const ended = (alert: InhibitSource): InhibitSource => ({ ...alert, endsAt: now });
    expect(createInhibitor([jobDown], [ended(one), two], now)(target)).toEqual(['2']);
    expect(createInhibitor([jobDown], [one, ended(two)], now)(target)).toEqual(['1']);
    expect(createInhibitor([jobDown], [two, one], now)(target)).toEqual(['1']);
    expect(createInhibitor([jobDown], [ended(one), ended(two)], now)(target)).toEqual([]);
  });

  it('takes an absent label for an empty one where labels must be equal', () => {
    const fires = source('1', { alertname: 'JobDown', job: 'api' });
    const { zone: _zone, ...zoneless } = target;
    expect(createInhibitor([jobDown], [fires], now)(zoneless)).toEqual(['1']);
    expect(createInhibitor([jobDown], [fires], now)({ ...target, zone: '' })).toEqual(['1']);
    expect(createInhibitor([jobDown], [fires], now)(target)).toEqual([]);
  });

  it('does not let alerts that are on both sides inhibit each other, or themselves', () => {
    const both = rule('severity="critical"', 'job="api"', ['job']);
    const twoSided = source('1', { severity: 'critical', job: 'api' });
    const other = source('2', { severity: 'critical', job: 'api', instance: 'b' });
    expect(createInhibitor([both], [twoSided, other], now)(twoSided.labels)).toEqual([]);
    expect(createInhibitor([both], [twoSided, other], now)({ severity: 'warning', job: 'api' })).toEqual(['1']);
    const oneSided = rule('severity="critical"', 'team="x"');
    const plain = source('3', { severity: 'critical' });
    expect(createInhibitor([oneSided], [plain], now)({ severity: 'critical', team: 'x' })).toEqual(['3']);
  });

  it('asks every rule', () => {
    const fires = source('1', { alertname: 'ClusterDown' });
    const rules = [jobDown, rule('alertname="ClusterDown"', 'alertname!="ClusterDown"')];
    expect(createInhibitor(rules, [fires], now)(target)).toEqual(['1']);
  });
});
