import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** What a page of another origin may see of an answer besides the body. */
const exposed = [
  'Deprecation',
  'ETag',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ');

const tokens = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;
const preflightSeconds = '600';

/** `same`: no page of another origin is asking. */
export type CorsVerdict = 'same' | 'allowed' | 'refused';

/**
 * Marks the answer for the page that asks, when its origin is on the list: exactly, letter by letter. Any other origin,
 * `null` and lookalikes included, gets no permission, and its browser keeps the answer from it.
 */
export function applyCors(
  origin: string | undefined,
  response: ServerResponse,
  allowed: ReadonlySet<string>,
): CorsVerdict {
  if (allowed.size > 0) response.setHeader('vary', 'Origin');
  if (origin === undefined) return 'same';
  if (!allowed.has(origin)) return 'refused';
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-expose-headers', exposed);
  return 'allowed';
}

/** True for the question a browser asks before the real request. */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** Answers the preflight of an allowed origin: any method and any header, as the real request is judged for itself. */
export function answerPreflight(headers: IncomingHttpHeaders, response: ServerResponse): void {
  response.setHeader('vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
  response.setHeader('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
  const asked = headers['access-control-request-headers'];
  if (typeof asked === 'string' && tokens.test(asked)) response.setHeader('access-control-allow-headers', asked);
  response.setHeader('access-control-max-age', preflightSeconds);
  response.writeHead(204).end();
}

/** Same origin or an allowed one: what a WebSocket upgrade needs, as browsers send those without asking first. */
export function mayOpenSocket(headers: IncomingHttpHeaders, allowed: ReadonlySet<string>): boolean {
  const { origin, host } = headers;
  return (
    origin === undefined ||
    allowed.has(origin) ||
    origin === `http://${host ?? ''}` ||
    origin === `https://${host ?? ''}`
  );
}
