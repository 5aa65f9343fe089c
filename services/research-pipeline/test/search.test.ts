import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openOutbound, type Outbound } from '@signalbox/outbound';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, type TestDatabase } from '@signalbox/test-kit';
import { createVault, VaultKeys } from '@signalbox/vault';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import { takeHostTurn } from '../src/fetch/host-store.ts';
import { chooseProviders } from '../src/search/choose-providers.ts';
import { createSearchProviders, type SearchDeps } from '../src/search/create-search-providers.ts';
import { saveCredential } from '../src/search/credential-store.ts';
import { searchAll } from '../src/search/search-all.ts';
import { credentialContext, sealCredential } from '../src/search/search-credential.ts';
import type { SearchProvider } from '../src/search/search-provider.ts';
import { operatorHosts, type SearchSettings } from '../src/search/search-settings.ts';
import type { Hit, SearchOutcome } from '../src/sources/source.ts';
import { simulateSearch, type SimulatedSearch } from './simulate-search.ts';

let database: TestDatabase;
let db: Database<Schema>;
let upstream: SimulatedSearch;
let outbound: Outbound;
let operatorOutbound: Outbound;

beforeAll(async () => {
  database = await createTestDatabase({ service: 'research-pipeline', migrations });
  const logger = createLogger({ service: 'test', write: () => undefined });
  db = openDatabase<Schema>({ url: database.url, applicationName: 'test', logger });
});
beforeEach(async () => {
  upstream = await simulateSearch();
  outbound = openOutbound();
  operatorOutbound = openOutbound({ allow: operatorHosts(upstream.settings()) });
  for (const table of ['provider_rests', 'provider_answers', 'search_credentials'] as const)
    await db.db.deleteFrom(table).execute();
});
afterEach(async () => {
  await outbound[Symbol.asyncDispose]();
  await operatorOutbound[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const vault = createVault(VaultKeys.parse(`k1:${randomBytes(32).toString('base64url')}`));

const takeTurn: SearchDeps['takeTurn'] = (line, spacingMs, waitMsMax) =>
  takeHostTurn(db.db, line, { spacingMs, waitMsMax });

function depsOf(overrides: Partial<SearchSettings> = {}): SearchDeps {
  const settings = upstream.settings(overrides);
  return { db: db.db, settings, vault, operatorOutbound, outbound, userAgent: 'SignalboxResearch/1.0', takeTurn };
}

async function search(
  sources: string[],
  query: string,
  overrides: Partial<SearchSettings> = {},
  limit = 10,
): Promise<{ hits: Hit[]; outcomes: SearchOutcome[] }> {
  const providers = chooseProviders(await createSearchProviders(depsOf(overrides), 'tenant_a'), sources);
  return searchAll([...providers.values()], query, { limit, signal: AbortSignal.timeout(20_000) });
}

const github = (key: string | null = null) => ({ github: { baseUrl: `${upstream.url}/github`, token: key } });

describe('CR-10: each provider is asked in its own language', () => {
  it('Google: with key, engine and pages, dates from the page', async () => {
    upstream.answer('/customsearch/v1', ({ query }) => ({
      body: {
        items: Array.from({ length: Number(query.get('num')) }, (_, index) => ({
          link: `https://example.com/${Number(query.get('start')) + index}`,
          title: `Hit ${Number(query.get('start')) + index}`,
          snippet: 'A snippet',
          pagemap: { metatags: [{ 'article:published_time': '2024-05-06' }] },
        })),
      },
    }));
    const google = { baseUrl: upstream.url, key: 'g-key', engineId: 'cx:1' };
    const { hits, outcomes } = await search(['google_cse'], 'sea ice', { google }, 13);
    expect(outcomes).toEqual([{ provider: 'google_cse', query: 'sea ice', status: 'ok', hits: 13, reason: null }]);
    expect(hits[12]).toEqual({
      provider: 'google_cse',
      url: 'https://example.com/13',
      documentId: null,
      title: 'Hit 13',
      snippet: 'A snippet',
      publishedAt: '2024-05-06T00:00:00.000Z',
    });
    expect(
      upstream.requests.map(({ query }) => [query.get('key'), query.get('cx'), query.get('num'), query.get('start')]),
    ).toEqual([
      ['g-key', 'cx:1', '10', '1'],
      ['g-key', 'cx:1', '3', '11'],
    ]);
  });

  it('Brave: with its header, its markup taken out', async () => {
    upstream.answer('/res/v1/web/search', {
      body: {
        web: {
          results: [
            {
              url: 'https://a.example/',
              title: '<b>A</b> &amp; B',
              description: 'x &#39;y&#39;',
              page_age: '2023-01-02T03:04:05',
            },
          ],
        },
      },
    });
    const { hits } = await search(['brave'], 'sea ice', {
      brave: { baseUrl: upstream.url, key: 'b-key', spacingMs: 0 },
    });
    expect(hits).toMatchObject([
      { url: 'https://a.example/', title: 'A & B', snippet: "x 'y'", publishedAt: '2023-01-02T03:04:05.000Z' },
    ]);
    expect(upstream.requests[0]?.headers['x-subscription-token']).toBe('b-key');
  });

  it('Tavily: by POST, with a bearer', async () => {
    upstream.answer('/tavily/search', { body: { results: [{ url: 'https://t.example/', title: 'T', content: 'c' }] } });
    const { hits } = await search(
      ['tavily'],
      'sea ice',
      { tavily: { baseUrl: `${upstream.url}/tavily`, key: 't-key' } },
      7,
    );
    expect(hits).toMatchObject([{ provider: 'tavily', url: 'https://t.example/', snippet: 'c', publishedAt: null }]);
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer t-key' } });
    expect(JSON.parse(upstream.requests[0]?.body ?? '')).toMatchObject({ query: 'sea ice', max_results: 7 });
  });

  it('SearXNG: as JSON; engines that did not answer are a failure, not "nothing found"', async () => {
    const searxng = { baseUrl: upstream.url };
    upstream.answer('/search', { body: { results: [{ url: 'https://s.example/', title: 'S', content: null }] } });
    expect((await search(['searxng'], 'q', { searxng })).hits).toMatchObject([{ url: 'https://s.example/' }]);
    expect(upstream.requests[0]?.query.get('format')).toBe('json');
    upstream.answer('/search', { body: { results: [], unresponsive_engines: [['google', 'CAPTCHA']] } });
    expect((await search(['searxng'], 'q', { searxng })).outcomes).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('google (CAPTCHA)') },
    ]);
    upstream.answer('/search', { body: { results: [], unresponsive_engines: [] } });
    expect((await search(['searxng'], 'q', { searxng })).outcomes).toMatchObject([
      { status: 'ok', hits: 0, reason: null },
    ]);
    upstream.answer('/search', { status: 403 });
    expect((await search(['searxng'], 'q', { searxng })).outcomes).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('json') },
    ]);
  });

  it('arXiv: papers as PDF, all words first and then any', async () => {
    const entry = `<entry><id>http://arxiv.org/abs/2401.00001v1</id><published>2024-01-01T00:00:00Z</published>
      <title>Sea
        ice</title><summary>About ice.</summary>
      <link href="http://arxiv.org/abs/2401.00001v1" rel="alternate" type="text/html"/>
      <link title="pdf" href="http://arxiv.org/pdf/2401.00001v1" rel="related" type="application/pdf"/></entry>`;
    const feed = (inner: string): string =>
      `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>${inner}</feed>`;
    upstream.answer('/api/query', ({ query }) => ({
      body: feed(query.get('search_query')?.includes(' OR ') === true ? entry : ''),
    }));
    const { hits } = await search(['arxiv'], 'What is the extent of sea ice?');
    expect(hits).toEqual([
      {
        provider: 'arxiv',
        url: 'https://arxiv.org/pdf/2401.00001v1',
        documentId: null,
        title: 'Sea ice',
        snippet: 'About ice.',
        publishedAt: '2024-01-01T00:00:00.000Z',
      },
    ]);
    expect(upstream.requests.map(({ query }) => query.get('search_query'))).toEqual([
      'all:"extent" AND all:"sea" AND all:"ice"',
      'all:"extent" OR all:"sea" OR all:"ice"',
    ]);
    upstream.answer('/api/query', {
      body: feed('<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>bad id</summary></entry>'),
    });
    expect((await search(['arxiv'], 'ice')).outcomes).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('bad id') },
    ]);
    upstream.answer('/api/query', { body: '<html>maintenance' });
    expect((await search(['arxiv'], 'ice')).outcomes).toMatchObject([{ status: 'failed' }]);
  });

  it('Wikipedia: in the language of the question', async () => {
    upstream.answer('/de/w/api.php', {
      body: { query: { search: [{ title: 'Meereis', snippet: '<span class="x">Eis</span> auf See' }] } },
    });
    const providers = await createSearchProviders(depsOf(), 'tenant_a');
    const wikipedia = providers.get('wikipedia') as SearchProvider;
    const options = { limit: 5, signal: AbortSignal.timeout(20_000), language: 'de' };
    expect((await searchAll([wikipedia], 'Meereis', options)).hits).toMatchObject([
      { url: `${upstream.url}/de/wiki/Meereis`, title: 'Meereis', snippet: 'Eis auf See' },
    ]);
    upstream.answer('/de/w/api.php', { body: { error: { code: 'ratelimited', info: 'x' } } });
    expect((await searchAll([wikipedia], 'Meereis', options)).outcomes).toMatchObject([{ status: 'rate_limited' }]);
  });

  it('OP-5: GitHub: repositories, issues and code, the file itself for code', async () => {
    upstream.answer('/github/search/repositories', {
      body: {
        items: [
          {
            html_url: 'https://github.com/o/r',
            full_name: 'o/r',
            description: null,
            created_at: '2020-02-03T04:05:06Z',
          },
        ],
      },
    });
    upstream.answer('/github/search/issues', {
      body: {
        items: [
          {
            html_url: 'https://github.com/o/r/issues/1',
            title: 'It breaks',
            body: 'At night',
            created_at: '2021-01-01T00:00:00Z',
          },
        ],
      },
    });
    upstream.answer('/github/search/code', {
      body: {
        items: [
          { html_url: 'https://github.com/o/r/blob/abc/src/x.ts', path: 'src/x.ts', repository: { full_name: 'o/r' } },
        ],
      },
    });
    const { hits, outcomes } = await search(['github'], 'How does the ice break?', github('gh-token'));
    expect(outcomes.map(({ provider, status }) => [provider, status])).toEqual([
      ['github_repositories', 'ok'],
      ['github_issues', 'ok'],
      ['github_code', 'ok'],
    ]);
    expect(hits.map(({ url, title }) => [url, title])).toEqual([
      ['https://github.com/o/r', 'o/r'],
      ['https://github.com/o/r/issues/1', 'It breaks'],
      ['https://raw.githubusercontent.com/o/r/abc/src/x.ts', 'o/r: src/x.ts'],
    ]);
    expect(upstream.requests.every(({ headers }) => headers.authorization === 'Bearer gh-token')).toBe(true);
    expect(upstream.requests[0]?.query.get('q')).toBe('ice break');
  });

  it('the fixture: pages of the operator that share words with the question', async () => {
    const fixture = [
      { url: 'https://f.example/1', title: 'Sea ice', snippet: 'of the arctic' },
      { url: 'https://f.example/2', title: 'Bread' },
    ];
    expect((await search(['fixture'], 'arctic sea', { fixture })).hits.map(({ url }) => url)).toEqual([
      'https://f.example/1',
    ]);
  });
});

