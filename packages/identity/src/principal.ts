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

export function mayUse(principal: Principal, needed: Scope): boolean {
  return covers(principal.scopes, needed);
}
