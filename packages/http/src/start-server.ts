import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, errorKinds } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Logger } from '@signalbox/telemetry';
import { DrainBell, hangBell, type DrainPhase } from './drain.ts';
import type { Health } from './health.ts';
import { problemContentType, problemOf, sendError } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

export interface ServerOptions {
  /** An Express application, or any listener. */
  app: RequestListener;
  host: string;
  /** 0: any free port. */
  port: number;
  logger: Logger;
  /** Told to be not ready when the drain begins. */
  health?: Health;
  /** How long readiness is false before connections are refused. Default 0. */
  shutdownDelayMs?: number;
  /** How long running requests may take to finish once connections are refused. Default 15,000. */
  shutdownGraceMs?: number;
  /** How long a request may take to arrive as a whole. Default 30,000. */
  requestTimeoutMs?: number;
  /** How long its head may take. Default 10,000. */
  headersTimeoutMs?: number;
  /** How long a connection may be open before its first byte. Default 10,000. */
  firstByteTimeoutMs?: number;
  /** How long an idle connection stays open; longer than a load balancer's, so that it is never the one to be surprised. Default 65,000. */
  keepAliveTimeoutMs?: number;
  /** Default 10,000. */
  connectionsMax?: number;
  /** Requests on one connection before it is closed. Default 0: no limit. */
  requestsPerSocketMax?: number;
  /** Header fields of one request; more are answered 431. Default 100. */
  headersMax?: number;
}

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
  /** For `upgrade` listeners; everything else is this module's. */
  readonly server: Server;
  /** Tells what lives on upgraded sockets, which no response stands for, of a shutdown. */
  onDrain(listener: (phase: DrainPhase) => void): void;
  /**
   * Not ready → wait → refuse connections → let running requests finish → at the deadline tell streams, then cut. Disposing
   * does the same; a second call waits for the first.
   */
  drain(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What is known of one connection. */
interface Connection {
  silence: NodeJS.Timeout;
  requests: number;
  /** The answer being made; null between two requests. */
  response: ServerResponse | null;
}

const checkEveryMs = 1_000;
/** How long a target may be, and how much all header fields of a request may hold together. */
const [targetBytesMax, fieldBytesMax] = [16_384, 16_384];
/** What a refused client gets to read its answer before the connection is cut. */
const lingerMs = 500;
/** What streams get between hearing of the deadline and being cut, at most a quarter of the grace. */
const lastWordsMs = 1_000;
/** How long an idle connection may still bring a request once a drain has begun; it is answered, and told to close. */
const idleLingerMs = 500;

/** Starts an HTTP server that slow, silent and malformed clients cannot hold. Resolves when it listens. */
export async function startServer({
  app,
  host,
  port,
  logger,
  health,
  shutdownDelayMs = 0,
  shutdownGraceMs = 15_000,
  requestTimeoutMs = 30_000,
  headersTimeoutMs = 10_000,
  firstByteTimeoutMs = 10_000,
  keepAliveTimeoutMs = 65_000,
  connectionsMax = 10_000,
  requestsPerSocketMax = 0,
  headersMax = 100,
}: ServerOptions): Promise<RunningServer> {
  const bell = new DrainBell();
  const connections = new Map<Duplex, Connection>();
  const running = new Set<ServerResponse>();
  let draining: Promise<void> | null = null;
  let lingering = true;

  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: checkEveryMs,
    maxHeaderSize: targetBytesMax + fieldBytesMax,
    // Node's own refusal of a missing Host has no body; ours has, and covers a doubled one.
    requireHostHeader: false,
    noDelay: true,
  });
  server.maxConnections = connectionsMax;
  // Node drops what is above its limit in silence. Ours is told.
  server.maxHeadersCount = 0;

  server.on('connection', (socket: Socket) => {
    connections.set(socket, {
      silence: setTimeout(closeIfSilent, firstByteTimeoutMs, socket).unref(),
      requests: 0,
      response: null,
    });
    hangBell(socket, bell);
    socket.once('close', forget);
  });

  function forget(this: Socket): void {
    clearTimeout(connections.get(this)?.silence);
    connections.delete(this);
  }

  server.on('request', take);
  // An expectation that nobody knows may be ignored (RFC 9110, 10.1.1); Node would answer 417 without a body.
  server.on('checkExpectation', take);

  function take(request: IncomingMessage, response: ServerResponse): void {
    const connection = connections.get(request.socket);
    if (connection !== undefined) {
      connection.requests += 1;
      connection.response = response;
      if (connection.requests === requestsPerSocketMax) response.shouldKeepAlive = false;
    }
    running.add(response);
    response.once('close', finish);
    if (draining !== null) response.shouldKeepAlive = false;
    const refusal = refusalOf(request, headersMax);
    if (refusal === null) {
      app(request, response);
      return;
    }
    response.shouldKeepAlive = false;
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    sendError(request, response, refusal);
  }

  function finish(this: ServerResponse): void {
    running.delete(this);
    const connection = connections.get(this.req.socket);
    if (connection?.response === this) connection.response = null;
    // Its connection is idle from now on, and was not when the others were closed.
    if (!lingering) server.closeIdleConnections();
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = connections.get(socket)?.response ?? null;
    if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent === true) {
      socket.destroy();
    } else if (response?.req.complete === true) {
      // What is malformed came after a whole request: that one gets its answer.
      response.shouldKeepAlive = false;
    } else {
      refuseRaw(socket, parserErrorOf(error));
    }
  });

  // Node would close the connection without a word.
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    refuseRaw(socket, new AppError('validation_failed', 'This server is no proxy: it opens no tunnels.'));
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => {
    logger.error('http.server_failed', { error });
  });
  const address = server.address() as AddressInfo;

  async function drain(): Promise<void> {
    logger.info('http.draining', { port: address.port, running: running.size });
    health?.startDraining();
    if (shutdownDelayMs > 0) await sleep(shutdownDelayMs);
    const startedAt = performance.now();
    const left = (ms: number): number => Math.max(0, startedAt + ms - performance.now());
    // Server.close() of node:http would cut idle connections at once, and with them the requests already on their way.
    const closed = new Promise<void>((resolve) => {
      NetServer.prototype.close.call(server, () => {
        resolve();
      });
    });
    for (const response of running) if (!response.headersSent) response.shouldKeepAlive = false;
    bell.ring('draining');
    const wordsMs = Math.min(lastWordsMs, shutdownGraceMs / 4);
    await atMost(closed, Math.min(idleLingerMs, wordsMs));
    lingering = false;
    server.closeIdleConnections();
    await atMost(closed, left(shutdownGraceMs - wordsMs));
    if (connections.size > 0) {
      logger.warn('http.drain_deadline', { port: address.port, connections: connections.size });
      bell.ring('deadline');
      await atMost(closed, left(shutdownGraceMs));
    }
    for (const socket of connections.keys()) socket.destroy();
    await closed;
    server.close(ignoreClosedBefore);
    logger.info('http.drained', { port: address.port });
  }

  const drainOnce = (): Promise<void> => (draining ??= drain());
  return {
    port: address.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(address.port)}`,
    server,
    onDrain: (listener) => {
      bell.add(listener);
    },
    drain: drainOnce,
    [Symbol.asyncDispose]: drainOnce,
  };
}

/** Node's timeouts begin with the first byte, so a connection that never sends one would stay for minutes. */
function closeIfSilent(socket: Socket): void {
  if (socket.bytesRead === 0) socket.destroy();
}

/** What Node's parser lets pass although RFC 9112 does not: no Host or two of them, a body without an end; and more of anything than anyone needs. */
function refusalOf(
  { url = '', rawHeaders, headers, httpVersion }: IncomingMessage,
  headersMax: number,
): AppError | null {
  if (url.length > targetBytesMax) return targetTooLong();
  if (rawHeaders.length > 2 * headersMax)
    return new AppError('headers_too_large', `A request may have ${String(headersMax)} header fields at most.`);
  // The parser objects to another coding only once the body comes, which is after the application has seen the head.
  if (headers['transfer-encoding'] !== undefined && headers['transfer-encoding'].toLowerCase() !== 'chunked')
    return new AppError('validation_failed', 'The only transfer coding accepted is chunked.');
  let hosts = 0;
  let fieldBytes = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    fieldBytes += name.length + (rawHeaders[index + 1]?.length ?? 0);
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (fieldBytes > fieldBytesMax) return new AppError('headers_too_large');
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return null;
  return new AppError('validation_failed', 'A request must have exactly one Host header.');
}

interface ParserError extends NodeJS.ErrnoException {
  /** What was being parsed when it went wrong, and how far that had come. */
  rawPacket?: Buffer;
  bytesParsed?: number;
}

function targetTooLong(): AppError {
  return new AppError('uri_too_long', `A request target may have ${String(targetBytesMax)} characters at most.`);
}

function parserErrorOf({ code, rawPacket, bytesParsed }: ParserError): AppError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      // The parser does not say what was too long. Where the first line has gone by in an earlier packet, it was most
      // probably the fields.
      const parsed = rawPacket?.toString('latin1', 0, bytesParsed) ?? '';
      return /^[A-Z]+ \S+$/.test(parsed) ? targetTooLong() : new AppError('headers_too_large');
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request_timeout');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AppError('payload_too_large');
    case undefined:
    default:
      return new AppError('validation_failed', 'The request is not well-formed HTTP/1.1.');
  }
}

/** Answers where Node has made no response: the parser could not tell where the request ends. */
function refuseRaw(socket: Duplex, error: AppError): void {
  if (socket.writableEnded) return;
  const requestId = newId('req');
  const body = JSON.stringify(problemOf(error, { requestId, instance: '' }));
  const { status } = errorKinds[error.code];
  socket.end(
    [
      `HTTP/1.1 ${String(status)} ${error.code.replaceAll('_', ' ')}`,
      `Content-Type: ${problemContentType}`,
      `Content-Length: ${String(Buffer.byteLength(body))}`,
      `X-Request-Id: ${requestId}`,
      ...securityHeaders.map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

async function atMost(event: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([event, late]);
  clearTimeout(timer);
}

function ignoreClosedBefore(): void {
  // It no longer listens; this ends Node's own checking of its connections.
}
