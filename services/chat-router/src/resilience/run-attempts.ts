import { setTimeout as sleep } from 'node:timers/promises';
import type { RoutingAttempt } from '@signalbox/contracts';
import { AppError, toAppError } from '@signalbox/errors';
import type { Admission, Breakers } from '@signalbox/redis';
import type { Asked } from '../providers/provider.ts';
import type { Connection } from '../routing/connection.ts';
import type { Candidate } from '../routing/plan-route.ts';
import { modelId } from '../routing/target.ts';
import { Call, type CallDeps, type Errand } from './call.ts';
import type { Cooldowns } from './cooldowns.ts';
import type { Deadline } from './deadline.ts';
import type { FirstTokenTimes } from './first-token-times.ts';
import { backoffMs, healthAfter, isRequestFault, judgeFailure } from './judge-failure.ts';
import { openAnswer, type OpenedAnswer } from './open-answer.ts';
import type { ResilienceSettings } from './resilience-settings.ts';
import type { TokenBucket } from './token-bucket.ts';

export interface AttemptDeps extends CallDeps {
  breakers: Breakers;
  cooldowns: Cooldowns;
  firstTokenTimes: FirstTokenTimes;
  /** Leave to repeat a call to a connection. */
  retryBudgetOf(connectionId: string): TokenBucket;
  hedgeBudget: TokenBucket;
  settings: ResilienceSettings;
}

export interface AttemptPlan {
  asked: Asked;
  errand: Errand;
  /** In the order in which they are asked; at least one. */
  candidates: readonly Candidate[];
  connectionOf: (candidate: Candidate) => Connection;
  /** What becomes of each of them is added here as it happens. */
  log: RoutingAttempt[];
  startedMs: number;
}

/** The answer that is given. Its call goes on until whoever has it ends it. */
export interface Won {
  call: Call;
  opened: OpenedAnswer;
  admission: Admission;
  entry: RoutingAttempt;
}

export type Outcome =
  | { kind: 'won'; won: Won }
  | { kind: 'failed'; candidate: Candidate; error: AppError; at: number }
  | { kind: 'skipped'; candidate: Candidate; error: AppError; at: number };

export interface Running {
  outcome: Promise<Outcome>;
  cancel(): void;
}

const cancelled = new AppError('unavailable', 'Another answer was first.');

/**
 * Asks one candidate after the other until one answers; when all have failed, those that may recover once more, as far as
 * the settings and the budget for repeats allow, and never before the time that they gave. Throws the most telling error,
 * with `should_retry: false` once our own tries are spent: then the client's would only add to the load.
 */
export async function runAttempts(deps: AttemptDeps, plan: AttemptPlan, deadline: Deadline): Promise<Won> {
  const failures: Exclude<Outcome, { kind: 'won' }>[] = [];
  let round = 0;
  let eligible = plan.candidates;
  let isBudgetSpent = false;
  try {
    for (;;) {
      const outcomes = await goRound(deps, plan, deadline, eligible, round);
      const [last] = outcomes.slice(-1);
      if (last?.kind === 'won') return last.won;
      failures.push(...outcomes.filter((outcome) => outcome.kind !== 'won'));
      if (last?.kind === 'failed' && judgeFailure(last.error).kind === 'stop') break;
      const wait = waitBefore(deps.settings, round, outcomes);
      if (wait === null || wait.ms >= deadline.leftMs) break;
      eligible = wait.candidates.filter(({ connectionId }) => deps.retryBudgetOf(connectionId).spend());
      isBudgetSpent = eligible.length === 0;
      if (isBudgetSpent) break;
      await sleep(wait.ms, undefined, { signal: deadline.signal });
      round += 1;
    }
  } catch (thrown) {
    if (!deadline.signal.aborted) throw thrown;
  }
  throw failureOf(failures, plan, deadline, isBudgetSpent);
}

/** What the client is told when nobody answered. `isBudgetSpent`: there would have been another try, and no leave for it. */
export function failureOf(
  outcomes: readonly Outcome[],
  plan: AttemptPlan,
  deadline: Deadline,
  isBudgetSpent = false,
): AppError {
  const isOver = deadline.signal.aborted;
  const error = isOver ? toAppError(deadline.signal.reason) : mostTelling(outcomes);
  const hasTriedAgain = plan.log.filter(({ outcome }) => outcome === 'failed').length > 1;
  return withAttempts(error, plan, hasTriedAgain || isBudgetSpent || isOver);
}

