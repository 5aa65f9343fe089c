import { z } from 'zod';
import { defineJob } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Research';
const base = { service: 'research-pipeline', tag } as const;

export const ResearchSource = z
  .enum(['documents', 'web', 'google_cse', 'brave', 'tavily', 'searxng', 'arxiv', 'wikipedia', 'github', 'fixture'])
  .describe(
    "Where to look: the tenant's own `documents`, one search provider, or `web` for every one that is configured.",
  )
  .meta({ id: 'ResearchSource' });
export type ResearchSource = z.infer<typeof ResearchSource>;

export const ResearchBudget = z
  .strictObject({
    max_sources: z.int().min(1).max(500).optional().describe('Sources that are read. Default 30.'),
    max_fetch_bytes: z
      .int()
      .min(1_000)
      .max(1_000_000_000)
      .optional()
      .describe('Bytes that are fetched. Default 60 MB.'),
    max_llm_tokens: z.int().min(1).max(20_000_000).optional().describe('Tokens of models. Default 200,000.'),
    max_usd: z.number().positive().max(1_000).optional().describe('What models may cost. Default 1.00.'),
    max_wall_seconds: z.int().min(5).max(86_400).optional().describe('Seconds of work. Default 900.'),
  })
  .describe('At 80 % of any of them searching stops; at 100 % the report is finished with what there is, and says so.')
  .meta({ id: 'ResearchBudget' });
export type ResearchBudget = z.infer<typeof ResearchBudget>;

const topicText = z.string().trim().min(1).max(1_000);

export const ResearchInput = z
  .strictObject({
    topic: topicText.optional().describe('What is to be found out.'),
    query: topicText.optional().describe('The old name of `topic`; one of the two is needed.'),
    sources: z.array(ResearchSource).min(1).max(10).optional().describe('Default: `documents` and `web`.'),
    document_ids: z.array(z.string().min(1).max(64)).min(1).max(200).optional().describe('Only these documents.'),
    breadth: z.int().min(1).max(10).optional().describe('Sub-questions. Default 4.'),
    depth: z.int().min(1).max(3).optional().describe('Rounds of searching. Default 1.'),
    budget: ResearchBudget.optional(),
    language: z
      .string()
      .regex(/^[a-z]{2}(-[A-Za-z0-9]{2,8})?$/, 'Expected a language tag such as `en` or `de-CH`.')
      .optional()
      .describe('Of the report, where a model writes it. Default: that of the topic.'),
    sections: z.array(z.string().trim().min(1).max(200)).min(1).max(12).optional().describe('Headings, in order.'),
    max_results: z.int().min(1).max(50).optional().describe('Hits of one provider for one question. Default 10.'),
    model: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Who writes. Default: what is configured; else nobody: sentences are quoted.'),
    embedding_model: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Default: what is configured; else the lexical one.'),
    pause_on_plan: z
      .boolean()
      .optional()
      .describe('Wait for `approve` once the sub-questions are known. Default false.'),
  })
  .meta({ id: 'ResearchInput' });
export type ResearchInput = z.infer<typeof ResearchInput>;

export const ResearchStatus = z
  .enum([
    'queued',
    'running',
    'waiting_for_approval',
    'cancelling',
    'cancelled',
    'completed',
    'completed_partial',
    'failed',
  ])
  .meta({ id: 'ResearchStatus' });
export type ResearchStatus = z.infer<typeof ResearchStatus>;

export const ResearchStage = z
  .enum(['plan', 'search', 'fetch', 'rank', 'outline', 'write', 'verify', 'analyse', 'render', 'publish'])
  .meta({ id: 'ResearchStage' });
export type ResearchStage = z.infer<typeof ResearchStage>;

const Amounts = z.object({
  sources: z.int(),
  fetch_bytes: z.int(),
  llm_tokens: z.int(),
  usd: z.number(),
  wall_seconds: z.number(),
});

export const ResearchWarning = z
  .object({
    code: z
      .string()
      .describe('`search_failed`, `source_failed`, `degraded`, `budget`, `analysis_failed` and the like.'),
    message: z.string(),
    subject: z.string().nullable().describe('Of what: a provider, an address, a document.'),
  })
  .meta({ id: 'ResearchWarning' });
export type ResearchWarning = z.infer<typeof ResearchWarning>;

