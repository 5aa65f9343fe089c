import { isUtf8 } from 'node:buffer';
import {
  compareDrift,
  createDriftReference,
  DriftComparisonRequest,
  DriftReferenceInput,
  getDriftReference,
  getDriftVerdict,
  listDriftMethods,
  listDriftReferences,
  listDriftVerdicts,
  retireDriftReference,
  runDrift,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  fieldErrorsOf,
  keysetPage,
  mountBytesRoute,
  mountRoute,
  pageStart,
  parseJson,
  reply,
  type Routes,
} from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { Schema } from '../app/schema.ts';
import { compareSamples } from './comparison/compare-samples.ts';
import { listMethods } from './comparison/methods.ts';
import { inSlices } from './in-slices.ts';
import { presentReference, presentVerdict, presentVerdictInFull } from './present.ts';
import { freezeReference } from './references/freeze-reference.ts';
import {
  getActiveReference,
  getReferenceRow,
  listReferenceRows,
  noReference,
  retireReference,
} from './references/reference-store.ts';
import { judgeDriftOf } from './verdicts/judge-drift.ts';
import { getVerdictRow, listVerdictLines, type VerdictRow } from './verdicts/verdict-store.ts';

/** Two samples of a million values each, or of a hundred thousand categories. */
const comparisonLimits = { depthMax: 8, keysMax: 250_000, valuesMax: 4_000_100, takesProto: true };
/** Ten thousand rows of a hundred features. */
const uploadLimits = { depthMax: 8, keysMax: 1_200_000, valuesMax: 4_000_100 };

export function mountComparisonRoutes(routes: Routes): void {
  mountBytesRoute(routes, compareDrift, async ({ bodyBytes, signal }) =>
    // A category may be called `__proto__`: what is read goes into a Map.
    inSlices(compareSamples(readBody(DriftComparisonRequest, bodyBytes, comparisonLimits)), { signal }),
  );

  mountRoute(routes, listDriftMethods, () => ({ data: listMethods() }));
}

export function mountReferenceRoutes(routes: Routes, db: Kysely<Schema>): void {
  mountBytesRoute(routes, createDriftReference, async ({ principal, bodyBytes }) => {
    const input = readBody(DriftReferenceInput, bodyBytes, uploadLimits);
    const row = await freezeReference(db, principal, input, new Date());
    return reply(presentReference(row), { headers: { Location: `/api/v1/drift/references/${row.id}` } });
  });

  mountRoute(routes, listDriftReferences, async ({ principal, query }) => {
    const list = listDriftReferences.operationId;
    const start = pageStart(list, query, ['string']);
    const [after] = start.after ?? [];
    const rows = await listReferenceRows(db, principal.tenantId, query.model_id ?? null, {
      after: typeof after === 'string' ? after : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: presentReference });
  });

  mountRoute(routes, getDriftReference, async ({ principal, params }) =>
    presentReference(await getReferenceRow(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, retireDriftReference, async ({ principal, params }) => {
    if (await retireReference(db, principal.tenantId, params.id)) return null;
    throw noReference();
  });
}

export function mountVerdictRoutes(
  routes: Routes,
  { db, judged }: { db: Kysely<Schema>; judged: (verdict: VerdictRow) => void },
): void {
  mountRoute(routes, listDriftVerdicts, async ({ principal, query }) => {
    const list = listDriftVerdicts.operationId;
    const start = pageStart(list, query, ['date', 'string']);
    const [to, id] = start.after ?? [];
    const rows = await listVerdictLines(
      db,
      principal.tenantId,
      { modelId: query.model_id ?? null, outcome: query.outcome ?? null, state: query.state ?? null },
      {
        after: to instanceof Date && typeof id === 'string' ? { to, id } : null,
        backwards: start.backwards,
        limit: start.fetch,
      },
    );
    return keysetPage({ list, start, rows, keyOf: (row) => [row.window_to, row.id], present: presentVerdict });
  });

  mountRoute(routes, getDriftVerdict, async ({ principal, params }) =>
    presentVerdictInFull(await getVerdictRow(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, runDrift, async ({ principal, params, body, signal }) => {
    const reference = await getActiveReference(db, principal.tenantId, params.id);
    const to = new Date(body?.window?.to ?? Date.now());
    const from = new Date(body?.window?.from ?? to.getTime() - reference.window_minutes * 60_000);
    const verdict = await judgeDriftOf(db, reference, { from, to }, signal);
    judged(verdict);
    return presentVerdictInFull(verdict);
  });
}

function readBody<Body extends z.ZodType>(
  schema: Body,
  bytes: Buffer,
  limits: Parameters<typeof parseJson>[1],
): z.output<Body> {
  if (!isUtf8(bytes)) {
    throw new AppError('validation_failed', undefined, { fields: [{ path: '', message: 'Expected UTF-8.' }] });
  }
  const read = schema.safeParse(parseJson(bytes, limits));
  if (read.success) return read.data;
  throw new AppError('validation_failed', undefined, { fields: fieldErrorsOf(read.error) });
}
