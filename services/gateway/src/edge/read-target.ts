import type { IncomingMessage } from 'node:http';
import { AppError } from '@signalbox/errors';

/** What a request asks for, after everything that two parsers could read differently has been refused. */
export interface Target {
  /** Begins with one slash; holds no dot segment, no empty segment, no backslash, nothing outside printable ASCII. */
  path: string;
  /** The query with its `?`, or `''`. */
  query: string;
}

const printable = /^[\x21\x22\x24-\x7e]+$/;
const plainPath = /^(?:\/[\w\-~!$&'()*+,;=:@]+)+$/;
// A percent sign that encodes a dot, a backslash or NUL, or that encodes nothing.
const badEscape = /%(?:2e|5c|00|(?![0-9a-f]{2}))/i;
const dotSegment = /\/\.{1,2}(?:\/|$)/;

/**
 * Reads the request target, or throws `validation_failed` for one that a proxy and a service might take for different
 * things: absolute form, dot segments, encoded dots, backslashes, empty segments, fragments, NUL, non-ASCII. The encoded
 * slash is left to the route table, which knows the one kind of route where it means something.
 */
export function readTarget(url: string): Target {
  const queryAt = url.indexOf('?');
  const path = queryAt === -1 ? url : url.slice(0, queryAt);
  const query = queryAt === -1 ? '' : url.slice(queryAt);
  if (query !== '' && (!printable.test(query) || query.includes('%00'))) throw refused('the query');
  if (path === '/' || plainPath.test(path)) return { path, query };
  const ambiguous =
    !path.startsWith('/') ||
    !printable.test(path) ||
    path.includes('//') ||
    path.includes('\\') ||
    dotSegment.test(path) ||
    badEscape.test(path);
  if (ambiguous) throw refused('the path');
  return { path, query };
}

const namesLength = /(?:^|[\s,])content-length(?:$|[\s,])/i;
const bodylessMethods = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * Refuses a head that frames its body, or names its host, in a way that smuggling is made of: two `Host` lines, a
 * chunked body on a method that has none, a transfer coding besides `chunked`, a length that `Connection` would have us
 * drop while its body goes on.
 */
export function refuseAmbiguousHead(request: IncomingMessage): void {
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined) {
    if (bodylessMethods.has(request.method ?? '')) throw refused('a chunked body on this method');
    if (coding.toLowerCase() !== 'chunked') throw refused('the transfer coding');
  }
  const { connection } = request.headers;
  if (request.headers['content-length'] !== undefined) {
    if (request.method === 'TRACE') throw refused('a body');
    if (connection !== undefined && namesLength.test(connection)) throw refused('the length in Connection');
  }
  const { rawHeaders } = request;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw refused('more than one Host');
}

/** `allowed` holds hosts in lower case, with or without a port; `null` allows any. */
export function refuseForeignHost(host: string | undefined, allowed: ReadonlySet<string> | null): void {
  if (allowed === null) return;
  const given = (host ?? '').toLowerCase();
  if (allowed.has(given) || allowed.has(given.replace(/:\d+$/, ''))) return;
  throw new AppError('misdirected');
}

function refused(what: string): AppError {
  return new AppError('validation_failed', `The gateway does not accept ${what} of this request.`);
}
