/**
 * What every answer says to a browser (MX-18): this is data, show nothing of it, frame nothing, tell nobody, keep nothing.
 * A page or a document that may be cached says so itself, by setting the header again.
 */
export const securityHeaders: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cache-Control', 'no-store'],
];

export const strictTransportSecurity = 'max-age=31536000; includeSubDomains';
