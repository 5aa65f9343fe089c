import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planParts, type StaleBuckets } from './plan-parts.ts';
import { resolutionMs, type Rollup } from './step.ts';

const fresh: StaleBuckets = { '1m': new Set(), '1h': new Set(), '1d': new Set() };
const at = (text: string) => Date.parse(text);

describe('what a query reads (MX-2, MX-3)', () => {
  it('is days, hours, minutes and rows, each where the coarser one does not fit', () => {
    const span = { from: at('2026-01-01T22:58:30Z'), to: at('2026-01-03T01:01:00Z') };
    expect(planParts({ span, coarsest: '1d', stale: fresh })).toEqual([
      { resolution: 'raw', spans: [{ from: span.from, to: at('2026-01-01T22:59:00Z') }] },
      {
        resolution: '1m',
        spans: [
          { from: at('2026-01-01T22:59:00Z'), to: at('2026-01-01T23:00:00Z') },
          { from: at('2026-01-03T01:00:00Z'), to: at('2026-01-03T01:01:00Z') },
        ],
      },
      {
        resolution: '1h',
        spans: [
          { from: at('2026-01-01T23:00:00Z'), to: at('2026-01-02T00:00:00Z') },
          { from: at('2026-01-03T00:00:00Z'), to: at('2026-01-03T01:00:00Z') },
        ],
      },
      { resolution: '1d', spans: [{ from: at('2026-01-02T00:00:00Z'), to: at('2026-01-03T00:00:00Z') }] },
    ]);
  });

  it('is the rows of the one minute that a late row came for, and rollups beside it', () => {
    const day = at('2026-01-02T00:00:00Z');
    const minute = at('2026-01-02T10:30:00Z');
    const stale: StaleBuckets = {
      '1m': new Set([minute]),
      '1h': new Set([at('2026-01-02T10:00:00Z')]),
      '1d': new Set([day]),
    };
    const parts = planParts({ span: { from: day, to: day + 86_400_000 }, coarsest: '1d', stale });
    expect(parts.map(({ resolution }) => resolution)).toEqual(['raw', '1m', '1h']);
    expect(parts[0]?.spans).toEqual([{ from: minute, to: minute + 60_000 }]);
    expect(parts[1]?.spans).toHaveLength(2);
  });

  it('covers every moment exactly once, and reads no stale bucket', () => {
    const buckets = (ms: number) => fc.array(fc.integer({ min: 0, max: 4 * (86_400_000 / ms) }), { maxLength: 5 });
    const sets = fc
      .record({ '1m': buckets(60_000), '1h': buckets(3_600_000), '1d': buckets(86_400_000) })
      .map((indices): StaleBuckets => {
        const of = (resolution: Rollup) => new Set(indices[resolution].map((n) => n * resolutionMs[resolution]));
        return { '1m': of('1m'), '1h': of('1h'), '1d': of('1d') };
      });
    fc.assert(
      fc.property(
        fc.nat(4 * 86_400_000),
        fc.nat(3 * 86_400_000),
        fc.constantFrom('raw', '1m', '1h', '1d'),
        sets,
        (from, length, coarsest, stale) => {
          const span = { from, to: from + length };
          const parts = planParts({ span, coarsest, stale });
          const all = parts.flatMap(({ spans }) => spans).sort((one, other) => one.from - other.from);
          let covered = span.from;
          for (const part of all) {
            expect(part.from).toBe(covered);
            covered = part.to;
          }
          expect(covered).toBe(span.to);
          for (const { resolution, spans } of parts) {
            if (resolution === 'raw') continue;
            const ms = resolutionMs[resolution];
            for (const { from: begin, to: end } of spans) {
              expect([begin % ms, end % ms]).toEqual([0, 0]);
              for (const bucket of stale[resolution]) expect(bucket >= begin && bucket < end).toBe(false);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
