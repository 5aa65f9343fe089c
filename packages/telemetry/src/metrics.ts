import * as prometheus from 'prom-client';
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts';
import { createMeters, type Meters } from './meters.ts';

export type BreakerState = 'closed' | 'half_open' | 'open';

/** The metrics of one process, in a registry of their own. */
export interface Metrics extends Meters {
  readonly http: HttpMetrics;
  cacheHit(cache: string): void;
  cacheMiss(cache: string): void;
  breakerState(name: string, state: BreakerState): void;
  /** Everything in Prometheus' text format, to be served as `contentType`. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  collectEventLoopUtilization(registry);
  const own = createMeters(registry);

  own
    .gauge({ name: 'signalbox_service_info', help: 'Which service this is; always 1.', labels: ['service'] })
    .set({ service }, 1);
  const hits = own.counter({ name: 'cache_hits_total', help: 'Lookups that a cache answered.', labels: ['cache'] });
  const misses = own.counter({
    name: 'cache_misses_total',
    help: 'Lookups that a cache could not answer.',
    labels: ['cache'],
  });
  const breakers = own.gauge({
    name: 'circuit_breaker_state',
    help: 'What a circuit breaker does: 0 closed, 1 half-open, 2 open.',
    labels: ['name'],
  });
  return {
    ...own,
    http: createHttpMetrics(own),
    cacheHit: (cache) => hits.inc({ cache }),
    cacheMiss: (cache) => misses.inc({ cache }),
    breakerState: (name, state) => breakers.set({ name }, breakerLevels[state]),
    // prom-client writes a mean of nothing as `Nan`; the format knows only `NaN`.
    text: async () => (await registry.metrics()).replaceAll(' Nan\n', ' NaN\n'),
    contentType: registry.contentType,
  };
}

const breakerLevels = { closed: 0, half_open: 1, open: 2 } as const satisfies Record<BreakerState, number>;

function collectEventLoopUtilization(registry: prometheus.Registry): void {
  let before = performance.eventLoopUtilization();
  new prometheus.Gauge({
    name: 'signalbox_event_loop_utilization_ratio',
    help: 'The share of time since the last scrape in which the event loop was busy.',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    },
  });
}
