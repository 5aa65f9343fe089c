import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { startTestGateway, wideLimits, window, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

const allowed = 'https://app.example.com';
let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  gateway = await startTestGateway({
    upstreamUrl: upstream.url,
    limits: {
      ...wideLimits,
      classes: { default: { ...wideLimits.classes.default, requests: { ...window, limit: 2 } } },
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

async function ask(method: 'GET' | 'OPTIONS', headers: Record<string, string>, path = '/api/v1/things/1') {
  const answer = await request(gateway.url + path, { method, headers });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

function principal(name: string): { authorization: string } {
  return { authorization: `Bearer cors-${name}-${String(process.pid)}-${String(performance.now())}`.replace('.', '') };
}

describe('pages of other origins (OD-16, MX-19)', () => {
  it('an allowed one may read the answer, its errors, and the headers that matter', async () => {
    for (const headers of [principal('a'), {}]) {
      const answer = await ask('GET', { origin: allowed, ...headers });
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': allowed,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
        'access-control-expose-headers': expect.stringContaining('Retry-After'),
      });
    }
  });

  it.each([
    'null',
    'https://app.example.com.evil.example',
    'https://evil-app.example.com',
    'https://sub.app.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://APP.example.com',
    'https://app.example.com/',
  ])('S22: %s gets no permission, with or without a preflight', async (origin) => {
    const plain = await ask('GET', { origin, ...principal('b') });
    expect(plain.status).toBe(200);
    const preflight = await ask('OPTIONS', { origin: origin, 'access-control-request-method': 'POST' });
    expect(preflight.status).toBe(403);
    for (const { headers } of [plain, preflight]) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers['vary']).toContain('Origin');
    }
  });

  it('a preflight is answered before authentication, is kept for ten minutes, and spends no limit', async () => {
    for (let round = 0; round < 5; round += 1) {
      const preflight = await ask('OPTIONS', {
        origin: allowed,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers).toMatchObject({
        'access-control-allow-origin': allowed,
        'access-control-allow-headers': 'authorization,content-type,x-stainless-os',
        'access-control-allow-methods': expect.stringContaining('PATCH'),
        'access-control-max-age': '600',
      });
      expect(preflight.headers).not.toHaveProperty('ratelimit');
    }
  });

  it('a request without an origin is none of this', async () => {
    const answer = await ask('GET', principal('c'));
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    const options = await ask('OPTIONS', {});
    expect([options.status, options.headers['allow']]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS']);
  });
});

describe('the order of the chain (LA-19)', () => {
  it('counts 429 and refused origins, gives a 429 its CORS headers, and formats errors last', async () => {
    const who = principal('d');
    const answers = [];
    for (let round = 0; round < 3; round += 1) answers.push(await ask('GET', { origin: allowed, ...who }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const last = answers[2];
    expect(last?.headers).toMatchObject({
      'access-control-allow-origin': allowed,
      'content-type': 'application/problem+json',
      'retry-after': expect.stringMatching(/^\d+$/),
      ratelimit: expect.stringContaining('r=0'),
      'x-content-type-options': 'nosniff',
    });
    expect(JSON.parse(last?.text ?? '')).toMatchObject({
      status: 429,
      error_code: 'RATE_LIMIT_EXCEEDED',
      'violated-policies': ['default'],
      request_id: last?.headers['x-request-id'],
    });
    const labels = 'status_code="429"';
    expect(await gateway.metric('http_requests_total', labels)).toBe(1);
    expect(await gateway.metric('http_errors_total', 'error_type="RATE_LIMIT_EXCEEDED"')).toBe(1);
    const before = await gateway.metric('signalbox_gateway_origins_refused_total');
    await ask('OPTIONS', { origin: 'null', 'access-control-request-method': 'POST' });
    expect(await gateway.metric('signalbox_gateway_origins_refused_total')).toBe(before + 1);
    expect(await gateway.metric('http_requests_total', 'status_code="403"')).toBeGreaterThan(0);
  });

  it('asks in this order: target, route, credential, scope, limits', async () => {
    const nobody = { authorization: 'Bearer bad' };
    const status = async (path: string, headers: Record<string, string>) => (await ask('GET', headers, path)).status;
    expect(await status('/api/v1/nothing%5c', nobody)).toBe(400);
    expect(await status('/api/v1/nothing', nobody)).toBe(404);
    expect(await status('/api/v1/things', nobody)).toBe(405);
    expect(await status('/api/v1/things/1', nobody)).toBe(401);
    const reader = { authorization: `${principal('e').authorization} alerts:read` };
    for (let round = 0; round < 4; round += 1) expect(await status('/api/v1/things/1', reader)).toBe(403);
    expect(upstream.requests.filter(({ headers }) => headers['x-signalbox-identity'] === undefined)).toEqual([]);
  });

  it('writes one access log line for each, with the ids and without the credential', async () => {
    const who = principal('f');
    const answer = await ask('GET', who);
    const line = gateway.lines.find(({ request_id }) => request_id === answer.headers['x-request-id']);
    expect(line).toMatchObject({
      event: 'http.request',
      route: '/api/v1/things/{id}',
      status: 200,
      principal_id: expect.stringMatching(/^key_cors-f/),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(JSON.stringify(gateway.lines)).not.toContain(who.authorization);
  });
});