describe('CR-10: a provider that fails is an outcome, and takes nothing from the rest', () => {
  it.each([
    [{ status: 500 }, 'failed', /500/],
    [{ status: 401 }, 'failed', /credential/],
    [{ status: 200, body: '<html>' }, 'failed', /cannot be read/],
    [{ status: 200, body: { web: { results: 'none' } } }, 'failed', /cannot be read/],
    [{ status: 302, headers: { location: 'http://169.254.169.254/' } }, 'failed', /302/],
    [{ status: 429, headers: { 'retry-after': '30' } }, 'rate_limited', /too often/],
  ])('%j is %s', async (reply, status, reason) => {
    upstream.answer('/res/v1/web/search', reply);
    const fixture = [{ url: 'https://f.example/1', title: 'ice' }];
    const found = await search(['brave', 'fixture'], 'ice', {
      brave: { baseUrl: upstream.url, key: 'b-canary', spacingMs: 0 },
      fixture,
    });
    expect(found.outcomes).toMatchObject([
      { provider: 'brave', status, hits: 0, reason: expect.stringMatching(reason) },
      { provider: 'fixture', status: 'ok', hits: 1, reason: null },
    ]);
    expect(found.hits).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('b-canary');
  });

  it('one that cannot be reached is failed, one that is not configured says what is missing', async () => {
    const { outcomes, hits } = await search(['searxng', 'brave', 'google_cse', 'github', 'web'], 'ice', {
      searxng: { baseUrl: 'http://127.0.0.1:9' },
      fixture: null,
    });
    expect(hits).toEqual([]);
    expect(outcomes.map(({ provider, status }) => [provider, status])).toEqual([
      ['searxng', 'failed'],
      ['brave', 'not_configured'],
      ['google_cse', 'not_configured'],
      ['github_repositories', 'failed'],
      ['github_issues', 'failed'],
      ['github_code', 'not_configured'],
    ]);
    for (const { reason } of outcomes) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  it('no web search at all says so', async () => {
    expect(await search(['web'], 'ice', { fixture: null })).toEqual({
      hits: [],
      outcomes: [{ provider: 'web', query: 'ice', status: 'not_configured', hits: 0, reason: expect.any(String) }],
    });
  });

  it('runs side by side, and takes turns in the order of the hits without saying one twice', async () => {
    const waiting: (() => void)[] = [];
    const provider = (name: string, urls: string[]): SearchProvider => ({
      name,
      search: async () => {
        // Each waits until all are asked: one after the other they would wait for ever.
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === 2) for (const go of waiting) go();
        });
        return urls.map((url) => ({
          provider: name,
          url,
          documentId: null,
          title: url,
          snippet: '',
          publishedAt: null,
        }));
      },
    });
    const { hits } = await searchAll(
      [
        provider('a', ['https://x.example/1?utm_source=a', 'https://x.example/2']),
        provider('b', ['https://x.example/1#top', 'https://x.example/3/']),
      ],
      'q',
      { limit: 10, signal: AbortSignal.timeout(20_000) },
    );
    expect(hits.map(({ url }) => url)).toEqual([
      'https://x.example/1?utm_source=a',
      'https://x.example/2',
      'https://x.example/3/',
    ]);
  });

  it('ends with the reason of its caller, and throws what is a fault of ours', async () => {
    const reason = new Error('cancelled');
    const provider = (failure: Error): SearchProvider => ({ name: 'a', search: () => Promise.reject(failure) });
    const options = { limit: 1, signal: AbortSignal.abort(reason) };
    await expect(searchAll([provider(reason)], 'q', options)).rejects.toBe(reason);
    const bug = new TypeError('x');
    await expect(searchAll([provider(bug)], 'q', { limit: 1, signal: new AbortController().signal })).rejects.toBe(bug);
  });
});

