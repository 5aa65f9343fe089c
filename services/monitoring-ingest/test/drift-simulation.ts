import { defaultDriftPolicy, type DriftPolicy } from '@signalbox/contracts';
import { finish } from '../src/stats/steps.ts';
import { countsOf } from '../src/drift/comparison/read-samples.ts';
import type { Column } from '../src/drift/verdicts/column.ts';
import { judgeWindow, type JudgedWindow } from '../src/drift/verdicts/judge-window.ts';

// Looked up once: a global costs a hundred nanoseconds where tests run, and here are millions.
const { cos, exp, floor, log, PI, sqrt } = Math;

export interface Simulation {
  reference: number;
  current: number;
  columns: number;
  runs: number;
  seed: number;
  /** By how many standard deviations the first column's current mean is moved. */
  shift?: number;
  policy?: Partial<DriftPolicy>;
}

/** In which share of the runs a model was called drifting; every run is another model with other rows. */
export function simulate({ reference, current, columns, runs, seed, shift = 0, policy }: Simulation): number {
  const random = lehmer(seed);
  let drifting = 0;
  for (let run = 0; run < runs; run += 1) {
    const [was, is] = [new Map<string, Column>(), new Map<string, Column>()];
    for (let column = 0; column < columns; column += 1) {
      const name = `feature:${String(column)}`;
      was.set(name, drawColumn(column, reference, 0, random));
      is.set(name, drawColumn(column, current, column === 0 ? shift : 0, random));
    }
    if (judged(was, is, policy).outcome === 'drift') drifting += 1;
  }
  return drifting / runs;
}

export function judged(
  reference: Map<string, Column>,
  current: Map<string, Column>,
  policy: Partial<DriftPolicy> = {},
): JudgedWindow {
  return finish(judgeWindow(reference, current, { ...defaultDriftPolicy, ...policy }));
}

/** Normal, skewed, few-valued and categorical columns in turn; every third one lacks a tenth of its values. */
function drawColumn(column: number, rows: number, shift: number, random: () => number): Column {
  const missing = column % 3 === 2 ? countOf(rows, () => random() < 0.1) : 0;
  const values = rows - missing;
  switch (column % 4) {
    case 0:
      return numeric(values, missing, () => normal(random) + shift);
    case 1:
      return numeric(values, missing, () => exp(normal(random)));
    case 2:
      return numeric(values, missing, () => floor(6 * random() * random()));
    default: {
      const names = Array.from({ length: values }, () => `c${String(floor(40 * random() ** 3))}`);
      return { kind: 'categorical', missing, counts: countsOf(names) };
    }
  }
}

function numeric(rows: number, missing: number, draw: () => number): Column {
  const ascending = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) ascending[row] = draw();
  ascending.sort();
  return { kind: 'numeric', missing, ascending };
}

/** Numbers in (0, 1) that a seed repeats (Lehmer, Park and Miller). */
export function lehmer(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

export function normal(random: () => number): number {
  return sqrt(-2 * log(1 - random())) * cos(2 * PI * random());
}

function countOf(rows: number, isOne: () => boolean): number {
  let count = 0;
  for (let row = 0; row < rows; row += 1) if (isOne()) count += 1;
  return count;
}

/** How many milliseconds it takes to judge so many columns of normal values, each by itself; drawing them is not counted. */
export function judgeNormalColumns(rows: number, columns: number): number {
  const random = lehmer(3);
  const draw = () => new Map([['feature:x', numeric(rows, 0, () => normal(random))]]);
  let milliseconds = 0;
  for (let column = 0; column < columns; column += 1) {
    const [was, is] = [draw(), draw()];
    const from = performance.now();
    judged(was, is);
    milliseconds += performance.now() - from;
  }
  return milliseconds;
}
