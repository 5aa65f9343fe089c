import type { ServerResponse } from 'node:http';
import type { LimitDecision, PolicyState } from '@signalbox/redis';

/**
 * Tells how every policy stands, as draft-ietf-httpapi-ratelimit-headers-10 has it, and the tightest one once more in
 * the `X-RateLimit-*` fields that older clients read. Every time is a number of seconds from now.
 */
export function writeLimitHeaders(response: ServerResponse, decision: LimitDecision): void {
  const [first, ...others] = decision.policies;
  if (first === undefined) return;
  let tightest = first;
  let quotas = quota(first);
  let standings = standing(first);
  for (const policy of others) {
    quotas += `, ${quota(policy)}`;
    standings += `, ${standing(policy)}`;
    if (tightness(policy) > tightness(tightest)) tightest = policy;
  }
  response.setHeader('ratelimit-policy', quotas);
  response.setHeader('ratelimit', standings);
  response.setHeader('x-ratelimit-limit', tightest.limit);
  response.setHeader('x-ratelimit-remaining', tightest.remaining);
  response.setHeader('x-ratelimit-reset', seconds(tightest.resetMs));
}

function quota({ name, limit, windowMs, unit }: PolicyState): string {
  return `"${name}";q=${String(limit)};w=${String(seconds(windowMs))}${unit === 'cost_units' ? ';qu="cost-units"' : ''}`;
}

function standing({ name, remaining, resetMs }: PolicyState): string {
  return `"${name}";r=${String(remaining)};t=${String(seconds(resetMs))}`;
}

function tightness({ violated, remaining, limit }: PolicyState): number {
  return violated ? 2 : 1 - remaining / limit;
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
