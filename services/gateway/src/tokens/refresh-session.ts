import { AppError } from '@signalbox/errors';
import type { Database } from '@signalbox/postgres';
import type { GatewaySchema } from '../app/schema.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CredentialChanges } from '../authentication/credential-changes.ts';
import type { OpenedSession } from './open-session.ts';
import { hashToken } from './opaque-token.ts';
import { isRefreshToken, makeRefreshToken, refreshTokenLifetimeMs } from './refresh-token.ts';
import { insertRefreshToken, markSessionEnded, redeemRefreshToken } from './session-store.ts';

export interface RefreshSessionDeps {
  database: Pick<Database<GatewaySchema>, 'db'>;
  changes: Pick<CredentialChanges, 'publish'>;
  audit: AuditLog;
  now: () => Date;
}

/**
 * Trades a refresh token for the next one. A token that comes a second time was copied, and nobody can tell which of the
 * two is the thief: the whole session ends (RFC 9700 §4.14.2). That includes an honest client that sends one token twice
 * at once; such a client signs in again.
 */
export async function refreshSession(
  { database, changes, audit, now }: RefreshSessionDeps,
  refreshToken: string,
  visitor: { requestId: string; ip: string | null },
): Promise<OpenedSession> {
  if (!isRefreshToken(refreshToken)) throw refusal();
  const time = now();
  const hash = hashToken(refreshToken);
  // The end of a copied session is committed, so it cannot be an error before the transaction is over.
  const outcome = await database.db.transaction().execute(async (trx) => {
    const redemption = await redeemRefreshToken(trx, hash, time);
    switch (redemption.kind) {
      case 'refused':
        return redemption;
      case 'reused': {
        const { sessionId, userId, tenantId } = redemption;
        if (await markSessionEnded(trx, sessionId, 'token_reused', time)) {
          const entry = { ...visitor, tenantId, actor: userId, target: sessionId };
          await audit.record(trx, { ...entry, action: 'session.reuse_detected' });
        }
        return redemption;
      }
      case 'redeemed': {
        const { owner, sessionExpiresAt } = redemption;
        const next = makeRefreshToken();
        const refreshExpiresAt = new Date(
          Math.min(time.getTime() + refreshTokenLifetimeMs, sessionExpiresAt.getTime()),
        );
        await insertRefreshToken(trx, {
          hash: hashToken(next),
          sessionId: owner.sessionId,
          parentHash: hash,
          now: time,
          expiresAt: refreshExpiresAt,
        });
        const entry = { ...visitor, tenantId: owner.tenantId, actor: owner.userId, target: owner.sessionId };
        await audit.record(trx, { ...entry, action: 'session.refreshed' });
        return { kind: 'redeemed', session: { owner, refreshToken: next, refreshExpiresAt } } as const;
      }
    }
  });
  if (outcome.kind === 'redeemed') return outcome.session;
  if (outcome.kind === 'reused') await changes.publish({ kind: 'session', ids: [outcome.sessionId] });
  throw refusal();
}

function refusal(): AppError {
  return new AppError('unauthenticated', 'The refresh token is not valid any more. Sign in again.');
}
