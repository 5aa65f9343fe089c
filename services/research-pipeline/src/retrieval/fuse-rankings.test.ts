import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fuseRankings } from './fuse-rankings.ts';

const ranking = (indexes: readonly number[]) => indexes.map((index, place) => ({ index, score: 100 - place }));

describe('fusing rankings', () => {
  it('sums the inverse places, as worked out for each by itself', () => {
    const list = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 });
    const weighted = fc.record({ list, weight: fc.double({ min: 0.1, max: 3, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(weighted, { minLength: 1, maxLength: 4 }), (lists) => {
        const fused = fuseRankings(lists.map(({ list: indexes, weight }) => ({ ranking: ranking(indexes), weight })));
        const all = new Set(lists.flatMap(({ list: indexes }) => indexes));
        const best = lists.reduce((sum, { weight }) => sum + weight / 61, 0);
        expect(new Set(fused.map(({ index }) => index))).toEqual(all);
        for (const { index, score } of fused) {
          const sum = lists.reduce(
            (total, { list: indexes, weight }) =>
              total + (indexes.includes(index) ? weight / (61 + indexes.indexOf(index)) : 0),
            0,
          );
          expect(score).toBeCloseTo(sum / best, 9);
          expect(score).toBeGreaterThan(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-9);
        }
        for (const [place, { score }] of fused.slice(1).entries())
          expect(fused[place]?.score).toBeGreaterThanOrEqual(score);
      }),
    );
  });

  it('leaves one ranking in its order', () => {
    expect(fuseRankings([{ ranking: ranking([4, 2, 9]), weight: 0.5 }]).map(({ index }) => index)).toEqual([4, 2, 9]);
  });

  it('puts what both find before what one finds', () => {
    const fused = fuseRankings([
      { ranking: ranking([1, 2, 3]), weight: 1 },
      { ranking: ranking([4, 5, 3]), weight: 1 },
    ]);
    expect(fused[0]?.index).toBe(3);
  });
});
