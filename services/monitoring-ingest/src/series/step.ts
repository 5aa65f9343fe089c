/** Which table can answer: the rows as they came, or one of the rollups. From the finest to the coarsest. */
export const resolutions = ['raw', '1m', '1h', '1d'] as const;
export type Resolution = (typeof resolutions)[number];
export type Rollup = Exclude<Resolution, 'raw'>;

export const resolutionMs: Readonly<Record<Resolution, number>> = {
  raw: 0,
  '1m': 60_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};

/** A stretch of time from its beginning to before its end, in milliseconds since the epoch. */
export interface Span {
  from: number;
  to: number;
}

/** The largest bucket: a week. */
const stepMsMax = 7 * 86_400_000;

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `30s`, `5m`, `1h`. Null for anything else: no unit, another unit, nothing at all, or more than a week. */
export function parseStep(text: string): number | null {
  const match = /^(\d{1,6})([smh])$/.exec(text);
  const [, count = '', unit = ''] = match ?? [];
  const ms = Number(count) * (unitMs[unit] ?? 0);
  return ms > 0 && ms <= stepMsMax ? ms : null;
}

/** The coarsest resolution whose buckets fill a bucket of this step without a rest. */
export function resolutionOf(stepMs: number): Resolution {
  return resolutions.findLast((resolution) => stepMs % (resolutionMs[resolution] || 1) === 0) ?? 'raw';
}

/** The whole buckets that a span touches. Edges are multiples of the step since 1970 in UTC, whatever was asked for. */
export function alignedTo(stepMs: number, { from, to }: Span): Span {
  return { from: Math.floor(from / stepMs) * stepMs, to: Math.ceil(to / stepMs) * stepMs };
}
