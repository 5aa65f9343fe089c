import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface SunkRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  // What a message holds is what each test asserts.
  body: Record<string, unknown>;
  /** What it was answered. */
  status: number;
}

export interface SinkAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface HttpSink extends AsyncDisposable {
  url: string;
  /** host:port */
  address: string;
  requests: SunkRequest[];
  /** Those that were answered with 2xx. */
  accepted: SunkRequest[];
  /** `hang`: no answer at all. */
  behave(behaviour: (request: Omit<SunkRequest, 'status'>, count: number) => SinkAnswer | 'hang'): void;
}

/** A receiver of messages over HTTP, on any port, that takes everything unless told otherwise. */
export async function startHttpSink(): Promise<HttpSink> {
  const requests: SunkRequest[] = [];
  let behaviour: Parameters<HttpSink['behave']>[0] = () => ({});
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const request = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        text,
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
      };
      const answer = behaviour(request, requests.length + 1);
      if (answer === 'hang') {
        requests.push({ ...request, status: 0 });
        return;
      }
      const status = answer.status ?? 200;
      requests.push({ ...request, status });
      outgoing.writeHead(status, { 'content-type': 'text/plain', ...answer.headers }).end(answer.body ?? 'ok');
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    requests,
    get accepted() {
      return requests.filter(({ status }) => status >= 200 && status < 300);
    },
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
