import { describe, expect, it } from '@jest/globals';
import { defaultDriftPolicy } from '@signalbox/contracts';
import { judged, normal, simulate } from '../../../test/drift-simulation.ts';
import { sorted } from '../../stats/quantile.ts';
import { seededRandom } from '../../stats/random.ts';
import { finish } from '../../stats/steps.ts';
import { countsOf } from '../comparison/read-samples.ts';
import type { Column } from './column.ts';
import { confirmDrift } from './confirm-drift.ts';
import { judgeWindow } from './judge-window.ts';

const random = seededRandom(11);
const draw = <Value>(rows: number, of: () => Value): Value[] => Array.from({ length: rows }, of);
const numeric = (values: number[], missing = 0): Column => ({ kind: 'numeric', missing, ascending: sorted(values) });
const categorical = (names: string[]): Column => ({ kind: 'categorical', missing: 0, counts: countsOf(names) });
const one = (column: Column) => new Map([['feature:x', column]]);

describe('a verdict on one window (MX-7)', () => {
  // bench/drift-verdicts.ts runs more of it.
  it.each([
    [200, 200, 1, 400],
    [200, 200, 10, 100],
    [200, 200, 100, 40],
    [5_000, 100, 1, 200],
    [5_000, 100, 10, 60],
    [5_000, 100, 100, 20],
    [5_000, 5_000, 1, 100],
    [5_000, 5_000, 10, 30],
    [5_000, 5_000, 100, 20],
  ])(
    'calls at most 5 %% of models drifting that do not drift: %i rows against %i, %i columns',
    (reference, current, columns, runs) => {
      expect(simulate({ reference, current, columns, runs, seed: 4_711 })).toBeLessThanOrEqual(0.05);
    },
  );

  it.each([
    [500, 500, 1, 200],
    [500, 500, 10, 60],
    [500, 500, 100, 20],
    [5_000, 500, 1, 100],
  ])(
    'finds a shift by half a standard deviation: %i rows against %i, %i columns',
    (reference, current, columns, runs) => {
      expect(simulate({ reference, current, columns, runs, seed: 815, shift: 0.5 })).toBeGreaterThanOrEqual(0.95);
    },
  );

  it('wants an effect: what is certain and tiny is no drift', () => {
    const was = numeric(draw(100_000, () => normal(random)));
    const is = numeric(draw(100_000, () => normal(random) + 0.05));
    const { outcome, checks } = judged(one(was), one(is));
    expect(outcome).toBe('no_drift');
    expect(checks[0]?.significance?.adjusted_p_value).toBeLessThan(1e-6);
    expect(checks[0]?.effect?.value).toBeLessThan(0.1);
  });

  it('wants significance: what is large among few rows is no drift', () => {
    const effects = draw(20, () => {
      const { outcome, checks } = judged(
        one(numeric(draw(100, () => normal(random)))),
        one(numeric(draw(100, () => normal(random)))),
      );
      expect(outcome).toBe('no_drift');
      return checks[0]?.effect?.value ?? 0;
    });
    expect(Math.max(...effects)).toBeGreaterThan(0.2);
  });

  it('says insufficient_data below the least number of rows, and drift at it', () => {
    const was = one(numeric(draw(1_000, () => normal(random))));
    const rows = draw(100, () => normal(random) + 2);
    expect(judged(was, one(numeric(rows.slice(1)))).outcome).toBe('insufficient_data');
    expect(judged(was, one(numeric([]))).outcome).toBe('insufficient_data');
    expect(judged(was, one(numeric(rows))).outcome).toBe('drift');
  });

  it('explains drift by the bins that make it, the greatest part first, and all of it', () => {
    const was = numeric(draw(2_000, () => normal(random)));
    const is = numeric(draw(2_000, () => normal(random) + 1));
    const [check] = judged(one(was), one(is)).checks;
    const parts = check?.bins.map(({ contribution }) => contribution) ?? [];
    expect(parts).toHaveLength(10);
    expect(parts).toEqual(parts.toSorted((a, b) => b - a));
    expect(parts.reduce((total, part) => total + part, 0)).toBeCloseTo(check?.effect?.value ?? 0, 10);
    expect(check?.details['psi_band']).toBe('major');
    expect(check?.bins[0]?.bin).toMatch(/^\(-∞|∞\)$/);
  });

  it('finds values that go missing, leave the range, or are of new categories, and names the check', () => {
    const values = draw(1_000, () => normal(random));
    const flagged = (was: Column, is: Column) =>
      judged(one(was), one(is))
        .checks.filter(({ outcome }) => outcome === 'drift')
        .map(({ check }) => check);
    expect(flagged(numeric(values), numeric(values.slice(0, 900), 100))).toEqual(['missing_share']);
    const beyond = values.map((value, index) => (index % 40 === 0 ? 50 : value));
    expect(flagged(numeric(values), numeric(beyond))).toEqual(['out_of_range']);
    const names = draw(1_000, () => Math.floor(random() * 4)).map(String);
    const renamed = names.map((name, index) => (index % 30 === 0 ? 'new' : name));
    expect(flagged(categorical(names), categorical(renamed))).toContain('new_categories');
    expect(flagged(numeric(values), numeric(values))).toEqual([]);
  });

  it("finds values outside the model's schema, where the reference had fewer", () => {
    const values = draw(1_000, () => random() * 100);
    const higher = values.map((value, index) => (index % 25 === 0 ? value / 2 + 50 : value));
    const features = { x: { kind: 'number', max: 90 } } as const;
    const outcome = (is: number[]) =>
      finish(judgeWindow(one(numeric(values)), one(numeric(is)), defaultDriftPolicy, features)).checks.find(
        ({ check }) => check === 'outside_schema',
      )?.outcome;
    expect([outcome(values), outcome(higher.map((value) => Math.min(99, value * 1.3)))]).toEqual(['no_drift', 'drift']);
    const countries = { x: { kind: 'category' as const, values: ['de', 'fr'] } };
    const names = (share: number) => one(categorical(draw(500, () => (random() < share ? 'xx' : 'de'))));
    const judgedNames = (share: number) =>
      finish(judgeWindow(names(0.01), names(share), defaultDriftPolicy, countries));
    expect(judgedNames(0.2).checks.at(-1)).toMatchObject({ check: 'outside_schema', outcome: 'drift' });
    expect(judgedNames(0.01).checks.at(-1)).toMatchObject({ check: 'outside_schema', outcome: 'no_drift' });
  });

  it('calls at most 5 % of models drifting by their embeddings, errors and estimates, where nothing does', () => {
    const runs = 40;
    const model = () =>
      new Map<string, Column>([
        [
          'embedding',
          { kind: 'embedding', missing: 0, vectors: draw(100, () => 0).map(() => draw(8, () => normal(random))) },
        ],
        [
          'error_rate',
          { kind: 'error_rate', missing: 0, stream: Float64Array.from(draw(200, () => (random() < 0.2 ? 1 : 0))) },
        ],
        [
          'performance',
          {
            kind: 'estimated_performance',
            missing: 0,
            predictions: draw(200, random).map((score) => ({ score, isPositive: score >= 0.5, isTrue: null })),
          },
        ],
      ]);
    const drifting = draw(runs, () => Number(judged(model(), model()).outcome === 'drift'));
    expect(drifting.reduce((total, each) => total + each, 0) / runs).toBeLessThanOrEqual(0.05);
  });

  it('calls a constant that changed drifting, and one that did not stable', () => {
    const constant = (value: number) => one(numeric(new Array<number>(300).fill(value)));
    expect(judged(constant(1), constant(1)).outcome).toBe('no_drift');
    expect(judged(constant(1), constant(2)).outcome).toBe('drift');
  });

  it('lets identifiers be new in every row', () => {
    const ids = (from: number) => one(categorical(draw(500, () => 0).map((_, index) => `id-${String(from + index)}`)));
    expect(judged(ids(0), ids(10_000)).outcome).toBe('no_drift');
  });

  it('sees embeddings move, among a hundred columns that do not', () => {
    const vectors = (shift: number) => draw(150, () => 0).map(() => draw(16, () => normal(random) + shift));
    const columns = (shift: number) =>
      new Map<string, Column>([
        ...draw(100, () => 0).map((_, index): [string, Column] => [
          `feature:${String(index)}`,
          numeric(draw(200, () => normal(random))),
        ]),
        ['embedding', { kind: 'embedding', missing: 0, vectors: vectors(shift) }],
      ]);
    expect(judged(columns(0), columns(0)).flaggedColumns).toEqual([]);
    expect(judged(columns(0), columns(0.5)).flaggedColumns).toEqual(['embedding']);
  });

  it('sees errors rise by Page and Hinkley, and about where, and not that they go on as they were', () => {
    const errors = (rate: number): Column => ({
      kind: 'error_rate',
      missing: 0,
      stream: Float64Array.from(draw(1_000, () => (random() < rate ? 1 : 0))),
    });
    const model = (rate: number) => new Map([['error_rate', errors(rate)]]);
    expect(judged(model(0.1), model(0.1)).outcome).toBe('no_drift');
    const { outcome, checks } = judged(model(0.1), model(0.5));
    expect(outcome).toBe('drift');
    expect(Math.abs(Number(checks[0]?.details['change_at_row']))).toBeLessThan(400);
    expect(judged(model(0.25), model(0.1)).outcome).toBe('no_drift');
  });

  describe('without labels (CBPE)', () => {
    /** Scores are calibrated: they come true as often as they say. */
    const scored = (spread: number, rows = 2_000, isLying = false): Column => ({
      kind: 'estimated_performance',
      missing: 0,
      predictions: draw(rows, () => 0.5 + (random() - 0.5) * spread).map((score) => ({
        score,
        isPositive: score >= 0.5,
        isTrue: random() < (isLying ? 1 - score : score),
      })),
    });
    const model = (column: Column) => new Map([['performance', column]]);

    it('estimates what the labels say afterwards, within two hundredths', () => {
      const [check] = judged(model(scored(1)), model(scored(0.4))).checks;
      const { estimated, realised_accuracy: realised } = check?.details as {
        estimated: { current: { accuracy: number } };
        realised_accuracy: { current: number };
      };
      expect(Math.abs(estimated.current.accuracy - realised.current)).toBeLessThan(0.03);
    });

    it('calls a loss of accuracy drift, and an equal one none', () => {
      expect(judged(model(scored(1)), model(scored(1))).outcome).toBe('no_drift');
      expect(judged(model(scored(1)), model(scored(0.4))).outcome).toBe('drift');
    });

    it('says not_calibrated of scores that the labels of the reference belie', () => {
      const { outcome, checks } = judged(model(scored(1, 2_000, true)), model(scored(0.4)));
      expect([outcome, checks[0]?.outcome]).toEqual(['insufficient_data', 'not_calibrated']);
    });
  });
});

describe('two of three windows', () => {
  const window = (...flaggedColumns: string[]) => ({
    outcome: flaggedColumns.length > 0 ? ('drift' as const) : ('no_drift' as const),
    flaggedColumns,
  });
  const empty = { outcome: 'insufficient_data' as const, flaggedColumns: [] };

  it.each([
    ['one window is a suspicion', window('a'), [window(), window()], 'suspected', []],
    ['two in a row are drift', window('a'), [window('a')], 'drifting', ['a']],
    ['two of three are drift', window('a'), [window(), window('a')], 'drifting', ['a']],
    ['and stay so for one window that looks well', window(), [window('a'), window('a')], 'drifting', ['a']],
    ['two good ones end it', window(), [window(), window('a'), window('a')], 'stable', []],
    ['another column each time is no drift', window('a'), [window('b'), window('c')], 'suspected', []],
    ['a window without data counts for nothing', window('a'), [empty, window('a')], 'drifting', ['a']],
    ['and is itself unknown', empty, [window('a'), window('a')], 'unknown', []],
  ])('%s', (_name, present, earlier, state, driftingColumns) => {
    expect(confirmDrift(present, earlier)).toEqual({ state, driftingColumns });
  });
});
