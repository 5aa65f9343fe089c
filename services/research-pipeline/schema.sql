create extension pg_trgm;

create table dead_letters (
  id text not null,
  name text not null,
  message json not null,
  reason text not null,
  attempts integer not null,
  failed_at timestamp with time zone default now() not null,
  constraint dead_letters_pkey PRIMARY KEY (id)
);
create table document_parties (
  document_id text collate "C" not null,
  role text not null,
  tenant_id text not null,
  party_id text collate "C" not null,
  mention jsonb not null,
  tier text not null,
  confidence double precision not null,
  matched boolean not null,
  constraint document_parties_document_id_fkey FOREIGN KEY (document_id) REFERENCES documents(id) ON DELETE CASCADE,
  constraint document_parties_party_id_fkey FOREIGN KEY (party_id) REFERENCES parties(id),
  constraint document_parties_pkey PRIMARY KEY (document_id, role)
);
create table document_passages (
  document_id text collate "C" not null,
  n integer not null,
  tenant_id text not null,
  config regconfig not null,
  text text not null,
  words tsvector generated always as (to_tsvector(config, text)) stored not null,
  constraint document_passages_document_id_fkey FOREIGN KEY (document_id) REFERENCES documents(id) ON DELETE CASCADE,
  constraint document_passages_pkey PRIMARY KEY (document_id, n)
);
create table documents (
  id text collate "C" not null,
  tenant_id text not null,
  sha256 text not null,
  name text not null,
  content_type text not null,
  bytes bigint not null,
  storage_key text not null,
  status text not null,
  error jsonb,
  title text,
  language text,
  published_at text,
  text_sha256 text,
  text_by text,
  characters integer,
  pages jsonb,
  document_type text,
  classification jsonb,
  extraction jsonb,
  created_by text not null,
  created_at timestamp with time zone default now() not null,
  touched_at timestamp with time zone default now() not null,
  processed_at timestamp with time zone,
  constraint documents_pkey PRIMARY KEY (id),
  constraint documents_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text]))),
  constraint documents_tenant_id_sha256_key UNIQUE (tenant_id, sha256)
);
create table forgotten_sources (
  tenant_id text not null,
  source_sha256 text not null,
  created_at timestamp with time zone default now() not null,
  constraint forgotten_sources_pkey PRIMARY KEY (tenant_id, source_sha256)
);
create table host_turns (
  host text not null,
  free_at timestamp with time zone not null,
  constraint host_turns_pkey PRIMARY KEY (host)
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
create table parties (
  id text collate "C" not null,
  tenant_id text not null,
  name text not null,
  name_key text not null,
  tax_id text,
  address text,
  address_key text,
  merged_into text collate "C",
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint parties_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES parties(id),
  constraint parties_pkey PRIMARY KEY (id)
);
create table party_reviews (
  id text collate "C" not null,
  tenant_id text not null,
  party_id text collate "C" not null,
  candidate_id text collate "C" not null,
  score double precision not null,
  status text not null,
  document_id text collate "C",
  decided_by text,
  decided_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  constraint party_reviews_candidate_id_fkey FOREIGN KEY (candidate_id) REFERENCES parties(id),
  constraint party_reviews_party_id_fkey FOREIGN KEY (party_id) REFERENCES parties(id),
  constraint party_reviews_pkey PRIMARY KEY (id),
  constraint party_reviews_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'same'::text, 'different'::text]))),
  constraint party_reviews_tenant_id_party_id_candidate_id_key UNIQUE (tenant_id, party_id, candidate_id)
);
create table provider_answers (
  holder text not null,
  url_sha256 text not null,
  etag text not null,
  body text not null,
  expires_at timestamp with time zone not null,
  constraint provider_answers_pkey PRIMARY KEY (holder, url_sha256)
);
create table provider_rests (
  holder text not null,
  provider text not null,
  until timestamp with time zone not null,
  reason text not null,
  constraint provider_rests_pkey PRIMARY KEY (holder, provider)
);
create table research_events (
  job_id text collate "C" not null,
  seq integer not null,
  type text not null,
  data jsonb not null,
  at timestamp with time zone default now() not null,
  constraint research_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES research_jobs(id) ON DELETE CASCADE,
  constraint research_events_pkey PRIMARY KEY (job_id, seq)
);
create table research_jobs (
  id text collate "C" not null,
  tenant_id text not null,
  principal jsonb not null,
  request jsonb not null,
  request_hash text not null,
  idempotency_key text,
  status text not null,
  stage text,
  run integer default 1 not null,
  turn integer default 0 not null,
  epoch integer default 0 not null,
  lease_owner text,
  lease_until timestamp with time zone,
  lost_leases integer default 0 not null,
  parked boolean default false not null,
  cancel_requested_at timestamp with time zone,
  approved_at timestamp with time zone,
  budget jsonb not null,
  spent jsonb not null,
  units jsonb default '[]'::jsonb not null,
  questions jsonb,
  mode jsonb,
  degraded jsonb default '[]'::jsonb not null,
  warnings jsonb default '[]'::jsonb not null,
  partial_reason text,
  error jsonb,
  events integer default 1 not null,
  report_sha256 text,
  created_at timestamp with time zone default now() not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  touched_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone not null,
  constraint research_jobs_pkey PRIMARY KEY (id),
  constraint research_jobs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'waiting_for_approval'::text, 'cancelling'::text, 'cancelled'::text, 'completed'::text, 'completed_partial'::text, 'failed'::text]))),
  constraint research_jobs_tenant_id_idempotency_key_key UNIQUE (tenant_id, idempotency_key)
);
create table research_pauses (
  tenant_id text not null,
  paused_by text not null,
  paused_at timestamp with time zone default now() not null,
  constraint research_pauses_pkey PRIMARY KEY (tenant_id)
);
create table research_reports (
  job_id text collate "C" not null,
  tenant_id text not null,
  sha256 text not null,
  files jsonb not null,
  evidence_key text not null,
  published_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone not null,
  cleared_at timestamp with time zone,
  constraint research_reports_pkey PRIMARY KEY (job_id)
);
create table research_steps (
  job_id text collate "C" not null,
  stage text not null,
  key text not null,
  input_hash text not null,
  output jsonb not null,
  cost jsonb not null,
  finished_at timestamp with time zone default now() not null,
  constraint research_steps_job_id_fkey FOREIGN KEY (job_id) REFERENCES research_jobs(id) ON DELETE CASCADE,
  constraint research_steps_pkey PRIMARY KEY (job_id, stage, key)
);
create table robots_files (
  origin text not null,
  verdict text not null,
  body text not null,
  expires_at timestamp with time zone not null,
  constraint robots_files_pkey PRIMARY KEY (origin)
);
create table search_credentials (
  tenant_id text not null,
  provider text not null,
  sealed text not null,
  hint text not null,
  updated_at timestamp with time zone not null,
  constraint search_credentials_pkey PRIMARY KEY (tenant_id, provider)
);
create table waiting_vectors (
  tenant_id text not null,
  embedder text not null,
  dimensions integer not null,
  chunk_id text collate "C" not null,
  source_sha256 text not null,
  vector bytea not null,
  created_at timestamp with time zone default now() not null,
  constraint waiting_vectors_pkey PRIMARY KEY (embedder, dimensions, tenant_id, chunk_id)
);

