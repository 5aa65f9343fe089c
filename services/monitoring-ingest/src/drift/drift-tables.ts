import type { DriftCheck, DriftColumnKind, DriftPolicy, DriftReference, DriftVerdict } from '@signalbox/contracts';
import type { ColumnType, Generated, JSONColumnType } from 'kysely';

/** The tables of references and verdicts, as kysely sees them. */
export interface DriftTables {
  drift_references: {
    id: string;
    tenant_id: string;
    model_id: string;
    version: number;
    status: DriftReference['status'];
    source: DriftReference['source'];
    window_from: Date | null;
    window_to: Date | null;
    row_count: number;
    rows_total: number;
    window_minutes: number;
    is_scheduled: boolean;
    positive_label: string | null;
    policy: JSONColumnType<DriftPolicy>;
    columns: ColumnType<DriftReference['columns'], string, never>;
    next_run_at: Date;
    created_at: Generated<Date>;
    created_by: string;
  };
  drift_reference_columns: {
    reference_id: string;
    position: number;
    name: string;
    kind: DriftColumnKind;
    missing: number;
    numbers: number[] | null;
    dimensions: number | null;
    labels: ColumnType<unknown, string | null, never>;
  };
  drift_verdicts: {
    id: string;
    tenant_id: string;
    model_id: string;
    reference_id: string;
    reference_version: number;
    window_from: Date;
    window_to: Date;
    row_count: number;
    rows_total: number;
    outcome: DriftVerdict['outcome'];
    state: DriftVerdict['state'];
    flagged_columns: string[];
    drifting_columns: string[];
    unknown_columns: string[];
    checks: ColumnType<DriftCheck[], string, string>;
    created_at: Generated<Date>;
  };
}
