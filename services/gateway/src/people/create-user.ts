import { rolesToScopes, type Role } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import { isUniqueViolation } from '@signalbox/postgres';
import { assertMayGrant } from '../keys/grant-scopes.ts';
import type { Actor } from './actor.ts';
import type { ChangeUserDeps } from './change-user.ts';
import { assertHardToGuess } from './new-password.ts';
import { insertUser } from './user-store.ts';
import type { UserRecord } from './user.ts';

/** Adds a person to the caller's tenant, with a role that gives no more than the caller holds. */
export async function createUser(
  { database, passwords, audit, now }: Omit<ChangeUserDeps, 'changes'>,
  { email, password, role }: { email: string; password: string; role: Role },
  actor: Actor,
): Promise<UserRecord> {
  assertMayGrant(actor.scopes, rolesToScopes[role]);
  assertHardToGuess(password, email);
  const passwordHash = await passwords.hash(password);
  const createdAt = now();
  const { tenantId, principalId, requestId, ip } = actor;
  try {
    return await database.db.transaction().execute(async (trx) => {
      const id = newId('user', createdAt.getTime());
      const user = await insertUser(trx, { id, tenantId, email, passwordHash, role, createdAt });
      const entry = { tenantId, actor: principalId, requestId, ip };
      await audit.record(trx, { ...entry, action: 'user.created', target: id, details: { role } });
      return user;
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'users_email_key')) throw error;
    // An address signs in to one tenant only, so it may be taken by a person whom the caller cannot see.
    throw new AppError('conflict', 'This email address is in use already.', { cause: error });
  }
}
