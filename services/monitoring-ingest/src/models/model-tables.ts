import type { FeatureSpec, ModelRevision, ModelThresholds, ModelType } from '@signalbox/contracts';
import type { Generated, JSONColumnType } from 'kysely';

/** The tables of the registry, as kysely sees them. */
export interface ModelTables {
  models: {
    tenant_id: string;
    id: string;
    registered: boolean;
    name: string;
    model_type: ModelType;
    version: string | null;
    environment: 'dev' | 'staging' | 'prod' | null;
    thresholds: JSONColumnType<Partial<ModelThresholds>>;
    features: JSONColumnType<Record<string, FeatureSpec>>;
    revision: Generated<number>;
    first_seen_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  model_versions: {
    tenant_id: string;
    model_id: string;
    revision: number;
    spec: JSONColumnType<Omit<ModelRevision, 'revision' | 'created_at' | 'created_by'>>;
    created_at: Generated<Date>;
    created_by: string;
  };
}
