import { runResearch } from '@signalbox/contracts';
import { AppError, errorKinds, toAppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import type { Emitter } from '@signalbox/queue';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { JobRun, StoreFailed } from '../steps/job-run.ts';
import { tellFinished } from './finish-job.ts';
import { CancelAsked, holdLease, LeaseLost } from './hold-lease.ts';
import type { JobRow } from './job-store.ts';
import { claimJob, endRun, releaseLease, type JobEnd, type JobLease, type JobProgress } from './lease-store.ts';

/** How a run at a job ended; `publish` puts what is to be published there in the transaction that says so. */
export type RunOutcome =
  | { kind: 'planned' }
  | {
      kind: 'completed' | 'completed_in_part';
      reportSha256: string;
      publish: (trx: Transaction<Schema>) => Promise<void>;
    };

export interface WorkOffDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  nudgeRelay: () => void;
  /** To be called when a job has ended: another one of its tenant may have its turn. */
  turnIsFree: () => void;
  /** The work itself. */
  research: (run: JobRun, caller: CallerIdentity) => Promise<RunOutcome>;
  owner: string;
  leaseMs: number;
  runningMax: number;
  logger: Logger;
}

export interface JobMessageFacts {
  jobId: string;
  run: number;
  caller: CallerIdentity;
  /** True when the queue will not bring this message again. */
  isLastAttempt: boolean;
}

const lostLeasesMax = 2;

/**
 * Works a job on, from where an earlier worker stopped. Resolves when it has ended, waits for somebody, or is somebody
 * else's. Rejects when the queue is to bring it again: with `unavailable` where something is away, with anything else where
 * an attempt is used up.
 */
export async function workOffJob(deps: WorkOffDeps, message: JobMessageFacts, signal: AbortSignal): Promise<void> {
  const { db, leaseMs } = deps;
  const { jobId, run, caller } = message;
  const claim = await claimJob(db, { ...deps, jobId, run, lostLeasesMax });
  if (claim.kind === 'parked' || claim.kind === 'not_ours') return;
  const { lease, job } = claim;
  if (claim.kind === 'lost_too_often') {
    await fail(deps, lease, null, new AppError('internal', 'One worker after another was lost at this research.'));
    return;
  }
  await using holding = holdLease(db, lease, leaseMs);
  const stop = AbortSignal.any([signal, holding.ended]);
  const work = new JobRun(deps, { job, lease, signal: stop });
  /** A renewal that is under way would bring the lease back. */
  async function letGo(): Promise<void> {
    await holding[Symbol.asyncDispose]();
    await releaseLease(db, lease);
  }
  try {
    const outcome = await deps.research(work, caller);
    stop.throwIfAborted();
    await end(deps, lease, work.progress, outcome);
  } catch (thrown) {
    const reason: unknown = holding.ended.aborted ? holding.ended.reason : thrown;
    // Somebody else's by now: nothing is left to be done here.
    if (reason instanceof LeaseLost) {
      await endIfCancelled(deps, lease);
      return;
    }
    if (reason instanceof CancelAsked) {
      await finish(deps, lease, work.progress, { event: 'let_go', error: null, reportSha256: null });
      return;
    }
    if (signal.aborted) {
      await letGo();
      throw thrown;
    }
    const error = toAppError(thrown instanceof StoreFailed ? thrown.cause : thrown);
    const isAway = thrown instanceof StoreFailed || error.code === 'unavailable';
    if (!isAway && (message.isLastAttempt || !mayPass(error))) {
      deps.logger.warn('research.failed', { job_id: jobId, error: thrown });
      await fail(deps, lease, work.progress, error);
      return;
    }
    await letGo();
    throw isAway && error.code !== 'unavailable'
      ? new AppError('unavailable', 'The store is away.', { cause: thrown })
      : thrown;
  }
}

export const attemptsMax = runResearch.attempts;

/** True where a later attempt may go better. */
function mayPass({ code }: AppError): boolean {
  return [
    'unavailable',
    'circuit_open',
    'rate_limited',
    'timeout',
    'provider_failed',
    'bad_gateway',
    'internal',
  ].includes(code);
}

async function fail(
  deps: WorkOffDeps,
  lease: JobLease,
  progress: JobProgress | null,
  { code, message }: AppError,
): Promise<void> {
  const error = { code: errorKinds[code].errorCode, message };
  await finish(deps, lease, progress, { event: 'failed', error, reportSha256: null });
}

async function end(deps: WorkOffDeps, lease: JobLease, progress: JobProgress, outcome: RunOutcome): Promise<void> {
  const isPlanned = outcome.kind === 'planned';
  const reportSha256 = isPlanned ? null : outcome.reportSha256;
  const publish = isPlanned ? null : outcome.publish;
  const job = await finish(deps, lease, progress, { event: outcome.kind, error: null, reportSha256 }, publish);
  if (job === null) await endIfCancelled(deps, lease);
}

/** A cancel that came when the work was done, or nearly so, is a cancel. */
async function endIfCancelled(deps: WorkOffDeps, lease: JobLease): Promise<void> {
  await finish(deps, lease, null, { event: 'let_go', error: null, reportSha256: null });
}

async function finish(
  { db, emitter, nudgeRelay, turnIsFree, logger }: WorkOffDeps,
  lease: JobLease,
  progress: JobProgress | null,
  ending: JobEnd,
  publish: ((trx: Transaction<Schema>) => Promise<void>) | null = null,
): Promise<JobRow | null> {
  const job = await db.transaction().execute(async (trx) => {
    const ended = await endRun(trx, lease, progress, ending);
    if (ended === null) return null;
    await publish?.(trx);
    await tellFinished(trx, emitter, ended);
    return ended;
  });
  if (job !== null) logger.info('research.ended', { job_id: job.id, status: job.status, workers: job.epoch });
  nudgeRelay();
  turnIsFree();
  return job;
}
