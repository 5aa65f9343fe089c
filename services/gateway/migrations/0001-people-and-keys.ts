import { sql, type Kysely } from 'kysely';

/** Ids compare byte by byte (`COLLATE "C"`): they sort by time, and lists walk along them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE tenants (
      id text COLLATE "C" PRIMARY KEY,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      is_operator boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL
    )
  `.execute(db);
  await sql`CREATE UNIQUE INDEX tenants_one_operator ON tenants (is_operator) WHERE is_operator`.execute(db);

  await sql`
    CREATE TABLE api_keys (
      id text COLLATE "C" PRIMARY KEY,
      tenant_id text COLLATE "C" NOT NULL REFERENCES tenants,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
      hint text NOT NULL,
      scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
      requests_per_minute integer CHECK (requests_per_minute > 0),
      cost_units_per_minute integer CHECK (cost_units_per_minute > 0),
      created_at timestamptz NOT NULL,
      created_by text NOT NULL,
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz,
      replaced_by text COLLATE "C" REFERENCES api_keys
    )
  `.execute(db);
  await sql`CREATE INDEX api_keys_of_tenant ON api_keys (tenant_id, id)`.execute(db);

  await sql`
    CREATE TABLE users (
      id text COLLATE "C" PRIMARY KEY,
      tenant_id text COLLATE "C" NOT NULL REFERENCES tenants,
      email text NOT NULL CONSTRAINT users_email_key UNIQUE CHECK (email = lower(email)),
      password_hash text NOT NULL,
      role text NOT NULL CHECK (role IN ('owner', 'admin', 'operator', 'viewer')),
      status text NOT NULL CHECK (status IN ('active', 'disabled')),
      token_version integer NOT NULL DEFAULT 1,
      login_attempts integer NOT NULL DEFAULT 0,
      last_attempt_at timestamptz,
      locked_until timestamptz,
      last_login_at timestamptz,
      created_at timestamptz NOT NULL
    )
  `.execute(db);
  await sql`CREATE INDEX users_of_tenant ON users (tenant_id, id)`.execute(db);

  await sql`
    CREATE TABLE sessions (
      id text COLLATE "C" PRIMARY KEY,
      tenant_id text COLLATE "C" NOT NULL REFERENCES tenants,
      user_id text COLLATE "C" NOT NULL REFERENCES users,
      token_version integer NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      ended_at timestamptz,
      end_reason text CHECK (end_reason IN ('logged_out', 'token_reused', 'user_changed')),
      CHECK ((ended_at IS NULL) = (end_reason IS NULL))
    )
  `.execute(db);
  await sql`CREATE INDEX sessions_of_user ON sessions (user_id)`.execute(db);

  await sql`
    CREATE TABLE refresh_tokens (
      token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
      session_id text COLLATE "C" NOT NULL REFERENCES sessions ON DELETE CASCADE,
      parent_hash bytea,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    )
  `.execute(db);
  await sql`CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TABLE refresh_tokens, sessions, users, api_keys, tenants`.execute(db);
}
