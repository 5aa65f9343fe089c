import type { RoutingAttempt } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Provider } from '../providers/provider.ts';
import { circuitOpen } from '../resilience/run-attempts.ts';
import type { Connection } from '../routing/connection.ts';
import { findTarget } from '../routing/find-target.ts';
import { anyModel, planRoute, type Candidate, type RoutePlan, type SkippedCandidate } from '../routing/plan-route.ts';
import type { NamedProfile } from '../routing/routing-profiles.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import { modelId, type Target } from '../routing/target.ts';
import type { AnswerCommand } from './answer-command.ts';
import type { Ingress } from './ingress.ts';
import type { Pipeline } from './pipeline.ts';

/** What finding a route takes of a command. */
export type RouteCommand = Pick<AnswerCommand, 'principal' | 'options' | 'systemId'> & {
  /** Absent: a chat. */
  readonly ingress?: Pick<Ingress, 'operation'>;
  /** Absent: no stream. */
  readonly streamed?: boolean;
};

export interface FoundRoute {
  plan: Extract<RoutePlan, { kind: 'planned' }>;
  /** The alias or system on whose budget it is asked; null: a model was asked for. */
  system: string | null;
  connectionOf: (candidate: Candidate) => Connection;
}

/** Finds who may be asked, in order. Throws what the client is told where nobody can. */
export async function findRoute(pipeline: Pipeline, command: RouteCommand, facts: RequestFacts): Promise<FoundRoute> {
  const { options, principal } = command;
  const connections = await pipeline.connections.of(principal.tenantId);
  const listed = options.models === undefined ? null : { models: options.models, strategy: 'priority' as const };
  const profile = listed ?? (await profileAmong(connections, pipeline, command, facts.model));
  const { breakers, firstTokenTimes } = pipeline.attempts;
  const advisories = await pipeline.advisoriesOf(principal.tenantId);
  const plan = planRoute(
    {
      requested: facts.model,
      operation: command.ingress?.operation ?? 'chat',
      profile,
      facts,
      strategy: options.strategy ?? null,
      sticky: options.sticky === true,
      conversationId: options.conversation_id ?? null,
      streamed: command.streamed === true,
    },
    {
      connections,
      restsMs: (id) => breakers.view(id).restsMs,
      firstTokenMs: ({ connectionId, target }) => firstTokenTimes.median(connectionId, target),
      advisedAgainst: ({ target }) =>
        advisories.find(({ model }) => model === modelId(target) || model === target.model)?.alertName ?? null,
      exploration: pipeline.attempts.settings.exploration_ratio,
      random: Math.random,
    },
  );
  if (plan.kind !== 'planned') throw refusalOf(plan, facts.model);
  return {
    plan,
    system: command.systemId ?? (listed === null && profile !== null ? facts.model : null),
    connectionOf: (candidate) => connectionOf(connections, candidate),
  };
}

/** The alias or system that a request asks for; null: it asks for a model, or lists some. */
export async function findProfile(
  pipeline: Pick<Pipeline, 'connections' | 'profiles'>,
  command: RouteCommand,
  requested: string,
): Promise<NamedProfile | null> {
  if (command.options.models !== undefined) return null;
  const connections = await pipeline.connections.of(command.principal.tenantId);
  return profileAmong(connections, pipeline, command, requested);
}

async function profileAmong(
  connections: readonly Connection[],
  { profiles }: Pick<Pipeline, 'profiles'>,
  { principal }: RouteCommand,
  requested: string,
): Promise<NamedProfile | null> {
  // What is a model's name is no other name: the usual case asks nobody else.
  const catalog = connections.map(({ provider }) => provider);
  const isModel = requested === anyModel || findTarget(catalog, requested).kind === 'found';
  return isModel ? null : profiles.find(principal.tenantId, requested);
}

/** Who would be asked first. Throws where nobody can. */
export async function chooseFirst(
  pipeline: Pipeline,
  command: RouteCommand,
  facts: RequestFacts,
): Promise<{ provider: Provider; target: Target }> {
  const { plan, connectionOf: connection } = await findRoute(pipeline, command, facts);
  const [first] = plan.candidates;
  if (first === undefined) throw new TypeError('planned without candidates');
  return { provider: connection(first).provider, target: first.target };
}

function refusalOf(plan: Exclude<RoutePlan, { kind: 'planned' }>, requested: string): AppError {
  switch (plan.kind) {
    case 'unknown':
      return new AppError('not_found', `The model ${JSON.stringify(plan.model)} does not exist here.`, {
        details: { code: 'model_not_found', param: 'model' },
      });
    case 'ambiguous':
      return new AppError(
        'validation_failed',
        `Several providers have the model ${JSON.stringify(plan.model)}. Ask for one of: ${plan.candidates.join(', ')}.`,
        { details: { code: 'model_ambiguous', param: 'model' } },
      );
    case 'not_configured':
      return new AppError(
        'unavailable',
        `The provider ${plan.target.provider} is not configured on this installation.`,
        { details: { code: 'provider_not_configured', param: 'model', should_retry: false } },
      );
    case 'incapable': {
      const why = plan.skipped.map(({ model, reason }) => `${model} ${reason}`).join('; ');
      const others = plan.capable.length === 0 ? 'No model here is known to' : `These can: ${plan.capable.join(', ')}`;
      return new AppError('validation_failed', `No model that was asked for can do this: ${why}. ${others}.`, {
        details: { code: 'model_incapable', param: 'model', routing: { requested, attempts: skippedOf(plan.skipped) } },
      });
    }
    case 'resting': {
      const error = circuitOpen(plan.skipped.map(({ model }) => model).join(', '), plan.restsMs);
      return new AppError(error.code, error.message, {
        retryAfterMs: plan.restsMs,
        details: { routing: { requested, strategy: plan.strategy, attempts: skippedOf(plan.skipped) } },
      });
    }
  }
}

/** Those who were passed over, as attempts that were none. */
export function skippedOf(skipped: readonly SkippedCandidate[]): RoutingAttempt[] {
  return skipped.map(({ model, reason }) => ({ model, kind: 'first', outcome: 'skipped', reason }));
}

function connectionOf(connections: readonly Connection[], { connectionId }: Candidate): Connection {
  const connection = connections.find(({ id }) => id === connectionId);
  if (connection === undefined) throw new TypeError('planned with other connections');
  return connection;
}
