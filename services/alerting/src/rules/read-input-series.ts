import type { LabelSet } from '../labels/label-set.ts';

/** A series of a unit test: a value for each interval, null where there is none. */
export interface InputSeries {
  metric: string;
  labels: LabelSet;
  values: readonly (number | null)[];
}

const valuesMax = 10_000;
const seriesShape = /^\s*([a-zA-Z_:][a-zA-Z0-9_:.]*)\s*(?:\{(.*)\})?\s*$/s;
const labelShape = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;
const valueShape = /^(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?:([+-])(\d+\.?\d*|\.\d+))?(?:x(\d{1,5}))?$/i;

/** Reads `latency_ms{model_id="m"}` and `1+2x3 _ 4x2`, as promtool writes them; null for what is neither. */
export function readInputSeries({ series, values }: { series: string; values: string }): InputSeries | null {
  const [, metric, inner = ''] = seriesShape.exec(series) ?? [];
  const labels = readLabels(inner);
  const read = readValues(values);
  return metric === undefined || labels === null || read === null ? null : { metric, labels, values: read };
}

function readLabels(inner: string): LabelSet | null {
  const labels: Record<string, string> = {};
  labelShape.lastIndex = 0;
  let at = 0;
  while (at < inner.trimEnd().length) {
    labelShape.lastIndex = at;
    const [, name, value] = labelShape.exec(inner) ?? [];
    if (name === undefined || value === undefined) return null;
    labels[name] = value.replaceAll(/\\(.)/g, '$1');
    at = labelShape.lastIndex;
  }
  return labels;
}

function readValues(text: string): (number | null)[] | null {
  const values: (number | null)[] = [];
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const missing = /^(?:_|stale)(?:x(\d{1,5}))?$/.exec(word);
    if (missing !== null) {
      values.push(...Array.from({ length: Number(missing[1] ?? 1) }, () => null));
    } else {
      const [, start, sign, step = '0', times] = valueShape.exec(word) ?? [];
      if (start === undefined) return null;
      const by = sign === '-' ? -Number(step) : Number(step);
      // `1+2x3` is a value and three more, as promtool counts.
      values.push(...Array.from({ length: Number(times ?? 0) + 1 }, (_, index) => Number(start) + by * index));
    }
    if (values.length > valuesMax) return null;
  }
  return values;
}
