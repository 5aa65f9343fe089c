import { recordBatch, recordInference, recordResources, reportDrift, type ResourceUsage } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  fieldErrorsOf,
  mediaTypeOf,
  mountBytesRoute,
  mountRoute,
  parseJson,
  reply,
  type Routes,
} from '@signalbox/http';
import { newId } from '@signalbox/ids';
import { batchKey, delivery, type BatchKey, type Receipt } from './delivery.ts';
import type { Intake } from './group-commit.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { readBatch } from './read-batch.ts';
import { sampleRowOf } from './read-sample.ts';
import type { PointRow } from './rows.ts';
import { storeBatch, type Unreadable } from './store-batch.ts';
import { timeProblem, type TimeWindow } from './time-window.ts';

export interface IntakeRouteDeps {
  intake: Intake;
  now: () => number;
  windowAt: (nowMs: number) => TimeWindow;
}

/** A batch is larger than other requests: so many members and values make ten thousand samples with forty features each. */
const jsonLimits = { depthMax: 8, keysMax: 800_000, valuesMax: 800_000 };

export function mountIntakeRoutes(routes: Routes, { intake, now, windowAt }: IntakeRouteDeps): void {
  /** The time that a body names, or now. Throws `validation_failed` for one that is out of the window. */
  function timeOf(timestamp: string | null | undefined): number {
    const nowMs = now();
    if (timestamp === undefined || timestamp === null) return nowMs;
    const timeMs = Date.parse(timestamp);
    const message = timeProblem(timeMs, windowAt(nowMs));
    if (message === null) return timeMs;
    throw new AppError('validation_failed', undefined, { fields: [{ path: 'timestamp', message }] });
  }

  mountRoute(routes, recordInference, async ({ principal: { tenantId }, body }) => {
    const row = sampleRowOf(body, timeOf(body.timestamp), 'api');
    const receipt = stored(await intake.deliver(delivery(tenantId, { samples: [row] })));
    const duplicate = receipt.duplicates.length > 0;
    return {
      status: 'success' as const,
      message: duplicate ? 'The sample was stored before.' : 'The sample is stored.',
      model_id: row.modelId,
      request_id: row.requestId,
      duplicate,
    };
  });

  mountRoute(routes, reportDrift, async ({ principal: { tenantId }, body, bodyBytes, request }) => {
    const id = newId('drift');
    const row = {
      id,
      timeMs: timeOf(body.timestamp),
      modelId: body.model_id,
      driftType: body.drift_type,
      severity: body.severity,
      confidence: body.confidence,
      feature: body.feature ?? null,
      tags: body.tags ?? {},
    };
    const batch = keyOf('drift', request.headers['idempotency-key'], bodyBytes);
    const receipt = await intake.deliver(delivery(tenantId, { drifts: [row], batch, remember: () => ({ id }) }));
    const first = receipt.kind === 'repeated' ? receipt.remembered['id'] : (stored(receipt), id);
    return { status: 'success' as const, message: 'The report is stored.', id: String(first) };
  });

  mountRoute(routes, recordResources, async ({ principal: { tenantId }, body, bodyBytes, request }) => {
    const points = resourcePoints(body, timeOf(body.timestamp));
    const batch = keyOf('resources', request.headers['idempotency-key'], bodyBytes);
    stored(await intake.deliver(delivery(tenantId, { points, batch })));
    return { status: 'success' as const, message: 'The usage is stored.', points: points.length };
  });

  mountBytesRoute(
    routes,
    recordBatch,
    async ({ principal: { tenantId }, bodyBytes, query, request }) => {
      const format = mediaTypeOf(request) === 'application/x-ndjson' ? 'ndjson' : 'json';
      const nowMs = now();
      const batch = keyOf('batch', request.headers['idempotency-key'], bodyBytes);
      const parse = (bytes: Buffer): unknown => parseJson(bytes, jsonLimits);
      const items = await readBatch(bodyBytes, format, parse, { nowMs, window: windowAt(nowMs) });
      const onlyRejected = query.results === 'rejected';
      const given = { tenantId, items, batch, bytes: bodyBytes.length, onlyRejected };
      const result = await storeBatch({ intake, errorsOf }, given);
      return reply(result, { status: result.rejected === 0 ? 201 : 207 });
    },
    {
      admit: (bytes) => {
        intake.assertRoom(bytes);
      },
    },
  );
}

function keyOf(use: string, header: string | string[] | undefined, body: Buffer): BatchKey | null {
  const key = idempotencyKeyOf(header);
  return key === null ? null : batchKey(use, key, body);
}

/** A receipt of rows that are there. Throws for a single row that was refused, and for a key that stands for another body. */
function stored(receipt: Receipt): { duplicates: readonly number[] } {
  switch (receipt.kind) {
    case 'stored':
      if (receipt.refused.samples.length + receipt.refused.points.length === 0) return receipt;
      throw new AppError('validation_failed', undefined, {
        fields: [{ path: '', message: 'Expected measurements that can be stored.' }],
      });
    case 'repeated':
      return { duplicates: [] };
    case 'other_body':
      throw new AppError('unprocessable', 'This Idempotency-Key was used for another body.');
  }
}

function resourcePoints({ model_id: modelId, resource, tags, ...usage }: ResourceUsage, timeMs: number): PointRow[] {
  const labels = {
    ...tags,
    ...(modelId === undefined || modelId === null ? {} : { model_id: modelId }),
    ...(resource === undefined || resource === null ? {} : { resource }),
  };
  return (['gpu_memory', 'cpu_usage', 'memory_usage'] as const).flatMap((metric) => {
    const value = usage[metric];
    if (value === undefined || value === null) return [];
    return [{ timeMs, metric, labels, value, kind: 'gauge', unit: '1', histogram: null, source: 'api' }];
  });
}

function errorsOf(item: Unreadable): { path: string; message: string }[] {
  switch (item.kind) {
    case 'misfit':
      return fieldErrorsOf(item.error);
    case 'untimely':
      return [{ path: 'timestamp', message: item.message }];
    case 'unreadable':
      return [{ path: '', message: item.message }];
  }
}
