import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApiKey } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { IdentityKeys, identityHeader, signIdentity } from '@signalbox/identity';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { waitFor } from '@signalbox/test-kit';
import {
  createRoutes,
  createService,
  errorHandler,
  identifySigned,
  mountRoute,
  notFoundHandler,
  startServer,
  type RunningServer,
} from '../src/index.ts';
import { getNote, listNotes, postJson, rawExchange, secret, startHarness, writer, type Harness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

describe('who may call', () => {
  it('answers 401 with a challenge to nobody, and says invalid_token to a bad credential', async () => {
    const nobody = await fetch(`${harness.url}/api/v1/notes`);
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="signalbox"');
    const bad = await fetch(`${harness.url}/api/v1/notes`, { headers: { authorization: `Bearer ${secret}` } });
    expect(bad.headers.get('www-authenticate')).toBe('Bearer realm="signalbox", error="invalid_token"');
    expect(await bad.text()).not.toContain(secret);
  });

  it('answers 403 to a principal without the scope, before the body is looked at', async () => {
    const answer = await postJson(`${harness.url}/api/v1/notes`, 'no json', { 'x-test-caller': 'acme:documents:read' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error_code: 'FORBIDDEN', required_scope: 'documents:write' });
  });

  it('lets writing an area read it, and * do everything', async () => {
    expect((await fetch(`${harness.url}/api/v1/notes`, { headers: writer })).status).toBe(200);
    expect((await fetch(`${harness.url}/api/v1/notes`, { headers: { 'x-test-caller': 'acme:*' } })).status).toBe(200);
  });
});

describe('MX-18: security headers', () => {
  it.each([
    ['an answer', 'GET', '/v1/models/a', 200],
    ['a 400', 'GET', '/api/v1/break/a%00', 400],
    ['a 401', 'GET', '/api/v1/notes', 401],
    ['a 404', 'GET', '/nothing', 404],
    ['a 405', 'PUT', '/api/v1/notes', 405],
    ['a 500', 'GET', '/api/v1/break/throw', 500],
  ])('are on %s', async (_what, method, path, status) => {
    const answer = await fetch(harness.url + path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('strict-transport-security')).toBeNull();
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('are on what the parser refuses, too', async () => {
    const text = await rawExchange(harness.port, 'GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toContain('X-Content-Type-Options: nosniff');
    expect(text).toContain('Content-Type: application/problem+json');
  });
});

describe('OD-17: JSON answers give data back unchanged, as data', () => {
  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    'javascript:alert(1)',
    '</script><svg/onload=alert(1)>',
    '{{7*7}}',
  ])('%s', async (text) => {
    const answer = await postJson(`${harness.url}/api/v1/notes`, JSON.stringify({ text }), writer);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.json()).toMatchObject({ text });
  });
});

describe('S1, S12: hostile JSON over HTTP', () => {
  const hostile: [string, string][] = [
    ['nesting', '['.repeat(100_000)],
    ['objects in objects', '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
    [
      '300,000 members',
      `{${Array.from({ length: 300_000 }, (_, index) => `"${String(index % 10)}":1`)
        .join(',')
        .slice(0, 1_000_000)}}`,
    ],
    ['a doubled member', '{"a":1,"a":2}'],
    ['a number beyond a double', '{"a":1e400}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['NUL', '{"a":"\\u0000"}'],
    ['__proto__', '{"__proto__":{"polluted":true}}'],
  ];
  it.each(hostile)('%s is a 4xx that costs next to nothing', async (_what, body) => {
    await postJson(`${harness.url}/api/v1/echo`, '{}');
    // The time of the processor, client included: it bounds what the event loop can have been blocked for.
    const before = process.cpuUsage();
    const answer = await postJson(`${harness.url}/api/v1/echo`, body);
    const { user, system } = process.cpuUsage(before);
    expect([400, 413]).toContain(answer.status);
    expect((user + system) / 1_000).toBeLessThan(150);
  });

  it('bytes that are no UTF-8 are a 400', async () => {
    const answer = await postJson(`${harness.url}/api/v1/echo`, new Uint8Array([0x22, 0xff, 0xfe, 0x22]));
    expect(await answer.json()).toMatchObject({ status: 400, errors: [{ path: '', message: 'Expected UTF-8.' }] });
  });

  it('pollutes no prototype, by body or by query', async () => {
    await postJson(`${harness.url}/api/v1/echo`, '{"constructor":{"prototype":{"polluted":true}}}');
    await postJson(`${harness.url}/api/v1/notes`, '{"text":"a","__proto__":{"polluted":true}}', writer);
    await fetch(`${harness.url}/api/v1/notes?__proto__[polluted]=1&constructor[prototype][polluted]=1`, {
      headers: writer,
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('S20: a canary in every place of a request', () => {
  it('reaches no log line, no metric and no error', async () => {
    const headers = {
      authorization: `Bearer ${secret}`,
      'x-api-key': secret,
      cookie: `a=${secret}`,
      'x-other': secret,
      'user-agent': secret,
    };
    const bodies = [`{"${secret}":1}`, `{"text":1,"tags":"${secret}"}`, `{"text":"${secret}"`, `"${secret}"`, secret];
    for (const body of bodies) {
      const answer = await postJson(`${harness.url}/api/v1/notes?cursor=${secret}`, body, { ...headers, ...writer });
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toContain(secret);
    }
    await fetch(`${harness.url}/api/v1/notes/${secret}`, { headers: { ...headers, ...writer } });
    await waitFor(() => harness.log.filter((line) => line['event'] === 'http.request').length > bodies.length);
    expect(JSON.stringify(harness.log.filter((line) => line['event'] === 'http.request'))).not.toContain(secret);
    expect(await harness.metrics.text()).not.toContain(secret);
  });
});

describe('identifySigned', () => {
  const keys = IdentityKeys.parse(`notes:k1:${'A'.repeat(43)},other:k1:${'B'.repeat(43)}`);
  const caller = {
    principal: { kind: 'api_key' as const, principalId: 'key_1', tenantId: 'tenant_1', scopes: ['documents:read'] },
    requestId: 'req_from_gateway',
  };
  let server: RunningServer;
  beforeAll(async () => {
    const logger = createLogger({ service: 'notes', level: 'silent' });
    const app = createService({ logger, metrics: createMetrics({ service: 'notes' }), trustRequestId: true });
    const routes = createRoutes({ router: app, identify: identifySigned(keys, 'notes') });
    mountRoute(routes, getNote, ({ principal, requestId }) => ({ id: principal.tenantId, text: requestId }));
    mountRoute(routes, listNotes, () => {
      throw new AppError('not_found');
    });
    app.use(notFoundHandler(), errorHandler(logger));
    server = await startServer({ app, host: '127.0.0.1', port: 0, logger });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const ask = (path: string, identity: string | null, more: Record<string, string> = {}): Promise<Response> =>
    fetch(server.url + path, { headers: { ...(identity === null ? {} : { [identityHeader]: identity }), ...more } });
  const sign = (path: string, { audience = 'notes', method = 'GET', now = Date.now() } = {}): string =>
    signIdentity(keys, { audience, method, path }, caller, now);

  it('S4: believes the gateway’s signature, and the request id that is in it', async () => {
    const path = '/api/v1/notes/note_001?a=1'.replace('?a=1', '');
    const answer = await ask(path, sign(path), { 'x-request-id': 'req_forged', 'x-tenant-id': 'evil' });
    expect(await answer.json()).toEqual({ id: 'tenant_1', text: 'req_from_gateway' });
    expect(answer.headers.get('x-request-id')).toBe('req_from_gateway');
  });

  it('S4: refuses forged headers, another path, another query, another method, another service, and an old signature', async () => {
    const path = '/api/v1/notes/note_001';
    expect((await ask(path, null, { 'x-user-id': 'admin', 'x-tenant-id': 'a' })).status).toBe(401);
    expect((await ask(path, sign('/api/v1/notes/note_002'))).status).toBe(401);
    expect((await ask('/api/v1/notes?limit=5', sign('/api/v1/notes?limit=50'))).status).toBe(401);
    expect((await ask(path, sign(path, { method: 'DELETE' }))).status).toBe(401);
    expect((await ask(path, sign(path, { audience: 'other' }))).status).toBe(401);
    expect((await ask(path, sign(path, { now: Date.now() - 61_000 }))).status).toBe(401);
  });
});

// The type of a handler's principal follows its contract; this file would not compile otherwise.
export function principalIsTyped(routes: Parameters<typeof mountRoute>[0]): void {
  mountRoute(routes, createApiKey, ({ principal }) => {
    throw new Error(principal.tenantId);
  });
}
