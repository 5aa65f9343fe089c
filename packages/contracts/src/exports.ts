import { z } from 'zod';
import { defineRoute } from './define-route.ts';

/** In the order of the columns: new ones are added at the end, and none is ever taken away. */
export const exportColumns = [
  'model_id',
  'model_type',
  'request_id',
  'timestamp',
  'latency',
  'throughput',
  'error_rate',
  'gpu_memory',
  'cpu_usage',
  'memory_usage',
  'model_version',
  'environment',
  'time_to_first_token_ms',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'score',
  'prediction',
  'actual',
  'features',
  'embedding',
  'tags',
] as const;
export type ExportColumn = (typeof exportColumns)[number];

const rows = 'All rows of the span, oldest first, as one stream';

export const exportSamples = defineRoute({
  operationId: 'exportSamples',
  service: 'monitoring-ingest',
  method: 'get',
  path: '/api/v1/metrics/export',
  tag: 'Metrics',
  summary: 'Download samples as CSV, JSON, NDJSON or Parquet: the same rows in each',
  description:
    'CSV is RFC 4180 in UTF-8 with a header; objects are JSON in their cell, and a text that a spreadsheet would take for a ' +
    'formula begins with an apostrophe. JSON and NDJSON are what `POST /api/v1/metrics/batch` takes. Parquet has the columns ' +
    'of the CSV with their types, and texts as they are. Rows that are committed while the export runs may be in it or not. ' +
    'An export that breaks off is cut off without its last chunk, so that a client can tell.',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({
    format: z.enum(['csv', 'json', 'ndjson', 'parquet']).default('csv').describe('What to write.'),
    from: z.iso.datetime({ offset: true }).optional().describe('From this moment. Absent: a day before `to`.'),
    to: z.iso.datetime({ offset: true }).optional().describe('Until before this moment. Absent: now.'),
    model_id: z.string().min(1).max(200).optional().describe('Only of this model.'),
    model_version: z.string().max(100).optional().describe('Only of this version.'),
    environment: z.string().max(100).optional().describe('Only of this environment.'),
    tag: z
      .string()
      .regex(/^[^:]{1,64}:[^]{0,256}$/, 'Expected name:value.')
      .optional()
      .describe('Only what carries this tag: `name:value`.'),
  }),
  response: { status: 200, description: rows, schema: z.string(), contentType: 'text/csv' },
  alsoAnswers: [
    { status: 200, description: rows, schema: z.object({ items: z.array(z.looseObject({ model_id: z.string() })) }) },
    { status: 200, description: rows, schema: z.string(), contentType: 'application/x-ndjson' },
    { status: 200, description: rows, schema: z.string(), contentType: 'application/vnd.apache.parquet' },
  ],
});

export const exportRoutes = [exportSamples] as const;
