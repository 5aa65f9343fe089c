import type { Routing, RoutingScore } from '@signalbox/contracts';
import { estimateSpend } from '../money/estimate-spend.ts';
import type { NanoUsd } from '../money/nano-usd.ts';
import type { Asked } from '../providers/provider.ts';
import type { Errand } from '../resilience/call.ts';
import { Deadline } from '../resilience/deadline.ts';
import { runAttempts, type AttemptPlan } from '../resilience/run-attempts.ts';
import { runRivals } from '../resilience/run-rivals.ts';
import type { Candidate } from '../routing/plan-route.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import { modelId } from '../routing/target.ts';
import type { AnswerCommand } from './answer-command.ts';
import type { Pipeline } from './pipeline.ts';
import type { AnswerSink } from './answer-sink.ts';
import { deliverAnswer, type Keep } from './deliver-answer.ts';
import { findRoute, skippedOf, type FoundRoute } from './find-route.ts';
import { assertJudge, scorerOf } from './score-rivals.ts';

/** Where an answer goes, and what goes with it. */
export interface Destination {
  sink: AnswerSink;
  keep: Keep | null;
  headers: Readonly<Record<string, string>>;
  /** What the request has cost before anybody was asked; null: nobody knows. */
  spentBefore: NanoUsd | null;
}

/** Asks providers until one answers, within the budgets of whoever asks. */
export async function askProviders<Body>(
  pipeline: Pipeline,
  command: AnswerCommand<Body>,
  facts: RequestFacts,
  { sink, keep, headers, spentBefore }: Destination,
  caller: AbortSignal,
): Promise<void> {
  const { options, ingress } = command;
  const { attempts, budgets } = pipeline;
  const startedMs = performance.now();
  const streamed = ingress.isStream(command.body);
  const route = await findRoute(pipeline, { ...command, streamed }, facts);
  if (isBest(command, route)) await assertJudge(pipeline, command);
  attempts.ledger.assertOpen();
  const spending = spendingOf(command, facts, route, attempts.settings.hedge_after_ms !== null);
  const reservation = await budgets.reserve(spending, route.plan.candidates.map(pricedOf));
  const errand: Errand = {
    principal: command.principal,
    requestId: command.requestId,
    requestedModel: requestedName(command, facts),
    system: route.system,
    tags: options.tags ?? {},
    streamed,
    estimate: spending.estimate,
    reservation,
    charges: [],
    calls: 0,
  };
  using deadline = new Deadline(caller, attempts.settings.deadline_ms);
  try {
    const plan = attemptPlanOf(command, route, errand, startedMs);
    const besides: (NanoUsd | null)[] = [spentBefore];
    const { won, score } = isBest(command, route)
      ? await runRivals(attempts, plan, deadline, scorerOf(pipeline, command, errand.system, besides))
      : { won: await runAttempts(attempts, plan, deadline), score: null };
    deadline.meet();
    const routing = routingOf(route, plan, won.call.candidate, score);
    await deliverAnswer(won, {
      sink,
      signal: deadline.signal,
      ingress,
      keep,
      headers: { ...headers, 'x-signalbox-route': routeHeader(routing) },
      told: options.explain === true ? routing : null,
      costs: () => [...besides, ...errand.charges.map(({ usd }) => usd)],
    });
  } finally {
    void reservation.settle(errand.charges);
  }
}

function isBest<Body>({ options }: AnswerCommand<Body>, { plan }: FoundRoute): boolean {
  return options.mode === 'best' && plan.candidates.length > 1;
}

function pricedOf({ facts: { price, outputTokensMax } }: Candidate) {
  return { price, outputTokensMax };
}

function spendingOf<Body>(command: AnswerCommand<Body>, facts: RequestFacts, route: FoundRoute, hedges: boolean) {
  const { principal, requestId, bytes, ingress, body } = command;
  const { inputCharacters: characters, messages, images, outputTokensMax } = facts;
  return {
    id: requestId,
    tenantId: principal.tenantId,
    principalId: principal.principalId,
    system: route.system,
    estimate: estimateSpend({
      characters,
      // What an image weighs says nothing of its tokens.
      bytes: images === 0 ? bytes.length : Math.min(bytes.length, 4 * characters),
      messages,
      images,
      outputTokensMax,
      answers: facts.answers ?? 1,
    }),
    callsMax: isBest(command, route) ? route.plan.candidates.length : hedges && ingress.isStream(body) ? 2 : 1,
  };
}

function attemptPlanOf<Body>(
  { ingress, body, bytes, requestId, vendorHeaders }: AnswerCommand<Body>,
  { plan, connectionOf }: FoundRoute,
  errand: Errand,
  startedMs: number,
): AttemptPlan {
  const candidates = plan.candidates.filter((candidate) => errand.reservation.mayAsk(pricedOf(candidate)));
  const tooDear = plan.candidates.filter((candidate) => !candidates.includes(candidate));
  let chat: ReturnType<Asked['chat']> | null = null;
  return {
    asked: {
      operation: ingress.operation,
      dialect: ingress.dialect,
      stream: errand.streamed,
      body: body as Readonly<Record<string, unknown>>,
      bytes,
      chat: () => (chat ??= ingress.toChat(body)),
      ...(vendorHeaders === undefined ? {} : { vendorHeaders }),
      requestId,
    },
    errand,
    candidates,
    connectionOf,
    log: skippedOf([
      ...plan.skipped,
      ...tooDear.map(({ target }) => ({
        model: modelId(target),
        reason: 'has a price that nobody knows, and a budget forbids that',
      })),
    ]),
    startedMs,
  };
}

function requestedName<Body>({ options }: AnswerCommand<Body>, facts: RequestFacts): string {
  return options.models?.join(',').slice(0, 200) ?? facts.model;
}

function routingOf(
  { plan }: FoundRoute,
  { errand, log }: AttemptPlan,
  chosen: Candidate,
  score: RoutingScore | null,
): Routing {
  return {
    requested: errand.requestedModel,
    strategy: plan.strategy,
    chosen: modelId(chosen.target),
    reason: plan.reason,
    alternatives: plan.candidates.filter((other) => other !== chosen).map(({ target }) => modelId(target)),
    attempts: log,
    ...(score === null ? {} : { score }),
  };
}

/** `sim/small; strategy=priority; attempts=2`; with `scorer=longest; asked=judge` where several were asked at once. */
function routeHeader({ chosen, strategy, attempts, score }: Routing): string {
  const asked = attempts.filter(({ outcome }) => outcome !== 'skipped').length;
  const name = (chosen ?? '').replace(/[^\x21-\x3a\x3c-\x7e]/g, '?');
  const scored =
    score === undefined ? '' : `; scorer=${score.used}${score.used === score.asked ? '' : `; asked=${score.asked}`}`;
  return `${name}; strategy=${strategy}; attempts=${String(asked)}${scored}`;
}
