import { runResearch, type ResearchInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { budgetOf } from './budget.ts';
import { countQueued, findJobByKey, hashRequest, insertJob, messageIdOf, type JobRow } from './job-store.ts';

export interface SubmitDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
  /** How many jobs of one tenant may wait. */
  queuedMax: number;
  /** How long a report is kept. */
  keptForDays: number;
}

/**
 * Accepts research: the job and its message are there together, or neither is. The same key with the same request is the
 * same job. Throws `unprocessable` for the same key with another request, and `rate_limited` where too many jobs wait.
 */
export async function submitResearch(
  deps: SubmitDeps,
  caller: CallerIdentity,
  { input, idempotencyKey }: { input: ResearchInput; idempotencyKey: string | null },
): Promise<{ job: JobRow; isNew: boolean }> {
  const { principal } = caller;
  const request = withTopic(input);
  const id = newId('job');
  const job = await deps.db.transaction().execute(async (trx) => {
    const inserted = await insertJob(trx, {
      id,
      principal,
      request,
      idempotencyKey,
      budget: budgetOf(request),
      keptForDays: deps.keptForDays,
    });
    if (inserted === null) return null;
    // Counted after the insert, this one included: whoever repeats a request is not refused for it.
    if ((await countQueued(trx, principal.tenantId)) > deps.queuedMax) {
      throw new AppError('rate_limited', 'Too much research waits already.', { retryAfterMs: 30_000 });
    }
    await emit(
      trx,
      deps.emitter.outboxRows(runResearch, { job_id: id, run: 1 }, caller, {
        id: messageIdOf({ id, run: 1, turn: 0 }),
      }),
    );
    return inserted;
  });
  if (job !== null) {
    deps.nudgeRelay();
    return { job, isNew: true };
  }
  const earlier = await findJobByKey(deps.db, principal.tenantId, idempotencyKey ?? '');
  if (earlier === null) throw new AppError('conflict', 'The job of this Idempotency-Key has just been deleted.');
  if (earlier.request_hash !== hashRequest(request)) {
    throw new AppError('unprocessable', 'This Idempotency-Key was used for other research.');
  }
  return { job: earlier, isNew: false };
}

function withTopic({ query, ...input }: ResearchInput): ResearchInput & { topic: string } {
  const topic = input.topic ?? query;
  if (topic === undefined) {
    throw new AppError('validation_failed', undefined, {
      fields: [{ path: 'topic', message: 'Expected what is to be found out.' }],
    });
  }
  return { ...input, topic };
}
