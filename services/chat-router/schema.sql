create table advisories (
  tenant_id text not null,
  alert_id text not null,
  episode integer not null,
  model text not null,
  alert_name text not null,
  ended boolean not null,
  at timestamp with time zone not null,
  constraint advisories_pkey PRIMARY KEY (tenant_id, alert_id)
);
create table budget_crossings (
  budget_id text not null,
  period_start timestamp with time zone not null,
  unit text not null,
  level text not null,
  limit_at numeric(30,9) not null,
  crossed_at timestamp with time zone default now() not null,
  constraint budget_crossings_budget_id_fkey FOREIGN KEY (budget_id) REFERENCES budgets(id) ON DELETE CASCADE,
  constraint budget_crossings_pkey PRIMARY KEY (budget_id, period_start, unit, level, limit_at)
);
create table budgets (
  id text not null,
  tenant_id text not null,
  name text not null,
  scope_kind text not null,
  scope_of text,
  period text not null,
  hard_usd numeric(20,9),
  soft_usd numeric(20,9),
  hard_tokens bigint,
  soft_tokens bigint,
  ceiling_usd numeric(20,9),
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint budgets_ceiling_usd_check CHECK ((ceiling_usd > (0)::numeric)),
  constraint budgets_check CHECK (((scope_of IS NULL) = (scope_kind = 'tenant'::text))),
  constraint budgets_hard_tokens_check CHECK ((hard_tokens > 0)),
  constraint budgets_hard_usd_check CHECK ((hard_usd > (0)::numeric)),
  constraint budgets_name UNIQUE (tenant_id, name),
  constraint budgets_period_check CHECK ((period = ANY (ARRAY['hour'::text, 'day'::text, 'month'::text]))),
  constraint budgets_pkey PRIMARY KEY (id),
  constraint budgets_scope_kind_check CHECK ((scope_kind = ANY (ARRAY['tenant'::text, 'key'::text, 'system'::text]))),
  constraint budgets_soft_tokens_check CHECK ((soft_tokens > 0)),
  constraint budgets_soft_usd_check CHECK ((soft_usd > (0)::numeric))
);
create table conversation_messages (
  conversation_id text not null,
  "position" integer not null,
  message jsonb not null,
  model text,
  request_id text not null,
  created_at timestamp with time zone default now() not null,
  constraint conversation_messages_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
  constraint conversation_messages_pkey PRIMARY KEY (conversation_id, "position")
);
create table conversations (
  id text not null,
  tenant_id text not null,
  title text,
  metadata jsonb not null,
  messages integer default 0 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint conversations_pkey PRIMARY KEY (id)
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
create table idempotency_keys (
  tenant_id text not null,
  principal_id text not null,
  key text not null,
  fingerprint bytea not null,
  state text not null,
  owner text not null,
  lease_until timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  answer bytea,
  constraint idempotency_keys_pkey PRIMARY KEY (tenant_id, principal_id, key),
  constraint idempotency_keys_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text])))
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
create table provider_connections (
  id text not null,
  tenant_id text not null,
  name text not null,
  kind text not null,
  base_url text,
  sealed_key text,
  key_hint text,
  models text[],
  options jsonb not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint provider_connections_name UNIQUE (tenant_id, name),
  constraint provider_connections_pkey PRIMARY KEY (id)
);
create table restricted_principals (
  tenant_id text not null,
  principal_id text not null,
  scopes text[] not null,
  at timestamp with time zone not null,
  constraint restricted_principals_pkey PRIMARY KEY (tenant_id, principal_id)
);
create table system_versions (
  tenant_id text not null,
  system_id text collate "C" not null,
  version integer not null,
  spec jsonb not null,
  created_at timestamp with time zone default now() not null,
  created_by text not null,
  constraint system_versions_pkey PRIMARY KEY (tenant_id, system_id, version),
  constraint system_versions_tenant_id_system_id_fkey FOREIGN KEY (tenant_id, system_id) REFERENCES systems(tenant_id, id)
);
create table systems (
  tenant_id text not null,
  id text collate "C" not null,
  version integer not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  deleted_at timestamp with time zone,
  constraint systems_pkey PRIMARY KEY (tenant_id, id),
  constraint systems_version_check CHECK ((version > 0))
);
create table task_events (
  task_id text not null,
  "position" integer not null,
  type text not null,
  data jsonb not null,
  at timestamp with time zone default now() not null,
  constraint task_events_pkey PRIMARY KEY (task_id, "position"),
  constraint task_events_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id) ON DELETE CASCADE
);
create table task_steps (
  task_id text not null,
  step text not null,
  output jsonb not null,
  constraint task_steps_pkey PRIMARY KEY (task_id, step),
  constraint task_steps_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id) ON DELETE CASCADE
);
create table tasks (
  id text not null,
  tenant_id text not null,
  system_id text collate "C" not null,
  system_version integer not null,
  status text not null,
  input jsonb not null,
  task_type text,
  metadata jsonb not null,
  idempotency_key text,
  input_hash text not null,
  latency_target_ms integer,
  epoch integer default 0 not null,
  lease_until timestamp with time zone,
  touched_at timestamp with time zone default now() not null,
  events integer default 1 not null,
  result jsonb,
  error jsonb,
  created_at timestamp with time zone default now() not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  created_by text,
  constraint tasks_pkey PRIMARY KEY (id),
  constraint tasks_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
  constraint tasks_tenant_id_system_id_idempotency_key_key UNIQUE (tenant_id, system_id, idempotency_key),
  constraint tasks_tenant_id_system_id_system_version_fkey FOREIGN KEY (tenant_id, system_id, system_version) REFERENCES system_versions(tenant_id, system_id, version)
);
create table tool_grants (
  tenant_id text not null,
  principal_id text collate "C" not null,
  tools text[] not null,
  updated_at timestamp with time zone default now() not null,
  constraint tool_grants_pkey PRIMARY KEY (tenant_id, principal_id)
);
create table tools (
  tenant_id text not null,
  name text collate "C" not null,
  description text not null,
  parameters jsonb not null,
  url text not null,
  method text not null,
  timeout_ms integer not null,
  header_names text[] default '{}'::text[] not null,
  sealed_headers text,
  constraint tools_method_check CHECK ((method = ANY (ARRAY['GET'::text, 'POST'::text]))),
  constraint tools_pkey PRIMARY KEY (tenant_id, name),
  constraint tools_timeout_ms_check CHECK ((timeout_ms > 0))
);
create table usage_by_day (
  tenant_id text not null,
  day date not null,
  model text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  constraint usage_by_day_pkey PRIMARY KEY (tenant_id, day, model)
);
create table usage_records (
  id text not null,
  at timestamp with time zone not null,
  tenant_id text not null,
  principal_id text not null,
  request_id text not null,
  provider text not null,
  model text not null,
  requested_model text not null,
  outcome text not null,
  streamed boolean not null,
  prompt_tokens integer,
  completion_tokens integer,
  cached_tokens integer,
  reasoning_tokens integer,
  latency_ms double precision not null,
  first_token_ms double precision,
  cache_write_tokens integer,
  cost_usd numeric(20,9),
  cost_basis text,
  charged_tokens bigint,
  price_version text,
  system text,
  tags jsonb,
  attempts integer,
  estimated_prompt_tokens integer,
  estimate_method text,
  constraint usage_records_cache_write_tokens_check CHECK ((cache_write_tokens >= 0)),
  constraint usage_records_cached_tokens_check CHECK ((cached_tokens >= 0)),
  constraint usage_records_charged_tokens_check CHECK ((charged_tokens >= 0)),
  constraint usage_records_completion_tokens_check CHECK ((completion_tokens >= 0)),
  constraint usage_records_cost_usd_check CHECK ((cost_usd >= (0)::numeric)),
  constraint usage_records_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'aborted'::text, 'failed'::text, 'cancelled'::text, 'cache_hit'::text]))),
  constraint usage_records_pkey PRIMARY KEY (id),
  constraint usage_records_prompt_tokens_check CHECK ((prompt_tokens >= 0)),
  constraint usage_records_reasoning_tokens_check CHECK ((reasoning_tokens >= 0))
);
create table usage_untold (
  record_id text not null,
  traceparent text not null,
  constraint usage_untold_pkey PRIMARY KEY (record_id)
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);

