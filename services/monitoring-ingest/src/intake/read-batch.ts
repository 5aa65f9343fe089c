import { setImmediate as nextTurn } from 'node:timers/promises';
import { batchItemsMax } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { readSample, type ReadSample } from './read-sample.ts';
import type { TimeWindow } from './time-window.ts';

/** Parses the text of one JSON document, or throws `validation_failed`. */
export type ParseDocument = (bytes: Buffer) => unknown;

const newline = 0x0a;
/** So many are read at a time; between two times others get their turn. */
const itemsPerTurn = 500;

/**
 * Reads a batch as far as its items can be read each for itself. Throws `validation_failed` for a body that is no batch at
 * all; what is wrong with one item is that item's result.
 */
export async function readBatch(
  bytes: Buffer,
  format: 'json' | 'ndjson',
  parse: ParseDocument,
  { nowMs, window }: { nowMs: number; window: TimeWindow },
): Promise<ReadSample[]> {
  const items = format === 'ndjson' ? linesOf(bytes) : itemsOf(parse(bytes));
  if (items.length === 0) throw invalid('items', 'Expected at least one item.');
  if (items.length > batchItemsMax)
    throw invalid('items', `Expected at most ${batchItemsMax.toLocaleString('en')} items.`);
  const read: ReadSample[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % itemsPerTurn === 0) await nextTurn();
    read.push(Buffer.isBuffer(item) ? readLine(item, parse, nowMs, window) : readSample(item, nowMs, window));
  }
  return read;
}

function readLine(line: Buffer, parse: ParseDocument, nowMs: number, window: TimeWindow): ReadSample {
  let value: unknown;
  try {
    value = parse(line);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: 'unreadable', message: error.fields[0]?.message ?? error.message };
  }
  return readSample(value, nowMs, window);
}

function itemsOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('', 'Expected an object with items.');
  const { items, ...others } = value as Record<string, unknown>;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined)
    throw /^[A-Za-z_][\w-]{0,31}$/.test(stranger)
      ? invalid(stranger, 'Expected nothing of this name.')
      : invalid('', 'Expected no unknown member.');
  if (!Array.isArray(items)) throw invalid('items', 'Expected array.');
  return items as unknown[];
}

/** The lines that hold something. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(start, end);
    if (!isBlank(line)) lines.push(line);
    if (lines.length > batchItemsMax) break;
    start = end + 1;
  }
  return lines;
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false;
  return true;
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
