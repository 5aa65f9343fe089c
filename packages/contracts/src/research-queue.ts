import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { ResearchStatus } from './research.ts';

const base = { service: 'research-pipeline', tag: 'Research', scope: 'admin' } as const;
const path = '/api/v1/research-queue';

export const ResearchQueue = z
  .object({
    paused: z.boolean(),
    paused_at: z.iso.datetime().nullable(),
    paused_by: z.string().nullable(),
    jobs: z.record(ResearchStatus, z.int()).describe('How many are in each state.'),
    waiting_for_turn: z.int().describe('Of the queued ones: those that wait until others of the tenant have ended.'),
    running_max: z.int().describe('How many may be at work at once.'),
    queued_max: z.int().describe('How many may wait.'),
    oldest_queued_at: z.iso.datetime().nullable(),
    messages: z.int().describe('Under way between the database and the workers, of every tenant.'),
    dead_letters: z.int().describe('Messages that were given up, of every tenant.'),
  })
  .meta({ id: 'ResearchQueue' });
export type ResearchQueue = z.infer<typeof ResearchQueue>;

const response = { status: 200, description: 'The queue as it is now', schema: ResearchQueue } as const;

export const getResearchQueue = defineRoute({
  ...base,
  operationId: 'getResearchQueue',
  method: 'get',
  path,
  summary: "How the tenant's research queue stands: its depth, its oldest job, whether it is paused",
  response,
});

export const pauseResearchQueue = defineRoute({
  ...base,
  operationId: 'pauseResearchQueue',
  method: 'post',
  path: `${path}/pause`,
  summary: "Let none of the tenant's jobs begin; those at work go on. Stands in the audit log",
  response,
});

export const resumeResearchQueue = defineRoute({
  ...base,
  operationId: 'resumeResearchQueue',
  method: 'post',
  path: `${path}/resume`,
  summary: "Let the tenant's jobs begin again, the oldest first. Stands in the audit log",
  response,
});

export const cleanResearchQueue = defineRoute({
  ...base,
  operationId: 'cleanResearchQueue',
  method: 'post',
  path: `${path}/clean`,
  summary:
    "Delete the tenant's jobs that ended in one way long enough ago, with their reports. Stands in the audit log",
  body: z.strictObject({
    status: z.enum(['cancelled', 'completed', 'completed_partial', 'failed']),
    older_than_seconds: z.int().min(0).max(315_360_000),
  }),
  response: {
    status: 200,
    description: 'How many were deleted; at most 500 at a time',
    schema: z.object({ deleted: z.int() }),
  },
});

export const researchQueueRoutes = [
  getResearchQueue,
  pauseResearchQueue,
  resumeResearchQueue,
  cleanResearchQueue,
] as const;
