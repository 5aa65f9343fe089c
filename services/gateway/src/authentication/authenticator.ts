import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '@signalbox/identity';

/** What a key may spend when it has limits of its own; `null`: the defaults of the route class apply. */
export interface CredentialLimits {
  requestsPerMinute: number | null;
  costUnitsPerMinute: number | null;
}

/** By what the caller showed who it is. Ids only: they go to logs and to the audit. */
export type Credential =
  { kind: 'api_key'; keyId: string } | { kind: 'access_token'; sessionId: string; tokenId: string };

export interface AuthenticatedPrincipal extends Principal {
  kind: 'api_key' | 'user';
  /** Of the tenant that runs this installation. */
  isOperator: boolean;
  credential: Credential;
  limits: CredentialLimits;
}

/** The parts of a request that can carry a credential; the same for a plain request and for a WebSocket upgrade. */
export interface CredentialBearer {
  headers: IncomingHttpHeaders;
  /** The request target as it came, query included: a credential in it is refused. */
  url: string;
}

export interface RequestOrigin {
  requestId: string;
  ip: string | null;
}

export interface Authenticator {
  /**
   * Tells who is calling, from `Authorization: Bearer` (a key or an access token) or `X-API-Key`. Throws
   * `unauthenticated` for anything else, after noting it in the audit, and `unavailable` when it cannot be told because
   * Postgres is away and nothing is cached.
   */
  authenticate(request: CredentialBearer, origin: RequestOrigin): Promise<AuthenticatedPrincipal>;
}
