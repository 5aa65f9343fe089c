import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { identityHeader, verifyIdentity } from '@signalbox/identity';
import { request } from 'undici';
import { identityKeys, startTestGateway, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordedRequest, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  gateway = await startTestGateway({ upstreamUrl: upstream.url });
});
beforeEach(() => {
  upstream.requests.length = 0;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

async function sent(headers: Record<string, string>, path = '/api/v1/things/1?a=1&b=%2F'): Promise<RecordedRequest> {
  const answer = await request(gateway.url + path, { headers: { authorization: 'Bearer headers', ...headers } });
  await answer.body.dump();
  const [recorded] = upstream.requests;
  if (recorded === undefined) throw new Error(`nothing reached the service: ${String(answer.statusCode)}`);
  return recorded;
}

describe('what a service sees of a request (CD-1, S4)', () => {
  it('never the credential, nor any claim of the client about itself', async () => {
    const forged = [
      'x-signalbox-identity',
      'x-user-id',
      'x-tenant-id',
      'x-internal-auth',
      'x-real-ip',
      'forwarded',
      'x-original-url',
      'x-rewrite-url',
      'x-http-method-override',
      'x-api-key',
      'cookie',
      'te',
      'proxy-authorization',
    ];
    const { headers } = await sent(Object.fromEntries(forged.map((name) => [name, 'forged'])));
    expect(headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(headers)).not.toContain('forged');
    expect(JSON.stringify(headers)).not.toContain('Bearer');
  });

  it('who is calling, signed for this service, method and target, and for nothing else', async () => {
    const { url, headers } = await sent({});
    expect(url).toBe('/api/v1/things/1?a=1&b=%2F');
    const header = headers[identityHeader];
    const binding = { audience: 'chat-router', method: 'GET', path: url };
    const caller = verifyIdentity(identityKeys, binding, String(header));
    expect(caller).toEqual({
      principal: { kind: 'api_key', principalId: 'key_headers', tenantId: 'tenant_headers', scopes: ['chat:write'] },
      requestId: headers['x-request-id'],
    });
    for (const other of [
      { ...binding, path: '/api/v1/things/2' },
      { ...binding, method: 'DELETE' },
      { ...binding, audience: 'alerting' },
    ])
      expect(() => verifyIdentity(identityKeys, other, String(header))).toThrow();
    expect(() => verifyIdentity(identityKeys, binding, String(header), { now: Date.now() + 61_000 })).toThrow();
  });

  it('the real peer, whatever X-Forwarded-For says, and the host that was asked for', async () => {
    const { headers } = await sent({
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil',
    });
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': gateway.url.slice('http://'.length),
      host: upstream.url.slice('http://'.length),
    });
  });

  it('the client as the trusted proxies saw it, where there are such', async () => {
    await using behind = await startTestGateway({ upstreamUrl: upstream.url, parts: { trustedHops: 1 } });
    const answer = await request(`${behind.url}/api/v1/things/1`, {
      headers: {
        authorization: 'Bearer headers',
        'x-forwarded-for': '6.6.6.6, 203.0.113.7',
        'x-forwarded-proto': 'https',
      },
    });
    await answer.body.dump();
    expect(upstream.requests[0]?.headers).toMatchObject({
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
    });
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it("a request id of the gateway's making, and the caller's trace when it is one", async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const { headers } = await sent({ 'x-request-id': 'mine', traceparent: `00-${trace}-b7ad6b7169203331-01` });
    expect(headers['x-request-id']).toMatch(/^req_[0-9a-z]{26}$/);
    expect(headers['traceparent']).toMatch(new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
    upstream.requests.length = 0;
    const other = await sent({ traceparent: '00-zz-b7ad6b7169203331-01' });
    expect(other.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  });
});

describe('what a client sees of an answer (CD-1, MX-18)', () => {
  it("the service's headers, without those of the hop and of its making", async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(201, {
        'content-type': 'application/json',
        location: '/api/v1/things/9',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'x-powered-by': 'Express',
        'access-control-allow-origin': '*',
        'x-request-id': 'theirs',
        'cache-control': 'max-age=60',
        'set-cookie': ['a=1', 'b=2'],
      });
      response.end('{}');
    };
    const answer = await request(`${gateway.url}/api/v1/things/1`, { headers: { authorization: 'Bearer headers' } });
    await answer.body.dump();
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({
      location: '/api/v1/things/9',
      'cache-control': 'max-age=60',
      'set-cookie': ['a=1', 'b=2'],
      'x-request-id': upstream.requests[0]?.headers['x-request-id'],
    });
    for (const name of ['x-hop', 'x-powered-by', 'access-control-allow-origin'])
      expect(answer.headers).not.toHaveProperty(name);
  });

  it('the security headers on every answer: of a service, of the gateway, good or bad', async () => {
    const paths = ['/api/v1/things/1', '/api/v1/nothing', '/api/v1/things/%zz', '/api/v1/absent', '/api/v1/sign-in'];
    const credentials = { authorization: 'Bearer headers' };
    const seen = new Set<number>();
    for (const path of paths) {
      const answer = await request(gateway.url + path, { headers: credentials });
      await answer.body.dump();
      seen.add(answer.statusCode);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      });
      expect(answer.headers).not.toHaveProperty('strict-transport-security');
    }
    expect([...seen].sort()).toEqual([201, 400, 404, 405, 503]);
  });
});
