import { describe, expect, it } from '@jest/globals';
import { clientHeaders, upstreamHeaders } from './upstream-headers.ts';

describe('the header policy (CD-1, S4)', () => {
  it('lets nothing through by which a client could say who it is or what it meant', () => {
    const forged = Object.fromEntries(
      [
        'x-signalbox-identity',
        'x-signalbox-anything',
        'x-user-id',
        'x-tenant-id',
        'x-internal-auth',
        'x-forwarded-for',
        'x-forwarded-prefix',
        'forwarded',
        'x-real-ip',
        'x-original-url',
        'x-rewrite-url',
        'x-http-method-override',
        'x_signalbox_identity',
        'authorization',
        'x-api-key',
        'cookie',
        'proxy-authorization',
        'proxy-connection',
        'te',
        'trailer',
        'keep-alive',
        'upgrade',
        'http2-settings',
        'transfer-encoding',
        'expect',
        'x-request-id',
        'traceparent',
        'baggage',
      ].map((name) => [name, 'forged']),
    );
    expect(upstreamHeaders(forged, {})).toEqual({});
  });

  it('drops whatever Connection names, and keeps the rest as it came', () => {
    const inbound = {
      connection: 'close, X-Secret , accept-language',
      'x-secret': '1',
      'accept-language': 'de',
      'content-type': 'application/json',
      'idempotency-key': 'k',
    };
    expect(upstreamHeaders(inbound, { 'x-request-id': 'req_1' })).toEqual({
      'content-type': 'application/json',
      'idempotency-key': 'k',
      'x-request-id': 'req_1',
    });
  });

  it('gives the client what the service said, without the hop, the maker and permissions that are ours to give', () => {
    expect(
      clientHeaders({
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'keep-alive': 'timeout=5',
        'transfer-encoding': 'chunked',
        'x-powered-by': 'Express',
        'access-control-allow-origin': '*',
        'x-request-id': 'theirs',
        'set-cookie': ['a=1', 'b=2'],
        etag: '"1"',
      }),
    ).toEqual({ 'set-cookie': ['a=1', 'b=2'], etag: '"1"' });
  });

  it('keeps its own link beside those of the service (LA-5, LA-13)', () => {
    const successor = '</api/v1/usage>; rel="successor-version"';
    const first = '</api/v1/usage>; rel="first"';
    expect(clientHeaders({ link: first }, successor)).toEqual({ link: `${successor}, ${first}` });
    expect(clientHeaders({ link: first }, undefined)).toEqual({ link: first });
    expect(clientHeaders({ etag: '"1"' }, successor)).toEqual({ etag: '"1"' });
  });
});
