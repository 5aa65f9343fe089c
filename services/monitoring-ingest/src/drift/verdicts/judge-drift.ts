import { newId } from '@signalbox/ids';
import type { Kysely } from 'kysely';
import type { Schema } from '../../app/schema.ts';
import { findFeatureSchema } from '../../models/model-store.ts';
import { inSlices } from '../in-slices.ts';
import { readReferenceColumns, type ReferenceRow } from '../references/reference-store.ts';
import { readWindow, type Window } from '../references/window-store.ts';
import { judgeWindow } from './judge-window.ts';
import { readColumns, unknownColumns } from './read-columns.ts';
import { putVerdict, type VerdictRow } from './verdict-store.ts';

/** Judges one window of a model by a reference and stores the verdict. However often it is done, a window has one verdict. */
export async function judgeDriftOf(
  db: Kysely<Schema>,
  reference: ReferenceRow,
  window: Window,
  signal: AbortSignal,
): Promise<VerdictRow> {
  const columns = await readReferenceColumns(db, reference);
  const model = { tenantId: reference.tenant_id, modelId: reference.model_id };
  const { rows, total } = await readWindow(db, model, window);
  const kinds = new Map([...columns].map(([name, { kind }]) => [name, kind]));
  // The reference has settled the kinds; the schema is the model's as it is now.
  const features = await findFeatureSchema(db, model.tenantId, model.modelId);
  const current = readColumns(rows, { features, kinds, positiveLabel: reference.positive_label });
  const judged = await inSlices(judgeWindow(columns, current, reference.policy, features), { signal });
  return putVerdict(db, reference, {
    id: newId('verdict'),
    window,
    rows: rows.length,
    rowsTotal: total,
    judged,
    unknownColumns: unknownColumns(rows, kinds),
  });
}
