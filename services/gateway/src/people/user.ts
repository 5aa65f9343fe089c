import type { Role, User } from '@signalbox/contracts';

/** A person as they are stored, without the password's hash. */
export interface UserRecord {
  id: string;
  tenantId: string;
  email: string;
  role: Role;
  status: 'active' | 'disabled';
  tokenVersion: number;
  lockedUntil: Date | null;
  createdAt: Date;
  lastLoginAt: Date | null;
}

/** So many attempts, whatever their outcome, may be under way or have failed before the account rests. */
export const loginAttemptsMax = 5;

/** How long an account rests after too many failed attempts, and after how long a failed attempt is forgotten. */
export const lockoutMs = 15 * 60_000;

export function presentUser(user: UserRecord, now: Date): User {
  const isLocked = user.status === 'active' && user.lockedUntil !== null && user.lockedUntil > now;
  return {
    id: user.id,
    tenant_id: user.tenantId,
    email: user.email,
    role: user.role,
    status: isLocked ? 'locked' : user.status,
    created_at: user.createdAt.toISOString(),
    last_login_at: user.lastLoginAt?.toISOString() ?? null,
  };
}