CREATE INDEX conversation_messages_request ON chat_router.conversation_messages USING btree (conversation_id, request_id);
CREATE INDEX conversations_tenant ON chat_router.conversations USING btree (tenant_id, id);
CREATE INDEX dead_letters_failed_at ON chat_router.dead_letters USING btree (failed_at DESC, id);
CREATE INDEX idempotency_keys_expires ON chat_router.idempotency_keys USING btree (expires_at);
CREATE INDEX inbox_handled_at ON chat_router.inbox USING brin (handled_at);
CREATE INDEX outbox_claim_after ON chat_router.outbox USING btree (claim_after);
CREATE INDEX provider_connections_sealed ON chat_router.provider_connections USING btree (id) WHERE (sealed_key IS NOT NULL);
CREATE INDEX tasks_processing ON chat_router.tasks USING btree (touched_at) WHERE (status = 'processing'::text);
CREATE INDEX tasks_system ON chat_router.tasks USING btree (tenant_id, system_id, id);
CREATE INDEX tasks_unended ON chat_router.tasks USING btree (tenant_id, created_by) WHERE (status = ANY (ARRAY['pending'::text, 'processing'::text]));
CREATE INDEX usage_records_request ON chat_router.usage_records USING btree (tenant_id, request_id);
CREATE INDEX usage_records_tenant ON chat_router.usage_records USING btree (tenant_id, id);
CREATE INDEX usage_records_tenant_at ON chat_router.usage_records USING btree (tenant_id, at);

grant delete, insert, select, update on advisories to chat_router_app;
grant delete, insert, select, update on budget_crossings to chat_router_app;
grant delete, insert, select, update on budgets to chat_router_app;
grant delete, insert, select, update on conversation_messages to chat_router_app;
grant delete, insert, select, update on conversations to chat_router_app;
grant delete, insert, select, update on dead_letters to chat_router_app;
grant delete, insert, select, update on idempotency_keys to chat_router_app;
grant delete, insert, select, update on inbox to chat_router_app;
grant delete, insert, select, update on outbox to chat_router_app;
grant delete, insert, select, update on provider_connections to chat_router_app;
grant delete, insert, select, update on restricted_principals to chat_router_app;
grant delete, insert, select, update on system_versions to chat_router_app;
grant delete, insert, select, update on systems to chat_router_app;
grant delete, insert, select, update on task_events to chat_router_app;
grant delete, insert, select, update on task_steps to chat_router_app;
grant delete, insert, select, update on tasks to chat_router_app;
grant delete, insert, select, update on tool_grants to chat_router_app;
grant delete, insert, select, update on tools to chat_router_app;
grant delete, insert, select, update on usage_by_day to chat_router_app;
grant delete, insert, select, update on usage_records to chat_router_app;
grant delete, insert, select, update on usage_untold to chat_router_app;
