import { describe, expect, it } from '@jest/globals';
import type { DriftComparisonRequest } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { agrees, goldenFigures } from '../../../test/drift-golden.ts';
import { finish } from '../../stats/steps.ts';
import { compareSamples } from './compare-samples.ts';
import { listMethods } from './methods.ts';

const compare = (request: DriftComparisonRequest) => finish(compareSamples(request));

/** The paths that a refusal names. */
function refused(request: DriftComparisonRequest): string[] {
  try {
    compare(request);
  } catch (error) {
    if (error instanceof AppError) return error.fields.map(({ path }) => path);
    throw error;
  }
  return [];
}

describe('comparing two samples (MX-7)', () => {
  const figures = goldenFigures();

  it('has figures to be held to', () => {
    expect(figures.length).toBeGreaterThan(150);
  });

  it.each(figures.map((figure) => [figure.name, figure] as const))('agrees to 1e-9: %s', (_name, figure) => {
    const answer = compare(figure.request);
    expect({ found: answer[figure.of], agrees: agrees(answer[figure.of], figure.expected) }).toEqual({
      found: answer[figure.of],
      agrees: true,
    });
  });

  it.each(listMethods().map(({ method, kinds }) => [method, kinds] as const))(
    'says insufficient_data where a side of %s is empty, and never 0 (x01, x02)',
    (method, kinds) => {
      const row = kinds.includes('numeric') ? 0.5 : kinds.includes('embedding') ? [1, 2] : 'a';
      const options = kinds.includes('numeric') ? {} : { kind: kinds[0] };
      for (const [reference, current] of [
        [[row, row, row], []],
        [[], [row, row, row]],
        [[], []],
      ]) {
        const answer = compare({ method, reference, current, options });
        expect(answer).toMatchObject({ statistic: null, p_value: null, details: { outcome: 'insufficient_data' } });
      }
    },
  );

  it('drops nulls from the test and tells which share is missing (x03)', () => {
    const request = { method: 'ks', reference: [1, null, 2, 3, null], current: [2, null, 3, 4] } as const;
    const answer = compare({ ...request, reference: [...request.reference], current: [...request.current] });
    const without = compare({ method: 'ks', reference: [1, 2, 3], current: [2, 3, 4] });
    expect([answer.statistic, answer.p_value]).toEqual([without.statistic, without.p_value]);
    expect(answer.details['missing_share']).toEqual({ reference: 0.4, current: 0.25 });
  });

  it('counts what is not finite as invalid, and lets it poison nothing (x04)', () => {
    for (const method of ['ks', 'psi', 'wasserstein', 'page_hinkley'] as const) {
      const answer = compare({ method, reference: [1, 2, 3, 4], current: [1, 'NaN', 'Infinity', 2] });
      expect(answer.statistic).toBe(compare({ method, reference: [1, 2, 3, 4], current: [1, 2] }).statistic);
      expect(answer.details['invalid_count']).toEqual({ reference: 0, current: 2 });
    }
  });

  it('refuses a value of another type with its index (x05)', () => {
    const current = [1, 2, 3];
    expect(refused({ method: 'ks', reference: ['1', 2, 'three'], current })).toEqual(['reference.0', 'reference.2']);
    expect(refused({ method: 'psi', reference: current, current: [1, true, 2] })).toEqual(['current.1']);
    expect(refused({ method: 'mmd', reference: [[1, 2], [1]], current: [[1, 2]] })).toEqual(['reference.1']);
  });

  it('counts categories in a Map, whatever they are called (x06)', () => {
    const rows = (counts: [string, number][]) => counts.flatMap(([name, count]) => new Array<string>(count).fill(name));
    const asRows = compare({
      method: 'chi_square',
      reference: rows([
        ['__proto__', 5],
        ['constructor', 5],
        ['a', 10],
      ]),
      current: rows([
        ['__proto__', 1],
        ['constructor', 9],
        ['a', 10],
      ]),
    });
    expect(asRows.details).toMatchObject({ dof: 2, categories: ['__proto__', 'a', 'constructor'] });
    const asCounts = compare({
      method: 'chi_square',
      reference_counts: JSON.parse('{"__proto__": 5, "constructor": 5, "a": 10}') as unknown,
      current_counts: JSON.parse('{"__proto__": 1, "constructor": 9, "a": 10}') as unknown,
    });
    expect([asCounts.statistic, asCounts.p_value]).toEqual([asRows.statistic, asRows.p_value]);
  });

  it('gives distance 0 whatever the order of the categories (x07)', () => {
    for (const method of ['psi', 'chi_square', 'jensen_shannon', 'hellinger', 'kl', 'tvd', 'l_infinity'] as const) {
      const reference = [10, 9, 2].flatMap((name, index) => new Array<string>(index + 2).fill(String(name)));
      expect(compare({ method, reference, current: reference.toReversed() }).statistic).toBe(0);
      const counts = { reference_counts: { 10: 3, 9: 2, 2: 5 }, current_counts: { 2: 5, 10: 3, 9: 2 } };
      expect(compare({ method, ...counts }).statistic).toBe(0);
    }
  });

  it('says 0 and p = 1 of constant samples that agree, and something defined of those that do not', () => {
    for (const { method, kinds } of listMethods()) {
      if (!kinds.includes('numeric')) continue;
      const same = compare({ method, reference: [0.7, 0.7, 0.7], current: [0.7, 0.7] });
      const isOfRanks = method === 'mann_whitney_u' || method === 'cramer_von_mises';
      expect([method, same.statistic === 0 || isOfRanks]).toEqual([method, true]);
      expect(same.p_value ?? 1).toBeCloseTo(1, 8);
      const other = compare({ method, reference: [0.7, 0.7, 0.7], current: [0.2, 0.2] });
      expect(other.statistic).not.toBeNull();
    }
  });

  it('refuses an option that another method has, and a method for another kind of samples', () => {
    const rows = { reference: [1, 2], current: [2, 3] };
    expect(refused({ method: 'ks', ...rows, options: { gamma: 1 } })).toEqual(['options.gamma']);
    expect(refused({ method: 'mmd', ...rows })).toEqual(['reference']);
    expect(refused({ method: 'ks', reference: ['a'], current: ['b'] })).toEqual(['reference']);
    expect(refused({ method: 'psi', current: [1] })).toEqual(['reference']);
    expect(refused({ method: 'cbpe', reference: [0.5], current: [2] })).toEqual(['current']);
    expect(
      refused({ method: 'psi', reference: [0.5, 0.6], current: [0.5, 0.5], options: { kind: 'probability' } }),
    ).toEqual(['reference']);
  });

  it('explains a result bin by bin, with contributions that add up to it', () => {
    const answer = compare({ method: 'psi', reference: ['a', 'a', 'b', 'c'], current: ['a', 'b', 'b', 'd'] });
    const bins = answer.details['bins'] as { bin: string; contribution: number }[];
    expect(bins.map(({ bin }) => bin)).toEqual(['a', 'b', 'c', 'd']);
    expect(bins.reduce((total, { contribution }) => total + contribution, 0)).toBeCloseTo(Number(answer.statistic), 12);
  });
});
