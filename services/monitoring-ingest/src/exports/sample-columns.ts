import { exportColumns, type ExportColumn } from '@signalbox/contracts';
import { numberOf, usdOf } from '../series/present-rows.ts';
import type { SampleRecord } from '../series/sample-row-store.ts';
import { csvLine } from './csv.ts';

/** A cell of a sample; an object is written as its JSON. */
export type ExportCell = string | number | object | null;

const cells: Readonly<Record<ExportColumn, (row: SampleRecord) => ExportCell>> = {
  model_id: (row) => row.model_id,
  model_type: (row) => row.model_type,
  request_id: (row) => row.request_id,
  timestamp: (row) => row.time.toISOString(),
  latency: (row) => row.latency_ms,
  throughput: (row) => row.throughput,
  error_rate: (row) => row.error_rate,
  gpu_memory: (row) => row.gpu_memory,
  cpu_usage: (row) => row.cpu_usage,
  memory_usage: (row) => row.memory_usage,
  model_version: (row) => row.model_version,
  environment: (row) => row.environment,
  time_to_first_token_ms: (row) => row.time_to_first_token_ms,
  input_tokens: (row) => numberOf(row.input_tokens),
  output_tokens: (row) => numberOf(row.output_tokens),
  cost_usd: (row) => usdOf(row.cost_nanos),
  score: (row) => row.score,
  prediction: (row) => row.prediction,
  actual: (row) => row.actual,
  features: (row) => row.features,
  embedding: (row) => row.embedding,
  tags: (row) => row.tags,
};

const usage = new Set<ExportColumn>(['gpu_memory', 'cpu_usage', 'memory_usage']);

export function cellOf(column: ExportColumn, row: SampleRecord): ExportCell {
  return cells[column](row);
}

/** The header of the CSV. */
export const csvHeader = csvLine(exportColumns);

export function csvRow(row: SampleRecord): string {
  return csvLine(exportColumns.map((column) => cells[column](row)));
}

/** A sample as intake takes it: what nobody measured is absent. */
export function jsonRow(row: SampleRecord): string {
  const members: [string, ExportCell][] = [];
  const resources: [string, ExportCell][] = [];
  for (const column of exportColumns) {
    const value = cells[column](row);
    if (value !== null) (usage.has(column) ? resources : members).push([column, value]);
  }
  if (resources.length > 0) members.push(['resource_usage', Object.fromEntries(resources)]);
  return JSON.stringify(Object.fromEntries(members));
}
