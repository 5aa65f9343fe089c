export interface SeriesPoint {
  /** The beginning of its bucket, in milliseconds since the epoch. */
  at: number;
  /** Null: a gap. Gaps are neither scored nor compared with. */
  value: number | null;
}

/** Which earlier buckets a bucket is compared with. */
export type Baseline = 'hour_of_week' | 'hour_of_day' | 'recent';

export interface Scored {
  at: number;
  value: number;
  baseline: Baseline | null;
  /** How many earlier buckets it was compared with. */
  compared: number;
  expected: number | null;
  /** How many robust standard deviations it lies from what was expected. Null: too few buckets to compare with. */
  score: number | null;
}

/** Fewer buckets of its own hour than these say nothing of a bucket, and the next wider baseline is asked. */
const comparedMin: Readonly<Record<Baseline, number>> = { hour_of_week: 3, hour_of_day: 5, recent: 24 };
/** Fewer deviations than these tell nothing of how much is usual. */
const deviationsMin = 12;
/** How many hours before and after its own tell how much a bucket may deviate. */
const hoursBeside = 3;
/** In a larger group it makes no difference to leave one out. */
const leftOutMax = 30;
/** A score beyond is not told apart: what never varied has no scale. */
export const scoreMax = 100;
/** What varies by less than this part of its median is taken to vary by it. */
const scaleFloor = 0.01;

const hourMs = 3_600_000;
const hoursPerWeek = 168;

/**
 * Scores each bucket from `from` on against what came before it: the distance from the median of earlier buckets of the same
 * hour of the week, in robust standard deviations. One of these is 1.4826 × the median absolute deviation (Iglewicz and
 * Hoaglin, 1993) of the earlier buckets of that hour and the three on each side of it, each from the median of the
 * others of its own hour, so that a slope between hours is no deviation. Where there are too few it is the hour of the day, and at last all buckets alike.
 * Nothing that came later is looked at, so that a score does not change when more is known.
 */
export function scoreAnomalies(points: readonly SeriesPoint[], from: number): Scored[] {
  const past: Past = { byHour: new Map(), all: [] };
  const scored: Scored[] = [];
  for (const { at, value } of [...points].sort((one, other) => one.at - other.at)) {
    if (value === null) continue;
    const hour = hourOfWeek(at);
    if (at >= from) scored.push({ at, value, ...scoreOne(value, choose(past, hour), past.all.length) });
    past.byHour.set(hour, [...(past.byHour.get(hour) ?? []), value]);
    past.all.push(value);
  }
  return scored;
}

interface Past {
  byHour: Map<number, readonly number[]>;
  all: number[];
}

interface Comparison {
  baseline: Baseline;
  own: readonly number[];
  /** Its own values and those that stand beside them, each with its like. */
  groups: readonly (readonly number[])[];
}

function choose({ byHour, all }: Past, hour: number): Comparison | null {
  const beside = Array.from({ length: 2 * hoursBeside + 1 }, (_, index) => hour + index - hoursBeside);
  const ofWeek = (one: number) => byHour.get((one + hoursPerWeek) % hoursPerWeek) ?? [];
  const ofDay = (one: number) => Array.from({ length: 7 }, (_, day) => ofWeek(((one + 24) % 24) + 24 * day)).flat();
  const candidates: readonly (() => Comparison)[] = [
    () => ({ baseline: 'hour_of_week', own: ofWeek(hour), groups: beside.map(ofWeek) }),
    () => ({ baseline: 'hour_of_day', own: ofDay(hour), groups: beside.map(ofDay) }),
    () => ({ baseline: 'recent', own: all, groups: [all] }),
  ];
  for (const candidate of candidates) {
    const comparison = candidate();
    const deviations = comparison.groups.reduce((sum, { length }) => sum + length, 0);
    if (comparison.own.length >= comparedMin[comparison.baseline] && deviations >= deviationsMin) return comparison;
  }
  return null;
}

function scoreOne(
  value: number,
  comparison: Comparison | null,
  known: number,
): Pick<Scored, 'baseline' | 'compared' | 'expected' | 'score'> {
  if (comparison === null) return { baseline: null, compared: known, expected: null, score: null };
  const { baseline, own, groups } = comparison;
  const expected = median(own);
  const deviations = groups.flatMap(deviationsOf);
  // Where more than half are equal the median deviation is 0, and the mean one tells more (its factor is √(π/2)).
  const mean = deviations.reduce((sum, one) => sum + one, 0) / deviations.length;
  const spread = 1.4826 * median(deviations) || 1.2533 * mean;
  const scale = Math.max(spread, scaleFloor * Math.abs(expected));
  const distance = value - expected;
  const score = distance === 0 ? 0 : distance / scale;
  return { baseline, compared: own.length, expected, score: Math.min(scoreMax, Math.max(-scoreMax, score)) };
}

/**
 * How far each value lies from the median of the others, as the value that is scored is not in its median either: from a
 * median that they helped to make, few values seem to deviate less than they do.
 */
function deviationsOf(group: readonly number[]): number[] {
  if (group.length > leftOutMax) {
    const middle = median(group);
    return group.map((one) => Math.abs(one - middle));
  }
  if (group.length < 2) return [];
  return group.map((one, index) => Math.abs(one - median(group.toSpliced(index, 1))));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** 0 is Monday from 00:00 UTC. */
function hourOfWeek(at: number): number {
  // 1970 began on a Thursday.
  return (Math.floor(at / hourMs) + 3 * 24) % hoursPerWeek;
}
