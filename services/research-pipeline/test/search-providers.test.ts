import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallerIdentity } from '@signalbox/identity';
import { waitFor } from '@signalbox/test-kit';
import { VaultKeys } from '@signalbox/vault';
import { aCaller, startTestService, type JsonAnswer, type TestService } from './harness.ts';
import { makePdf } from './make-pdf.ts';
import { begin, jobIn } from './research-world.ts';
import { simulateSearch, type SimulatedSearch } from './simulate-search.ts';

let upstream: SimulatedSearch;
let pages: Server;
let pagesHost: string;
let service: TestService;
const asked: string[] = [];

const ice =
  'Sea ice covers about fifteen million square kilometres of the Arctic Ocean at the end of winter. It reflects most of ' +
  'the sunlight that falls on it back into space. Ships need an icebreaker where the ice is thicker than one metre.';
const snow =
  'Snow on sea ice insulates it from the cold air above. Eleven winters of measurements show that the snow is thinner ' +
  'than it was forty years ago. The crew of the station measured the snow by hand every morning.';

beforeAll(async () => {
  upstream = await simulateSearch();
  const pdf = await makePdf([[ice], [snow]], { title: 'Ice and snow' });
  pages = createServer((request, response) => {
    asked.push(request.url ?? '');
    switch (request.url) {
      case '/robots.txt':
        response.end('User-agent: *\nDisallow: /private');
        break;
      case '/ice.html':
      case '/copy.html':
        response
          .setHeader('content-type', 'text/html')
          .end(
            `<html><head><title>Sea ice</title></head><body><article><h1>Sea ice</h1><p>${ice}</p></article></body></html>`,
          );
        break;
      case '/report':
        response.setHeader('content-type', 'application/octet-stream').end(pdf);
        break;
      case '/inside':
        response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
        break;
      default:
        response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  pagesHost = `127.0.0.1:${(pages.address() as AddressInfo).port}`;
  service = await startTestService({
    config: {
      vaultKeys: VaultKeys.parse(`k1:${randomBytes(32).toString('base64url')}`),
      outboundAllow: [pagesHost, upstream.host],
      fetching: { userAgent: 'SignalboxResearch/1.0', hostSpacingMs: 0 },
      search: upstream.settings({ brave: { baseUrl: upstream.url, key: 'operators-key', spacingMs: 0 } }),
    },
  });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  pages.closeAllConnections();
  pages.close();
});

const researcher = (): CallerIdentity =>
  aCaller({ scopes: ['research:read', 'research:write', 'providers:read', 'providers:write'] });

async function send(
  caller: CallerIdentity,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: JsonAnswer['body'] }> {
  const answer = await service.fetch(
    `/api/v1/search-providers${path}`,
    {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    },
    caller,
  );
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as JsonAnswer['body']) };
}

async function stateOf(caller: CallerIdentity, name: string): Promise<Record<string, unknown> | undefined> {
  const { body } = await send(caller, 'GET', '');
  return (body['data'] as Record<string, unknown>[]).find((provider) => provider['name'] === name);
}

describe('CR-10: credentials of tenants', () => {
  it('are kept sealed, used for their tenant alone, shown by their end, and forgotten when it says so', async () => {
    const caller = researcher();
    const other = researcher();
    expect(await stateOf(caller, 'tavily')).toMatchObject({
      configured: false,
      credential: 'none',
      missing: expect.any(String),
    });
    expect(await stateOf(caller, 'brave')).toMatchObject({ configured: true, credential: 'operator', hint: null });

    const key = 'tvly-0123456789-canary-abcd';
    expect(await send(caller, 'PUT', '/tavily/credential', { key })).toMatchObject({
      status: 200,
      body: { name: 'tavily', configured: true, credential: 'tenant', hint: '…abcd' },
    });
    expect(await stateOf(other, 'tavily')).toMatchObject({ configured: false, credential: 'none' });

    upstream.answer('/tavily/search', ({ headers }) =>
      headers.authorization === `Bearer ${key}` ? { body: { results: [] } } : { status: 401 },
    );
    expect((await send(caller, 'POST', '/tavily/test')).body).toEqual({ status: 'ok', reason: null, account: null });
    expect((await send(other, 'POST', '/tavily/test')).body).toMatchObject({ status: 'not_configured' });

    const rows = await service.query<{ sealed: string }>('select * from @search_credentials');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify([rows, service.log, (await send(caller, 'GET', '')).body])).not.toContain('canary');

    // A row that was copied to another tenant stays shut.
    await service.query(
      `insert into @search_credentials select $1, provider, sealed, hint, updated_at from @search_credentials`,
      [other.principal.tenantId],
    );
    expect((await send(other, 'POST', '/tavily/test')).status).toBe(500);
    await service.query('delete from @search_credentials where tenant_id = $1', [other.principal.tenantId]);

    expect((await send(other, 'DELETE', '/tavily/credential')).status).toBe(404);
    expect((await send(caller, 'DELETE', '/tavily/credential')).status).toBe(204);
    expect(await stateOf(caller, 'tavily')).toMatchObject({ configured: false, credential: 'none' });
  });

  it('are audited without what they hold', async () => {
    const caller = researcher();
    await send(caller, 'PUT', '/brave/credential', { key: 'another-canary-0001' });
    const rows = await service.query('select * from @outbox');
    const told = JSON.stringify(rows);
    if (rows.length > 0) expect(told).not.toContain('another-canary');
    expect(await stateOf(caller, 'brave')).toMatchObject({ credential: 'tenant' });
  });

  it.each([
    ['/brave/credential', {}, 'key'],
    ['/google_cse/credential', { key: 'k' }, 'engine_id'],
    ['/brave/credential', { key: 'k', url: 'https://x.example' }, 'url'],
    ['/searxng/credential', { key: 'k', url: 'https://x.example' }, 'key'],
    ['/searxng/credential', { url: 'ftp://x.example' }, 'url'],
    ['/searxng/credential', { url: 'https://u:p@x.example' }, 'url'],
    ['/github/credential', { key: 'with space' }, 'key'],
    ['/brave/credential', { key: 'k', other: 1 }, 'other'],
  ])('%s with %j is refused, and says why', async (path, body, field) => {
    const answer = await send(researcher(), 'PUT', path, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body['errors'] ?? answer.body)).toContain(field);
  });

  it.each([
    ['PUT', '/bing/credential', { key: 'k' }, 400],
    ['PUT', '/arxiv/credential', { key: 'k' }, 400],
    ['DELETE', '/github/credential', undefined, 404],
  ])('%s %s: %i', async (method, path, body, status) => {
    expect((await send(researcher(), method, path, body)).status).toBe(status);
  });

  it('cannot be given or tried without the scope for it', async () => {
    const reader = aCaller({ scopes: ['providers:read'] });
    expect((await send(reader, 'GET', '')).status).toBe(200);
    expect((await send(reader, 'PUT', '/brave/credential', { key: 'k' })).status).toBe(403);
    expect((await send(reader, 'DELETE', '/brave/credential')).status).toBe(403);
    expect((await send(reader, 'POST', '/brave/test')).status).toBe(403);
    expect((await send(aCaller({ scopes: ['research:read'] }), 'GET', '')).status).toBe(403);
  });

  it('OP-5: a token of GitHub is checked by whose it is', async () => {
    const caller = researcher();
    await send(caller, 'PUT', '/github/credential', { key: 'ghp_0123456789abcdef' });
    upstream.answer('/github/user', { body: { login: 'octocat' } });
    expect((await send(caller, 'POST', '/github/test')).body).toEqual({
      status: 'ok',
      reason: null,
      account: 'octocat',
    });
    upstream.answer('/github/user', { status: 401 });
    expect((await send(caller, 'POST', '/github/test')).body).toMatchObject({ status: 'failed', account: null });
  });

  it('S8: an address of a tenant is reached only where everybody may', async () => {
    const caller = researcher();
    const inside = ['http://127.0.0.1:6379', 'http://169.254.169.254', 'http://[::1]:8080', 'http://localhost:9'];
    for (const url of inside) {
      expect((await send(caller, 'PUT', '/searxng/credential', { url })).status).toBe(200);
      expect((await send(caller, 'POST', '/searxng/test')).body).toEqual({
        status: 'failed',
        reason: 'This address cannot be reached from here.',
        account: null,
      });
    }
  });
});