CREATE INDEX dead_letters_failed_at ON research_pipeline.dead_letters USING btree (failed_at DESC, id);
CREATE INDEX document_parties_party ON research_pipeline.document_parties USING btree (tenant_id, party_id);
CREATE INDEX document_passages_tenant ON research_pipeline.document_passages USING btree (tenant_id, config);
CREATE INDEX document_passages_words ON research_pipeline.document_passages USING gin (words);
CREATE INDEX documents_open ON research_pipeline.documents USING btree (touched_at) WHERE (status = ANY (ARRAY['pending'::text, 'processing'::text]));
CREATE INDEX documents_storage_key ON research_pipeline.documents USING btree (storage_key);
CREATE INDEX documents_tenant ON research_pipeline.documents USING btree (tenant_id, id);
CREATE INDEX inbox_handled_at ON research_pipeline.inbox USING brin (handled_at);
CREATE INDEX outbox_claim_after ON research_pipeline.outbox USING btree (claim_after);
CREATE INDEX parties_merged ON research_pipeline.parties USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX parties_name_key ON research_pipeline.parties USING btree (tenant_id, name_key);
CREATE INDEX parties_similar ON research_pipeline.parties USING gist (name_key gist_trgm_ops (siglen='256'));
CREATE UNIQUE INDEX parties_tax_id ON research_pipeline.parties USING btree (tenant_id, tax_id) WHERE ((tax_id IS NOT NULL) AND (merged_into IS NULL));
CREATE INDEX parties_tax_ids ON research_pipeline.parties USING btree (tenant_id, tax_id) WHERE (tax_id IS NOT NULL);
CREATE INDEX parties_tenant ON research_pipeline.parties USING btree (tenant_id, id);
CREATE INDEX party_reviews_tenant ON research_pipeline.party_reviews USING btree (tenant_id, status, id);
CREATE INDEX provider_answers_expires ON research_pipeline.provider_answers USING btree (expires_at);
CREATE INDEX research_jobs_expiry ON research_pipeline.research_jobs USING btree (expires_at);
CREATE INDEX research_jobs_open ON research_pipeline.research_jobs USING btree (touched_at) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text, 'cancelling'::text]));
CREATE INDEX research_jobs_tenant ON research_pipeline.research_jobs USING btree (tenant_id, id);
CREATE INDEX research_reports_due ON research_pipeline.research_reports USING btree (expires_at) WHERE (cleared_at IS NULL);
CREATE INDEX waiting_vectors_source ON research_pipeline.waiting_vectors USING btree (tenant_id, source_sha256);

grant delete, insert, select, update on dead_letters to research_pipeline_app;
grant delete, insert, select, update on document_parties to research_pipeline_app;
grant delete, insert, select, update on document_passages to research_pipeline_app;
grant delete, insert, select, update on documents to research_pipeline_app;
grant delete, insert, select, update on forgotten_sources to research_pipeline_app;
grant delete, insert, select, update on host_turns to research_pipeline_app;
grant delete, insert, select, update on inbox to research_pipeline_app;
grant delete, insert, select, update on outbox to research_pipeline_app;
grant delete, insert, select, update on parties to research_pipeline_app;
grant delete, insert, select, update on party_reviews to research_pipeline_app;
grant delete, insert, select, update on provider_answers to research_pipeline_app;
grant delete, insert, select, update on provider_rests to research_pipeline_app;
grant delete, insert, select, update on research_events to research_pipeline_app;
grant delete, insert, select, update on research_jobs to research_pipeline_app;
grant delete, insert, select, update on research_pauses to research_pipeline_app;
grant delete, insert, select, update on research_reports to research_pipeline_app;
grant delete, insert, select, update on research_steps to research_pipeline_app;
grant delete, insert, select, update on robots_files to research_pipeline_app;
grant delete, insert, select, update on search_credentials to research_pipeline_app;
grant delete, insert, select, update on waiting_vectors to research_pipeline_app;
