import type { DriftVerdict } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Schema } from '../../app/schema.ts';
import type { DriftTables } from '../drift-tables.ts';
import type { ReferenceRow } from '../references/reference-store.ts';
import type { Window } from '../references/window-store.ts';
import { confirmDrift, windowsLookedAt, type EarlierWindow } from './confirm-drift.ts';
import type { JudgedWindow } from './judge-window.ts';

export type VerdictRow = Selectable<DriftTables['drift_verdicts']>;
/** Without its checks, which are much. */
export type VerdictLine = Omit<VerdictRow, 'checks' | 'unknown_columns'>;

/** Beyond, a window that overlaps or had no data is no neighbour any more. */
const earlierMax = 20;

const lineColumns = [
  'id',
  'tenant_id',
  'model_id',
  'reference_id',
  'reference_version',
  'window_from',
  'window_to',
  'row_count',
  'rows_total',
  'outcome',
  'state',
  'flagged_columns',
  'drifting_columns',
  'created_at',
] as const;

/**
 * Stores what a window says together with what the ones before it confirm. One window of a reference has one verdict: judged
 * again, its row is the newer judgement and keeps its id.
 */
export async function putVerdict(
  db: Kysely<Schema>,
  reference: ReferenceRow,
  {
    id,
    window,
    rows,
    rowsTotal,
    judged,
    unknownColumns,
  }: {
    id: string;
    window: Window;
    rows: number;
    rowsTotal: number;
    judged: JudgedWindow;
    unknownColumns: string[];
  },
): Promise<VerdictRow> {
  return db.transaction().execute(async (trx) => {
    const { state, driftingColumns } = confirmDrift(judged, await earlierWindows(trx, reference, window.from));
    const found = {
      row_count: rows,
      rows_total: rowsTotal,
      outcome: judged.outcome,
      state,
      flagged_columns: judged.flaggedColumns,
      drifting_columns: driftingColumns,
      unknown_columns: unknownColumns,
      checks: JSON.stringify(judged.checks),
    };
    return trx
      .insertInto('drift_verdicts')
      .values({
        id,
        tenant_id: reference.tenant_id,
        model_id: reference.model_id,
        reference_id: reference.id,
        reference_version: reference.version,
        window_from: window.from,
        window_to: window.to,
        ...found,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['reference_id', 'window_from', 'window_to'])
          .doUpdateSet({ ...found, created_at: sql<Date>`now()` }),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

/** The newest first, each ending before the next one begins. */
async function earlierWindows(
  db: Kysely<Schema>,
  { id, tenant_id }: ReferenceRow,
  before: Date,
): Promise<EarlierWindow[]> {
  const rows = await db
    .selectFrom('drift_verdicts')
    .select(['window_from', 'window_to', 'outcome', 'flagged_columns'])
    .where('tenant_id', '=', tenant_id)
    .where('reference_id', '=', id)
    .where('window_to', '<=', before)
    .where('outcome', '!=', 'insufficient_data')
    .orderBy('window_to', 'desc')
    .limit(earlierMax)
    .execute();
  const apart: EarlierWindow[] = [];
  let end = before;
  for (const { window_from: from, window_to: to, outcome, flagged_columns: flaggedColumns } of rows) {
    if (to > end || apart.length === windowsLookedAt - 1) continue;
    apart.push({ outcome, flaggedColumns });
    end = from;
  }
  return apart;
}

/** Throws `not_found`: another tenant's verdict is as absent as one that never was. */
export async function getVerdictRow(db: Kysely<Schema>, tenantId: string, id: string): Promise<VerdictRow> {
  const row = await db
    .selectFrom('drift_verdicts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new AppError('not_found', 'There is no such verdict.');
  return row;
}

export interface VerdictFilter {
  modelId: string | null;
  outcome: DriftVerdict['outcome'] | null;
  state: DriftVerdict['state'] | null;
}

/** The newest window first. */
export async function listVerdictLines(
  db: Kysely<Schema>,
  tenantId: string,
  { modelId, outcome, state }: VerdictFilter,
  { after, backwards, limit }: { after: { to: Date; id: string } | null; backwards: boolean; limit: number },
): Promise<VerdictLine[]> {
  const direction = backwards ? 'asc' : 'desc';
  const comparison = backwards ? sql`>` : sql`<`;
  return db
    .selectFrom('drift_verdicts')
    .select(lineColumns)
    .where('tenant_id', '=', tenantId)
    .$if(modelId !== null, (query) => query.where('model_id', '=', modelId ?? ''))
    .$if(outcome !== null, (query) => query.where('outcome', '=', outcome ?? 'drift'))
    .$if(state !== null, (query) => query.where('state', '=', state ?? 'unknown'))
    .$if(after !== null, (query) =>
      query.where(sql<boolean>`(window_to, id) ${comparison} (${after?.to ?? new Date()}, ${after?.id ?? ''})`),
    )
    .orderBy('window_to', direction)
    .orderBy('id', direction)
    .limit(limit)
    .execute();
}

/** What the newest verdict with enough data says to drift, of each model that has one by its reference in force. */
export async function driftingColumns(
  db: Kysely<Schema>,
  tenantId: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db
    .selectFrom('drift_verdicts')
    .innerJoin('drift_references', 'drift_references.id', 'drift_verdicts.reference_id')
    .distinctOn('drift_verdicts.model_id')
    .select(['drift_verdicts.model_id', 'drifting_columns'])
    .where('drift_verdicts.tenant_id', '=', tenantId)
    .where('status', '=', 'active')
    .where('outcome', '!=', 'insufficient_data')
    .orderBy('drift_verdicts.model_id')
    .orderBy('drift_verdicts.window_to', 'desc')
    .orderBy('drift_verdicts.id', 'desc')
    .execute();
  return new Map(rows.map(({ model_id, drifting_columns }) => [model_id, drifting_columns]));
}
