import { z } from 'zod';
import { defineJob } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { UsdAmount } from './money.ts';
import { pageOf, PageQuery } from './page.ts';
import { RoutingStrategy, SemanticCacheWish } from './routing.ts';

const tag = 'Systems';
const service = 'chat-router';

const SystemId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'Expected small letters, digits, ., _ and -, 63 at most.')
  .refine((id) => id !== 'auto', 'Expected another name: `auto` is the choice among all models.')
  .describe('Its name within the tenant; usable as `model`.');
const SystemParams = z.strictObject({ id: z.string().max(64).describe('The id of the system.') });
const TaskParams = SystemParams.extend({ task: z.string().max(64).describe('The id of the task: `task_…`.') });
const Prompt = z.string().min(1).max(20_000);

export const Architecture = z
  .enum(['single', 'ensemble', 'hybrid'])
  .describe(
    '`single`: the first model that can answers. `ensemble`: every model proposes, one makes the answer of it. ' +
      '`hybrid`: the work is cut into steps that depend on each other, the steps are done, and their results fused.',
  )
  .meta({ id: 'Architecture' });
export type Architecture = z.infer<typeof Architecture>;

const SystemRequirements = z
  .strictObject({
    latency_target_ms: z.int().min(1).max(3_600_000).optional().describe('A task that takes longer is marked.'),
    timeout_ms: z.int().min(100).max(3_600_000).optional().describe('A task that takes longer fails. Default 300,000.'),
    throughput_rps: z.number().positive().max(1_000_000).optional().describe('Noted; nothing is reserved for it.'),
  })
  .meta({ id: 'SystemRequirements' });

export const SystemBudget = z
  .strictObject({
    period: z.enum(['hour', 'day', 'month']),
    usd: UsdAmount.refine((text) => Number(text) > 0 && Number(text) <= 1_000_000, 'Expected 0 to 1000000.').optional(),
    tokens: z.int().min(1).max(1_000_000_000_000_000).optional(),
  })
  .refine(({ usd, tokens }) => usd !== undefined || tokens !== undefined, 'Expected usd, tokens or both.')
  .meta({ id: 'SystemBudget' });

const systemShape = {
  domain: z.string().trim().min(1).max(100),
  use_case: z.string().trim().min(1).max(1_000),
  architecture: Architecture,
  models: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(10)
    .refine((models) => new Set(models).size === models.length, 'Expected no model twice.')
    .describe('In order: the first that can answers; of an ensemble, each proposes and the first makes the synthesis.'),
  strategy: RoutingStrategy.optional().describe(
    'In which order its models are asked where one answers for all. Absent: `priority`, as listed.',
  ),
  prompts: z
    .strictObject({
      system: Prompt.optional().describe(
        'Stands before every question, of a task as of a chat that asks for the system.',
      ),
      decompose: Prompt.optional().describe('Of a hybrid: how to cut the work, besides the form of the plan.'),
      synthesis: Prompt.optional().describe('How to make one answer of the proposals or results.'),
    })
    .optional(),
  tools: z
    .array(z.string().min(1).max(64))
    .max(20)
    .refine((tools) => new Set(tools).size === tools.length, 'Expected no tool twice.')
    .optional()
    .describe('The server-side tools that its models may call.'),
  requirements: SystemRequirements.optional(),
  semantic_cache: SemanticCacheWish.optional(),
  budget: SystemBudget.optional().describe(
    'What all of its requests may spend together in a period: kept as a budget of scope `system`.',
  ),
};

export const SystemInput = z.strictObject({ id: SystemId.optional(), ...systemShape }).meta({ id: 'SystemInput' });
export type SystemInput = z.infer<typeof SystemInput>;

const { architecture, models, strategy, domain, use_case: useCase, prompts, tools } = systemShape;

/** What a system is at one version: plain data, as routing and tasks see it. */
export const SystemSpec = z.object({
  domain,
  use_case: useCase,
  architecture,
  models,
  strategy,
  prompts: prompts.unwrap(),
  tools: tools.unwrap(),
  requirements: SystemRequirements,
  budget: SystemBudget.nullable(),
  semantic_cache: SemanticCacheWish.optional(),
});
export type SystemSpec = z.infer<typeof SystemSpec>;

