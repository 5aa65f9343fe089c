import {
  budgetCrossed,
  eventJob,
  modelHealthChanged,
  providerStateChanged,
  researchFinished,
  samplesArrived,
  type EventContract,
} from '@signalbox/contracts';
import { handleOnce } from '@signalbox/postgres';
import { startWorker, type HandledJob, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Kysely, Transaction } from 'kysely';
import type { z } from 'zod';
import type { Schema } from '../app/schema.ts';
import { nudgeRules } from '../rules/rule-store.ts';
import { noteSignal } from './note-signal.ts';
import { signalOfBudget, signalOfProvider, signalOfResearch, signalsOfModel } from './signals-of-events.ts';

export interface SignalWorkerDeps {
  db: Kysely<Schema>;
  working: Pick<WorkerOptions<never>, 'redisUrl' | 'identityKeys' | 'deadLetters' | 'logger' | 'metrics' | 'prefix'>;
  /** Puts the rules of the start there for a tenant that is seen for the first time. */
  beginTenant: (tenantId: string) => Promise<void>;
  /** To be called after a commit that made rules due. */
  wake: () => void;
}

/** Takes what the other services tell: each message has its effect once, and what is late has none. */
export function startSignalWorkers(deps: SignalWorkerDeps): Readonly<Record<string, RunningWorker>> {
  return {
    provider_states: listen(deps, providerStateChanged, async (trx, { payload }, now) => {
      await noteSignal(trx, signalOfProvider(payload), now);
    }),
    budgets: listen(deps, budgetCrossed, async (trx, { payload }, now) => {
      await noteSignal(trx, signalOfBudget(payload), now);
    }),
    model_health: listen(deps, modelHealthChanged, async (trx, { payload, caller }, now) => {
      for (const signal of signalsOfModel(caller.principal.tenantId, payload)) await noteSignal(trx, signal, now);
    }),
    research: listen(deps, researchFinished, async (trx, { payload }, now) => {
      const signal = signalOfResearch(payload, now);
      if (signal !== null) await noteSignal(trx, signal, now);
    }),
    samples: listen(deps, samplesArrived, async (trx, { caller }, now) => {
      await nudgeRules(trx, { tenantId: caller.principal.tenantId, kind: 'series', signal: null, now });
    }),
  };
}

function listen<Payload extends z.ZodType>(
  { db, working, beginTenant, wake }: SignalWorkerDeps,
  event: EventContract<Payload>,
  handle: (trx: Transaction<Schema>, job: HandledJob<z.output<Payload>>, now: Date) => Promise<void>,
): RunningWorker {
  const job = eventJob(event, 'alerting');
  return startWorker({
    ...working,
    job,
    concurrency: 4,
    handle: async (handled) => {
      await beginTenant(handled.caller.principal.tenantId);
      await handleOnce(db, job.name, handled.jobId, (trx) => handle(trx, handled, new Date()));
      wake();
    },
  });
}
