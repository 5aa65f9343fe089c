import type { JSONColumnType } from 'kysely';
import type { RuleSpec } from './rule-spec.ts';

/** The tables of rules, as kysely sees them. */
export interface RuleTables {
  rules: {
    tenant_id: string;
    id: string;
    name: string;
    origin: 'api' | 'yaml' | 'default';
    spec: JSONColumnType<RuleSpec>;
    enabled: boolean;
    /** The moment of the next evaluation. */
    next_eval_at: Date;
    /** When something was last told to have happened that it may be about. */
    nudged_at: Date | null;
    claimed_until: Date | null;
    claim: string | null;
    last_slot: Date | null;
    error: string | null;
    created_at: Date;
    updated_at: Date;
  };
  rule_tenants: { tenant_id: string; begun_at: Date };
}
