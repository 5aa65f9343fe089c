import type { ServerResponse } from 'node:http';
import type { RouteClass } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Limiter } from '@signalbox/redis';
import type { GatewayEvents } from '../app/events.ts';
import { writeLimitHeaders } from './limit-headers.ts';
import { policiesForRequest, type Limits, type Payer } from './policies-for-request.ts';
import type { RefusedCredentials } from './refused-credentials.ts';

export interface EnforceLimitsParts {
  limiter: Limiter;
  limits: Limits;
  events: Pick<GatewayEvents, 'limitReached' | 'limitDegraded'>;
}

/**
 * LA-2: spends one request of the payer's, in all of its limits at once or in none. Writes how they stand on the answer.
 * Throws `rate_limited`, or `unavailable` for a class that may not go on while Redis is away.
 */
export async function enforceLimits(
  { limiter, limits, events }: EnforceLimitsParts,
  response: ServerResponse,
  { routeClass, payer }: { routeClass: RouteClass; payer: Payer },
): Promise<void> {
  const decision = await limiter.take(policiesForRequest(limits, routeClass, payer));
  const closed = decision.degraded && limits.classes[routeClass].onOutage === 'closed';
  if (decision.degraded) events.limitDegraded({ routeClass, refused: closed });
  if (closed)
    throw new AppError('unavailable', 'The limits of this path cannot be kept at the moment.', { retryAfterMs: 5_000 });
  writeLimitHeaders(response, decision);
  if (decision.allowed) return;
  const violated = decision.policies.filter((policy) => policy.violated).map((policy) => policy.name);
  events.limitReached({
    routeClass,
    policies: violated,
    payer: payer.kind === 'principal' ? payer.principalId : payer.address,
  });
  throw new AppError('rate_limited', 'A limit is used up.', {
    retryAfterMs: decision.retryAfterMs,
    details: { 'violated-policies': violated },
  });
}

/** Throws `rate_limited` in place of the refusal once an address has tried too many wrong credentials. */
export function refuseOften(refused: RefusedCredentials, address: string, { refusedCredentials }: Limits): void {
  const waitMs = refused.note(address, refusedCredentials);
  if (waitMs > 0)
    throw new AppError('rate_limited', 'Too many wrong credentials came from this address.', { retryAfterMs: waitMs });
}
