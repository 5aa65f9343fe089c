import type { JSONColumnType } from 'kysely';
import type { HealthStatus, ModelHealth, Reason } from './health-step.ts';

/** The table of health, as kysely sees it. */
export interface HealthTables {
  model_health: {
    tenant_id: string;
    model_id: string;
    status: HealthStatus;
    since: Date;
    reasons: JSONColumnType<Reason[]>;
    tending: JSONColumnType<NonNullable<ModelHealth['tending']>> | null;
    evaluated_at: Date;
  };
}
