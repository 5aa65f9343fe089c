import type { RoutingScore } from '@signalbox/contracts';
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

/** Names the best of several answers, by their places. Never rejects. */
export type PickBest = (
  answers: readonly Won[],
  deadline: Deadline,
) => Promise<{ kind: 'picked'; best: number; judge: string } | { kind: 'failed'; reason: string; judge: string }>;

/** `fastest`: the first. `longest`: of all answers the one with the most tokens. Or the one that somebody names. */
export type RivalScorer = { kind: 'fastest' } | { kind: 'longest' } | { kind: 'judge'; model: string; pick: PickBest };

/** Each is a call that somebody pays for. */
const rivalsMax = 5;

/**
 * Asks several candidates at once and gives the answer that the scorer picks, and how it was picked. With `fastest` everyone
 * else is let go and not billed; otherwise each was asked for, so each is billed. Where a judge fails, `longest` picks.
 */
export async function runRivals(
  deps: AttemptDeps,
  plan: AttemptPlan,
  deadline: Deadline,
  scorer: RivalScorer,
): Promise<{ won: Won; score: RoutingScore }> {
  assertPossible(plan, scorer);
  const running = plan.candidates.map((candidate) => start(deps, plan, deadline, candidate, 'rival'));
  if (scorer.kind === 'fastest') {
    const outcomes = await firstToAnswer(running);
    const [won, ...late] = answersIn(outcomes);
    if (won === undefined) throw failureOf(outcomes, plan, deadline);
    for (const other of late) await letGo(other);
    return { won, score: { asked: 'fastest', used: 'fastest', judge: null, reason: null } };
  }
  const outcomes = await Promise.all(running.map((each) => each.outcome));
  const answers = answersIn(outcomes);
  const { best, score } = await pickOf(answers, scorer, deadline);
  const won = answers[best];
  if (won === undefined) throw failureOf(outcomes, plan, deadline);
  for (const other of answers) {
    if (other === won) continue;
    other.entry.reason =
      score.used === 'judge' ? 'not the one that the judge named' : 'shorter than the one that was given';
    await other.call.finish('ok').catch(() => undefined);
  }
  return { won, score };
}

async function pickOf(
  answers: readonly Won[],
  scorer: Exclude<RivalScorer, { kind: 'fastest' }>,
  deadline: Deadline,
): Promise<{ best: number; score: RoutingScore }> {
  const judge = scorer.kind === 'judge' ? scorer.model : null;
  const score: RoutingScore = { asked: scorer.kind, used: 'longest', judge, reason: null };
  if (answers.length < 2) return { best: 0, score: { ...score, used: 'none', reason: 'only one model answered' } };
  if (scorer.kind === 'longest') return { best: longestOf(answers), score };
  const picked = await scorer.pick(answers, deadline);
  return picked.kind === 'picked'
    ? { best: picked.best, score: { ...score, used: 'judge', judge: picked.judge } }
    : { best: longestOf(answers), score: { ...score, judge: picked.judge, reason: picked.reason } };
}

function assertPossible({ candidates, asked }: AttemptPlan, { kind }: RivalScorer): void {
  if (candidates.length > rivalsMax) {
    throw new AppError('validation_failed', `At most ${String(rivalsMax)} models can be asked at once.`, {
      details: { param: 'signalbox.models' },
    });
  }
  if (kind === 'fastest' || !asked.stream) return;
  throw new AppError(
    'validation_failed',
    'Which answer is the best is not known before all are whole: ask without `stream`, or for the fastest.',
    { details: { param: 'signalbox.scorer' } },
  );
}

function answersIn(outcomes: Awaited<ReturnType<typeof firstToAnswer>>): Won[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'won' ? [outcome.won] : []));
}

/** Of equals the first. */
function longestOf(answers: readonly Won[]): number {
  return answers.reduce((best, answer, place) => {
    const longest = answers[best];
    return longest !== undefined && lengthOf(longest) >= lengthOf(answer) ? best : place;
  }, 0);
}

function lengthOf({ call, opened }: Won): number {
  return call.usage.completionTokens ?? (opened.kind === 'document' ? opened.document.body.length / 4 : 0);
}
