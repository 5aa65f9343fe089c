import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { rolesToScopes } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { AccessToken } from '@signalbox/identity';
import type { Metrics } from '@signalbox/telemetry';
import type { AuditLog } from '../audit/audit-log.ts';
import type { KeyCredential } from '../keys/api-key-store.ts';
import { readKeyId } from '../keys/api-key.ts';
import { hashToken } from '../tokens/opaque-token.ts';
import type { LivingSession } from '../tokens/session-store.ts';
import type { AuthenticatedPrincipal, Authenticator, RequestOrigin } from './authenticator.ts';
import type { CredentialCache } from './credential-cache.ts';
import { readCredential } from './read-credential.ts';

export interface CreateAuthenticatorDeps {
  keys: Pick<CredentialCache<KeyCredential>, 'get'>;
  sessions: Pick<CredentialCache<LivingSession>, 'get'>;
  /** Verifies the bearer token of a request; throws `unauthenticated`. */
  verifyToken: (headers: IncomingHttpHeaders) => Promise<AccessToken>;
  keyUsed: (keyId: string, at: Date) => void;
  audit: Pick<AuditLog, 'refused'>;
  metrics: Metrics;
  now: () => Date;
}

/** Why a credential was refused: a label of the metric and a fact of the audit. */
type RefusalReason =
  | 'in_query'
  | 'several'
  | 'malformed'
  | 'junk_key'
  | 'unknown_key'
  | 'revoked_key'
  | 'expired_key'
  | 'invalid_token'
  | 'ended_session';

/** A credential that was shown and does not hold. `owner` only where the secret or the signature was right. */
interface Refusal {
  kind: 'refused';
  reason: RefusalReason;
  sentence: string;
  owner?: { tenantId: string; principalId: string };
}

type Verdict = { kind: 'accepted'; principal: AuthenticatedPrincipal } | Refusal;

export function createAuthenticator(deps: CreateAuthenticatorDeps): Authenticator {
  const { keys, sessions, verifyToken, keyUsed, audit, metrics, now } = deps;
  const refusals = metrics.counter({
    name: 'signalbox_credentials_refused_total',
    help: 'Requests whose credential was refused, by reason; those without one are not counted.',
    labels: ['reason'],
  });

  async function judgeKey(key: string): Promise<Verdict> {
    const id = readKeyId(key);
    if (id === null) return refuse('junk_key', 'This is not an API key of this installation.');
    const found = await keys.get(id);
    // The row is looked up by the id that the key bears, so that guesses at one key's secret cost one query in ten
    // seconds; what decides is the hash of the whole.
    if (found === null || !timingSafeEqual(found.hash, hashToken(key))) {
      return refuse('unknown_key', 'The API key is not valid.');
    }
    const { record, isOperator } = found;
    const owner = { tenantId: record.tenantId, principalId: record.id };
    const time = now();
    if (record.revokedAt !== null) return refuse('revoked_key', 'The API key has been revoked.', owner);
    if (record.expiresAt !== null && record.expiresAt <= time) {
      return refuse('expired_key', 'The API key has expired.', owner);
    }
    keyUsed(record.id, time);
    return {
      kind: 'accepted',
      principal: {
        ...owner,
        kind: 'api_key',
        isOperator,
        scopes: record.scopes,
        credential: { kind: 'api_key', keyId: record.id },
        limits: { requestsPerMinute: record.requestsPerMinute, costUnitsPerMinute: record.costUnitsPerMinute },
      },
    };
  }

  async function judgeToken(headers: IncomingHttpHeaders): Promise<Verdict> {
    let token: AccessToken;
    try {
      token = await verifyToken(headers);
    } catch (error) {
      if (error instanceof AppError && error.code === 'unauthenticated') return refuse('invalid_token', error.message);
      throw error;
    }
    const session = await sessions.get(token.sessionId);
    const isLiving =
      session?.userId === token.userId &&
      session.tenantId === token.tenantId &&
      session.tokenVersion === token.tokenVersion;
    if (!isLiving) {
      return refuse('ended_session', 'The session of this access token has ended.', {
        tenantId: token.tenantId,
        principalId: token.userId,
      });
    }
    return {
      kind: 'accepted',
      principal: {
        kind: 'user',
        isOperator: session.isOperator,
        principalId: session.userId,
        tenantId: session.tenantId,
        scopes: rolesToScopes[session.role],
        credential: { kind: 'access_token', sessionId: token.sessionId, tokenId: token.tokenId },
        limits: { requestsPerMinute: null, costUnitsPerMinute: null },
      },
    };
  }

  function note({ reason, owner }: Refusal, { requestId, ip }: RequestOrigin): void {
    refusals.inc({ reason });
    audit.refused({
      tenantId: owner?.tenantId ?? null,
      actor: owner?.principalId ?? 'anonymous',
      action: 'credential.refused',
      target: null,
      requestId,
      ip,
      details: { reason },
    });
  }

  return {
    async authenticate(request, origin) {
      const shown = readCredential(request);
      let verdict: Verdict;
      switch (shown.kind) {
        case 'none':
          throw new AppError('unauthenticated', 'Send an API key or an access token.');
        case 'unusable':
          verdict = refuse(shown.reason, shown.sentence);
          break;
        case 'api_key':
          verdict = await judgeKey(shown.key);
          break;
        case 'access_token':
          verdict = await judgeToken(request.headers);
          break;
      }
      if (verdict.kind === 'accepted') return verdict.principal;
      note(verdict, origin);
      throw new AppError('unauthenticated', verdict.sentence);
    },
  };
}

function refuse(reason: RefusalReason, sentence: string, owner?: Refusal['owner']): Refusal {
  return { kind: 'refused', reason, sentence, ...(owner === undefined ? {} : { owner }) };
}
