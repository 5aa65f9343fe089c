import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@signalbox/errors';
import { isTraced } from '@signalbox/telemetry';
import { Pool, type Dispatcher } from 'undici';
import { clientHeaders } from '../edge/upstream-headers.ts';
import { refuseLongBody } from './body-too-long.ts';
import type { ForwardedRoute, Forwarder, ForwarderOptions, UpstreamFailure } from './forwarder.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { streamFailure, streamGoodbye } from './stream-failure.ts';

/** A body of up to this size waits here until it is whole, and goes on with its head in one write. */
const wholeBodyBytesMax = 65_536;

/** True for a request whose body has a length, and one that may be held. */
export function isSmall({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return length !== undefined && Number(length) <= wholeBodyBytesMax;
}

/** Forwards small requests, without the streams that a body of any size needs. */
export function createDirectForwarder({
  upstreams,
  socketsMax,
  connectTimeoutMs = 2_000,
  stalledClientMs = 60_000,
  onFailure,
}: ForwarderOptions): Omit<Forwarder, 'upgrade'> {
  const streams = new Set<Passage>();
  const services = new Map<string, ServiceAddresses>();
  const pools = new Map<URL, Pool>();
  for (const [service, origins] of Object.entries(upstreams)) {
    const addresses = new ServiceAddresses(origins);
    services.set(service, addresses);
    for (const address of addresses.all) {
      const pool = new Pool(address, {
        connections: socketsMax,
        connect: { timeout: connectTimeoutMs },
        // The passage measures, by the times of the contract.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      pools.set(address, pool);
    }
  }

  return {
    async forward(request, response, route) {
      const addresses = services.get(route.service);
      if (addresses === undefined)
        throw new AppError('unavailable', `The service ${route.service} is not part of this installation.`);
      refuseLongBody(request, route.bodyBytesMax);
      const body = await readWhole(request);
      if (body === null || response.destroyed) return;
      const { method = '', url: path = '', headers } = request;
      // OpenTelemetry's hook into undici adds its header to ours, and two of them are none.
      if (isTraced()) delete headers['traceparent'];
      let failure: UpstreamFailure | null = null;
      for (const address of addresses.inTurn()) {
        const passage = new Passage(response, route, String(request.headers['x-request-id']), {
          connectTimeoutMs,
          stalledClientMs,
          streams,
        });
        pools.get(address)?.dispatch({ method, path, headers, body }, passage);
        failure = await passage.ended;
        // What has been sent is not sent again.
        if (failure === null || passage.hasBegun) break;
        addresses.rest(address);
      }
      if (failure === null) return;
      // Told from here and not from the passage, which lives in the context of a connection that many requests share.
      onFailure(failure);
      if (failure.answered) return;
      throw new AppError(failure.reason === 'timed_out' ? 'timeout' : 'bad_gateway', undefined, {
        cause: failure.error,
      });
    },
    endStreams() {
      for (const passage of [...streams]) passage.sayGoodbye();
    },
    [Symbol.dispose]() {
      for (const pool of pools.values()) void pool.destroy();
    },
  };
}

interface PassageOptions {
  connectTimeoutMs: number;
  stalledClientMs: number;
  /** Where it stands while its answer is an event stream. */
  streams: Set<Passage>;
}

/** One request on its way: the service's answer goes to `response` as it comes. */
class Passage implements Dispatcher.DispatchHandler {
  /** What the service did wrong, or null; settles when the exchange is over. */
  readonly ended: Promise<UpstreamFailure | null>;
  readonly #response: ServerResponse;
  readonly #route: ForwardedRoute;
  readonly #requestId: string;
  readonly #options: PassageOptions;
  #settle: (failure: UpstreamFailure | null) => void = ignore;
  #controller: Dispatcher.DispatchController | null = null;
  #timer: NodeJS.Timeout;
  /** How often the idle timer has gone off since the last byte. */
  #silences = 0;
  #isStream = false;
  #isOver = false;

  constructor(response: ServerResponse, route: ForwardedRoute, requestId: string, options: PassageOptions) {
    this.#response = response;
    this.#route = route;
    this.#requestId = requestId;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setTimeout(this.#giveUp, options.connectTimeoutMs);
    response.once('close', this.#leave);
  }

  /** Whether anything of the request may have been sent. */
  get hasBegun(): boolean {
    return this.#controller !== null;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) {
      controller.abort(over);
      return;
    }
    this.#controller = controller;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#giveUp, this.#route.firstByteTimeoutMs);
  }

  onResponseStart(_controller: unknown, statusCode: number, upstream: IncomingHttpHeaders): void {
    if (this.#isOver || statusCode < 200) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#hearSilence, this.#route.idleTimeoutMs);
    const headers = clientHeaders(upstream, this.#response.getHeader('link'));
    this.#isStream = upstream['content-type']?.startsWith('text/event-stream') === true;
    if (this.#isStream) {
      headers['x-accel-buffering'] = 'no';
      this.#options.streams.add(this);
    }
    this.#response.writeHead(statusCode, headers);
    // What has come with the head goes out with it, in one write.
    if (this.#isStream) process.nextTick(flushHead, this.#response);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#silences = 0;
    this.#timer.refresh();
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => {
      controller.resume();
    });
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#end(null);
    this.#response.end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#isOver) return;
    if (this.#response.headersSent) this.#breakOff('died');
    else this.#end(this.#failure('refused', error));
  }

  sayGoodbye(): void {
    this.#end(null);
    this.#response.end(streamGoodbye);
    this.#controller?.abort(over);
  }

  /** The service has not been reached, or has not begun its answer, in time. */
  readonly #giveUp = (): void => {
    this.#end(this.#failure('timed_out'));
    this.#controller?.abort(over);
  };

  /** The client has gone, or has all it was to get. */
  readonly #leave = (): void => {
    if (this.#isOver) return;
    this.#end(null);
    this.#controller?.abort(over);
  };

  readonly #hearSilence = (): void => {
    this.#silences += 1;
    const clientStalls = this.#response.writableNeedDrain;
    if (clientStalls && this.#silences * this.#route.idleTimeoutMs < this.#options.stalledClientMs)
      this.#timer.refresh();
    else if (clientStalls) this.#response.destroy();
    else this.#breakOff('timed_out');
  };

  #breakOff(reason: 'died' | 'timed_out'): void {
    const failure = this.#failure(reason);
    this.#end(failure);
    const code = reason === 'died' ? 'bad_gateway' : 'timeout';
    if (this.#isStream) this.#response.end(streamFailure(code, this.#route.dialect, this.#requestId));
    else this.#response.destroy();
    this.#controller?.abort(over);
  }

  #failure(reason: UpstreamFailure['reason'], error?: Error): UpstreamFailure {
    const answered = this.#response.headersSent;
    return { service: this.#route.service, reason, answered, ...(error === undefined ? {} : { error }) };
  }

  /** From here on the answer is ours, and the service's words come too late. */
  #end(failure: UpstreamFailure | null): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.streams.delete(this);
    this.#settle(failure);
  }
}

/** Why a call to a service is ended from here; nobody reads it. */
const over = new Error('The exchange is over.');

function flushHead(response: ServerResponse): void {
  if (response.writableLength === 0 && !response.writableEnded) response.flushHeaders();
}

/** The whole body, or null when the client left in the middle of it. */
function readWhole(request: IncomingMessage): Promise<Buffer | null> | Buffer | null {
  if (request.complete) return (request.read() as Buffer | null) ?? Buffer.alloc(0);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    request.once('close', () => {
      resolve(null);
    });
    request.once('error', () => {
      resolve(null);
    });
  });
}

function ignore(): void {
  // Until the promise is made.
}
