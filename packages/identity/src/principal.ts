import { covers, type Scope } from '@signalbox/contracts';

/** Who is acting, for which tenant, and what they may do. It comes from a verified credential and from nowhere else. */
export interface Principal {
  kind: 'api_key' | 'user' | 'service';
  principalId: string;
  tenantId: string;
  scopes: readonly string[];
}

/** A principal together with the request it is acting in; what one service tells the next one, signed. */
export interface CallerIdentity {
  principal: Principal;
  requestId: string;
}

/**
 * What the gateway signs besides the scopes of those of the tenant that runs this installation. It is no scope: no
 * credential can be given it, and `*` does not cover it.
 */
export const operatorMark = 'operator';

/** True for those who run this installation, and may touch what all tenants share. What they may do there, their scopes say. */
export function isOperator({ scopes }: Principal): boolean {
  return scopes.includes(operatorMark);
}

export function mayUse(principal: Principal, needed: Scope): boolean {
  return covers(principal.scopes, needed);
}