describe('S8: an address that a tenant names', () => {
  it('is not reached for being one of the operator, who may ask inside', async () => {
    upstream.answer('/search', { body: { results: [{ url: 'https://s.example/' }] } });
    const searxng = { baseUrl: upstream.url };
    expect((await search(['searxng'], 'q', { searxng })).outcomes).toMatchObject([{ status: 'ok', hits: 1 }]);
    const asked = upstream.requests.length;
    const sealed = sealCredential(vault, credentialContext('tenant_a', 'searxng'), { url: upstream.url });
    await saveCredential(db.db, 'tenant_a', { provider: 'searxng', sealed, hint: '', updatedAt: new Date() });
    expect((await search(['searxng'], 'q', { searxng })).outcomes).toMatchObject([
      { status: 'failed', reason: 'This address cannot be reached from here.' },
    ]);
    expect(upstream.requests).toHaveLength(asked);
  });
});

describe('OP-5: limits and marks', () => {
  const repositories = { items: [{ html_url: 'https://github.com/o/r', full_name: 'o/r', description: 'd' }] };

  it('asks again by the mark of the answer, and takes a 304 for it', async () => {
    upstream.answer('/github/search/repositories', ({ headers }) =>
      headers['if-none-match'] === '"m1"' ? { status: 304 } : { body: repositories, headers: { etag: '"m1"' } },
    );
    const first = await search(['github'], 'ice', github());
    const second = await search(['github'], 'ice', github());
    expect(second.hits).toEqual(first.hits);
    expect(
      upstream.requests
        .filter(({ path }) => path.endsWith('repositories'))
        .map(({ headers }) => headers['if-none-match']),
    ).toEqual([undefined, '"m1"']);
  });

  it.each([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '120' } }, 120_000],
    [
      'a limit that is spent',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1_000) + 300) },
      },
      300_000,
    ],
    ['a secondary limit', { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } }, 60_000],
  ])(
    'after %s it is not asked again before it may be, by any replica, and not for things of the same limit',
    async (_what, reply, restMs) => {
      upstream.answer('/github/search/repositories', reply);
      upstream.answer('/github/search/issues', { body: { items: [] } });
      upstream.answer('/github/search/code', { body: { items: [] } });
      await search(['github'], 'ice', github('gh-token'));
      const before = upstream.requests.length;
      const { outcomes } = await search(['github'], 'other', github('gh-token'));
      expect(outcomes.map(({ status }) => status)).toEqual(['rate_limited', 'rate_limited', 'ok']);
      expect(upstream.requests.slice(before).map(({ path }) => path)).toEqual(['/github/search/code']);
      const [rest] = await db.db.selectFrom('provider_rests').selectAll().execute();
      expect(rest).toMatchObject({ holder: 'operator', provider: 'github_search' });
      expect(Math.abs(Number(rest?.until.getTime()) - Date.now() - restMs)).toBeLessThan(30_000);
    },
  );

  it('a 403 that is no limit is a credential that is not accepted', async () => {
    upstream.answer('/github/search/repositories', { status: 403, body: { message: 'Resource not accessible' } });
    const { outcomes } = await search(['github'], 'ice', github());
    expect(outcomes[0]).toMatchObject({ status: 'failed', reason: expect.stringContaining('credential') });
    expect(await db.db.selectFrom('provider_rests').selectAll().execute()).toEqual([]);
  });

  it('a quota of Google that is used up is a limit', async () => {
    upstream.answer('/customsearch/v1', {
      status: 403,
      body: { error: { errors: [{ reason: 'dailyLimitExceeded' }] } },
    });
    const google = { baseUrl: upstream.url, key: 'k', engineId: 'c' };
    expect((await search(['google_cse'], 'ice', { google })).outcomes).toMatchObject([{ status: 'rate_limited' }]);
  });

  it('CR-10: a provider that wants pauses between questions gets them, over all replicas, for each credential', async () => {
    const times: number[] = [];
    upstream.answer('/res/v1/web/search', () => {
      times.push(performance.now());
      return { body: {} };
    });
    const brave = { baseUrl: upstream.url, key: 'k', spacingMs: 200 };
    const found = await Promise.all([1, 2, 3, 4].map((place) => search(['brave'], `ice ${place}`, { brave })));
    expect(found.flatMap(({ outcomes }) => outcomes.map(({ status }) => status))).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(500);
  });
});
