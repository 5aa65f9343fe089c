import type { SampleRecord } from '../series/sample-row-store.ts';
import { openParquet } from './parquet.ts';
import type { RowWriter } from './row-writer.ts';
import { csvHeader, csvRow, jsonRow } from './sample-columns.ts';

export interface ExportFormat {
  contentType: string;
  open: () => RowWriter;
}

export const exportFormats: Readonly<Record<'csv' | 'json' | 'ndjson' | 'parquet', ExportFormat>> = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    open: () => openText({ head: csvHeader, between: '', row: csvRow, tail: '' }),
  },
  json: {
    contentType: 'application/json',
    open: () => openText({ head: '{"items":[\n', between: ',\n', row: jsonRow, tail: '\n]}\n' }),
  },
  ndjson: {
    contentType: 'application/x-ndjson',
    open: () => openText({ head: '', between: '', row: (row) => `${jsonRow(row)}\n`, tail: '' }),
  },
  parquet: { contentType: 'application/vnd.apache.parquet', open: openParquet },
};

function openText(text: {
  head: string;
  between: string;
  row: (row: SampleRecord) => string;
  tail: string;
}): RowWriter {
  let before = text.head;
  let isFirst = true;
  return {
    write(rows) {
      let written = before;
      before = '';
      for (const row of rows) {
        written += (isFirst ? '' : text.between) + text.row(row);
        isFirst = false;
      }
      return written;
    },
    end: () => before + text.tail,
  };
}