/** One try each, until one answers. The last outcome is the one that ended the round. */
async function goRound(
  deps: AttemptDeps,
  plan: AttemptPlan,
  deadline: Deadline,
  eligible: readonly Candidate[],
  round: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const left = [...eligible];
  for (let candidate = left.shift(); candidate !== undefined; candidate = left.shift()) {
    deadline.signal.throwIfAborted();
    const kind = round > 0 ? 'retry' : plan.log.every(({ outcome }) => outcome === 'skipped') ? 'first' : 'fallback';
    const isHedged = plan.asked.stream && deps.settings.hedge_after_ms !== null;
    if (isHedged) outcomes.push(...(await tryHedged(deps, plan, deadline, { candidate, kind, left })));
    else outcomes.push(await attempt(deps, plan, deadline.signal, candidate, kind));
    const [last] = outcomes.slice(-1);
    if (last?.kind === 'won') return outcomes;
    if (last?.kind === 'failed' && judgeFailure(last.error).kind === 'stop') return outcomes;
  }
  return outcomes;
}

/**
 * Asks, and when nothing has begun after `hedge_after_ms` asks the next of those who are left as well (the same one where
 * there is no other). The first answer is the answer; whoever is late is let go, and not billed.
 */
async function tryHedged(
  deps: AttemptDeps,
  plan: AttemptPlan,
  deadline: Deadline,
  { candidate, kind, left }: { candidate: Candidate; kind: RoutingAttempt['kind']; left: Candidate[] },
): Promise<Outcome[]> {
  deps.hedgeBudget.earn();
  const first = start(deps, plan, deadline, candidate, kind);
  const timer = new AbortController();
  const slow = sleep(deps.settings.hedge_after_ms ?? 0, 'slow' as const, { signal: timer.signal }).catch(
    () => 'slow' as const,
  );
  const early = await Promise.race([first.outcome, slow]);
  timer.abort();
  if (early !== 'slow') return [early];
  if (!deps.hedgeBudget.spend()) return [await first.outcome];
  const second = start(deps, plan, deadline, left.shift() ?? candidate, 'hedge');
  return firstToAnswer([first, second]);
}

