import { alertExportColumns } from '@signalbox/contracts';
import type { AlertRecord } from './alert.ts';
import { messageOf } from './present-alert.ts';

type Cell = string | number | Date | object | null;

const cells: Readonly<Record<(typeof alertExportColumns)[number], (alert: AlertRecord) => Cell>> = {
  id: (alert) => alert.id,
  name: (alert) => alert.name,
  model_id: (alert) => alert.model_id,
  alert_type: (alert) => alert.alert_type,
  severity: (alert) => alert.severity,
  state: (alert) => alert.state,
  message: messageOf,
  timestamp: (alert) => alert.starts_at,
  resolved_at: (alert) => alert.resolved_at,
  resolution_reason: (alert) => alert.resolved_reason,
  resolved_by: (alert) => alert.resolved_by,
  acknowledged_by: (alert) => alert.acknowledged_by,
  assignee: (alert) => alert.assignee,
  episode: (alert) => alert.episode,
  count: (alert) => alert.count,
  value: (alert) => alert.value,
  labels: (alert) => alert.labels,
  annotations: (alert) => alert.annotations,
};

export const alertCsvHeader = lineOf(alertExportColumns);

/** One line of RFC 4180, with its CRLF. */
export function alertCsvLine(alert: AlertRecord): string {
  return lineOf(alertExportColumns.map((column) => cells[column](alert)));
}

function lineOf(row: readonly Cell[]): string {
  return `${row.map(textOf).join(',')}\r\n`;
}

function textOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  if (cell instanceof Date) return cell.toISOString();
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
  // A spreadsheet runs what begins like a formula, white space and full-width forms notwithstanding; the apostrophe says it is text.
  const safe = /^[\s\0]*[=+\-@|\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
