import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSignalbox, type Signalbox, type SignalboxOptions } from '@signalbox/sdk';

/** What came over the wire is what each test says that it is. */
type Json = ReturnType<typeof JSON.parse>;

export interface ReceivedRequest {
  method: string;
  /** With the query. */
  target: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  json: Json;
  /** By `performance.now()`. */
  at: number;
  hasLeft: boolean;
}

export type Handler = (request: ReceivedRequest, response: ServerResponse) => unknown;

/** A real HTTP server that speaks the mesh's wire as a test says, and records what it was asked. */
export interface WireServer extends AsyncDisposable {
  url: string;
  requests: ReceivedRequest[];
  sockets(): { opened: number; open: number };
  /** How requests are answered from now on; the next ones in this order, the last of them for good. */
  answer(...handlers: Handler[]): void;
  /** Refuses connections until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  client(options?: Partial<SignalboxOptions>): Signalbox;
}

export async function startWireServer(...first: Handler[]): Promise<WireServer> {
  const requests: ReceivedRequest[] = [];
  const counts = { opened: 0, open: 0 };
  let handlers = first;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const bytes = Buffer.concat(parts);
      const received: ReceivedRequest = {
        method: String(request.method),
        target: String(request.url),
        headers: request.headers,
        bytes,
        json: request.headers['content-type'] === 'application/json' ? JSON.parse(bytes.toString()) : null,
        at: performance.now(),
        hasLeft: false,
      };
      response.on('close', () => {
        received.hasLeft = !response.writableFinished;
      });
      requests.push(received);
      const handler = handlers.length > 1 ? handlers.shift() : handlers[0];
      void handler?.(received, response);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    counts.opened += 1;
    counts.open += 1;
    socket.on('close', () => {
      counts.open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: Signalbox[] = [];
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  const url = `http://127.0.0.1:${String(port)}`;
  return {
    url,
    requests,
    sockets: () => ({ ...counts }),
    answer(...next) {
      handlers = next;
    },
    stop,
    async start() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    client(options = {}) {
      const client = createSignalbox({ baseUrl: url, apiKey: 'sbx_test_key', ...options });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

export function problem(status: number, errorCode: string, more: object = {}, headers = {}): Handler {
  const body = { type: 'urn:x', title: 'T', status, detail: `It is ${String(status)}.`, error_code: errorCode };
  return json(status, { ...body, instance: '/', request_id: 'req_1', ...more }, headers);
}

/** Cuts the connection without an answer. */
export const cut: Handler = (_, response) => response.destroy();

/** The batch route as the contract has it: what is not a sample is rejected, and all else is stored once. */
export function storeBatch(stored: Map<string, unknown>, { itemsMax = 10_000, bytesMax = 20_971_520 } = {}): Handler {
  return (request, response) => {
    if (request.method === 'GET') {
      json(200, {})(request, response);
      return;
    }
    const items: Json[] = request.target.startsWith('/api/v1/metrics/batch') ? request.json.items : [request.json];
    if (items.length > itemsMax || request.bytes.length > bytesMax) {
      problem(413, 'PAYLOAD_TOO_LARGE')(request, response);
      return;
    }
    const results = items.flatMap((item, index) => {
      if (typeof item.latency === 'number' && item.latency > 0) {
        stored.set(item.request_id, item);
        return [];
      }
      return [{ index, status: 'rejected', errors: [{ path: 'latency', message: 'Expected a number above 0.' }] }];
    });
    const body = { accepted: items.length - results.length, duplicates: 0, rejected: results.length, results };
    json(results.length === 0 ? 201 : 207, body)(request, response);
  };
}

export function sample(requestId?: string, more: object = {}): Json {
  return {
    model_id: 'fraud-v2',
    model_type: 'tabular',
    latency: 12,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...more,
  };
}
