/** One request of a chain of redirects. */
export interface Hop {
  url: URL;
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string | Uint8Array | null;
}

/** What another origin may know: nothing that a caller may have put its credentials or signatures into. */
const harmless = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent']);

/** Where an answer sends us, and as what (RFC 9110, 15.4); null when it sends us nowhere. */
export function nextHop(hop: Hop, status: number, location: string | string[] | undefined): Hop | null {
  if (![301, 302, 303, 307, 308].includes(status) || typeof location !== 'string') return null;
  const url = URL.parse(location, hop.url.href);
  if (url === null) return null;
  const becomesGet = hop.method !== 'HEAD' && (status === 303 || (status < 303 && hop.method === 'POST'));
  const headers = Object.fromEntries(
    Object.entries(hop.headers).filter(
      ([name]) => (url.origin === hop.url.origin || harmless.has(name)) && !(becomesGet && name.startsWith('content-')),
    ),
  );
  return { url, method: becomesGet ? 'GET' : hop.method, headers, body: becomesGet ? null : hop.body };
}