export const System = SystemSpec.extend({
  id: z.string(),
  version: z.int().describe('Every change makes the next one.'),
  status: z.enum(['active']),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
}).meta({ id: 'System' });
export type System = z.infer<typeof System>;

export const SystemVersion = SystemSpec.extend({
  version: z.int(),
  created_at: z.iso.datetime(),
  created_by: z.string(),
}).meta({ id: 'SystemVersion' });

export const createSystem = defineRoute({
  operationId: 'createSystem',
  service,
  method: 'post',
  path: '/api/v1/systems',
  tag,
  summary: 'Create a system: models, their order, and how they work together',
  description: 'Its id is then a name that may be asked for as `model`. An id that is or was taken is a conflict.',
  scope: 'systems:write',
  body: SystemInput,
  response: { status: 201, description: 'The system', schema: System },
  deprecatedPaths: ['/systems'],
});

export const listSystems = defineRoute({
  operationId: 'listSystems',
  service,
  method: 'get',
  path: '/api/v1/systems',
  tag,
  summary: "List the tenant's systems by id",
  scope: 'systems:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of systems', schema: pageOf(System) },
  deprecatedPaths: ['/systems'],
});

export const getSystem = defineRoute({
  operationId: 'getSystem',
  service,
  method: 'get',
  path: '/api/v1/systems/{id}',
  tag,
  summary: 'Get one system',
  scope: 'systems:read',
  params: SystemParams,
  response: { status: 200, description: 'The system as it is now', schema: System },
  deprecatedPaths: ['/systems/{id}'],
});

export const updateSystem = defineRoute({
  operationId: 'updateSystem',
  service,
  method: 'patch',
  path: '/api/v1/systems/{id}',
  tag,
  summary: 'Change a system; tasks that were accepted before keep the version they were accepted with',
  scope: 'systems:write',
  params: SystemParams,
  body: z
    .strictObject({
      ...systemShape,
      budget: SystemBudget.nullable().optional(),
      expected_version: z.int().min(1).optional().describe('Refused with a conflict when it is another one by now.'),
    })
    .partial(),
  response: { status: 200, description: 'The system as it is now', schema: System },
  deprecatedPaths: ['/systems/{id}'],
});

export const deleteSystem = defineRoute({
  operationId: 'deleteSystem',
  service,
  method: 'delete',
  path: '/api/v1/systems/{id}',
  tag,
  summary: 'Delete a system; its tasks stay, and its id is not given again',
  scope: 'systems:write',
  params: SystemParams,
  response: { status: 204, description: 'Deleted', schema: null },
  deprecatedPaths: ['/systems/{id}'],
});

export const listSystemVersions = defineRoute({
  operationId: 'listSystemVersions',
  service,
  method: 'get',
  path: '/api/v1/systems/{id}/versions',
  tag,
  summary: 'List what a system was, newest first',
  scope: 'systems:read',
  params: SystemParams,
  query: PageQuery,
  response: { status: 200, description: 'One page of versions', schema: pageOf(SystemVersion) },
});

export const TaskStatus = z
  .enum(['pending', 'processing', 'completed', 'failed', 'cancelled'])
  .meta({ id: 'TaskStatus' });
export type TaskStatus = z.infer<typeof TaskStatus>;

export const TaskInput = z
  .strictObject({
    input: z.union([z.string().min(1).max(200_000), z.record(z.string(), z.unknown())]).describe('What is to be done.'),
    context: z.string().max(200_000).optional().describe('Material to do it with.'),
    task_type: z.string().min(1).max(100).optional(),
    metadata: z.record(z.string().max(64), z.string().max(500)).optional().describe('Noted with the task.'),
  })
  .meta({ id: 'TaskInput' });
export type TaskInput = z.infer<typeof TaskInput>;

/** Tokens as the providers counted them; null where one of them did not say. */
const TaskUsage = z
  .object({
    prompt_tokens: z.int().nullable(),
    completion_tokens: z.int().nullable(),
    total_tokens: z.int().nullable(),
    calls: z.int().describe('Calls to models that were answered.'),
  })
  .meta({ id: 'TaskUsage' });

