import type { PointRow } from '../intake/rows.ts';
import { timeProblem, type TimeWindow } from '../intake/time-window.ts';
import { messages, scalar, type Decoded } from '../protobuf/message.ts';

/** `prometheus.WriteRequest` of remote write 1.0, as far as it is read here. */
export const writeRequest = {
  timeseries: messages(1, {
    labels: messages(1, { name: scalar(1, 'string'), value: scalar(2, 'string') }),
    samples: messages(2, { value: scalar(1, 'double'), timestamp: scalar(2, 'int64') }),
    histograms: messages(4, {}),
  }),
};
export type WriteRequest = Decoded<typeof writeRequest>;

export interface WrittenPoints {
  points: readonly PointRow[];
  rejected: number;
  message: string | null;
}

const labelsMax = 100;
const nameCharactersMax = 500;
const labelCharactersMax = 4_000;
/** By convention: what only grows ends like this. */
const counterName = /_(total|count|sum|bucket)$/;

/** Every sample as a row. Not a number, also as the mark that a series has ended, says that there is no value. */
export function pointsOfWrite({ timeseries }: WriteRequest, window: TimeWindow): WrittenPoints {
  const points: PointRow[] = [];
  let rejected = 0;
  let message: string | null = null;
  const reject = (count: number, why: string): void => {
    rejected += count;
    if (count > 0) message ??= why;
  };
  for (const { labels: pairs, samples, histograms } of timeseries) {
    const problem = labelProblem(pairs);
    reject(histograms.length, 'Expected samples: native histograms are not taken.');
    if (problem !== null) {
      reject(samples.length, problem);
      continue;
    }
    const { __name__: metric = '', ...labels } = Object.fromEntries(
      pairs.map(({ name = '', value = '' }) => [name, value]),
    );
    const kind = counterName.test(metric) ? ('counter' as const) : ('gauge' as const);
    for (const { value = 0, timestamp: timeMs = 0 } of samples) {
      if (Number.isNaN(value)) continue;
      const why = Number.isFinite(value) ? timeProblem(timeMs, window) : 'Expected a finite value.';
      if (why !== null) reject(1, why);
      else points.push({ timeMs, metric, labels, value, kind, unit: null, histogram: null, source: 'remote_write' });
    }
  }
  return { points, rejected, message };
}

function labelProblem(pairs: WriteRequest['timeseries'][number]['labels']): string | null {
  const name = pairs.find((pair) => pair.name === '__name__')?.value ?? '';
  if (name === '' || name.length > nameCharactersMax) return 'Expected a label __name__ of 1 to 500 characters.';
  if (pairs.length > labelsMax) return 'Expected at most 100 labels.';
  if (new Set(pairs.map((pair) => pair.name)).size !== pairs.length) return 'Expected no label twice.';
  const tooLong = pairs.some(({ name: label = '', value = '' }) => label.length + value.length > labelCharactersMax);
  return tooLong ? 'Expected labels of at most 4,000 characters.' : null;
}
