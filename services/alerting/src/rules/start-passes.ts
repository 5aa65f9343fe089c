import { startSweep, type Sweep } from '../sweeps/start-sweep.ts';
import { nextEvaluationAt } from './rule-store.ts';
import { runDueRules, type RunDeps } from './run-rules.ts';

/** For what another replica has made due meanwhile. */
const lookMs = 5_000;

/** Evaluates what is due, for as long as it is open. What is due stands in Postgres; a nudge only makes it sooner. */
export function startPasses(deps: RunDeps): Sweep {
  let isClosed = false;
  const sweep = startSweep(
    async () => {
      while (!isClosed && (await runDueRules(deps, new Date())) > 0);
    },
    { everyMs: lookMs, nextAt: () => nextEvaluationAt(deps.db, new Date()), logger: deps.logger },
  );
  return {
    nudge() {
      sweep.nudge();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await sweep[Symbol.asyncDispose]();
    },
  };
}
