import { createHash } from 'node:crypto';
import type { ResearchStage, ResearchWarning } from '@signalbox/contracts';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { exhausted } from '../jobs/budget.ts';
import { LeaseLost } from '../jobs/hold-lease.ts';
import type { JobRow } from '../jobs/job-store.ts';
import type { Amounts } from '../jobs/job-tables.ts';
import { saveProgress, type JobLease, type JobProgress, type ToldEvent } from '../jobs/lease-store.ts';
import { findStep } from './step-store.ts';

/** Postgres is away: no fault of the research, and nothing to tell its owner. */
export class StoreFailed extends Error {}

/** A budget is used up: what there is is made a report of. */
export class BudgetExhausted extends Error {
  readonly what: string;

  constructor(what: string) {
    super(`The budget of ${what} is used up.`);
    this.what = what;
  }
}

/** What a step gave, what it cost, and what is told of it. */
export interface StepResult<Output> {
  output: Output;
  cost?: Partial<Amounts>;
  events?: readonly ToldEvent[];
}

export interface StepId {
  stage: ResearchStage | 'model' | 'embed' | 'mark';
  key: string;
  /** All that the output follows from. */
  input: unknown;
}

const stagesInOrder: readonly ResearchStage[] = [
  'plan',
  'search',
  'fetch',
  'rank',
  'outline',
  'write',
  'verify',
  'analyse',
  'render',
  'publish',
];

/**
 * One worker's run at one job: what earlier workers did is remembered and not done again, what is done is written under the
 * fence of the lease, and spending is counted before it happens.
 */
export class JobRun {
  readonly job: JobRow;
  readonly signal: AbortSignal;
  readonly progress: JobProgress;
  readonly #db: Kysely<Schema>;
  readonly #lease: JobLease;
  readonly #logger: Logger;
  readonly #reserved: Amounts = { sources: 0, fetch_bytes: 0, llm_tokens: 0, usd: 0, wall_seconds: 0 };
  #clock = performance.now();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    { db, logger }: { db: Kysely<Schema>; logger: Logger },
    { job, lease, signal }: { job: JobRow; lease: JobLease; signal: AbortSignal },
  ) {
    this.#db = db;
    this.#logger = logger;
    this.#lease = lease;
    this.job = job;
    this.signal = signal;
    this.progress = {
      stage: job.stage,
      // Counted anew: what is remembered is passed over quickly, and nothing is written before it was.
      units: stagesInOrder.map((stage) => ({ stage, done: 0, total: 0 })),
      spent: { ...job.spent },
      questions: null,
      mode: null,
      degraded: [],
      warnings: [],
      partialReason: null,
    };
  }

  /** Does a step that nobody has done before with this input, and remembers it before anything is made of it. */
  async step<Output extends object>(id: StepId, work: () => Promise<StepResult<Output>>): Promise<Output> {
    this.signal.throwIfAborted();
    const { stage, key } = id;
    const inputHash = hashOf(id.input);
    const earlier = await inStore(findStep(this.#db, { jobId: this.job.id, stage, key, inputHash }));
    if (earlier !== null) return earlier.output as Output;
    const { output, cost = {}, events = [] } = await work();
    this.signal.throwIfAborted();
    await this.#save(cost, { step: { stage, key, inputHash, output, cost }, events });
    this.#logger.debug('research.step', { job_id: this.job.id, stage, step: key });
    return output;
  }

  /** Begins a stage whose units are known, or not yet. */
  async enter(stage: ResearchStage, total: number): Promise<void> {
    this.progress.stage = stage;
    this.#unitsOf(stage).total = total;
    await this.step({ stage: 'mark', key: stage, input: null }, () =>
      Promise.resolve({ output: {}, events: [{ type: 'stage', data: { stage, total } }] }),
    );
  }

  /** Says that more units of a stage are known. */
  more(stage: ResearchStage, units: number): void {
    this.#unitsOf(stage).total += units;
  }

  /** Counts a unit of a stage as done; it is written with whatever is written next. */
  done(stage: ResearchStage, units = 1): void {
    this.#unitsOf(stage).done += units;
  }

  /** Writes the progress as it is now. */
  async flush(): Promise<void> {
    await this.#save({}, { step: null, events: [] });
  }

  warn(warning: ResearchWarning): void {
    const { warnings } = this.progress;
    if (warnings.some(({ code, subject }) => code === warning.code && subject === warning.subject)) return;
    if (warnings.length < warningsMax) warnings.push(warning);
  }

  degrade(how: string): void {
    if (!this.progress.degraded.includes(how)) this.progress.degraded.push(how);
  }

  /** What of the budget is used up by so great a share, counting what is reserved; null: nothing. */
  usedUp(share: number): string | null {
    return exhausted(this.job.budget, sum(this.#spentNow(), this.#reserved), share);
  }

  /** Reserves what a call may cost at most while it runs. Throws `BudgetExhausted` where it does not fit any more. */
  async reserving<Result>(most: Partial<Amounts>, call: () => Promise<Result>): Promise<Result> {
    const { budget } = this.job;
    const after = sum(sum(this.#spentNow(), this.#reserved), most);
    for (const member of Object.keys(most) as (keyof Amounts)[])
      if (after[member] > budget[member]) throw new BudgetExhausted(member.replaceAll('_', ' '));
    add(this.#reserved, most, 1);
    try {
      return await call();
    } finally {
      add(this.#reserved, most, -1);
    }
  }

  #spentNow(): Amounts {
    return sum(this.progress.spent, { wall_seconds: (performance.now() - this.#clock) / 1_000 });
  }

  #unitsOf(stage: ResearchStage) {
    const units = this.progress.units.find((one) => one.stage === stage);
    if (units === undefined) throw new TypeError(`${stage} is no stage`);
    return units;
  }

  /** One after the other: what is written later holds all that was written earlier. */
  async #save(cost: Partial<Amounts>, what: Parameters<typeof saveProgress>[3]): Promise<void> {
    const turn = this.#writing.then(async () => {
      const now = performance.now();
      add(this.progress.spent, { ...cost, wall_seconds: (now - this.#clock) / 1_000 }, 1);
      this.#clock = now;
      if (!(await inStore(saveProgress(this.#db, this.#lease, this.progress, what)))) throw new LeaseLost();
    });
    // Whoever wrote before has heard how that ended.
    this.#writing = turn.catch(() => undefined);
    await turn;
  }
}

const warningsMax = 100;

export function hashOf(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([input]))
    .digest('hex');
}

function sum(one: Amounts, other: Partial<Amounts>): Amounts {
  const total = { ...one };
  add(total, other, 1);
  return total;
}

function add(to: Amounts, amounts: Partial<Amounts>, sign: 1 | -1): void {
  for (const [member, amount] of Object.entries(amounts) as [keyof Amounts, number][]) to[member] += sign * amount;
}

async function inStore<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new StoreFailed('', { cause });
  }
}
