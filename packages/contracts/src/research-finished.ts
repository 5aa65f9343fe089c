import { z } from 'zod';
import { defineEvent } from './define-job.ts';

/** A research job is over, one way or another. Told once for each job. */
export const researchFinished = defineEvent({
  name: 'research.finished',
  version: 1,
  emitter: 'research-pipeline',
  subscribers: ['alerting'],
  payload: z.object({
    job_id: z.string(),
    tenant_id: z.string(),
    status: z.enum(['completed', 'failed', 'cancelled']),
    topic: z.string().describe('What was asked, at least as far as a message has room for it.'),
    error: z.string().nullable().describe('Why it failed, for people to read; null where it did not.'),
  }),
});
export type ResearchFinished = z.infer<typeof researchFinished.payload>;
