import type { SystemSpec, TaskInput, TaskStatus } from '@signalbox/contracts';
import type { Generated, JSONColumnType } from 'kysely';

/** The tables of systems and tasks, as kysely sees them. */
export interface SystemTables {
  systems: {
    tenant_id: string;
    id: string;
    version: number;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
    deleted_at: Date | null;
  };
  system_versions: {
    tenant_id: string;
    system_id: string;
    version: number;
    spec: JSONColumnType<SystemSpec>;
    created_at: Generated<Date>;
    created_by: string;
  };
  tasks: TaskTable;
  restricted_principals: { tenant_id: string; principal_id: string; scopes: string[]; at: Date };
  task_steps: { task_id: string; step: string; output: JSONColumnType<object> };
  task_events: {
    task_id: string;
    position: number;
    type: string;
    data: JSONColumnType<Record<string, unknown>>;
    at: Generated<Date>;
  };
}

interface TaskTable {
  id: string;
  tenant_id: string;
  system_id: string;
  system_version: number;
  status: TaskStatus;
  input: JSONColumnType<TaskInput>;
  task_type: string | null;
  metadata: JSONColumnType<Record<string, string>>;
  idempotency_key: string | null;
  input_hash: string;
  latency_target_ms: number | null;
  /** Grows with every claim: what an earlier worker still wants to write is refused by it. */
  epoch: Generated<number>;
  lease_until: Date | null;
  touched_at: Generated<Date>;
  /** The position of the last event. */
  events: Generated<number>;
  result: JSONColumnType<StoredResult> | null;
  error: JSONColumnType<TaskFailure> | null;
  created_at: Generated<Date>;
  started_at: Date | null;
  finished_at: Date | null;
  /** Who gave it; null: nobody noted it then. */
  created_by: string | null;
}

/** What a task's worker found out; its times stand beside it. */
export interface StoredResult {
  output: string;
  models_used: string[];
  usage: {
    prompt_tokens: number | null;
    completion_tokens: number | null;
    total_tokens: number | null;
    calls: number;
  };
  cost_usd: string | null;
  confidence?: number;
  confidence_formula?: string;
  tool_calls: { name: string; ok: boolean; error?: string; duration_ms: number }[];
  failed_models: { model: string; error: string }[];
}

export interface TaskFailure {
  code: string;
  message: string;
}
