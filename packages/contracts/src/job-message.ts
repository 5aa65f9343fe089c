import { z } from 'zod';
import type { JobContract } from './define-job.ts';

/** What travels through a queue: the payload, and around it who caused it, when, and in which trace. Parsed at both ends. */
export const JobMessage = z.object({
  /** The version of the contract that the payload was written by. */
  v: z.int().min(1),
  /** One message is one effect, however often it is delivered. */
  id: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  payload: z.unknown(),
  /** The caller, signed for this job and this id. */
  identity: z.string(),
  request_id: z.string(),
  traceparent: z.string().nullable(),
  /** Tries in all, and the first wait between two of them, as the contract said when the message was made. */
  attempts: z.int().min(1),
  backoff_ms: z.int().min(0),
  /** The service whose outbox waits to hear that the job is settled; null where none does. */
  emitter: z.string().nullable(),
  emitted_at: z.iso.datetime(),
});
export type JobMessage = z.infer<typeof JobMessage>;

/** What the identity of a message is signed for: this job of this service, under this id. */
export function jobBinding(job: JobContract, id: string): { audience: string; method: 'JOB'; path: string } {
  return { audience: job.worker, method: 'JOB', path: `${job.name}/${id}` };
}
