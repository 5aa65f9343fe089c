import type { SystemSpec, ToolCallRecord } from '@signalbox/contracts';
import { AppError, errorKinds, toAppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Ask, ModelAnswer, Question } from '../asking/ask.ts';
import { sumOf, totalTokens } from '../asking/spending.ts';
import type { CompileSchema } from '../json-schema/compile-schema.ts';
import { runToolLoop, stepsMaxByDefault } from '../tools/run-tool-loop.ts';
import type { ServerTool } from '../tools/server-tool.ts';
import { authorityGone, isGivenStill } from './restriction-store.ts';
import { runSystem, type AskStep } from './run-system.ts';
import type { StoredResult, TaskFailure } from './system-tables.ts';
import { getVersion } from './system-store.ts';
import {
  claimTask,
  endTask,
  readSteps,
  releaseLease,
  renewLease,
  saveStep,
  type TaskLease,
  type TaskRow,
} from './task-store.ts';

export interface WorkOffDeps {
  db: Kysely<Schema>;
  ask: Ask;
  /** The tools of these names, all of which the system may use. */
  toolsOf(tenantId: string, names: readonly string[]): Promise<ServerTool[]>;
  compileSchema: CompileSchema;
  events: TaskEvents;
  /** How long a worker may be silent before another one takes its task. Default 15 s. */
  leaseMs?: number;
}

export interface TaskEvents {
  taskEnded(event: { taskId: string; systemId: string; architecture: string; outcome: 'completed' | 'failed' }): void;
}

export interface TaskJob {
  taskId: string;
  caller: CallerIdentity;
  /** True when the queue will not bring the task again. */
  isLastAttempt: boolean;
}

/** How often a worker says that it is alive, and hears that its task was cancelled. */
const renewMs = 1_000;
const timeoutMsByDefault = 300_000;

/**
 * Works a task off, from where an earlier worker stopped. Resolves when the task has ended, by whomever. Rejects when the
 * queue is to bring it again: with `unavailable` where a store is away or another worker still holds it, with anything else
 * where an attempt is used up.
 */
export async function workOffTask(deps: WorkOffDeps, job: TaskJob, signal: AbortSignal): Promise<void> {
  const { db, leaseMs = 15_000 } = deps;
  const { tenantId } = job.caller.principal;
  const claim = await claimTask(db, tenantId, job.taskId, leaseMs);
  if (claim.kind === 'over') return;
  if (claim.kind === 'held') {
    throw new AppError('unavailable', 'Another worker holds this task.', { retryAfterMs: claim.retryAfterMs });
  }
  const { lease, task } = claim;
  const spec = await getVersion(db, tenantId, { id: task.system_id, version: task.system_version });
  await using holding = holdLease(db, lease, leaseMs);
  const timeoutMs = spec.requirements.timeout_ms ?? timeoutMsByDefault;
  const deadline = AbortSignal.timeout(Math.max(0, (task.started_at?.getTime() ?? 0) + timeoutMs - Date.now()));
  const work = new TaskWork(deps, job, { task, lease, spec }, AbortSignal.any([signal, holding.lost, deadline]));

  async function end(outcome: { kind: 'completed'; result: StoredResult } | { kind: 'failed'; error: TaskFailure }) {
    if (!(await endTask(db, lease, outcome))) return;
    const { architecture } = spec;
    deps.events.taskEnded({ taskId: task.id, systemId: task.system_id, architecture, outcome: outcome.kind });
  }

  const { principalId } = job.caller.principal;
  if (!(await isGivenStill(db, tenantId, { principalId, givenAt: task.created_at }))) {
    await end({ kind: 'failed', error: { code: errorKinds.forbidden.errorCode, message: authorityGone } });
    return;
  }

  let result: StoredResult;
  try {
    result = await work.run();
  } catch (thrown) {
    // Cancelled, or somebody else's by now: nothing is left to be done here.
    if (holding.lost.aborted || thrown instanceof LeaseLost) return;
    if (thrown instanceof StoreFailed) throw thrown.cause;
    if (!signal.aborted) {
      const error = deadline.aborted
        ? new AppError('timeout', `The task took longer than ${String(timeoutMs)} ms.`)
        : toAppError(thrown);
      if (deadline.aborted || job.isLastAttempt || !mayPass(error)) {
        await end({ kind: 'failed', error: { code: errorKinds[error.code].errorCode, message: error.message } });
        if (error.code === 'internal') throw thrown;
        return;
      }
    }
    await releaseLease(db, lease);
    throw new Error('The task could not be done this time.', { cause: thrown });
  }
  await end({ kind: 'completed', result });
}

/** True where a later attempt may go better, though the router has already tried what there was to try. */
function mayPass({ code }: AppError): boolean {
  return ['unavailable', 'circuit_open', 'rate_limited', 'timeout', 'provider_failed', 'internal'].includes(code);
}

/** The task is somebody else's, or has ended. */
class LeaseLost extends Error {}

/** Postgres is away: no fault of a model, and nothing to tell the task's owner. */
class StoreFailed extends Error {}

type Remembered = { kind: 'answer'; answer: ModelAnswer } | { kind: 'tool'; call: ToolCallRecord & { output: string } };

interface ClaimedTask {
  task: TaskRow;
  lease: TaskLease;
  spec: SystemSpec;
}

/** One attempt at one task, with what earlier attempts remember. */
class TaskWork {
  readonly #deps: WorkOffDeps;
  readonly #job: TaskJob;
  readonly #claimed: ClaimedTask;
  readonly #signal: AbortSignal;
  readonly #done = new Map<string, Remembered>();
  #earlier: ReadonlyMap<string, object> = new Map();
  #tools: readonly ServerTool[] = [];