export const TaskResult = z
  .object({
    output: z.string(),
    models_used: z.array(z.string()),
    processing_time_ms: z.number(),
    usage: TaskUsage,
    cost_usd: UsdAmount.nullable().describe('Null: a price is not known.'),
    latency_target_missed: z.boolean().optional().describe('Only where the system has a target.'),
    confidence: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Only of an ensemble with two proposals or more: see `confidence_formula`. Absent otherwise.'),
    confidence_formula: z
      .string()
      .optional()
      .describe(
        '`mean-pairwise-word-jaccard/1`: how alike the proposals are, as sets of words; not how true they are.',
      ),
    tool_calls: z.array(
      z.object({ name: z.string(), ok: z.boolean(), error: z.string().optional(), duration_ms: z.number() }),
    ),
    failed_models: z.array(z.object({ model: z.string(), error: z.string() })),
  })
  .meta({ id: 'TaskResult' });
export type TaskResult = z.infer<typeof TaskResult>;

export const Task = z
  .object({
    id: z.string(),
    system_id: z.string(),
    system_version: z.int(),
    status: TaskStatus,
    task_type: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    result: TaskResult.nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;

export const createTask = defineRoute({
  operationId: 'createTask',
  service,
  method: 'post',
  path: '/api/v1/systems/{id}/tasks',
  tag,
  routeClass: 'chat',
  summary: 'Give a system a task',
  description:
    'Answers 202 with `Location`. The same `Idempotency-Key` with the same body is the same task; with another body it is ' +
    'refused with 422. A task acts by the authority of whoever gave it: when that key is revoked, or that person disabled or ' +
    'left without `chat:write`, the task fails within seconds with `FORBIDDEN`, whatever it was at. A key that expires, or ' +
    'ends because it was rotated, does not end what it was good for when the task was accepted.',
  scope: 'chat:write',
  params: SystemParams,
  body: TaskInput,
  bodyBytesMax: 1_048_576,
  response: { status: 202, description: 'The task, accepted', schema: Task },
  deprecatedPaths: ['/systems/{id}/tasks'],
});

export const listTasks = defineRoute({
  operationId: 'listTasks',
  service,
  method: 'get',
  path: '/api/v1/systems/{id}/tasks',
  tag,
  summary: "List a system's tasks, newest first",
  scope: 'systems:read',
  params: SystemParams,
  query: PageQuery.extend({ status: TaskStatus.optional().describe('Only tasks in this state.') }),
  response: { status: 200, description: 'One page of tasks', schema: pageOf(Task) },
  deprecatedPaths: ['/systems/{id}/tasks'],
});

export const getTask = defineRoute({
  operationId: 'getTask',
  service,
  method: 'get',
  path: '/api/v1/systems/{id}/tasks/{task}',
  tag,
  summary: 'Get one task',
  scope: 'systems:read',
  params: TaskParams,
  response: { status: 200, description: 'The task as it is now', schema: Task },
  deprecatedPaths: ['/systems/{id}/tasks/{task}'],
});

export const cancelTask = defineRoute({
  operationId: 'cancelTask',
  service,
  method: 'post',
  path: '/api/v1/systems/{id}/tasks/{task}/cancel',
  tag,
  summary: 'Cancel a task that has not ended; what it is asking of a model is broken off',
  scope: 'chat:write',
  params: TaskParams,
  response: { status: 200, description: 'The task, cancelled', schema: Task },
});

export const streamTaskEvents = defineRoute({
  operationId: 'streamTaskEvents',
  service,
  method: 'get',
  path: '/api/v1/systems/{id}/tasks/{task}/events',
  tag,
  summary: 'Follow a task',
  description:
    'Server-sent events `status`, `step` and `tool`, from the first one or, with `Last-Event-ID`, from the one after it. ' +
    'The stream ends after the status that is final.',
  scope: 'systems:read',
  params: TaskParams,
  idleTimeoutMs: 40_000,
  response: { status: 200, description: 'The events', schema: z.string(), contentType: 'text/event-stream' },
});

/** Works a task off. Everything else stands in the database. */
export const runTask = defineJob({
  name: 'chat.tasks',
  version: 1,
  worker: 'chat-router',
  payload: z.object({ task_id: z.string() }),
  attempts: 3,
  backoffMs: 1_000,
});

export const systemRoutes = [
  createSystem,
  listSystems,
  getSystem,
  updateSystem,
  deleteSystem,
  listSystemVersions,
  createTask,
  listTasks,
  getTask,
  cancelTask,
  streamTaskEvents,
] as const;
