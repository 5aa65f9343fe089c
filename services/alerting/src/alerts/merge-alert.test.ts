import { describe, expect, it } from '@jest/globals';
import { isResolved, mergeAlert, type ReportedAlert } from './merge-alert.ts';

const at = (seconds: number): Date => new Date(1_700_000_000_000 + seconds * 1_000);

function reported(startsAt: number, endsAt: number, more: Partial<ReportedAlert> = {}): ReportedAlert {
  return {
    labels: { alertname: 'test' },
    annotations: {},
    generatorUrl: '',
    startsAt: at(startsAt),
    endsAt: at(endsAt),
    timeout: false,
    updatedAt: at(startsAt),
    ...more,
  };
}

describe('two reports of one alert (MX-8)', () => {
  it('begin at the earlier start and say what the younger says', () => {
    const known = reported(1.1, 301, { timeout: true, annotations: { ann: 'v1' }, updatedAt: at(1.1) });
    const earlier = reported(1, 301.1, { timeout: true, annotations: { ann: 'v2' }, updatedAt: at(1.2) });
    // Its start lies before what is known and its end behind: nothing overlaps, the report stands alone.
    expect(mergeAlert(known, earlier, at(1.2))).toEqual(earlier);
    const later = reported(2, 302, { timeout: true, annotations: { ann: 'v3' }, updatedAt: at(2.1) });
    expect(mergeAlert(earlier, later, at(2.1))).toEqual({ ...later, startsAt: at(1) });
  });

  it('keep an end that somebody named against one that is a time-out', () => {
    const named = reported(0, 600, { updatedAt: at(0) });
    const timedOut = reported(10, 310, { timeout: true, updatedAt: at(10) });
    expect(mergeAlert(named, timedOut, at(10)).endsAt).toEqual(at(600));
    expect(mergeAlert({ ...named, timeout: true }, timedOut, at(10)).endsAt).toEqual(at(310));
  });

  it('end at the later end when both have ended', () => {
    const known = reported(1, 4.8, { updatedAt: at(4.8) });
    const again = reported(2.9, 4.1, { updatedAt: at(4.9), annotations: { ann: 'v3' } });
    expect(mergeAlert(known, again, at(5))).toMatchObject({
      startsAt: at(1),
      endsAt: at(4.8),
      annotations: { ann: 'v3' },
    });
  });

  it('end when the younger says so, although the older counted for longer', () => {
    const known = reported(1, 301, { timeout: true });
    const ended = reported(1, 3, { updatedAt: at(3.5) });
    expect(mergeAlert(known, ended, at(3.5))).toMatchObject({ startsAt: at(1), endsAt: at(3) });
  });

  it('are two occurrences when they do not overlap', () => {
    const known = reported(1, 4.8, { updatedAt: at(4.8) });
    const anew = reported(5.3, 305.3, { timeout: true, updatedAt: at(5.3) });
    expect(mergeAlert(known, anew, at(5.3))).toEqual(anew);
    expect(mergeAlert(null, anew, at(5.3))).toEqual(anew);
  });

  it('leave the younger in force whichever arrives last', () => {
    const young = reported(2, 302, { timeout: true, updatedAt: at(9), annotations: { ann: 'young' } });
    const old = reported(3, 303, { timeout: true, updatedAt: at(5), annotations: { ann: 'old' } });
    expect(mergeAlert(young, old, at(9)).annotations).toEqual({ ann: 'young' });
  });

  it('count as resolved from the very instant of their end', () => {
    expect(isResolved({ endsAt: at(5) }, at(5))).toBe(true);
    expect(isResolved({ endsAt: at(5) }, at(4.999))).toBe(false);
  });
});
