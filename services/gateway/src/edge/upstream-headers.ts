import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Headers between two neighbours on the wire (RFC 9110 §7.6.1). They end here, in both directions. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

/**
 * What a client may not tell a service: who it is, whence it comes, what it really meant, its credential. Cookies too:
 * no service uses any, and a browser sends those of everything else that lives on the host.
 */
const refusedNames = new Set([
  ...hopByHop,
  'authorization',
  'baggage',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'traceparent',
  'x-api-key',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-url',
  'x-real-ip',
  'x-request-id',
  'x-rewrite-url',
]);
const refusedPrefixes = ['x-signalbox-', 'x-forwarded-', 'x-internal-', 'x-tenant-', 'x-user-', 'proxy-'];

/** Names repeat from request to request; what is decided about one is kept, for as many names as honest clients use. */
const decided = new Map<string, boolean>();
const decidedMax = 1_000;

/** True when a header of that (lower-case) name may travel from a client to a service. */
function passesInwards(name: string): boolean {
  const known = decided.get(name);
  if (known !== undefined) return known;
  // An underscore reads like a hyphen to some servers, which would bring x_signalbox_identity back in.
  const passes =
    !refusedNames.has(name) && !name.includes('_') && !refusedPrefixes.some((prefix) => name.startsWith(prefix));
  if (decided.size < decidedMax) decided.set(name, passes);
  return passes;
}

/** The headers that go to the service: the client's harmless ones, overlaid by our own. */
export function upstreamHeaders(inbound: IncomingHttpHeaders, own: IncomingHttpHeaders): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  const named = namedInConnection(inbound.connection);
  for (const name of Object.keys(inbound)) {
    if (passesInwards(name) && !named?.has(name)) headers[name] = inbound[name];
  }
  return Object.assign(headers, own);
}

const refusedOutwards = new Set([...hopByHop, 'x-powered-by', 'server', 'x-request-id', 'vary']);

/**
 * The headers that go to the client: the service's, without those of the hop and those that the gateway answers for
 * (CORS, request id). What the gateway has set is overwritten only by a header of the service that is not refused here;
 * its `link` (to the successor of an old path) goes before the service's.
 */
export function clientHeaders(
  upstream: IncomingHttpHeaders,
  link?: ReturnType<ServerResponse['getHeader']>,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  const named = namedInConnection(upstream.connection);
  for (const name of Object.keys(upstream)) {
    if (refusedOutwards.has(name) || name.startsWith('access-control-') || named?.has(name)) continue;
    headers[name] = upstream[name];
  }
  if (link !== undefined && headers['link'] !== undefined) headers['link'] = [link, headers['link']].flat().join(', ');
  return headers;
}

function namedInConnection(connection: string | undefined): Set<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  return new Set(connection.split(',').map((token) => token.trim().toLowerCase()));
}
