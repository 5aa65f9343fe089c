import {
  listMonitoredModels,
  listObjectives,
  getObjectiveStatus,
  getSeries,
  type ModelThresholds,
  type Series,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { identityHeader, signIdentity, type IdentityKeys } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import type { z } from 'zod';
import type { BurnRate, Segment, SeriesQuery, Sources, Span } from './sources.ts';

/** What is measured, as monitoring-ingest answers it to this service. */
export type MonitoringClient = (tenantId: string) => Pick<Sources, 'series' | 'modelThresholds' | 'burnRates'>;

const timeoutMs = 10_000;
/** It answers 10,000 buckets at most, for up to 50 segments. */
const bucketsPerRead = 190;
const pagesMax = 50;
const readsAtOnce = 8;

const shortWindows = { '1h': '5m', '6h': '30m', '3d': '6h' } as const;

export function createMonitoringClient({
  url,
  identityKeys,
}: {
  url: string;
  identityKeys: IdentityKeys;
}): MonitoringClient {
  return (tenantId) => {
    const get = async <Answer extends z.ZodType>(path: string, answer: Answer | null): Promise<z.output<Answer>> => {
      if (answer === null) throw new TypeError(`${path} has no answer to be read`);
      return answer.parse(await ask(url, path, identityKeys, tenantId));
    };

    return {
      series: (query, span) => readEverySegment(query, span, get),
      async modelThresholds() {
        const models = await allPages(listMonitoredModels.path, { registered: 'true' }, (path) =>
          get(path, listMonitoredModels.response.schema),
        );
        return new Map(models.map(({ id, thresholds }): [string, ModelThresholds] => [id, thresholds]));
      },
      async burnRates(objectiveId, longWindow) {
        const objectives = await allPages(listObjectives.path, {}, (path) => get(path, listObjectives.response.schema));
        const wanted = objectives.filter(({ id }) => objectiveId === undefined || id === objectiveId);
        return Promise.all(
          wanted.map(async ({ id, name, model_id: modelId }): Promise<BurnRate> => {
            const path = getObjectiveStatus.path.replace('{id}', encodeURIComponent(id));
            const { burn_rates: rates } = await get(path, getObjectiveStatus.response.schema);
            const [long, short] = [rates[longWindow] ?? null, rates[shortWindows[longWindow]] ?? null];
            return { objectiveId: id, name, modelId, long, short };
          }),
        );
      },
    };
  };
}

type Get = <Answer extends z.ZodType>(path: string, answer: Answer | null) => Promise<z.output<Answer>>;

/**
 * Monitoring shows the fifty largest segments. Where there are more, every other model is asked for by its name, since one
 * that is not looked at would never be told of; other segments cannot be, and the rule says so instead.
 */
async function readEverySegment(query: SeriesQuery, span: Span, get: Get): Promise<readonly Segment[]> {
  const read = (one: SeriesQuery) => readSeries(one, span, (path) => get(path, getSeries.response.schema));
  const { segments, isCut } = await read(query);
  if (!isCut) return segments;
  if (query.segmentBy !== 'model_id')
    throw new AppError('unprocessable', 'There are more segments than can be watched: 50. Filter, or split the rule.');
  const shown = new Set(segments.map(({ segment }) => segment));
  const models = await allPages(listMonitoredModels.path, {}, (path) => get(path, listMonitoredModels.response.schema));
  const waiting = models.map(({ id }) => id).filter((id) => !shown.has(id));
  const others: Segment[] = [];
  const work = async (): Promise<void> => {
    for (let modelId = waiting.shift(); modelId !== undefined; modelId = waiting.shift()) {
      const segment = modelId;
      const one = await read({ ...query, modelId, segmentBy: undefined });
      others.push(...one.segments.map(({ buckets }) => ({ segment, buckets })));
    }
  };
  await Promise.all(Array.from({ length: readsAtOnce }, work));
  return [...segments, ...others];
}

async function readSeries(
  query: SeriesQuery,
  span: Span,
  get: (path: string) => Promise<Series>,
): Promise<{ segments: Segment[]; isCut: boolean }> {
  let isCut = false;
  const segments = new Map<string | null, Segment['buckets'][number][]>();
  const stepS = query.stepMs / 1_000;
  const pieceMs = bucketsPerRead * query.stepMs;
  const start = Math.floor(span.from / query.stepMs) * query.stepMs;
  for (let from = start; from < span.to; from += pieceMs) {
    const to = Math.min(span.to, from + pieceMs);
    const parameters = new URLSearchParams({
      metric: query.metric,
      aggregate: query.aggregate,
      step: stepS % 3_600 === 0 ? `${stepS / 3_600}h` : `${stepS}s`,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
    });
    const optional = {
      source: query.source,
      model_id: query.modelId,
      model_version: query.modelVersion,
      environment: query.environment,
      tag: query.tag,
      segment_by: query.segmentBy,
    };
    for (const [name, value] of Object.entries(optional)) if (value !== undefined) parameters.set(name, value);
    const answer = await get(`${getSeries.path}?${parameters.toString()}`);
    isCut ||= answer.more_segments;
    for (const { segment, buckets } of answer.segments) {
      const known = segments.get(segment) ?? [];
      known.push(...buckets.map(({ time, value, count }) => ({ time: Date.parse(time), value, count })));
      segments.set(segment, known);
    }
  }
  return { segments: [...segments].map(([segment, buckets]) => ({ segment, buckets })), isCut };
}

async function allPages<Row>(
  path: string,
  filters: Record<string, string>,
  get: (path: string) => Promise<{ data: Row[]; page_info: { next_cursor: string | null } }>,
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const query = new URLSearchParams({ ...filters, limit: '100', ...(cursor === null ? {} : { cursor }) });
    const answer = await get(`${path}?${query.toString()}`);
    rows.push(...answer.data);
    cursor = answer.page_info.next_cursor;
    if (cursor === null) return rows;
  }
  throw new AppError('unprocessable', 'There is more than a rule can look at: 5,000.');
}

async function ask(url: string, path: string, keys: IdentityKeys, tenantId: string): Promise<unknown> {
  const audience = 'monitoring-ingest';
  const caller = {
    principal: { kind: 'service', principalId: 'alerting', tenantId, scopes: ['metrics:read', 'models:read'] },
    requestId: newId('req'),
  } as const;
  let answer: Response;
  try {
    answer = await fetch(new URL(path, url), {
      headers: { [identityHeader]: signIdentity(keys, { audience, method: 'GET', path }, caller) },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
  } catch (cause) {
    throw new AppError('unavailable', 'What is measured cannot be read at the moment.', { cause });
  }
  if (answer.ok) return answer.json();
  const problem = await answer.text();
  if (answer.status === 400)
    throw new AppError('unprocessable', 'Monitoring refuses the query of this rule.', { cause: new Error(problem) });
  throw new AppError('unavailable', 'What is measured cannot be read at the moment.', { cause: new Error(problem) });
}
