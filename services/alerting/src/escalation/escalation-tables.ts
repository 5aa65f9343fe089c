import type { JSONColumnType } from 'kysely';
import type { MatcherSpec } from '../matchers/matcher.ts';
import type { EscalationStep } from './escalation-policy.ts';

/** The tables of escalation and maintenance, as kysely sees them. */
export interface EscalationTables {
  escalation_policies: {
    id: string;
    tenant_id: string;
    name: string;
    matchers: JSONColumnType<MatcherSpec[]>;
    steps: JSONColumnType<EscalationStep[]>;
    created_at: Date;
  };
  /** One row for each step that an episode of an alert has taken, until its end was told. */
  escalations: {
    tenant_id: string;
    policy_id: string;
    fingerprint: string;
    episode: number;
    step: number;
    escalated_at: Date;
  };
  maintenance_windows: {
    id: string;
    tenant_id: string;
    name: string;
    matchers: JSONColumnType<MatcherSpec[]>;
    weekdays: number[];
    start_minute: number;
    end_minute: number;
    time_zone: string;
    created_at: Date;
  };
}
