import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyIdentity } from '@signalbox/identity';
import { identityKeys } from './harness.ts';

interface Measured {
  at: number;
  model: string;
  metric: string;
  value: number;
}

export interface SimulatedMonitoring extends AsyncDisposable {
  url: string;
  /** What was measured of a tenant; a moment in the past is negative. */
  measure(tenantId: string, sample: { model?: string; metric: string; value: number; agoMs?: number }): void;
  /** Limits of registered models. */
  models: { id: string; thresholds: Record<string, number> }[];
  /** How many questions it was asked. */
  asked: number;
  fails: boolean;
}

/** Speaks the wire of monitoring-ingest, as far as rules read it, and refuses whoever has no signed identity. */
export async function simulateMonitoring(): Promise<SimulatedMonitoring> {
  const tenants = new Map<string, Measured[]>();
  const state = { models: [] as SimulatedMonitoring['models'], asked: 0, fails: false };
  const server = createServer((request, response) => {
    state.asked += 1;
    const path = request.url ?? '';
    const header = String(request.headers['x-signalbox-identity']);
    const { principal } = verifyIdentity(identityKeys, { audience: 'monitoring-ingest', method: 'GET', path }, header);
    const url = new URL(path, 'http://monitoring');
    const body = url.pathname.endsWith('/series')
      ? seriesOf(tenants.get(principal.tenantId) ?? [], url.searchParams)
      : pageOf(url.pathname.endsWith('/models') ? state.models.map(modelOf) : []);
    response.writeHead(state.fails ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    measure(
      tenantId: string,
      { model = 'm', metric, value, agoMs = 0 }: Parameters<SimulatedMonitoring['measure']>[1],
    ) {
      tenants.set(tenantId, [...(tenants.get(tenantId) ?? []), { at: Date.now() - agoMs, model, metric, value }]);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function seriesOf(measured: readonly Measured[], query: URLSearchParams) {
  const step = query.get('step') ?? '';
  const stepMs = Number.parseInt(step, 10) * (step.endsWith('h') ? 3_600_000 : 1_000);
  const from = Math.floor(Date.parse(query.get('from') ?? '') / stepMs) * stepMs;
  const to = Math.ceil(Date.parse(query.get('to') ?? '') / stepMs) * stepMs;
  const only = query.get('model_id');
  const rows = measured
    .filter(({ metric, at }) => metric === query.get('metric') && at >= from && at < to)
    .filter(({ model }) => only === null || model === only);
  const all = query.has('segment_by') ? [...new Set(rows.map(({ model }) => model))] : [null];
  const segments = all.slice(0, 50);
  return {
    metric: query.get('metric'),
    aggregate: query.get('aggregate'),
    step,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    resolution: 'raw',
    percentile_error: null,
    completeness: { kept_since: null, open_since: null },
    segments: segments.map((segment) => ({
      segment,
      buckets: Array.from({ length: (to - from) / stepMs }, (_, index) => {
        const begin = from + index * stepMs;
        const inside = rows
          .filter(({ at, model }) => at >= begin && at < begin + stepMs && (segment === null || model === segment))
          .map(({ value }) => value);
        const average = inside.reduce((sum, value) => sum + value, 0) / inside.length;
        const value = query.get('aggregate') === 'max' ? Math.max(...inside) : average;
        return { time: new Date(begin).toISOString(), value: inside.length === 0 ? null : value, count: inside.length };
      }),
    })),
    more_segments: all.length > segments.length,
  };
}

function modelOf({ id, thresholds }: SimulatedMonitoring['models'][number]) {
  const defaults = { latency: 1_000, error_rate: 0.05, gpu_memory: 0.8, cpu_usage: 0.8, memory_usage: 0.8 };
  const at = new Date(0).toISOString();
  return {
    id,
    registered: true,
    name: id,
    model_type: 'llm',
    version: '1',
    environment: 'prod',
    thresholds: { ...defaults, ...thresholds },
    features: {},
    revision: 1,
    first_seen_at: at,
    updated_at: at,
  };
}

function pageOf(data: unknown[]) {
  return { data, page_info: { limit: 100, has_next: false, has_prev: false, next_cursor: null, prev_cursor: null } };
}
