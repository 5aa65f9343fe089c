import { exportColumns, type ExportColumn } from '@signalbox/contracts';
import { ByteWriter, ParquetWriter, type BasicType } from 'hyparquet-writer';
import type { SampleRecord } from '../series/sample-row-store.ts';
import type { RowWriter } from './row-writer.ts';
import { cellOf, type ExportCell } from './sample-columns.ts';

/** A row group is this long, or shorter where its embeddings hold so many numbers: it is in memory as a whole. */
const groupRows = 5_000;
const groupNumbers = 1_000_000;

type ColumnType = Extract<BasicType, 'STRING' | 'DOUBLE' | 'INT64' | 'TIMESTAMP' | 'JSON'>;

const columnTypes: Readonly<Record<ExportColumn, ColumnType>> = {
  model_id: 'STRING',
  model_type: 'STRING',
  request_id: 'STRING',
  timestamp: 'TIMESTAMP',
  latency: 'DOUBLE',
  throughput: 'DOUBLE',
  error_rate: 'DOUBLE',
  gpu_memory: 'DOUBLE',
  cpu_usage: 'DOUBLE',
  memory_usage: 'DOUBLE',
  model_version: 'STRING',
  environment: 'STRING',
  time_to_first_token_ms: 'DOUBLE',
  input_tokens: 'INT64',
  output_tokens: 'INT64',
  cost_usd: 'DOUBLE',
  score: 'DOUBLE',
  prediction: 'STRING',
  actual: 'STRING',
  features: 'JSON',
  embedding: 'JSON',
  tags: 'JSON',
};

const elements = {
  STRING: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  JSON: { type: 'BYTE_ARRAY', converted_type: 'JSON' },
  DOUBLE: { type: 'DOUBLE' },
  INT64: { type: 'INT64' },
  TIMESTAMP: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
} as const;

/** Apache Parquet, compressed by snappy: the columns of the CSV, with types. */
export function openParquet(): RowWriter {
  const bytes = new ByteWriter();
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'root', num_children: exportColumns.length },
      ...exportColumns.map((name) => ({
        name,
        ...elements[columnTypes[name]],
        repetition_type: 'OPTIONAL' as const,
      })),
    ],
    createdBy: 'signalbox',
  });
  let group: SampleRecord[] = [];
  let numbers = 0;
  const closeGroup = (): void => {
    if (group.length === 0) return;
    const columnData = exportColumns.map((name) => ({
      name,
      data: group.map((row) => parquetCell(columnTypes[name], cellOf(name, row))),
    }));
    // Where what is written to gives no promise, neither does the writer.
    void parquet.write({ columnData, rowGroupSize: group.length });
    group = [];
    numbers = 0;
  };
  /** What was written since the last time; offsets in the file go on counting. */
  const take = (): Uint8Array => {
    const taken = bytes.getBytes().slice();
    bytes.index = 0;
    return taken;
  };
  return {
    write(rows) {
      for (const row of rows) {
        group.push(row);
        numbers += row.embedding?.length ?? 0;
        if (group.length >= groupRows || numbers >= groupNumbers) closeGroup();
      }
      return take();
    },
    end() {
      closeGroup();
      void parquet.finish();
      return take();
    },
  };
}

function parquetCell(type: ColumnType, value: ExportCell): ExportCell | bigint | Date {
  if (type === 'TIMESTAMP' && typeof value === 'string') return new Date(value);
  return type === 'INT64' && typeof value === 'number' ? BigInt(value) : value;
}
