import type { Meters } from './meters.ts';

/** How one request ended. */
export interface HttpOutcome {
  /** The template of the route (`/api/v1/api-keys/{id}`), never the path that was asked for; `unmatched` where no route was found. */
  endpoint: string;
  statusCode: number;
  /** The `error_code` of an answer of 400 or above; default `HTTP_<status>`. */
  errorType?: string;
  requestBytes?: number;
  responseBytes?: number;
}

export interface HttpMetrics {
  /**
   * Counts a request as in progress from its head's arrival. Call what it gives back once the answer is finished or the
   * connection is gone; a second call does nothing.
   */
  started(method: string): (outcome: HttpOutcome) => void;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const endpointsMax = 200;
const sizeBuckets = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

/** The metrics of HTTP, under the names that existing dashboards and alert rules know (LA-8). */
export function createHttpMetrics(metrics: Meters): HttpMetrics {
  const labels = ['method', 'endpoint'] as const;
  const seriesMax = endpointsMax * 10;
  const requests = metrics.counter({
    name: 'http_requests_total',
    help: 'Requests answered.',
    labels: [...labels, 'status_code'],
    seriesMax,
  });
  const durations = metrics.histogram({
    name: 'http_request_duration_seconds',
    help: 'From the head of the request to the end of the answer.',
    labels,
    seriesMax,
  });
  const inProgress = metrics.gauge({ name: 'http_requests_in_progress', help: 'Requests being answered now.' });
  const errors = metrics.counter({
    name: 'http_errors_total',
    help: 'Answers of 400 and above.',
    labels: [...labels, 'error_type'],
    seriesMax,
  });
  const requestSizes = metrics.histogram({
    name: 'http_request_size_bytes',
    help: 'Size of request bodies.',
    labels,
    buckets: sizeBuckets,
    seriesMax,
  });
  const responseSizes = metrics.histogram({
    name: 'http_response_size_bytes',
    help: "Size of answers' bodies.",
    labels,
    buckets: sizeBuckets,
    seriesMax,
  });
  const endpoints = new Set<string>();

  function bounded(endpoint: string): string {
    if (endpoints.has(endpoint)) return endpoint;
    if (endpoints.size >= endpointsMax) return 'other';
    endpoints.add(endpoint);
    return endpoint;
  }

  return {
    started(given) {
      const method = methods.has(given) ? given : 'other';
      const startedAt = performance.now();
      let ended = false;
      inProgress.add({}, 1);
      return (outcome) => {
        if (ended) return;
        ended = true;
        inProgress.add({}, -1);
        const where = { method, endpoint: bounded(outcome.endpoint) };
        requests.inc({ ...where, status_code: String(outcome.statusCode) });
        durations.observe(where, (performance.now() - startedAt) / 1000);
        requestSizes.observe(where, outcome.requestBytes ?? 0);
        responseSizes.observe(where, outcome.responseBytes ?? 0);
        if (outcome.statusCode >= 400)
          errors.inc({ ...where, error_type: outcome.errorType ?? `HTTP_${String(outcome.statusCode)}` });
      };
    },
  };
}
