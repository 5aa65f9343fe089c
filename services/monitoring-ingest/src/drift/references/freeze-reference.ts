import { defaultDriftPolicy, type DriftReferenceInput, type DriftRow } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Kysely } from 'kysely';
import type { Schema } from '../../app/schema.ts';
import { findFeatureSchema } from '../../models/model-store.ts';
import { firstRunAt } from '../verdicts/schedule.ts';
import { readColumns } from '../verdicts/read-columns.ts';
import { insertReference, type ReferenceRow } from './reference-store.ts';
import { readWindow } from './window-store.ts';

const windowMinutesDefault = 60;

/** Makes a reference of a window or an upload. Throws `unprocessable` where it would have fewer rows than a verdict needs. */
export async function freezeReference(
  db: Kysely<Schema>,
  { tenantId, principalId }: { tenantId: string; principalId: string },
  input: DriftReferenceInput,
  now: Date,
): Promise<ReferenceRow> {
  const { model_id: modelId, window_minutes: windowMinutes = windowMinutesDefault } = input;
  const policy = { ...defaultDriftPolicy, ...definedIn(input.policy ?? {}) };
  const window =
    input.window === undefined ? null : { from: new Date(input.window.from), to: new Date(input.window.to) };
  const { rows, total } = await rowsOf(db, { tenantId, modelId }, window, input.rows ?? []);
  if (rows.length < policy.rows_min) {
    throw new AppError('unprocessable', `A reference needs ${String(policy.rows_min)} rows at least.`, {
      details: { rows: rows.length },
    });
  }
  const positiveLabel = input.positive_label ?? null;
  const features = await findFeatureSchema(db, tenantId, modelId);
  const columns = readColumns(rows, { features, kinds: null, positiveLabel });
  if (columns.size === 0) {
    throw new AppError('unprocessable', 'The rows have no feature, prediction, score, embedding or error rate.');
  }
  return insertReference(db, {
    id: newId('reference'),
    tenantId,
    modelId,
    source: window === null ? 'upload' : 'window',
    window,
    rows: rows.length,
    rowsTotal: total,
    windowMinutes,
    isScheduled: input.is_scheduled ?? true,
    positiveLabel,
    policy,
    nextRunAt: firstRunAt(now, windowMinutes),
    createdBy: principalId,
    columns,
  });
}

async function rowsOf(
  db: Kysely<Schema>,
  model: { tenantId: string; modelId: string },
  window: { from: Date; to: Date } | null,
  uploaded: readonly DriftRow[],
): Promise<{ rows: readonly DriftRow[]; total: number }> {
  return window === null ? { rows: uploaded, total: uploaded.length } : readWindow(db, model, window);
}

function definedIn<Members extends object>(members: Members): { [Name in keyof Members]?: NonNullable<Members[Name]> } {
  const defined = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [Name in keyof Members]?: NonNullable<Members[Name]> };
}
