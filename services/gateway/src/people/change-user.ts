import { rolesToScopes, type Role } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Database } from '@signalbox/postgres';
import type { GatewaySchema } from '../app/schema.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CredentialChanges } from '../authentication/credential-changes.ts';
import type { TellRestriction } from '../authentication/tell-restriction.ts';
import { assertMayGrant } from '../keys/grant-scopes.ts';
import { markSessionsOfUserEnded } from '../tokens/session-store.ts';
import type { Actor } from './actor.ts';
import { assertHardToGuess } from './new-password.ts';
import type { Passwords } from './password.ts';
import { lockTenant } from './tenant-store.ts';
import { changeUser as storeChange, countActiveOwners, findUser } from './user-store.ts';
import type { UserRecord } from './user.ts';

export interface ChangeUserDeps {
  database: Pick<Database<GatewaySchema>, 'db'>;
  passwords: Passwords;
  changes: Pick<CredentialChanges, 'publish'>;
  audit: AuditLog;
  tellRestriction: TellRestriction;
  now: () => Date;
}

export interface UserChanges {
  role?: Role | undefined;
  password?: string | undefined;
  status?: 'active' | 'disabled' | undefined;
}

/**
 * Changes a person's role, password or status and ends their sessions. The caller must hold whatever the person held and
 * will hold: who may reset an owner's password is an owner. A tenant keeps an active owner once it has one.
 */
export async function changeUser(
  { database, passwords, changes, audit, tellRestriction, now }: ChangeUserDeps,
  id: string,
  { role, password, status }: UserChanges,
  actor: Actor,
): Promise<UserRecord> {
  const { tenantId } = actor;
  const before = await findUser(database.db, tenantId, id);
  if (before === null) throw absent();
  // Before the costly hash, and once more under the lock.
  assertMayGrant(actor.scopes, rolesToScopes[before.role]);
  if (role !== undefined) assertMayGrant(actor.scopes, rolesToScopes[role]);
  if (password !== undefined) assertHardToGuess(password, before.email);
  const passwordHash = password === undefined ? undefined : await passwords.hash(password);

  const outcome = await database.db.transaction().execute(async (trx) => {
    await lockTenant(trx, tenantId);
    const user = await findUser(trx, tenantId, id);
    if (user === null) throw absent();
    assertMayGrant(actor.scopes, rolesToScopes[user.role]);
    const isOwner = user.role === 'owner' && user.status === 'active';
    const staysOwner = (role ?? user.role) === 'owner' && (status ?? user.status) === 'active';
    if (isOwner && !staysOwner && (await countActiveOwners(trx, tenantId)) === 1) {
      throw new AppError('conflict', 'This is the last active owner of the tenant. Make another one first.');
    }
    const changed = await storeChange(trx, tenantId, id, {
      ...(role === undefined ? {} : { role }),
      ...(passwordHash === undefined ? {} : { passwordHash }),
      ...(status === undefined ? {} : { status }),
    });
    if (role !== undefined || status !== undefined) {
      const scopes = changed.status === 'active' ? rolesToScopes[changed.role] : [];
      const { requestId } = actor;
      await tellRestriction(trx, { tenantId, principalId: id, scopes, requestId, at: now() });
    }
    const endedSessions = await markSessionsOfUserEnded(trx, tenantId, id, now());
    await audit.record(trx, {
      tenantId,
      actor: actor.principalId,
      action: 'user.updated',
      target: id,
      requestId: actor.requestId,
      ip: actor.ip,
      details: {
        ...(role === undefined ? {} : { role: { from: user.role, to: role } }),
        ...(status === undefined ? {} : { status: { from: user.status, to: status } }),
        ...(password === undefined ? {} : { password: 'changed' }),
      },
    });
    return { changed, endedSessions };
  });
  await changes.publish({ kind: 'session', ids: outcome.endedSessions });
  return outcome.changed;
}

function absent(): AppError {
  return new AppError('not_found', 'There is no such person.');
}
