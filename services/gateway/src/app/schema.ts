import type { AuditAction, Role, Scope } from '@signalbox/contracts';
import type { OutboxTables } from '@signalbox/postgres';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';

/** Written once, at the insert. */
type Fixed<Value> = ColumnType<Value, Value, never>;

export interface TenantsTable {
  id: Fixed<string>;
  name: Fixed<string>;
  /** The one tenant whose `*` may open other tenants. */
  is_operator: ColumnType<boolean, boolean | undefined, never>;
  created_at: Fixed<Date>;
}

export interface ApiKeysTable {
  id: Fixed<string>;
  tenant_id: Fixed<string>;
  name: string;
  /** SHA-256 of the whole key. */
  key_hash: Fixed<Buffer>;
  hint: Fixed<string>;
  scopes: ColumnType<Scope[], Scope[], never>;
  requests_per_minute: number | null;
  cost_units_per_minute: number | null;
  created_at: Fixed<Date>;
  created_by: Fixed<string>;
  expires_at: Date | null;
  revoked_at: Generated<Date | null>;
  last_used_at: Generated<Date | null>;
  replaced_by: Generated<string | null>;
}

export interface ApiKeyReplaysTable {
  tenant_id: Fixed<string>;
  principal_id: Fixed<string>;
  idempotency_key: Fixed<string>;
  fingerprint: Buffer;
  /** Null only within the transaction that makes the key. */
  api_key_id: string | null;
  /** The whole key, in an envelope; null where this installation keeps no secrets. */
  sealed_key: string | null;
  expires_at: Date;
}

export interface UsersTable {
  id: Fixed<string>;
  tenant_id: Fixed<string>;
  email: Fixed<string>;
  password_hash: string;
  role: Role;
  status: 'active' | 'disabled';
  /** Grows with every change of role, password or status; access tokens of an older version are refused. */
  token_version: Generated<number>;
  /** Attempts to log in since the last success, each taken before its password is looked at. */
  login_attempts: Generated<number>;
  last_attempt_at: Date | null;
  locked_until: Date | null;
  last_login_at: Date | null;
  created_at: Fixed<Date>;
}

export type SessionEnd = 'logged_out' | 'token_reused' | 'user_changed';

/** One login: the family of refresh tokens that descend from it. */
export interface SessionsTable {
  id: Fixed<string>;
  tenant_id: Fixed<string>;
  user_id: Fixed<string>;
  token_version: Fixed<number>;
  created_at: Fixed<Date>;
  expires_at: Fixed<Date>;
  ended_at: Date | null;
  end_reason: SessionEnd | null;
}

export interface RefreshTokensTable {
  /** SHA-256 of the whole token. */
  token_hash: Fixed<Buffer>;
  session_id: Fixed<string>;
  /** The token that was traded for this one; null for the first of a session. */
  parent_hash: Fixed<Buffer | null>;
  created_at: Fixed<Date>;
  expires_at: Fixed<Date>;
  used_at: Date | null;
}

/** Append-only: the application's role may neither change nor delete a row. */
export interface AuditEventsTable {
  id: Fixed<string>;
  at: Fixed<Date>;
  tenant_id: Fixed<string | null>;
  actor: Fixed<string>;
  action: Fixed<AuditAction>;
  target: Fixed<string | null>;
  outcome: Fixed<'ok' | 'refused'>;
  request_id: Fixed<string | null>;
  ip: Fixed<string | null>;
  details: JSONColumnType<Record<string, unknown>, string, never>;
}

export interface GatewaySchema extends OutboxTables {
  tenants: TenantsTable;
  api_keys: ApiKeysTable;
  api_key_replays: ApiKeyReplaysTable;
  users: UsersTable;
  sessions: SessionsTable;
  refresh_tokens: RefreshTokensTable;
  audit_events: AuditEventsTable;
}
