import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { count, type CountedCell } from './query-series.ts';

const windowMs = 300_000;
/** So many models at most: a scrape has a size, whatever a tenant sends. */
const modelsMax = 200;

/**
 * What a tenant's models did in the last five whole minutes, in Prometheus' text format: those with the most requests, and how
 * many values were left out. The same model in two versions is one.
 */
export async function prometheusText(db: Kysely<Schema>, tenantId: string, now: number): Promise<string> {
  const to = Math.floor(now / 60_000) * 60_000;
  const span = { from: to - windowMs, to };
  const metrics = ['requests', 'latency_ms', 'error_rate', 'gpu_memory', 'cpu_usage', 'memory_usage'];
  const filter = { tenantId };
  const request = { filter, span, stepMs: null };
  const [{ cells }, all] = await Promise.all([
    count(db, { ...request, metrics, segmentBy: 'model_id', segmentsMax: modelsMax, quantiles: true }),
    count(db, { ...request, metrics: ['requests'] }),
  ]);
  const of = (metric: string) => cells.filter((cell) => cell.metric === metric);
  const shown = of('requests').reduce((sum, cell) => sum + cell.count, 0);
  const leftOut = (all.cells[0]?.count ?? 0) - shown;
  const mean = ({ sum, count: values }: CountedCell) => sum / values;
  const families = [
    family('signalbox_model_requests_per_second', 'Requests a second.', of('requests'), (cell) => [
      ['', cell.count / (windowMs / 1_000)],
    ]),
    family(
      'signalbox_model_latency_milliseconds',
      'Quantiles of the latency, within 1 %.',
      of('latency_ms'),
      (cell) => [
        [',quantile="0.5"', cell.p50],
        [',quantile="0.95"', cell.p95],
        [',quantile="0.99"', cell.p99],
      ],
    ),
    family('signalbox_model_error_ratio', 'The mean error rate of those that report one.', of('error_rate'), (cell) => [
      ['', mean(cell)],
    ]),
    family(
      'signalbox_model_resource_usage_ratio',
      'The mean usage of a resource.',
      ['gpu_memory', 'cpu_usage', 'memory_usage'].flatMap(of),
      (cell) => [[`,resource="${cell.metric}"`, mean(cell)]],
    ),
    [
      '# HELP signalbox_model_requests_not_shown Requests of models that were left out.',
      '# TYPE signalbox_model_requests_not_shown gauge',
      `signalbox_model_requests_not_shown ${String(leftOut)}`,
    ],
  ];
  return `${families.flat().join('\n')}\n`;
}

function family(
  name: string,
  help: string,
  cells: readonly CountedCell[],
  valuesOf: (cell: CountedCell) => readonly (readonly [labels: string, value: number | null])[],
): string[] {
  const lines = cells.flatMap((cell) =>
    valuesOf(cell).flatMap(([labels, value]) =>
      value === null ? [] : [`${name}{model="${escaped(cell.segment)}"${labels}} ${String(value)}`],
    ),
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines];
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
