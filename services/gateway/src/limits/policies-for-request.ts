import type { RouteClass } from '@signalbox/contracts';
import type { LimitPolicy } from '@signalbox/redis';
import type { CredentialLimits } from '../authentication/authenticator.ts';
import { addressGroup } from '../edge/client-address.ts';
import type { LimitsFile, OtherClass, Rate } from './limits-file.ts';

/** The limits in force: the file, with every class complete and the environment's word in it. */
export interface Limits {
  classes: Record<RouteClass, ClassLimits>;
  principal: LimitsFile['principal'];
  tenant: LimitsFile['tenant'];
  refusedCredentials: { limit: number; windowMs: number };
}

/** The limits of one class, with nothing left out. */
export interface ClassLimits {
  requests: Rate;
  totalRequests: Rate | null;
  costUnits: number;
  onOutage: 'local' | 'closed';
}

/** Who pays: a principal by its verified credential, or an address where there is none. */
export type Payer =
  | { kind: 'principal'; principalId: string; tenantId: string; limits: CredentialLimits }
  | { kind: 'address'; address: string };

/** Completes the classes from `default`, which may be told its requests per minute by the environment. */
export function limitsInForce(file: LimitsFile, defaultRequestsPerMinute: number | null): Limits {
  const given = file.classes.default;
  const standard =
    defaultRequestsPerMinute === null ? given.requests : perMinute(given.requests, defaultRequestsPerMinute);
  const complete = (own: OtherClass = {}): ClassLimits => ({
    requests: own.requests ?? standard,
    totalRequests: own.total_requests ?? given.total_requests ?? null,
    costUnits: own.cost_units ?? given.cost_units,
    onOutage: own.on_outage ?? given.on_outage,
  });
  const tenant = { ...file.tenant };
  if (tenant.requests !== undefined) tenant.requests = atLeast(tenant.requests, standard);
  return {
    classes: {
      default: complete(),
      chat: complete(file.classes.chat),
      login: complete(file.classes.login),
      keys: complete(file.classes.keys),
      health: complete(file.classes.health),
      documents: complete(file.classes.documents),
      ingest: complete(file.classes.ingest),
      compute: complete(file.classes.compute),
    },
    principal: file.principal,
    tenant,
    refusedCredentials: {
      limit: file.refused_credentials.limit,
      windowMs: file.refused_credentials.window_seconds * 1000,
    },
  };
}

/** LA-2: every limit that one request is held against, to be decided together. */
export function policiesForRequest(limits: Limits, routeClass: RouteClass, payer: Payer): LimitPolicy[] {
  const own = limits.classes[routeClass];
  const { onOutage, costUnits } = own;
  const policies: LimitPolicy[] = [];
  const add = (name: string, key: string, rate: Rate, unit: LimitPolicy['unit'], cost: number): void => {
    if (cost === 0) return;
    policies.push({
      name,
      key,
      algorithm: rate.algorithm,
      limit: rate.limit,
      windowMs: rate.window_seconds * 1000,
      ...(rate.burst === undefined ? {} : { burst: rate.burst }),
      cost,
      unit,
      onOutage,
    });
  };

  if (payer.kind === 'address') {
    add(routeClass, `ip:${addressGroup(payer.address)}`, own.requests, 'requests', 1);
  } else {
    const { requestsPerMinute, costUnitsPerMinute } = payer.limits;
    const requests = requestsPerMinute === null ? own.requests : perMinute(own.requests, requestsPerMinute);
    add(routeClass, payer.principalId, requests, 'requests', 1);
    const costs =
      costUnitsPerMinute === null
        ? limits.principal.cost_units
        : perMinute(limits.principal.cost_units ?? own.requests, costUnitsPerMinute);
    if (costs !== undefined) add('cost', payer.principalId, costs, 'cost_units', costUnits);
    const { tenant } = limits;
    if (tenant.requests !== undefined) add('tenant', payer.tenantId, tenant.requests, 'requests', 1);
    if (tenant.cost_units !== undefined) add('tenant-cost', payer.tenantId, tenant.cost_units, 'cost_units', costUnits);
  }
  if (own.totalRequests !== null) add(`${routeClass}-total`, 'all', own.totalRequests, 'requests', 1);
  return policies;
}

function perMinute(rate: Rate, limit: number): Rate {
  return { algorithm: rate.algorithm, limit, window_seconds: 60 };
}

/** A tenant that may do less than one of its principals would make the principals' limits a lie. */
function atLeast(rate: Rate, floor: Rate): Rate {
  const limit = Math.max(rate.limit, Math.ceil((floor.limit * rate.window_seconds) / floor.window_seconds));
  return { ...rate, limit, ...(rate.burst === undefined ? {} : { burst: Math.max(rate.burst, floor.limit) }) };
}