export const ResearchJob = z
  .object({
    id: z.string(),
    topic: z.string(),
    status: ResearchStatus,
    stage: ResearchStage.nullable().describe('What is being done, or was done last.'),
    progress: z
      .object({
        percent: z.number().min(0).max(100).describe('Units done of the units that are known, of all stages.'),
        stages: z.array(z.object({ stage: ResearchStage, done: z.int(), total: z.int() })),
      })
      .describe('Counted, never guessed: a stage whose units are not known yet counts as one unit.'),
    request: ResearchInput,
    questions: z.array(z.string()).nullable().describe('The plan; null: there is none yet.'),
    mode: z
      .object({
        search: z.array(z.string()),
        synthesis: z.string().describe('`extractive`, or the model that writes.'),
        embeddings: z.string(),
        verification: z.string(),
        note: z.string(),
      })
      .nullable(),
    degraded: z.array(z.string()).describe('What was away meanwhile, and how the work went on without it.'),
    warnings: z.array(ResearchWarning),
    budget: Amounts,
    spent: Amounts,
    partial_reason: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    run: z.int().describe('Grows with every `retry`.'),
    workers: z.int().describe('How many times a worker took it up.'),
    created_by: z.string(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().describe('The report is kept until then.'),
    report: z
      .object({ sha256: z.string(), html: z.string(), md: z.string(), json: z.string(), pdf: z.string() })
      .nullable()
      .describe('Where it lies, once it is published.'),
  })
  .meta({ id: 'ResearchJob' });
export type ResearchJob = z.infer<typeof ResearchJob>;

export const ResearchEvent = z
  .object({
    id: z.int().describe('Its place among the events of its job, from 1.'),
    type: z.enum(['status', 'stage', 'progress', 'plan', 'search', 'source', 'section', 'warning', 'budget']),
    data: z.record(z.string(), z.unknown()),
    at: z.iso.datetime(),
  })
  .meta({ id: 'ResearchEvent' });
export type ResearchEvent = z.infer<typeof ResearchEvent>;

export const ResearchParams = z.strictObject({ id: z.string().min(1).max(64).describe('The id of the research.') });
const params = ResearchParams;
const path = '/api/v1/research';

export const createResearch = defineRoute({
  ...base,
  operationId: 'createResearch',
  method: 'post',
  path,
  summary: 'Begin research',
  description:
    'Answers 202 with `Location`. The same `Idempotency-Key` with the same body is the same job; with another body it is ' +
    'refused with 422. Too many jobs that wait: 429 with `Retry-After`.',
  scope: 'research:write',
  body: ResearchInput,
  response: { status: 202, description: 'The job, accepted', schema: ResearchJob },
  deprecatedPaths: ['/research'],
});

export const listResearch = defineRoute({
  ...base,
  operationId: 'listResearch',
  method: 'get',
  path,
  summary: 'List research jobs, newest first',
  scope: 'research:read',
  query: PageQuery.extend({ status: ResearchStatus.optional().describe('Only jobs in this state.') }),
  response: { status: 200, description: 'One page of jobs', schema: pageOf(ResearchJob) },
  deprecatedPaths: ['/jobs'],
});

export const getResearch = defineRoute({
  ...base,
  operationId: 'getResearch',
  method: 'get',
  path: `${path}/{id}`,
  summary: 'Get one research job',
  scope: 'research:read',
  params,
  response: { status: 200, description: 'The job as it is now', schema: ResearchJob },
  deprecatedPaths: ['/status/{id}', '/jobs/{id}'],
});

export const deleteResearch = defineRoute({
  ...base,
  operationId: 'deleteResearch',
  method: 'delete',
  path: `${path}/{id}`,
  summary: 'Delete a job that has ended, with its report; 409 while it has not',
  scope: 'research:write',
  params,
  response: { status: 204, description: 'Deleted', schema: null },
  deprecatedPaths: ['/jobs/{id}'],
});

export const cancelResearch = defineRoute({
  ...base,
  operationId: 'cancelResearch',
  method: 'post',
  path: `${path}/{id}/cancel`,
  summary: 'Cancel a job: no paid call begins after a second, and `cancelled` is said once its work has stopped',
  scope: 'research:write',
  params,
  response: { status: 200, description: 'The job: `cancelling` while a worker lets go of it', schema: ResearchJob },
});

export const retryResearch = defineRoute({
  ...base,
  operationId: 'retryResearch',
  method: 'post',
  path: `${path}/{id}/retry`,
  summary: 'Take up a job that failed or was cancelled, from the last step that was done',
  scope: 'research:write',
  params,
  response: { status: 202, description: 'The job, queued again', schema: ResearchJob },
});

export const approveResearch = defineRoute({
  ...base,
  operationId: 'approveResearch',
  method: 'post',
  path: `${path}/{id}/approve`,
  summary: 'Let a job that waits with its plan go on',
  scope: 'research:write',
  params,
  response: { status: 202, description: 'The job, queued again', schema: ResearchJob },
});

export const streamResearchEvents = defineRoute({
  ...base,
  operationId: 'streamResearchEvents',
  method: 'get',
  path: `${path}/{id}/events`,
  summary: 'Follow a job',
  description:
    'With `Accept: text/event-stream` server-sent events, from the first one or, with `Last-Event-ID`, from the one after it, ' +
    'until the status that is final. An id that the job never told begins with the event `gap`: ask for the job itself. ' +
    'Otherwise the same events as a document, those after `after`.',
  scope: 'research:read',
  params,
  query: z.strictObject({
    after: z.coerce.number().int().min(0).max(2_147_483_647).optional().describe('Only events after this one.'),
  }),
  idleTimeoutMs: 40_000,
  response: {
    status: 200,
    description: 'The events, at most 500 of them',
    schema: z.object({ data: z.array(ResearchEvent), is_over: z.boolean().describe('Nothing follows.') }),
  },
  alsoAnswers: [{ status: 200, description: 'The stream', schema: z.string(), contentType: 'text/event-stream' }],
});

/** Works a job on, from wherever it stands. Everything else stands in the database. */
export const runResearch = defineJob({
  name: 'research.run',
  version: 1,
  worker: 'research-pipeline',
  payload: z.object({ job_id: z.string(), run: z.int() }),
  attempts: 4,
  backoffMs: 1_000,
});

export const researchRoutes = [
  createResearch,
  listResearch,
  getResearch,
  deleteResearch,
  cancelResearch,
  retryResearch,
  approveResearch,
  streamResearchEvents,
] as const;
