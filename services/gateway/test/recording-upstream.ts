import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request as the service got it. */
export interface RecordedRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** When the client went away before the answer was out, by `performance.now()`. */
  abortedAt: number | null;
}

export interface RecordingUpstream extends AsyncDisposable {
  readonly url: string;
  readonly requests: RecordedRequest[];
  /** Connections that are open now. */
  readonly connections: ReadonlySet<Socket>;
  /** What to do with a request once its body is here; by default it is answered with what was received. */
  answer: (request: IncomingMessage, response: ServerResponse, recorded: RecordedRequest) => void;
  /** What to do with a request whose head is here; when set, `answer` is not asked. */
  onHead: ((request: IncomingMessage, response: ServerResponse, recorded: RecordedRequest) => void) | null;
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** A service behind the gateway that notes what reaches it: the judge of every smuggling test. */
export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = [];
  const connections = new Set<Socket>();
  const server = createServer((request, response) => {
    const recorded: RecordedRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: '',
      abortedAt: null,
    };
    requests.push(recorded);
    response.once('close', () => {
      if (!response.writableFinished) recorded.abortedAt = performance.now();
    });
    request.on('error', () => undefined);
    if (upstream.onHead !== null) {
      upstream.onHead(request, response, recorded);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      recorded.body = Buffer.concat(chunks).toString();
      upstream.answer(request, response, recorded);
    });
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: '',
      abortedAt: null,
    });
    upstream.onUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: RecordingUpstream = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    connections,
    answer: (_request, response, { method, url, body }) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ method, url, bytes: body.length }));
    },
    onHead: null,
    onUpgrade: (_request, socket) => {
      socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}
