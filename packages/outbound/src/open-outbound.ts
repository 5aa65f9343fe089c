import { lookup as resolve } from 'node:dns/promises';
import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AppError } from '@signalbox/errors';
import { Agent, errors, type Dispatcher } from 'undici';
import { AddressPolicy, bareHost } from './address-policy.ts';
import { checkedConnector, RefusedAddress, type Lookup } from './checked-connector.ts';
import { nextHop, type Hop } from './next-hop.ts';

export interface OutboundOptions {
  /** What may be reached besides the public internet: `host:port`, or a CIDR (`10.1.0.0/16`) with every port. Default none. */
  allow?: readonly string[];
  /** The ports of the public internet that may be reached. Default: 80, 443, and from 1024 on all but those of well-known stores. */
  ports?: readonly number[];
  /** How long name, connection and TLS may take together. Default 3,000. */
  connectTimeoutMs?: number;
  /** How long one request may take, from its start to the last byte. Default 30,000. */
  deadlineMs?: number;
  /** The largest body, counted after decompression. Default 10 MiB. */
  bytesMax?: number;
  /** How many redirects are followed; with 0 a redirect is the answer. Default 5. */
  redirectsMax?: number;
  /** Connections to one origin at a time; further requests wait. Default 8. */
  connectionsPerOriginMax?: number;
  /** Origins with open connections at a time; further ones are `unavailable`. Default 256. */
  originsMax?: number;
  /** How names become addresses. Default: the system's resolver. */
  lookup?: Lookup;
}

export interface OutboundRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  /** Those that are the connection's own (`Host`, `Connection`, `Content-Length`, …) are refused. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  deadlineMs?: number;
  bytesMax?: number;
  redirectsMax?: number;
}

export interface OutboundResponse {
  /** Where the answer came from, after redirects. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Decompressed; errors with `AppError` when the cap or the deadline is passed. Read it or destroy it. */
  readonly body: Readable;
  /** The whole body, decompressed. */
  bytes(): Promise<Buffer>;
}