/** The outcomes up to the first answer; everyone else is let go. Where nobody answers, all of them. */
export async function firstToAnswer(running: readonly Running[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = new Map(running.map((each) => [each, each.outcome.then((outcome) => ({ each, outcome }))]));
  while (waiting.size > 0) {
    const { each, outcome } = await Promise.race(waiting.values());
    waiting.delete(each);
    outcomes.push(outcome);
    if (outcome.kind !== 'won') continue;
    for (const late of waiting.keys()) {
      late.cancel();
      // It may have won in the same moment.
      void late.outcome.then((other) => {
        if (other.kind === 'won') void letGo(other.won);
      });
    }
    break;
  }
  return outcomes;
}

/** Begins an attempt that can be called off alone. */
export function start(
  deps: AttemptDeps,
  plan: AttemptPlan,
  deadline: Deadline,
  candidate: Candidate,
  kind: RoutingAttempt['kind'],
): Running {
  const own = new AbortController();
  const signal = AbortSignal.any([deadline.signal, own.signal]);
  return {
    outcome: attempt(deps, plan, signal, candidate, kind),
    cancel: () => {
      own.abort(cancelled);
    },
  };
}

/** Ends an answer that nobody takes. */
export async function letGo({ call, opened, admission, entry }: Won): Promise<void> {
  entry.outcome = 'cancelled';
  admission.succeeded();
  if (opened.kind === 'stream') await Promise.resolve(opened.rest.return?.()).catch(() => undefined);
  await call.finish('cancelled').catch(() => undefined);
}

/** One call to one candidate, unless it rests. Never rejects. */
async function attempt(
  deps: AttemptDeps,
  plan: AttemptPlan,
  signal: AbortSignal,
  candidate: Candidate,
  kind: RoutingAttempt['kind'],
): Promise<Outcome> {
  const { connectionId, target } = candidate;
  const model = modelId(target);
  const coolMs = deps.cooldowns.restsMs(connectionId, target, performance.now());
  if (coolMs > 0) {
    plan.log.push({ model, kind, outcome: 'skipped', reason: 'asked to be left alone for now' });
    const error = new AppError('rate_limited', `${target.provider} takes no more requests at the moment.`, {
      retryAfterMs: coolMs,
      details: { provider: target.provider },
    });
    return { kind: 'skipped', candidate, error, at: performance.now() };
  }
  const connection = plan.connectionOf(candidate);
  const asked = deps.breakers.ask(connectionId, connection.breaker);
  const admittance = asked instanceof Promise ? await asked : asked;
  if (!admittance.admitted) {
    plan.log.push({ model, kind, outcome: 'skipped', reason: 'rests after failures', error_code: 'circuit_open' });
    return {
      kind: 'skipped',
      candidate,
      error: circuitOpen(target.provider, admittance.restsMs),
      at: performance.now(),
    };
  }
  if (kind !== 'retry') deps.retryBudgetOf(connectionId).earn();
  const call = new Call(deps, plan.errand, candidate);
  // Until it is over, it counts as called off: that is what it is when another answer comes first.
  const entry: RoutingAttempt = {
    model,
    kind,
    outcome: 'cancelled',
    started_ms: rounded(performance.now() - plan.startedMs),
  };
  plan.log.push(entry);
  try {
    const request = { ...plan.asked, model: target.model };
    const opened = await openAnswer(connection.provider, request, call, signal);
    entry.outcome = 'ok';
    entry.latency_ms = rounded(call.latencyMs);
    admittance.succeeded();
    const { firstTokenMs } = call;
    if (firstTokenMs !== null) deps.firstTokenTimes.observe(connectionId, target, firstTokenMs);
    return { kind: 'won', won: { call, opened, admission: admittance, entry } };
  } catch (thrown) {
    const error = toAppError(signal.aborted ? signal.reason : thrown);
    entry.latency_ms = rounded(call.latencyMs);
    if (signal.aborted && error.code !== 'timeout') {
      // Nobody waits for it any more.
      admittance.abandoned();
      entry.reason = error.message;
      await call.finish(error === cancelled ? 'cancelled' : 'aborted', error).catch(() => undefined);
    } else {
      entry.outcome = 'failed';
      entry.reason = error.message;
      entry.error_code = error.code;
      noteHealth(admittance, error);
      if (error.code === 'rate_limited' && error.retryAfterMs !== null) {
        deps.cooldowns.rest(connectionId, target, error.retryAfterMs, performance.now());
      }
      // What went wrong with the call is the news; that the ledger is away as well stands in its own log line.
      if (!isRequestFault(error)) await call.finish('failed', error).catch(() => undefined);
    }
    return { kind: 'failed', candidate, error, at: performance.now() };
  }
}

export function noteHealth(admission: Admission, error: AppError): void {
  switch (healthAfter(error)) {
    case 'well':
      admission.succeeded();
      break;
    case 'ill':
      admission.failed();
      break;
    case 'unknown':
      admission.abandoned();
      break;
  }
}

export function circuitOpen(provider: string, restsMs: number): AppError {
  return new AppError('circuit_open', `${provider} is not asked at the moment, since it failed too often.`, {
    retryAfterMs: restsMs,
    details: { provider },
  });
}

/** When the next round may begin, and with whom; null: there is nobody whom it would be of use to ask again. */
function waitBefore(
  settings: ResilienceSettings,
  round: number,
  outcomes: readonly Outcome[],
): { ms: number; candidates: Candidate[] } | null {
  if (round >= settings.retries_max) return null;
  const now = performance.now();
  const again = outcomes.flatMap((outcome) => {
    if (outcome.kind === 'won') return [];
    const verdict = judgeFailure(outcome.error);
    return verdict.kind === 'again'
      ? [{ candidate: outcome.candidate, waitMs: outcome.at + verdict.waitMs - now }]
      : [];
  });
  if (again.length === 0) return null;
  const soonest = Math.max(0, Math.min(...again.map(({ waitMs }) => waitMs)));
  const { backoff_first_ms: firstMs, backoff_max_ms: maxMs } = settings;
  // Whoever named a time is waited for that long, but no longer than a wait of ours could be: better the client knows.
  if (soonest > maxMs) return null;
  const ms = Math.max(soonest, backoffMs(round, { firstMs, maxMs }, Math.random()));
  return { ms, candidates: again.filter(({ waitMs }) => waitMs <= ms).map(({ candidate }) => candidate) };
}

/** A limit is the client's news only where everyone has reached his; a rest only where everyone rests. */
function mostTelling(outcomes: readonly Outcome[]): AppError {
  const errors = outcomes.flatMap((outcome) => (outcome.kind === 'won' ? [] : [outcome.error]));
  const fault = errors.find((error) => judgeFailure(error).kind === 'stop');
  const failed = errors.findLast(({ code }) => code !== 'rate_limited' && code !== 'circuit_open');
  const soonest = errors
    .filter(
      ({ code }) => code === (errors.some((error) => error.code === 'rate_limited') ? 'rate_limited' : 'circuit_open'),
    )
    .toSorted((a, b) => (a.retryAfterMs ?? Infinity) - (b.retryAfterMs ?? Infinity))[0];
  return fault ?? failed ?? soonest ?? new AppError('unavailable', 'Nobody could be asked.');
}

function withAttempts(error: AppError, { log, errand }: AttemptPlan, areSpent: boolean): AppError {
  return new AppError(error.code, error.message, {
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    fields: error.fields,
    ...(error.retryAfterMs === null ? {} : { retryAfterMs: error.retryAfterMs }),
    details: {
      ...error.details,
      ...(areSpent && !isRequestFault(error) ? { should_retry: false } : {}),
      routing: { requested: errand.requestedModel, attempts: log },
    },
  });
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
