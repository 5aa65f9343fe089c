import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import type { UserRecord } from '../people/user.ts';
import { hashToken } from './opaque-token.ts';
import { makeRefreshToken, refreshTokenLifetimeMs, sessionLifetimeMs } from './refresh-token.ts';
import { insertRefreshToken, insertSession, type SessionOwner } from './session-store.ts';

/** A session and the refresh token that goes on with it. */
export interface OpenedSession {
  owner: SessionOwner;
  refreshToken: string;
  refreshExpiresAt: Date;
}

/** Opens a session for a person who has shown who they are. */
export async function openSession(
  trx: Transaction<GatewaySchema>,
  user: UserRecord,
  now: Date,
): Promise<OpenedSession> {
  const owner: SessionOwner = {
    sessionId: newId('session', now.getTime()),
    userId: user.id,
    tenantId: user.tenantId,
    role: user.role,
    tokenVersion: user.tokenVersion,
  };
  await insertSession(trx, owner, { now, expiresAt: new Date(now.getTime() + sessionLifetimeMs) });
  const refreshToken = makeRefreshToken();
  const refreshExpiresAt = new Date(now.getTime() + refreshTokenLifetimeMs);
  await insertRefreshToken(trx, {
    hash: hashToken(refreshToken),
    sessionId: owner.sessionId,
    parentHash: null,
    now,
    expiresAt: refreshExpiresAt,
  });
  return { owner, refreshToken, refreshExpiresAt };
}