export interface Outbound extends AsyncDisposable {
  /**
   * Throws `validation_failed` for an address that may not be reached or does not exist (nobody is told which),
   * `timeout` when the deadline passed, `provider_failed` for everything that the other side does wrong, and the reason
   * of `signal` when that fired.
   */
  request(url: string, options?: OutboundRequest): Promise<OutboundResponse>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens the way out to addresses that users name. It keeps a bounded number of connections. */
export function openOutbound({
  allow = [],
  ports,
  connectTimeoutMs = 3_000,
  deadlineMs = 30_000,
  bytesMax = 10 * 1_048_576,
  redirectsMax = 5,
  connectionsPerOriginMax = 8,
  originsMax = 256,
  lookup = (hostname) => resolve(hostname, { all: true, order: 'verbatim' }),
}: OutboundOptions = {}): Outbound {
  const policy = new AddressPolicy(allow, ports ?? null);
  const agent = new Agent({
    connect: checkedConnector(policy, lookup, connectTimeoutMs),
    connections: connectionsPerOriginMax,
    maxOrigins: originsMax,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 10_000,
    // The deadline covers both.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  async function follow(
    hop: Hop,
    redirects: { done: number; max: number },
    signal: AbortSignal,
  ): Promise<[Hop, Dispatcher.ResponseData]> {
    const { url, method, headers, body } = hop;
    const path = url.pathname + url.search;
    const response = await agent.request({ origin: url.origin, path, method, headers, body, signal });
    // A body that fails before anyone reads it must not end the process.
    response.body.on('error', ignoreUnread);
    const next = redirects.max === 0 ? null : nextHop(hop, response.statusCode, response.headers['location']);
    if (next === null) return [hop, response];
    response.body.destroy();
    if (redirects.done === redirects.max) throw failed('The address redirects too often.');
    if (url.protocol === 'https:' && next.url.protocol === 'http:')
      throw failed('The address redirects to where nothing is encrypted.');
    return follow(admitted(next), { ...redirects, done: redirects.done + 1 }, signal);
  }

  /** Refuses what can be refused without asking anybody; the connector refuses the rest. */
  function admitted(hop: Hop): Hop {
    const { protocol, username, password, port } = hop.url;
    if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') throw refused();
    const host = bareHost(hop.url);
    const isLiteral = host.includes(':') || /^[\d.]+$/.test(host);
    if (isLiteral && !policy.admits(host, Number(port || (protocol === 'https:' ? 443 : 80)), host)) throw refused();
    return hop;
  }

  return {
    async request(text, options = {}) {
      const url = URL.parse(text);
      if (url === null) throw refused();
      const limit = options.bytesMax ?? bytesMax;
      const redirects = { done: 0, max: options.redirectsMax ?? redirectsMax };
      const clock = startClock(options.deadlineMs ?? deadlineMs, options.signal);
      try {
        const first = admitted({
          url,
          method: options.method ?? 'GET',
          headers: headersOf(options),
          body: options.body ?? null,
        });
        const [hop, response] = await follow(first, redirects, clock.signal);
        const body = boundedBody(response, hop.method === 'HEAD' ? null : limit, clock);
        return {
          url: hop.url.href,
          status: response.statusCode,
          headers: response.headers,
          body,
          bytes: async () => {
            const chunks: Buffer[] = [];
            for await (const chunk of body) chunks.push(chunk as Buffer);
            return Buffer.concat(chunks);
          },
        };
      } catch (error) {
        clock.stop();
        throw clock.translate(error);
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

interface Clock {
  readonly signal: AbortSignal;
  stop(): void;
  /** What an error of the connection means to the caller. */
  translate(error: unknown): Error;
}

function startClock(deadlineMs: number, outer: AbortSignal | undefined): Clock {
  const controller = new AbortController();
  const late = new AppError('timeout', 'The address took too long to answer.');
  const timer = setTimeout(() => {
    controller.abort(late);
  }, deadlineMs).unref();
  const onOuter = (): void => {
    controller.abort(outer?.reason);
  };
  if (outer?.aborted === true) onOuter();
  outer?.addEventListener('abort', onOuter, { once: true });
  return {
    signal: controller.signal,
    stop() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onOuter);
    },
    translate(error) {
      if (controller.signal.aborted) return controller.signal.reason as Error;
      if (error instanceof AppError) return error;
      if (error instanceof RefusedAddress) return refused(error);
      if (error instanceof errors.InvalidArgumentError)
        return new AppError('validation_failed', 'The request cannot be sent.', { cause: error });
      if (error instanceof errors.MaxOriginsReachedError)
        return new AppError('unavailable', 'Too many addresses are being asked.', { cause: error });
      // Refused, reset, timed out, no TLS: the difference would be a map of somebody's network.
      return failed('The address did not answer properly.', error);
    },
  };
}

function boundedBody({ headers, body }: Dispatcher.ResponseData, bytesMax: number | null, clock: Clock): Readable {
  const decoder = bytesMax === null ? null : decoderOf(headers['content-encoding']);
  if (bytesMax !== null && decoder === null && Number(headers['content-length'] ?? 0) > bytesMax) {
    body.destroy();
    throw tooLarge(bytesMax);
  }
  const source = decoder === null ? body : pipeline(body, decoder, ignoreUnread);

  async function* counted(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytesMax !== null && bytes > bytesMax) throw tooLarge(bytesMax);
        yield chunk;
      }
    } catch (error) {
      throw clock.translate(error);
    }
  }

  return Readable.from(counted(), { objectMode: false }).once('close', () => {
    clock.stop();
    // Whoever does not want the rest must not pay for it.
    body.destroy();
  });
}

function decoderOf(encoding: string | string[] | undefined): NodeJS.ReadWriteStream | null {
  switch (String(encoding ?? '').toLowerCase()) {
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw failed('The address answers in an encoding that was not asked for.');
  }
}

const connectionHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function headersOf({ headers = {} }: OutboundRequest): Record<string, string> {
  const sent: Record<string, string> = {
    'user-agent': 'signalbox',
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br',
  };
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (connectionHeaders.has(name))
      throw new AppError('validation_failed', `The header ${name} cannot be chosen.`, {
        fields: [{ path: `headers.${name}`, message: 'Expected no header of the connection.' }],
      });
    sent[name] = value;
  }
  return sent;
}

function refused(cause?: unknown): AppError {
  return new AppError('validation_failed', 'This address cannot be reached from here.', {
    ...(cause === undefined ? {} : { cause }),
  });
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError('provider_failed', message, { ...(cause === undefined ? {} : { cause }) });
}

function tooLarge(bytesMax: number): AppError {
  return failed(`The address answers with more than ${String(bytesMax)} bytes.`);
}

function ignoreUnread(): void {
  // Whoever reads the body is told by the body.
}
