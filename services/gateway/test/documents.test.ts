import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allRoutes } from '@signalbox/contracts';
import { request } from 'undici';
import { startWholeGateway, type WholeGateway } from './running-gateway.ts';

interface Operation {
  operationId: string;
  security?: Record<string, unknown>[];
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, { type: string }> };
}

let gateway: WholeGateway;
let document: Document;

beforeAll(async () => {
  gateway = await startWholeGateway({ LIMITS_DEFAULT_REQUESTS_PER_MINUTE: '10000' });
  document = (await get('/openapi.json')).json as Document;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

async function get(path: string, headers: Record<string, string> = {}) {
  const answer = await request(gateway.url + path, { headers });
  const text = await answer.body.text();
  const json: unknown = String(answer.headers['content-type']).includes('json') ? JSON.parse(text) : null;
  return { status: answer.statusCode, headers: answer.headers, text, json };
}

function operations(): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
}

describe('the one OpenAPI document (OD-21, LA-7)', () => {
  it('is version 3.1, names every route of the mesh, and nothing else', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const named = operations().map(({ method, path, operation }) => `${method} ${path} ${operation.operationId}`);
    const routes = allRoutes.map(({ method, path, operationId }) => `${method} ${path} ${operationId}`);
    expect(named.sort()).toEqual(routes.sort());
  });

  it('declares both ways to authenticate, and lists them at every protected operation and at no public one', () => {
    const { securitySchemes } = document.components;
    expect(
      Object.values(securitySchemes)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['apiKey', 'http']);
    for (const { operation } of operations()) {
      const { scope } = allRoutes.find(({ operationId }) => operationId === operation.operationId) ?? {
        scope: 'public',
      };
      expect([operation.operationId, operation.security?.length ?? 0]).toEqual([
        operation.operationId,
        scope === 'public' ? 0 : Object.keys(securitySchemes).length,
      ]);
    }
  });

  it('describes no path that does not answer', async () => {
    for (const { method, path, operation } of operations()) {
      const answer = await request(gateway.url + path.replace(/\{\w+\}/g, 'absent'), {
        method: method.toUpperCase() as 'GET',
        headers: { 'x-api-key': gateway.adminKey, 'content-type': 'application/json' },
      });
      const body = await answer.body.text();
      const { service } = allRoutes.find(({ operationId }) => operationId === operation.operationId) ?? {};
      // No service runs behind this gateway: forwarded is what ends in 502. A 404 of our own must be about the id.
      if (service !== 'gateway')
        expect([operation.operationId, answer.statusCode]).toEqual([operation.operationId, 502]);
      else {
        expect([operation.operationId, answer.statusCode === 405]).toEqual([operation.operationId, false]);
        if (answer.statusCode === 404)
          expect([path, body]).toEqual([expect.stringContaining('{id}'), expect.stringContaining('absent')]);
      }
    }
  });

  it('is kept by clients that have it already', async () => {
    const first = await get('/openapi.json');
    const again = await get('/openapi.json', { 'if-none-match': String(first.headers['etag']) });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});

describe('the pages to read it (OD-21)', () => {
  it.each(['/docs', '/redoc'])(
    '%s loads only what is served here, and its policy forbids everything else',
    async (path) => {
      const page = await get(path);
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      const policy = String(page.headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe-inline/);
      expect(page.text).not.toMatch(/<script>|onload=|javascript:/);
      const loaded = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file ?? '');
      expect(loaded.length).toBeGreaterThanOrEqual(2);
      for (const file of loaded) {
        const answer = await get(file);
        expect([file, answer.status]).toEqual([file, 200]);
        expect(answer.text.length).toBeGreaterThan(50);
        expect(answer.text).not.toContain('https://cdn.');
        expect(answer.headers['content-type']).toMatch(file.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      }
      expect((await get(`${path}/no-such-file.js`)).status).toBe(404);
    },
  );

  it('OD-3: / says what this is and where to read on, to anyone', async () => {
    const root = await get('/');
    expect(root.status).toBe(200);
    const { links } = root.json as { links: Record<string, string> };
    for (const link of Object.values(links))
      expect([link, [200, 503].includes((await get(link)).status)]).toEqual([link, true]);
  });
});
