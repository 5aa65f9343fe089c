import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FixturePages } from '../src/search/providers/fixture.ts';
import type { SearchSettings } from '../src/search/search-settings.ts';

export interface SearchRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface SearchReply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface SimulatedSearch extends AsyncDisposable {
  url: string;
  host: string;
  requests: SearchRequest[];
  /** Answers a path from now on; the last answer to a path stays. */
  answer(path: string, reply: SearchReply | ((request: SearchRequest) => SearchReply)): void;
  /** An operator's settings that lead here, without a credential. */
  settings(overrides?: Partial<SearchSettings>): SearchSettings;
}

/** The APIs of all search providers on one port, by their paths. */
export async function simulateSearch(): Promise<SimulatedSearch> {
  const requests: SearchRequest[] = [];
  const replies = new Map<string, (request: SearchRequest) => SearchReply>();
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://x');
      const request: SearchRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      requests.push(request);
      const { status = 200, headers = {}, body = {} } = replies.get(url.pathname)?.(request) ?? { status: 404 };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(status === 304 ? '' : text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `http://${host}`;
  return {
    url,
    host,
    requests,
    answer(path, reply) {
      replies.set(path, typeof reply === 'function' ? reply : () => reply);
    },
    settings: (overrides = {}) => ({
      google: { baseUrl: url, key: null, engineId: null },
      brave: { baseUrl: url, key: null, spacingMs: 0 },
      tavily: { baseUrl: `${url}/tavily`, key: null },
      searxng: { baseUrl: null },
      arxiv: { baseUrl: url, spacingMs: 0 },
      wikipedia: { baseUrl: `${url}/{language}` },
      github: { baseUrl: `${url}/github`, token: null },
      fixture: FixturePages.parse([]),
      ...overrides,
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
