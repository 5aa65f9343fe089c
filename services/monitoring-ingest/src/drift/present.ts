import type { DriftReference, DriftVerdict, DriftVerdictInFull } from '@signalbox/contracts';
import type { ReferenceRow } from './references/reference-store.ts';
import type { VerdictLine, VerdictRow } from './verdicts/verdict-store.ts';

export function presentReference(row: ReferenceRow): DriftReference {
  const { id, model_id, version, status, source, columns, window_minutes, is_scheduled, positive_label, policy } = row;
  return {
    id,
    model_id,
    version,
    status,
    source,
    window:
      row.window_from === null || row.window_to === null
        ? null
        : { from: row.window_from.toISOString(), to: row.window_to.toISOString() },
    rows: row.row_count,
    rows_total: row.rows_total,
    columns,
    window_minutes,
    is_scheduled,
    positive_label,
    policy,
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
  };
}

export function presentVerdict(row: VerdictLine): DriftVerdict {
  const { id, model_id, reference_id, reference_version, outcome, state, flagged_columns, drifting_columns } = row;
  return {
    id,
    model_id,
    reference_id,
    reference_version,
    window: { from: row.window_from.toISOString(), to: row.window_to.toISOString() },
    rows: row.row_count,
    rows_total: row.rows_total,
    outcome,
    state,
    flagged_columns,
    drifting_columns,
    created_at: row.created_at.toISOString(),
  };
}

export function presentVerdictInFull(row: VerdictRow): DriftVerdictInFull {
  return { ...presentVerdict(row), checks: row.checks, unknown_columns: row.unknown_columns };
}
