import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openOutbound, type Lookup } from '@signalbox/outbound';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, type TestDatabase } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import { createFetcher, type FetchOutcome } from '../src/fetch/create-fetcher.ts';

let server: Server;
let origin: string;
let port: number;
let database: TestDatabase;
let db: Database<Schema>;
let robots: { status: number; body: string };
let asked: { path: string; at: number; headers: IncomingMessage['headers'] }[] = [];

const routes: Record<string, (response: ServerResponse) => void> = {
  '/page': (response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<p>hello</p>'),
  '/gzip-bomb': (response) =>
    response
      .setHeader('content-type', 'text/html')
      .setHeader('content-encoding', 'gzip')
      .end(gzipSync(Buffer.alloc(60_000_000))),
  '/brotli-bomb': (response) =>
    response
      .setHeader('content-type', 'text/html')
      .setHeader('content-encoding', 'br')
      .end(brotliCompressSync(Buffer.alloc(60_000_000))),
  '/large': (response) => response.setHeader('content-type', 'text/plain').end(Buffer.alloc(2_000_000, 'x')),
  '/endless': (response) => {
    response.setHeader('content-type', 'text/plain');
    const writing = setInterval(() => response.write(Buffer.alloc(100_000, 'x')), 1);
    response.on('close', () => {
      clearInterval(writing);
    });
  },
  '/picture': (response) => response.setHeader('content-type', 'image/png').end('png'),
  '/missing': (response) => response.writeHead(404).end('no'),
  '/broken': (response) => response.writeHead(500).end('no'),
  '/busy': (response) => response.writeHead(429, { 'retry-after': '3600' }).end('no'),
  '/cut': (response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
    response.write('a', () => response.destroy());
  },
  '/hang': () => undefined,
  '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    asked.push({ path: url.pathname, at: performance.now(), headers: request.headers });
    const to = url.searchParams.get('to');
    // Without its connection, so that what comes next needs another one.
    if (url.pathname === '/robots.txt') response.writeHead(robots.status, { connection: 'close' }).end(robots.body);
    else if (to !== null) response.writeHead(302, { location: to }).end('moved');
    else (routes[url.pathname] ?? routes['/page'])?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  origin = `http://127.0.0.1:${port}`;
  database = await createTestDatabase({ service: 'research-pipeline', migrations });
});
beforeEach(async () => {
  robots = { status: 404, body: '' };
  asked = [];
  db = openDatabase<Schema>({
    url: database.url,
    applicationName: 'test',
    logger: createLogger({ service: 'test', write: () => undefined }),
  });
  await db.db.deleteFrom('robots_files').execute();
  await db.db.deleteFrom('host_turns').execute();
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

interface FetchOptions {
  allow?: string[];
  lookup?: Lookup;
  hostSpacingMs?: number;
  bytesMax?: number;
  signal?: AbortSignal;
}

async function fetchOne(url: string, options: FetchOptions = {}): Promise<FetchOutcome> {
  const { allow = ['127.0.0.0/8'], lookup, hostSpacingMs = 0 } = options;
  await using outbound = openOutbound({ allow, ...(lookup === undefined ? {} : { lookup }) });
  const fetcher = createFetcher({ db: db.db, outbound, userAgent: 'SignalboxResearch/1.0', hostSpacingMs });
  const { bytesMax = 1_000_000, signal = new AbortController().signal } = options;
  return await fetcher.fetch(url, { bytesMax, signal });
}

const pathsAsked = (): string[] => asked.map(({ path }) => path);
const redirectTo = (to: string): string => `${origin}/redirect?to=${encodeURIComponent(to)}`;

describe('CR-11: what is fetched', () => {
  it('comes with its final address, its type and its bytes, and says who asks', async () => {
    expect(await fetchOne(redirectTo('/page#part'))).toEqual({
      status: 'fetched',
      url: `${origin}/page`,
      bytes: Buffer.from('<p>hello</p>'),
      contentType: 'text/html; charset=utf-8',
    });
    expect(asked.map(({ headers }) => headers['user-agent'])).toEqual(asked.map(() => 'SignalboxResearch/1.0'));
    expect(asked.some(({ headers }) => 'cookie' in headers || 'authorization' in headers)).toBe(false);
  });

  it.each([
    ['/gzip-bomb', 'too_large', /more than 1000000 bytes/],
    ['/brotli-bomb', 'too_large', /more than 1000000 bytes/],
    ['/large', 'too_large', /more than 1000000 bytes/],
    ['/endless', 'too_large', /more than 1000000 bytes/],
    ['/picture', 'refused', /image\/png/],
    ['/missing', 'http_error', /404/],
    ['/broken', 'http_error', /500/],
    ['/busy', 'http_error', /429/],
    ['/cut', 'unreachable', /did not answer properly/],
    ['/loop', 'http_error', /redirects too often/],
  ])('%s is %s', async (path, status, reason) => {
    expect(await fetchOne(origin + path)).toEqual({ status, reason: expect.stringMatching(reason) });
  });

  it('ends with the reason of its caller', async () => {
    const caller = new AbortController();
    const reason = new Error('no longer wanted');
    const fetching = fetchOne(`${origin}/hang`, { signal: caller.signal });
    setTimeout(() => {
      caller.abort(reason);
    }, 50);
    await expect(fetching).rejects.toBe(reason);
  });
});

describe('S8, CR-11: the guard', () => {
  const inside = [
    'http://127.0.0.1:PORT/page',
    'http://2130706433:PORT/page',
    'http://0x7f.1:PORT/page',
    'http://[::ffff:127.0.0.1]:PORT/page',
    'http://[::1]:PORT/page',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.100.100.200/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'http://user:pass@8.8.8.8/',
    'http://8.8.8.8:6379/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_FLUSHALL',
  ];

  it.each(inside)('refuses %s, and nobody is asked', async (url) => {
    expect(await fetchOne(url.replace('PORT', String(port)), { allow: [] })).toMatchObject({ status: 'refused' });
    expect(asked).toEqual([]);
  });

  // The first hop is allowed by its host and port alone; the same server by another name is not.
  it.each(inside.filter((url) => !url.startsWith('http://127.0.0.1:')))(
    'refuses %s as where a redirect leads',
    async (url) => {
      const to = url.replace('PORT', String(port));
      expect(await fetchOne(redirectTo(to), { allow: [`127.0.0.1:${port}`] })).toMatchObject(
        // Some spell the very address that is allowed.
        URL.parse(to)?.host === `127.0.0.1:${port}` ? { status: 'fetched' } : { status: 'refused' },
      );
    },
  );

  it('refuses a name that stands for an address inside, and one that only sometimes does', async () => {
    const lookup: Lookup = () =>
      Promise.resolve([
        { address: '8.8.8.8', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    expect(await fetchOne(`http://name.example:${port}/page`, { allow: [], lookup })).toMatchObject({
      status: 'refused',
    });
    expect(asked).toEqual([]);
  });

  it('checks a name again for every connection: one that moves inside after its robots.txt was read is refused', async () => {
    let lookups = 0;
    const lookup: Lookup = () => {
      lookups += 1;
      return Promise.resolve([{ address: lookups === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
    };
    expect(await fetchOne(`http://rebind.example:${port}/page`, { lookup })).toMatchObject({ status: 'refused' });
    expect(lookups).toBe(2);
    expect(pathsAsked()).toEqual(['/robots.txt']);
  });

  it('refuses where a redirect of robots.txt leads', async () => {
    robots = { status: 404, body: '' };
    const seen: string[] = [];
    const front = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(front.address() as AddressInfo).port}`;
    expect(await fetchOne(`http://${address}/page`, { allow: [address] })).toMatchObject({ status: 'refused' });
    expect(seen).toEqual(['/robots.txt']);
    front.closeAllConnections();
    front.close();
  });
});

describe('CR-11: robots.txt', () => {
  it('is asked once for all, obeyed, and obeyed again where a redirect leads', async () => {
    robots = { status: 200, body: 'User-agent: *\nDisallow: /private' };
    expect(await fetchOne(`${origin}/private/a`)).toEqual({ status: 'robots', reason: expect.any(String) });
    expect(await fetchOne(redirectTo('/private/b'))).toMatchObject({ status: 'robots' });
    expect(await fetchOne(`${origin}/page`)).toMatchObject({ status: 'fetched' });
    expect(pathsAsked()).toEqual(['/robots.txt', '/redirect', '/page']);
  });

  it('is that of our own name before that of everybody', async () => {
    robots = {
      status: 200,
      body: 'User-agent: signalboxresearch\nDisallow: /only-us\n\nUser-agent: *\nDisallow: /',
    };
    expect(await fetchOne(`${origin}/page`)).toMatchObject({ status: 'fetched' });
    expect(await fetchOne(`${origin}/only-us`)).toMatchObject({ status: 'robots' });
  });

  it.each([
    [404, 'fetched'],
    [403, 'fetched'],
    [500, 'robots'],
    [503, 'robots'],
    [429, 'robots'],
  ])('that answers %i: a page is %s', async (status, outcome) => {
    robots = { status, body: 'User-agent: *\nDisallow:' };
    expect(await fetchOne(`${origin}/page`)).toMatchObject({ status: outcome });
  });

  it('that asks for pauses longer than ours can be is a no', async () => {
    robots = { status: 200, body: 'User-agent: *\nCrawl-delay: 600' };
    expect(await fetchOne(`${origin}/page`)).toEqual({ status: 'robots', reason: expect.stringContaining('600 s') });
  });

  it('of megabytes is read as far as it must be', async () => {
    robots = { status: 200, body: `User-agent: *\nDisallow: /private\n${'# filler\n'.repeat(200_000)}` };
    expect(await fetchOne(`${origin}/private`)).toMatchObject({ status: 'robots' });
    expect(await fetchOne(`${origin}/page`)).toMatchObject({ status: 'fetched' });
  });
});

describe('CR-11: politeness', () => {
  it('keeps the pause between two requests to one host over all replicas', async () => {
    const hostSpacingMs = 150;
    await Promise.all(Array.from({ length: 5 }, () => fetchOne(`${origin}/page`, { hostSpacingMs })));
    const times = asked.filter(({ path }) => path === '/page').map(({ at }) => at);
    expect(times).toHaveLength(5);
    const first = times[0] ?? 0;
    // Turns are given by the clock of Postgres; each request sets out at its turn or later.
    expect((times[4] ?? 0) - first).toBeGreaterThan(4 * hostSpacingMs - 100);
  });

  it('keeps the pause that robots.txt asks for', async () => {
    robots = { status: 200, body: 'User-agent: *\nCrawl-delay: 0.4' };
    await fetchOne(`${origin}/page`);
    await fetchOne(`${origin}/page`);
    const times = asked.filter(({ path }) => path === '/page').map(({ at }) => at);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(300);
  });

  it('leaves a host alone that asked for it with Retry-After', async () => {
    expect(await fetchOne(`${origin}/busy`)).toMatchObject({ status: 'http_error' });
    expect(await fetchOne(`${origin}/page`)).toEqual({
      status: 'unreachable',
      reason: expect.stringContaining('left alone'),
    });
    expect(pathsAsked()).toEqual(['/robots.txt', '/busy']);
  });
});
