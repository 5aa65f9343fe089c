import type { ResearchInput, ResearchStage, ResearchStatus, ResearchWarning } from '@signalbox/contracts';
import type { Principal } from '@signalbox/identity';
import type { Generated, JSONColumnType } from 'kysely';

/** What a job may use, or has used. */
export interface Amounts {
  sources: number;
  fetch_bytes: number;
  llm_tokens: number;
  usd: number;
  wall_seconds: number;
}

/** How much of one stage is done, of what is known of it. */
export interface StageUnits {
  stage: ResearchStage;
  done: number;
  total: number;
}

/** By what means a report was made. */
export interface JobMode {
  search: string[];
  synthesis: string;
  embeddings: string;
  verification: string;
  note: string;
}

export interface JobFailure {
  code: string;
  message: string;
}

/** The tables of jobs, as kysely sees them. */
export interface JobTables {
  research_jobs: {
    id: string;
    tenant_id: string;
    /** Who gave it, and by whose authority it is worked on. */
    principal: JSONColumnType<Principal>;
    request: JSONColumnType<ResearchInput & { topic: string }>;
    request_hash: string;
    idempotency_key: string | null;
    status: ResearchStatus;
    stage: ResearchStage | null;
    /** Grows with every retry. */
    run: Generated<number>;
    /** The number of the message that is under way for it; grows with every one. */
    turn: Generated<number>;
    /** Grows with every claim: what an earlier worker still wants to write is refused by it. */
    epoch: Generated<number>;
    lease_owner: string | null;
    lease_until: Date | null;
    /** How many workers of this run went without a word. */
    lost_leases: Generated<number>;
    /** It waits for its tenant's turn, and no message is under way for it. */
    parked: Generated<boolean>;
    cancel_requested_at: Date | null;
    approved_at: Date | null;
    budget: JSONColumnType<Amounts>;
    spent: JSONColumnType<Amounts>;
    units: JSONColumnType<StageUnits[]>;
    questions: JSONColumnType<string[]> | null;
    mode: JSONColumnType<JobMode> | null;
    degraded: JSONColumnType<string[]>;
    warnings: JSONColumnType<ResearchWarning[]>;
    partial_reason: string | null;
    error: JSONColumnType<JobFailure> | null;
    /** The place of the last event. */
    events: Generated<number>;
    report_sha256: string | null;
    created_at: Generated<Date>;
    started_at: Date | null;
    finished_at: Date | null;
    touched_at: Generated<Date>;
    expires_at: Date;
  };
  research_steps: {
    job_id: string;
    stage: string;
    key: string;
    input_hash: string;
    output: JSONColumnType<object>;
    cost: JSONColumnType<object>;
    finished_at: Generated<Date>;
  };
  research_events: {
    job_id: string;
    seq: number;
    type: string;
    data: JSONColumnType<Record<string, unknown>>;
    at: Generated<Date>;
  };
  research_pauses: { tenant_id: string; paused_by: string; paused_at: Generated<Date> };
}
