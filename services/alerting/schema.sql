create table alert_events (
  tenant_id text not null,
  xid xid8 default pg_current_xact_id() not null,
  "position" bigint generated always as identity not null,
  alert_id text not null,
  episode integer not null,
  type text not null,
  at timestamp with time zone not null,
  by text,
  details jsonb not null,
  constraint alert_events_pkey PRIMARY KEY (tenant_id, xid, "position")
);
create table alert_group_members (
  tenant_id text not null,
  group_hash text not null,
  fingerprint text not null,
  labels jsonb not null,
  annotations jsonb not null,
  generator_url text not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint alert_group_members_pkey PRIMARY KEY (tenant_id, group_hash, fingerprint),
  constraint alert_group_members_tenant_id_group_hash_fkey FOREIGN KEY (tenant_id, group_hash) REFERENCES alert_groups(tenant_id, group_hash) ON DELETE CASCADE
);
create table alert_groups (
  tenant_id text not null,
  group_hash text not null,
  route_id text not null,
  group_key text not null,
  group_labels jsonb not null,
  next_flush_at timestamp with time zone not null,
  has_flushed boolean not null,
  empty_since timestamp with time zone,
  constraint alert_groups_pkey PRIMARY KEY (tenant_id, group_hash)
);
create table alerts (
  tenant_id text not null,
  fingerprint text not null,
  id text not null,
  rule_id text,
  name text not null,
  model_id text,
  alert_type text not null,
  severity text not null,
  labels jsonb not null,
  annotations jsonb not null,
  generator_url text not null,
  state text not null,
  episode integer not null,
  count integer not null,
  value double precision,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  timeout boolean not null,
  active_since timestamp with time zone,
  fired_at timestamp with time zone,
  keep_firing_since timestamp with time zone,
  last_seen_at timestamp with time zone,
  last_slot timestamp with time zone,
  resolved_at timestamp with time zone,
  resolved_reason text,
  resolved_by text,
  resolved_note text,
  acknowledged_at timestamp with time zone,
  acknowledged_by text,
  acknowledged_note text,
  acknowledged_until timestamp with time zone,
  snoozed_until timestamp with time zone,
  assignee text,
  held_until timestamp with time zone,
  held_until_clear boolean not null,
  transitions timestamp with time zone[] not null,
  flapping boolean not null,
  no_data boolean not null,
  updated_at timestamp with time zone not null,
  constraint alerts_pkey PRIMARY KEY (tenant_id, fingerprint),
  constraint alerts_state_check CHECK ((state = ANY (ARRAY['inactive'::text, 'pending'::text, 'firing'::text, 'resolved'::text])))
) with (fillfactor=80);
create table channels (
  id text not null,
  tenant_id text not null,
  name text not null,
  kind text not null,
  is_enabled boolean not null,
  disabled_reason text,
  sends_resolved boolean not null,
  shown jsonb not null,
  sealed text not null,
  messages_max integer not null,
  window_seconds integer not null,
  heartbeat_seconds integer,
  heartbeat_at timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint channels_pkey PRIMARY KEY (id),
  constraint channels_tenant_id_name_key UNIQUE (tenant_id, name)
);
create table configurations (
  tenant_id text not null,
  revision integer not null,
  sealed text not null,
  updated_at timestamp with time zone not null,
  updated_by text not null,
  constraint configurations_pkey PRIMARY KEY (tenant_id)
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
create table deliveries (
  id text not null,
  tenant_id text not null,
  notification_id text not null,
  destination text not null,
  kind text not null,
  channel_id text,
  receiver text not null,
  integration text not null,
  recipient text,
  sends_resolved boolean not null,
  severity smallint not null,
  state text not null,
  attempts integer not null,
  next_at timestamp with time zone,
  held_at timestamp with time zone,
  merged_into text,
  last_status integer,
  last_error text,
  created_at timestamp with time zone not null,
  attempted_at timestamp with time zone,
  sent_at timestamp with time zone,
  rule_limit jsonb,
  constraint deliveries_notification_id_destination_key UNIQUE (notification_id, destination),
  constraint deliveries_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES notifications(id) ON DELETE CASCADE,
  constraint deliveries_pkey PRIMARY KEY (id)
);
create table destinations (
  tenant_id text not null,
  destination text not null,
  next_at timestamp with time zone,
  blocked_until timestamp with time zone,
  failures integer default 0 not null,
  failing_since timestamp with time zone,
  told_failing_at timestamp with time zone,
  sent_recently jsonb default '[]'::jsonb not null,
  lease_until timestamp with time zone,
  lease_token uuid,
  constraint destinations_pkey PRIMARY KEY (tenant_id, destination)
);
create table escalation_policies (
  id text not null,
  tenant_id text not null,
  name text not null,
  matchers jsonb not null,
  steps jsonb not null,
  created_at timestamp with time zone not null,
  constraint escalation_policies_pkey PRIMARY KEY (id),
  constraint escalation_policies_tenant_id_name_key UNIQUE (tenant_id, name)
);
create table escalations (
  tenant_id text not null,
  policy_id text not null,
  fingerprint text not null,
  episode integer not null,
  step integer not null,
  escalated_at timestamp with time zone not null,
  constraint escalations_pkey PRIMARY KEY (tenant_id, policy_id, fingerprint, episode, step),
  constraint escalations_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES escalation_policies(id) ON DELETE CASCADE
);
create table flushes (
  id bigint generated always as identity not null,
  tenant_id text not null,
  group_hash text not null,
  group_key text not null,
  receiver text not null,
  reason text not null,
  notification_id text,
  fingerprints text[] not null,
  suppressed jsonb not null,
  muted_by jsonb not null,
  times integer not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint flushes_pkey PRIMARY KEY (id)
);
create table inbox (
  consumer text not null,
  message_id text not null,
  handled_at timestamp with time zone default now() not null,
  constraint inbox_pkey PRIMARY KEY (consumer, message_id)
);
create table last_sent (
  tenant_id text not null,
  group_key_hash text not null,
  addressee text not null,
  firing text[] not null,
  resolved text[] not null,
  sent_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint last_sent_pkey PRIMARY KEY (tenant_id, group_key_hash, addressee)
);
create table maintenance_windows (
  id text not null,
  tenant_id text not null,
  name text not null,
  matchers jsonb not null,
  weekdays integer[] not null,
  start_minute integer not null,
  end_minute integer not null,
  time_zone text not null,
  created_at timestamp with time zone not null,
  constraint maintenance_windows_pkey PRIMARY KEY (id),
  constraint maintenance_windows_tenant_id_name_key UNIQUE (tenant_id, name)
);
create table notifications (
  id text not null,
  tenant_id text not null,
  kind text not null,
  reason text not null,
  status text not null,
  receiver text not null,
  group_key text not null,
  group_labels jsonb not null,
  alerts jsonb not null,
  severity smallint not null,
  held_back integer not null,
  decided_at timestamp with time zone not null,
  constraint notifications_pkey PRIMARY KEY (id)
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
create table rule_tenants (
  tenant_id text not null,
  begun_at timestamp with time zone not null,
  constraint rule_tenants_pkey PRIMARY KEY (tenant_id)
);
create table rules (
  tenant_id text not null,
  id text not null,
  name text not null,
  origin text not null,
  spec jsonb not null,
  enabled boolean not null,
  next_eval_at timestamp with time zone not null,
  nudged_at timestamp with time zone,
  claimed_until timestamp with time zone,
  claim text,
  last_slot timestamp with time zone,
  error text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint rules_origin_check CHECK ((origin = ANY (ARRAY['api'::text, 'yaml'::text, 'default'::text]))),
  constraint rules_pkey PRIMARY KEY (tenant_id, id),
  constraint rules_tenant_id_name_key UNIQUE (tenant_id, name)
) with (fillfactor=70);
create table signals (
  tenant_id text not null,
  signal text not null,
  subject text not null,
  state text not null,
  value double precision not null,
  labels jsonb not null,
  at timestamp with time zone not null,
  expires_at timestamp with time zone,
  details jsonb default '{}'::jsonb not null,
  constraint signals_pkey PRIMARY KEY (tenant_id, signal, subject)
);
create table silences (
  tenant_id text not null,
  id uuid not null,
  matchers jsonb not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  created_by text not null,
  comment text not null,
  annotations jsonb default '{}'::jsonb not null,
  updated_at timestamp with time zone not null,
  constraint silences_check CHECK ((ends_at >= starts_at)),
  constraint silences_pkey PRIMARY KEY (tenant_id, id)
);

CREATE INDEX alert_events_age ON alerting.alert_events USING brin (at);
CREATE INDEX alert_events_alert ON alerting.alert_events USING btree (tenant_id, alert_id, xid, "position");
CREATE INDEX alert_groups_due ON alerting.alert_groups USING btree (next_flush_at);
CREATE INDEX alerts_ended ON alerting.alerts USING btree (ends_at) WHERE (state = ANY (ARRAY['resolved'::text, 'inactive'::text]));
CREATE UNIQUE INDEX alerts_id ON alerting.alerts USING btree (tenant_id, id);
CREATE INDEX alerts_labels ON alerting.alerts USING gin (labels jsonb_path_ops) WHERE (state = 'firing'::text);
CREATE INDEX alerts_model ON alerting.alerts USING btree (tenant_id, model_id, starts_at, id) WHERE (state <> 'inactive'::text);
CREATE INDEX alerts_posted_end ON alerting.alerts USING btree (ends_at) WHERE ((state = 'firing'::text) AND (rule_id IS NULL));
CREATE INDEX alerts_rule ON alerting.alerts USING btree (tenant_id, rule_id) WHERE (rule_id IS NOT NULL);
CREATE INDEX alerts_severity ON alerting.alerts USING btree (tenant_id, severity, starts_at, id) WHERE (state <> 'inactive'::text);
CREATE INDEX alerts_state ON alerting.alerts USING btree (tenant_id, state, starts_at, id);
CREATE INDEX alerts_time ON alerting.alerts USING btree (tenant_id, starts_at, id) WHERE (state <> 'inactive'::text);
CREATE INDEX channels_heartbeat ON alerting.channels USING btree (heartbeat_at) WHERE (heartbeat_at IS NOT NULL);
CREATE INDEX dead_letters_failed_at ON alerting.dead_letters USING btree (failed_at DESC, id);
CREATE INDEX deliveries_dead ON alerting.deliveries USING btree (tenant_id, id) WHERE (state = 'dead'::text);
CREATE INDEX deliveries_merged ON alerting.deliveries USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX deliveries_of_tenant ON alerting.deliveries USING btree (tenant_id, id);
CREATE INDEX deliveries_open ON alerting.deliveries USING btree (tenant_id, destination, id) WHERE (state = ANY (ARRAY['pending'::text, 'sending'::text]));
CREATE INDEX destinations_due ON alerting.destinations USING btree (next_at) WHERE (next_at IS NOT NULL);
CREATE INDEX flushes_of_alert ON alerting.flushes USING gin (fingerprints);
CREATE INDEX flushes_of_group ON alerting.flushes USING btree (tenant_id, group_hash, id);
CREATE INDEX inbox_handled_at ON alerting.inbox USING brin (handled_at);
CREATE INDEX last_sent_expires ON alerting.last_sent USING btree (expires_at);
CREATE INDEX notifications_age ON alerting.notifications USING brin (decided_at);
CREATE INDEX notifications_of_tenant ON alerting.notifications USING btree (tenant_id, id);
CREATE INDEX outbox_claim_after ON alerting.outbox USING btree (claim_after);
CREATE INDEX rules_due ON alerting.rules USING btree (next_eval_at) WHERE enabled;
CREATE INDEX silences_end ON alerting.silences USING btree (tenant_id, ends_at);

grant delete, insert, select, update on alert_events to alerting_app;
grant select, usage on alert_events_position_seq to alerting_app;
grant delete, insert, select, update on alert_group_members to alerting_app;
grant delete, insert, select, update on alert_groups to alerting_app;
grant delete, insert, select, update on alerts to alerting_app;
grant delete, insert, select, update on channels to alerting_app;
grant delete, insert, select, update on configurations to alerting_app;
grant delete, insert, select, update on dead_letters to alerting_app;
grant delete, insert, select, update on deliveries to alerting_app;
grant delete, insert, select, update on destinations to alerting_app;
grant delete, insert, select, update on escalation_policies to alerting_app;
grant delete, insert, select, update on escalations to alerting_app;
grant delete, insert, select, update on flushes to alerting_app;
grant select, usage on flushes_id_seq to alerting_app;
grant delete, insert, select, update on inbox to alerting_app;
grant delete, insert, select, update on last_sent to alerting_app;
grant delete, insert, select, update on maintenance_windows to alerting_app;
grant delete, insert, select, update on notifications to alerting_app;
grant delete, insert, select, update on outbox to alerting_app;
grant delete, insert, select, update on rule_tenants to alerting_app;
grant delete, insert, select, update on rules to alerting_app;
grant delete, insert, select, update on signals to alerting_app;
grant delete, insert, select, update on silences to alerting_app;
