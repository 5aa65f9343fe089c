import type { ConnectionOptions, CostBasis } from '@signalbox/contracts';
import type { OutboxTables } from '@signalbox/postgres';
import type { Generated, JSONColumnType } from 'kysely';
import type { ConversationTables } from '../conversations/conversation-tables.ts';
import type { SystemTables } from '../systems/system-tables.ts';
import type { ToolTables } from '../tools/tool-tables.ts';

/** The tables of this service, as kysely sees them. */
export interface Schema extends OutboxTables, SystemTables, ToolTables, ConversationTables {
  usage_records: UsageRecordRow;
  usage_untold: { record_id: string; traceparent: string };
  usage_by_day: {
    tenant_id: string;
    day: string;
    model: string;
    requests: string;
    prompt_tokens: string;
    completion_tokens: string;
  };
  advisories: {
    tenant_id: string;
    alert_id: string;
    episode: number;
    model: string;
    alert_name: string;
    ended: boolean;
    at: Date;
  };
  provider_connections: ProviderConnectionsTable;
  budgets: BudgetsTable;
  budget_crossings: {
    budget_id: string;
    period_start: Date;
    unit: string;
    level: string;
    limit_at: string;
    crossed_at: Generated<Date>;
  };
}

export interface UsageRecordRow {
  id: string;
  at: Date;
  tenant_id: string;
  principal_id: string;
  request_id: string;
  provider: string;
  model: string;
  requested_model: string;
  outcome: 'ok' | 'aborted' | 'failed' | 'cancelled' | 'cache_hit';
  streamed: boolean;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  cache_write_tokens: number | null;
  /** A `numeric`, which the driver gives as its text. */
  cost_usd: string | null;
  cost_basis: CostBasis | null;
  charged_tokens: string | null;
  price_version: string | null;
  system: string | null;
  tags: Record<string, string> | null;
  attempts: number | null;
  estimated_prompt_tokens: number | null;
  estimate_method: string | null;
  latency_ms: number;
  first_token_ms: number | null;
}

export interface ProviderConnectionsTable {
  id: string;
  tenant_id: string;
  name: string;
  kind: 'openai' | 'anthropic' | 'gemini' | 'xai' | 'openai_compatible';
  base_url: string | null;
  sealed_key: string | null;
  key_hint: string | null;
  models: string[] | null;
  options: JSONColumnType<ConnectionOptions>;
  version: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface BudgetsTable {
  id: string;
  tenant_id: string;
  name: string;
  scope_kind: 'tenant' | 'key' | 'system';
  scope_of: string | null;
  period: 'hour' | 'day' | 'month';
  hard_usd: string | null;
  soft_usd: string | null;
  hard_tokens: string | null;
  soft_tokens: string | null;
  ceiling_usd: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}