describe('CR-10, CR-11: research over the web', () => {
  it('searches, fetches, extracts and cites; what failed is told with its reason, and copies stand once', async () => {
    const caller = researcher();
    await send(caller, 'PUT', '/searxng/credential', { url: upstream.url });
    const found = ['/ice.html', '/copy.html', '/report', '/private/x', '/inside', '/missing'];
    upstream.answer('/search', {
      body: { results: found.map((path) => ({ url: `http://${pagesHost}${path}`, title: path })) },
    });
    upstream.answer('/res/v1/web/search', { status: 500 });
    const id = await begin(service, caller, { topic: 'How thick is the snow on sea ice?', sources: ['web'] });
    const job = await jobIn(service, caller, id, 'completed', 'completed_partial', 'failed');
    expect(job).toMatchObject({ status: 'completed', mode: { search: expect.arrayContaining(['searxng', 'brave']) } });

    const told = JSON.stringify(job['warnings']);
    expect(told).toContain('brave');
    for (const path of ['/private/x', '/inside', '/missing']) expect(told).toContain(path);
    expect(asked.filter((path) => path.startsWith('/private'))).toEqual([]);
    expect(asked.filter((path) => path === '/robots.txt')).toHaveLength(1);

    const report = (await service.get(`/api/v1/research/${id}/report.json`, caller)).body as {
      sources: { url: string; title: string }[];
      sections: { sentences: { text: string; verdict: string; citations: { n: number }[] }[] }[];
    };
    expect(report.sources.map(({ url }) => URL.parse(url)?.pathname).sort()).toEqual(['/ice.html', '/report']);
    const sentences = report.sections.flatMap((section) => section.sentences);
    expect(sentences.length).toBeGreaterThan(0);
    for (const { text, verdict } of sentences) {
      expect(verdict).toBe('quoted');
      expect(`${ice} ${snow}`).toContain(text);
    }
  });

  it('tells a search that failed everywhere from one that found nothing', async () => {
    const caller = researcher();
    upstream.answer('/res/v1/web/search', { status: 503 });
    const id = await begin(service, caller, { topic: 'What is failing here?', sources: ['brave'] });
    await jobIn(service, caller, id, 'completed', 'completed_partial', 'failed');
    const job = (await service.get(`/api/v1/research/${id}`, caller)).body;
    expect(JSON.stringify(job['warnings'])).toMatch(/brave.*503/);
  });
});

describe('a service without keys for secrets', () => {
  it('takes no credentials, and searches with those of the operator', async () => {
    await using bare = await startTestService({ config: { vaultKeys: null, search: upstream.settings() } });
    const caller = researcher();
    const answer = await bare.fetch(
      '/api/v1/search-providers/brave/credential',
      { method: 'PUT', body: JSON.stringify({ key: 'k' }), headers: { 'content-type': 'application/json' } },
      caller,
    );
    expect(answer.status).toBe(503);
    await waitFor(async () => (await bare.get('/api/v1/search-providers', caller)).status === 200);
  });
});
