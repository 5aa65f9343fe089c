import { newIdempotencyKey } from '../calls/caller.ts';
import type { Sample } from '../wire.ts';

/** The measurements of one inference. Without a `request_id` it gets one, by which a repeat is the same sample. */
export type SampleInput = Omit<Sample, 'request_id'> & { request_id?: string };

/** A sample that is ready to go: its id, and itself as JSON, which nothing changes any more. */
export interface SampleLine {
  requestId: string;
  json: string;
}

/** Leaves the input as it is. Throws `TypeError` for what JSON cannot hold. */
export function toLine(sample: SampleInput, more: { timestamp?: string } = {}): SampleLine {
  const requestId = sample.request_id ?? `sdk_${newIdempotencyKey()}`;
  return { requestId, json: JSON.stringify({ ...more, ...sample, request_id: requestId }) };
}

/** Null for a line that was cut off when it was written. */
export function fromSpool(json: string): SampleLine | null {
  try {
    const { request_id: requestId } = JSON.parse(json) as { request_id?: unknown };
    return typeof requestId === 'string' ? { requestId, json } : null;
  } catch {
    return null;
  }
}
