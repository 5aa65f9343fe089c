import type { IncomingHttpHeaders } from 'node:http';

/** RFC 6750: one scheme, one token of these characters, nothing behind it. */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

/** The token of `Authorization: Bearer …`, or null when the header is absent or reads otherwise. */
export function bearerToken(headers: IncomingHttpHeaders): string | null {
  return bearer.exec(headers.authorization ?? '')?.[1] ?? null;
}
