/** The table of objectives, as kysely sees it. */
export interface ObjectiveTables {
  objectives: {
    id: string;
    tenant_id: string;
    name: string;
    model_id: string | null;
    model_version: string | null;
    environment: string | null;
    kind: 'availability' | 'latency';
    threshold_ms: number | null;
    target: number;
    window_days: number;
    no_data_after_minutes: number;
    created_at: Date;
    updated_at: Date;
  };
}
