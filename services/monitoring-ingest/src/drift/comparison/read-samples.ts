import type { SampleKind } from '@signalbox/contracts';
import { AppError, type FieldError } from '@signalbox/errors';
import { sorted } from '../../stats/quantile.ts';
import { sum } from '../../stats/shares.ts';
import { bothSides, sideNames, type Samples, type SideName, type Sides, type Tally } from './samples.ts';

const specialNumbers = new Set(['NaN', 'Infinity', '-Infinity']);
/** No category can be mistaken for these. */
const invalid = Symbol('invalid');
const foreign = Symbol('foreign');
const badValuesToldMax = 50;
const dimensionsMax = 4_096;
const categoriesMax = 100_000;

/** Rows as they came, or counts by category in their place. */
export interface RawSamples {
  rows?: Sides<readonly unknown[]>;
  counts?: Sides<unknown>;
}

/** Reads both sides as one kind. Throws `validation_failed`, which names the index of every value that does not belong. */
export function readSamples({ rows, counts }: RawSamples, asked: SampleKind | undefined): Samples {
  if (counts !== undefined) {
    if (asked !== undefined && asked !== 'categorical') throw wrong('options.kind', 'Expected categorical for counts.');
    return readCounts(counts);
  }
  if (rows === undefined) throw wrong('reference', 'Expected an array; it is missing.');
  switch (asked ?? kindOf(rows)) {
    case 'numeric':
      return readNumeric(rows);
    case 'categorical':
      return readCategorical(rows);
    case 'probability':
      return readProbabilities(rows);
    case 'embedding':
      return readEmbeddings(rows);
  }
}

/** Vectors where there is an array, numeric where there is a number or nothing but special numbers, else categorical. */
function kindOf({ reference, current }: Sides<readonly unknown[]>): SampleKind {
  let seen: SampleKind = 'numeric';
  for (const values of [reference, current]) {
    for (const value of values) {
      if (typeof value === 'number') return 'numeric';
      if (Array.isArray(value)) return 'embedding';
      if (typeof value === 'boolean' || (typeof value === 'string' && !specialNumbers.has(value))) seen = 'categorical';
    }
  }
  return seen;
}

function readNumeric(rows: Sides<readonly unknown[]>): Samples {
  const bad: FieldError[] = [];
  const read = bothSides((side) =>
    readSide(rows[side], side, bad, 'Expected a number or null.', (value) => {
      if (typeof value === 'number') return Number.isFinite(value) ? value : invalid;
      return typeof value === 'string' && specialNumbers.has(value) ? invalid : foreign;
    }),
  );
  refuse(bad);
  const inOrder = bothSides((side) => Float64Array.from(read[side].values));
  return {
    kind: 'numeric',
    ascending: bothSides((side) => sorted(inOrder[side])),
    inOrder,
    tallies: bothSides((side) => read[side].tally),
  };
}

function readCategorical(rows: Sides<readonly unknown[]>): Samples {
  const bad: FieldError[] = [];
  const read = bothSides((side) =>
    readSide(rows[side], side, bad, 'Expected a string, a boolean, a number or null.', (value) =>
      typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : foreign,
    ),
  );
  refuse(bad);
  return {
    kind: 'categorical',
    counts: bothSides((side) => countsOf(read[side].values)),
    tallies: bothSides((side) => read[side].tally),
  };
}

function readCounts(counts: Sides<unknown>): Samples {
  const bad: FieldError[] = [];
  const read = bothSides((side) => {
    const given = counts[side];
    const path = `${side}_counts`;
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw wrong(path, 'Expected an object of categories and counts.');
    const map = new Map<string, number>();
    Object.entries(given).forEach(([category, count]: [string, unknown], index) => {
      if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) {
        if (count > 0) map.set(category, count);
      } else if (bad.length < badValuesToldMax) {
        bad.push({ path: `${path}.${String(index)}`, message: 'Expected a whole number from 0.' });
      }
    });
    if (map.size > categoriesMax) throw wrong(path, `Expected at most ${String(categoriesMax)} categories.`);
    return map;
  });
  refuse(bad);
  return {
    kind: 'categorical',
    counts: read,
    tallies: bothSides((side) => ({ rows: sum([...read[side].values()]), missing: 0, invalid: 0 })),
  };
}

function readProbabilities(rows: Sides<readonly unknown[]>): Samples {
  const bad: FieldError[] = [];
  const shares = bothSides((side) =>
    rows[side].flatMap((value, index) => {
      if (typeof value === 'number' && value >= 0 && value <= 1) return [value];
      bad.push({ path: `${side}.${String(index)}`, message: 'Expected a share from 0 to 1.' });
      return [];
    }),
  );
  refuse(bad.slice(0, badValuesToldMax));
  if (shares.reference.length !== shares.current.length)
    throw wrong('current', 'Expected as many shares as the reference has: one per bin.');
  for (const side of sideNames) {
    if (shares[side].length > 0 && Math.abs(sum(shares[side]) - 1) > 1e-6)
      throw wrong(side, 'Expected shares that add up to 1.');
  }
  return { kind: 'probability', shares };
}

function readEmbeddings(rows: Sides<readonly unknown[]>): Samples {
  const bad: FieldError[] = [];
  const first: unknown = [...rows.reference, ...rows.current].find((value) => Array.isArray(value));
  const dimensions = Array.isArray(first) ? first.length : 0;
  if (dimensions > dimensionsMax) throw wrong('reference', `Expected at most ${String(dimensionsMax)} dimensions.`);
  const expected = `Expected an array of ${String(dimensions)} numbers, as the first is, or null.`;
  const read = bothSides((side) =>
    readSide(rows[side], side, bad, expected, (value) => {
      if (!Array.isArray(value) || value.length !== dimensions || dimensions === 0) return foreign;
      const axes = value as unknown[];
      if (axes.every((axis) => typeof axis === 'number' && Number.isFinite(axis))) return axes as number[];
      return axes.every((axis) => typeof axis === 'number' || (typeof axis === 'string' && specialNumbers.has(axis)))
        ? invalid
        : foreign;
    }),
  );
  refuse(bad);
  return {
    kind: 'embedding',
    vectors: bothSides((side) => read[side].values),
    tallies: bothSides((side) => read[side].tally),
  };
}

/** What a raw value is: a value, one to be left out, or one that does not belong. */
function readSide<Value extends number | string | number[]>(
  rows: readonly unknown[],
  side: SideName,
  bad: FieldError[],
  expected: string,
  read: (raw: unknown) => Value | typeof invalid | typeof foreign,
): { values: Value[]; tally: Tally } {
  const values: Value[] = [];
  const tally: Tally = { rows: rows.length, missing: 0, invalid: 0 };
  rows.forEach((raw, index) => {
    if (raw === null || raw === undefined) {
      tally.missing += 1;
      return;
    }
    const value = read(raw);
    if (value === invalid) tally.invalid += 1;
    else if (value !== foreign) values.push(value);
    else if (bad.length < badValuesToldMax) bad.push({ path: `${side}.${String(index)}`, message: expected });
  });
  return { values, tally };
}

/** In a Map: a category may be called `__proto__`. */
export function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function refuse(bad: readonly FieldError[]): void {
  if (bad.length > 0) throw new AppError('validation_failed', undefined, { fields: bad });
}

function wrong(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