  constructor(deps: WorkOffDeps, job: TaskJob, claimed: ClaimedTask, signal: AbortSignal) {
    this.#deps = deps;
    this.#job = job;
    this.#claimed = claimed;
    this.#signal = signal;
  }

  async run(): Promise<StoredResult> {
    const { task, spec } = this.#claimed;
    this.#earlier = await inStore(readSteps(this.#deps.db, task.id));
    this.#tools = await this.#deps.toolsOf(task.tenant_id, spec.tools);
    const ask: AskStep = (step, { messages, candidates, role }) => {
      const [model = ''] = candidates;
      const question = {
        request: { model, messages },
        candidates,
        // Who plans, and who writes what comes of it all, is the first that can.
        ...(role === 'worker' && spec.strategy !== undefined ? { strategy: spec.strategy } : {}),
        systemId: task.system_id,
      };
      return role === 'worker' && this.#tools.length > 0
        ? this.#askWithTools(step, question)
        : this.#ask(step, question);
    };
    const { output, confidence, failedModels } = await runSystem(spec, task.input, ask);
    const steps = [...this.#done].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, done]) => done);
    const answers = steps.flatMap((done) => (done.kind === 'answer' ? [done.answer] : []));
    const spent = sumOf(answers);
    return {
      output,
      models_used: [...new Set(answers.map(({ model }) => model))],
      usage: {
        prompt_tokens: spent.promptTokens,
        completion_tokens: spent.completionTokens,
        total_tokens: totalTokens(spent),
        calls: spent.calls,
      },
      cost_usd: spent.costUsd,
      ...(confidence === null ? {} : { confidence: confidence.value, confidence_formula: confidence.formula }),
      tool_calls: steps.flatMap((done) => (done.kind === 'tool' ? [summaryOf(done.call)] : [])),
      failed_models: failedModels,
    };
  }

  async #ask(step: string, question: Question): Promise<ModelAnswer> {
    const { task } = this.#claimed;
    const done = await this.#once(step, async () => {
      const idempotencyKey = `${task.id}/${step}`;
      const answer = await this.#deps.ask(question, this.#job.caller, { signal: this.#signal, idempotencyKey });
      return { kind: 'answer', answer };
    });
    if (done.kind !== 'answer') throw new TypeError(`${step} is no question`);
    return done.answer;
  }

  async #askWithTools(step: string, question: Question): Promise<ModelAnswer> {
    const { answer } = await runToolLoop({
      request: question.request,
      tools: this.#tools,
      stepsMax: stepsMaxByDefault,
      ask: (request, turn) => this.#ask(`${step}/${String(turn)}`, { ...question, request }),
      execute: async (key, call) => {
        const done = await this.#once(`${step}/tool-${key}`, async () => ({ kind: 'tool', call: await call() }));
        if (done.kind !== 'tool') throw new TypeError(`${step} is no call of a tool`);
        return done.call;
      },
      compileSchema: this.#deps.compileSchema,
      callPrefix: `${this.#claimed.task.id}:${step}`,
      signal: this.#signal,
    });
    return answer;
  }

  /** Does a step that nobody has done before, and remembers it before anything is made of it. */
  async #once(step: string, work: () => Promise<Remembered>): Promise<Remembered> {
    const earlier = this.#earlier.get(step) as Remembered | undefined;
    const done = earlier ?? (await work());
    this.#done.set(step, done);
    if (earlier !== undefined) return done;
    this.#signal.throwIfAborted();
    const { db } = this.#deps;
    const event = eventOf(step, done);
    if (!(await inStore(saveStep(db, this.#claimed.lease, { step, output: done, event })))) throw new LeaseLost();
    return done;
  }
}

function eventOf(step: string, done: Remembered): { type: string; data: Record<string, unknown> } {
  if (done.kind === 'tool') return { type: 'tool', data: { step, ...summaryOf(done.call) } };
  const { model, usage, costUsd } = done.answer;
  const { promptTokens, completionTokens } = usage;
  const data = { step, model, prompt_tokens: promptTokens, completion_tokens: completionTokens, cost_usd: costUsd };
  return { type: 'step', data };
}

function summaryOf({ name, ok, error, duration_ms }: ToolCallRecord): StoredResult['tool_calls'][number] {
  return { name, ok, ...(error === undefined ? {} : { error }), duration_ms };
}

async function inStore<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new StoreFailed('', { cause });
  }
}

/** Keeps a lease alive; `lost` fires when somebody has ended the task or taken it, or might have. */
function holdLease(
  db: Kysely<Schema>,
  lease: TaskLease,
  leaseMs: number,
): AsyncDisposable & { readonly lost: AbortSignal } {
  const lost = new AbortController();
  let renewedAt = performance.now();
  let renewing: Promise<void> | null = null;

  async function renew(): Promise<void> {
    const from = performance.now();
    try {
      if (await renewLease(db, lease, leaseMs)) renewedAt = from;
      else lost.abort(new LeaseLost());
    } catch {
      // Postgres is away. As long as the lease runs, nobody else can have the task either.
      if (performance.now() - renewedAt > leaseMs) lost.abort(new LeaseLost());
    }
    renewing = null;
  }

  const timer = setInterval(() => {
    renewing ??= renew();
  }, renewMs);
  return {
    lost: lost.signal,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await renewing;
    },
  };
}
