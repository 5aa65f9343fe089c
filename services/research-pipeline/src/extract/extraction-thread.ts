import { parentPort } from 'node:worker_threads';
import { extractBytes } from './extract-bytes.ts';
import type { Described } from './extraction.ts';

export interface ExtractionOrder extends Described {
  bytes: Uint8Array<ArrayBuffer>;
}

/** Loaded as a thread: one order, one extraction, in turn. What it throws ends it, and the pool makes another. */
parentPort?.on('message', (order: ExtractionOrder) => {
  void extractBytes(order.bytes, order).then((extraction) => {
    parentPort?.postMessage(extraction);
  });
});
