import type { SignalboxOptions } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Deadline } from './deadline.ts';
import {
  failureOf,
  firstToAnswer,
  letGo,
  start,
  type AttemptDeps,
  type AttemptPlan,
  type Won,
} from './run-attempts.ts';

export type Scorer = NonNullable<SignalboxOptions['scorer']>;

/** Each is a call that somebody pays for. */
const rivalsMax = 5;

/**
 * Asks several candidates at once and gives the answer that the scorer picks. `fastest`: the first; everyone else is let go
 * and not billed. `longest`: of all answers the one with the most tokens; each was asked for, so each is billed.
 */
export async function runRivals(
  deps: AttemptDeps,
  plan: AttemptPlan,
  deadline: Deadline,
  scorer: Scorer,
): Promise<Won> {
  if (plan.candidates.length > rivalsMax) {
    throw new AppError('validation_failed', `At most ${String(rivalsMax)} models can be asked at once.`, {
      details: { param: 'signalbox.models' },
    });
  }
  if (scorer === 'longest' && plan.asked.stream) {
    throw new AppError(
      'validation_failed',
      'Which answer is the longest is not known before all are whole: ask without `stream`.',
      {
        details: { param: 'signalbox.scorer' },
      },
    );
  }
  const running = plan.candidates.map((candidate) => start(deps, plan, deadline, candidate, 'rival'));
  const outcomes =
    scorer === 'fastest' ? await firstToAnswer(running) : await Promise.all(running.map((each) => each.outcome));
  const answers = outcomes.flatMap((outcome) => (outcome.kind === 'won' ? [outcome.won] : []));
  const best = answers.reduce<Won | null>((a, b) => (a !== null && lengthOf(a) >= lengthOf(b) ? a : b), null);
  if (best === null) throw failureOf(outcomes, plan, deadline);
  for (const other of answers) {
    if (other === best) continue;
    if (scorer === 'fastest') {
      await letGo(other);
    } else {
      other.entry.reason = 'shorter than the one that was given';
      await other.call.finish('ok').catch(() => undefined);
    }
  }
  return best;
}

function lengthOf({ call, opened }: Won): number {
  return call.usage.completionTokens ?? (opened.kind === 'document' ? opened.document.body.length / 4 : 0);
}
