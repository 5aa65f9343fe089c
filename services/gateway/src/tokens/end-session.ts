import type { RefreshSessionDeps } from './refresh-session.ts';
import { hashToken } from './opaque-token.ts';
import { isRefreshToken } from './refresh-token.ts';
import { findSessionOfToken, markSessionEnded } from './session-store.ts';

/** Ends the session that a refresh token belongs to, used up or not. A token of nobody's making is no error (RFC 7009 §2.2). */
export async function endSession(
  { database, changes, audit, now }: RefreshSessionDeps,
  refreshToken: string,
  visitor: { requestId: string; ip: string | null },
): Promise<void> {
  if (!isRefreshToken(refreshToken)) return;
  const session = await findSessionOfToken(database.db, hashToken(refreshToken));
  if (session === null) return;
  const { sessionId, userId, tenantId } = session;
  await database.db.transaction().execute(async (trx) => {
    if (!(await markSessionEnded(trx, sessionId, 'logged_out', now()))) return;
    await audit.record(trx, { ...visitor, tenantId, actor: userId, action: 'session.ended', target: sessionId });
  });
  await changes.publish({ kind: 'session', ids: [sessionId] });
}
