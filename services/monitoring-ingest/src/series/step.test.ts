import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alignedTo, parseStep, resolutionMs, resolutionOf } from './step.ts';

describe('steps (MX-3)', () => {
  it('are a number of seconds, minutes or hours, up to a week', () => {
    expect(['30s', '5m', '1h', '24h', '168h'].map(parseStep)).toEqual([
      30_000, 300_000, 3_600_000, 86_400_000, 604_800_000,
    ]);
  });

  it('are nothing else: not 0s, not 1d, not 999999h, nor what a lenient reader might let pass', () => {
    for (const text of [
      '0s',
      '1d',
      '999999h',
      '169h',
      '',
      's',
      '5',
      '-5m',
      '1.5h',
      '5M',
      ' 5m',
      '5m ',
      '1h30m',
      '٣m',
    ]) {
      expect([text, parseStep(text)]).toEqual([text, null]);
    }
  });

  it('are answered from the coarsest rollup that fills them exactly', () => {
    const of = (text: string) => resolutionOf(parseStep(text) ?? 0);
    expect(['30s', '90s', '60s', '5m', '90m', '1h', '7h', '24h', '48h', '168h'].map(of)).toEqual([
      ...['raw', 'raw', '1m', '1m', '1m', '1h', '1h', '1d', '1d', '1d'],
    ]);
  });

  it('have edges that are multiples of themselves and lose nothing of what was asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 604_800 }),
        fc.integer({ min: 0, max: 2e12 }),
        fc.nat(1e9),
        (seconds, from, length) => {
          const step = seconds * 1_000;
          const asked = { from, to: from + length };
          const aligned = alignedTo(step, asked);
          expect([aligned.from % step, aligned.to % step]).toEqual([0, 0]);
          expect(aligned.from).toBeLessThanOrEqual(asked.from);
          expect(aligned.to).toBeGreaterThanOrEqual(asked.to);
          expect(aligned.to - aligned.from).toBeLessThan(length + 2 * step);
          expect(step % (resolutionMs[resolutionOf(step)] || 1)).toBe(0);
        },
      ),
    );
  });
});
