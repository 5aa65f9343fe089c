create table api_key_replays (
  tenant_id text collate "C" not null,
  principal_id text collate "C" not null,
  idempotency_key text collate "C" not null,
  fingerprint bytea not null,
  api_key_id text collate "C",
  sealed_key text,
  expires_at timestamp with time zone not null,
  constraint api_key_replays_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys(id),
  constraint api_key_replays_fingerprint_check CHECK ((length(fingerprint) = 32)),
  constraint api_key_replays_pkey PRIMARY KEY (tenant_id, principal_id, idempotency_key),
  constraint api_key_replays_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
create table api_keys (
  id text collate "C" not null,
  tenant_id text collate "C" not null,
  name text not null,
  key_hash bytea not null,
  hint text not null,
  scopes text[] not null,
  requests_per_minute integer,
  cost_units_per_minute integer,
  created_at timestamp with time zone not null,
  created_by text not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  replaced_by text collate "C",
  constraint api_keys_cost_units_per_minute_check CHECK ((cost_units_per_minute > 0)),
  constraint api_keys_key_hash_check CHECK ((length(key_hash) = 32)),
  constraint api_keys_key_hash_key UNIQUE (key_hash),
  constraint api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES api_keys(id),
  constraint api_keys_requests_per_minute_check CHECK ((requests_per_minute > 0)),
  constraint api_keys_scopes_check CHECK ((cardinality(scopes) > 0)),
  constraint api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
create table audit_events (
  id text collate "C" not null,
  at timestamp with time zone not null,
  tenant_id text collate "C",
  actor text not null,
  action text not null,
  target text,
  outcome text not null,
  request_id text,
  ip text,
  details jsonb not null,
  constraint audit_events_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'refused'::text]))),
  constraint audit_events_pkey PRIMARY KEY (id)
);
create table dead_letters (
  id text not null,
  name text not null,
  message json not null,
  reason text not null,
  attempts integer not null,
  failed_at timestamp with time zone default now() not null,
  constraint dead_letters_pkey PRIMARY KEY (id)
);
create table inbox (
  consumer text not null,
  message_id text not null,
  handled_at timestamp with time zone default now() not null,
  constraint inbox_pkey PRIMARY KEY (consumer, message_id)
);
create table outbox (
  id text not null,
  name text not null,
  message json not null,
  available_at timestamp with time zone default now() not null,
  claim_after timestamp with time zone default now() not null,
  publishes integer default 0 not null,
  constraint outbox_pkey PRIMARY KEY (id)
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);
create table refresh_tokens (
  token_hash bytea not null,
  session_id text collate "C" not null,
  parent_hash bytea,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint refresh_tokens_pkey PRIMARY KEY (token_hash),
  constraint refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint refresh_tokens_token_hash_check CHECK ((length(token_hash) = 32))
);
create table sessions (
  id text collate "C" not null,
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  token_version integer not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  end_reason text,
  constraint sessions_check CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
  constraint sessions_end_reason_check CHECK ((end_reason = ANY (ARRAY['logged_out'::text, 'token_reused'::text, 'user_changed'::text]))),
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id),
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
create table tenants (
  id text collate "C" not null,
  name text not null,
  is_operator boolean default false not null,
  created_at timestamp with time zone not null,
  constraint tenants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint tenants_pkey PRIMARY KEY (id)
);
create table users (
  id text collate "C" not null,
  tenant_id text collate "C" not null,
  email text not null,
  password_hash text not null,
  role text not null,
  status text not null,
  token_version integer default 1 not null,
  login_attempts integer default 0 not null,
  last_attempt_at timestamp with time zone,
  locked_until timestamp with time zone,
  last_login_at timestamp with time zone,
  created_at timestamp with time zone not null,
  constraint users_email_check CHECK ((email = lower(email))),
  constraint users_email_key UNIQUE (email),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'operator'::text, 'viewer'::text]))),
  constraint users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text]))),
  constraint users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

CREATE INDEX api_key_replays_expires ON gateway.api_key_replays USING btree (expires_at);
CREATE INDEX api_keys_of_tenant ON gateway.api_keys USING btree (tenant_id, id);
CREATE INDEX audit_events_of_tenant ON gateway.audit_events USING btree (tenant_id, id);
CREATE INDEX dead_letters_failed_at ON gateway.dead_letters USING btree (failed_at DESC, id);
CREATE INDEX inbox_handled_at ON gateway.inbox USING brin (handled_at);
CREATE INDEX outbox_claim_after ON gateway.outbox USING btree (claim_after);
CREATE INDEX refresh_tokens_of_session ON gateway.refresh_tokens USING btree (session_id);
CREATE INDEX sessions_of_user ON gateway.sessions USING btree (user_id);
CREATE UNIQUE INDEX tenants_one_operator ON gateway.tenants USING btree (is_operator) WHERE is_operator;
CREATE INDEX users_of_tenant ON gateway.users USING btree (tenant_id, id);

grant delete, insert, select, update on api_key_replays to gateway_app;
grant delete, insert, select, update on api_keys to gateway_app;
grant insert, select on audit_events to gateway_app;
grant delete, insert, select, update on dead_letters to gateway_app;
grant delete, insert, select, update on inbox to gateway_app;
grant delete, insert, select, update on outbox to gateway_app;
grant delete, insert, select, update on refresh_tokens to gateway_app;
grant delete, insert, select, update on sessions to gateway_app;
grant delete, insert, select, update on tenants to gateway_app;
grant delete, insert, select, update on users to gateway_app;
