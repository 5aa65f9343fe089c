import { AppError } from '@signalbox/errors';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '@signalbox/postgres';
import type { Counter } from '@signalbox/telemetry';
import type { GatewaySchema } from '../app/schema.ts';
import { openSession, type OpenedSession } from '../tokens/open-session.ts';
import type { Passwords } from './password.ts';
import { markLoggedIn, takeLoginAttempt } from './user-store.ts';

export interface LogInDeps {
  database: Pick<Database<GatewaySchema>, 'db'>;
  passwords: Passwords;
  audit: AuditLog;
  lockouts: Counter;
  now: () => Date;
}

/** Who is asking, as far as a request without a credential tells. */
export interface Visitor {
  requestId: string;
  ip: string | null;
}

/**
 * Opens a session for the right password. An unknown address, a wrong password, a disabled and a resting account are one
 * refusal that takes the same time, so that nobody learns which addresses have accounts. The fifth failure in a row
 * lets the account rest for 15 minutes.
 */
export async function logIn(
  { database, passwords, audit, lockouts, now }: LogInDeps,
  { email, password }: { email: string; password: string },
  visitor: Visitor,
): Promise<OpenedSession> {
  const attempt = await takeLoginAttempt(database.db, email, now());
  const isRight =
    attempt === null ? await passwords.verifyNothing(password) : await passwords.verify(password, attempt.passwordHash);
  if (attempt === null) {
    // The address is not noted: people type their password into the wrong field.
    audit.refused({
      ...visitor,
      tenantId: null,
      actor: 'anonymous',
      action: 'login.failed',
      target: null,
      details: { reason: 'no_usable_account' },
    });
    throw refusal();
  }
  const { user, isLast } = attempt;
  const entry = { ...visitor, tenantId: user.tenantId, actor: user.id, target: user.id };
  const session = isRight
    ? await database.db.transaction().execute(async (trx) => {
        if (!(await markLoggedIn(trx, user, now()))) return null;
        const opened = await openSession(trx, user, now());
        await audit.record(trx, {
          ...entry,
          action: 'login.succeeded',
          details: { session_id: opened.owner.sessionId },
        });
        return opened;
      })
    : null;
  if (session !== null) return session;
  audit.refused({ ...entry, action: 'login.failed', details: { reason: 'wrong_password' } });
  if (isLast) {
    lockouts.inc();
    audit.refused({ ...entry, action: 'login.locked' });
  }
  throw refusal();
}

function refusal(): AppError {
  return new AppError(
    'unauthenticated',
    'The email address or the password is wrong, or the account rests after too many attempts.',
  );
}
