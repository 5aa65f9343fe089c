import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { ServiceName } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { createProxyMiddleware, type RequestHandler } from 'http-proxy-middleware';
import { clientHeaders } from '../edge/upstream-headers.ts';
import { bodyTooLong, refuseLongBody } from './body-too-long.ts';
import type { ForwardedRoute, Forwarder, ForwarderOptions, UpstreamFailure } from './forwarder.ts';
import { agentOf, ServiceAddresses } from './service-addresses.ts';
import { streamFailure, streamGoodbye } from './stream-failure.ts';

/** One request on its way. */
interface Passage {
  route: ForwardedRoute;
  requestId: string;
  upstream: ClientRequest | null;
  timer: NodeJS.Timeout | null;
  failure: AppError | null;
  /** How often the idle timer has gone off since the last byte. */
  silences: number;
  refuseUpgrade: ((error: AppError) => void) | null;
}

/** Forwards anything, upgrades too. The only place that knows http-proxy-middleware. */
export function createProxyForwarder({
  upstreams,
  socketsMax,
  connectTimeoutMs = 2_000,
  stalledClientMs = 60_000,
  onFailure,
}: ForwarderOptions): Forwarder {
  const passages = new WeakMap<IncomingMessage, Passage>();
  const agents: Agent[] = [];
  /** By service, one for each of its addresses. */
  const proxies = new Map<string, { addresses: ServiceAddresses; byAddress: Map<URL, RequestHandler> }>();
  const goodbyes = new Set<() => void>();
  for (const [service, origins] of Object.entries(upstreams)) {
    const addresses = new ServiceAddresses(origins);
    proxies.set(service, {
      addresses,
      byAddress: new Map(addresses.all.map((target) => [target, createProxy(addresses, target)])),
    });
  }

  function createProxy(addresses: ServiceAddresses, target: URL): RequestHandler {
    const agent = agentOf(addresses, target, { maxSockets: socketsMax, connectTimeoutMs });
    agents.push(agent);
    return createProxyMiddleware({
      target,
      agent,
      ejectPlugins: true,
      selfHandleResponse: true,
      changeOrigin: true,
      upgradeTimeout: 10_000,
      plugins: [
        (proxy) => {
          proxy.on('proxyReq', begin);
          proxy.on('proxyRes', answer);
          proxy.on('proxyReqWs', joinEnds);
          proxy.on('error', (error, request, client) => {
            if (request !== undefined && client !== undefined) fail(error, request, client);
          });
        },
      ],
    });
  }

  function proxyOf(service: ServiceName): RequestHandler {
    const found = proxies.get(service);
    const [address] = found?.addresses.inTurn() ?? [];
    const proxy = address === undefined ? undefined : found?.byAddress.get(address);
    if (proxy === undefined)
      throw new AppError('unavailable', `The service ${service} is not part of this installation.`);
    return proxy;
  }

  function begin(upstream: ClientRequest, request: IncomingMessage): void {
    const passage = passages.get(request);
    if (passage === undefined) return;
    passage.upstream = upstream;
    awaitFirstByte(passage, request);
    if (request.headers['content-length'] === undefined)
      countBody(passage, upstream, request, passage.route.bodyBytesMax);
  }

  function awaitFirstByte(passage: Passage, request: IncomingMessage): void {
    clearTimer(passage);
    if (passage.failure !== null) return;
    passage.timer = setTimeout(() => {
      // The service owes nothing while the client is still sending; how long that may take is the server's matter.
      if (request.complete) giveUp(passage, 'timed_out');
      else passage.timer?.refresh();
    }, passage.route.firstByteTimeoutMs);
  }

  /** A body without a length is counted as it passes; a stated length was checked before and is kept by Node's parser. */
  function countBody(passage: Passage, upstream: ClientRequest, request: IncomingMessage, bytesMax: number): void {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax || passage.failure !== null) return;
      passage.failure = bodyTooLong(bytesMax);
      request.unpipe(upstream);
      upstream.destroy();
    });
  }

  function giveUp(passage: Passage, reason: UpstreamFailure['reason']): void {
    if (passage.failure !== null) return;
    passage.failure = new AppError(reason === 'timed_out' ? 'timeout' : 'bad_gateway');
    onFailure({ service: passage.route.service, reason, answered: false });
    passage.upstream?.destroy();
  }

  function answer(upstream: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
    const passage = passages.get(request);
    if (passage === undefined) return;
    clearTimer(passage);
    const { route, requestId } = passage;
    const streams = upstream.headers['content-type']?.startsWith('text/event-stream') === true;
    const headers = clientHeaders(upstream.headers, response.getHeader('link'));
    if (streams) headers['x-accel-buffering'] = 'no';
    response.writeHead(upstream.statusCode ?? 502, headers);
    if (streams) response.flushHeaders();

    passage.timer = setTimeout(() => {
      passage.silences += 1;
      const clientStalls = response.writableNeedDrain;
      if (clientStalls && passage.silences * route.idleTimeoutMs < stalledClientMs) passage.timer?.refresh();
      else if (clientStalls) response.destroy();
      else breakOff('timed_out');
    }, route.idleTimeoutMs);
    upstream.on('data', () => {
      passage.silences = 0;
      passage.timer?.refresh();
    });
    upstream.once('end', () => {
      clearTimer(passage);
    });
    response.once('close', () => {
      clearTimer(passage);
      goodbyes.delete(sayGoodbye);
    });
    // The end of the connection comes a tick before the errors on which the proxy would cut the client off.
    passage.upstream?.once('close', () => {
      if (!upstream.complete && !response.destroyed && !response.writableEnded) breakOff('died');
    });
    if (streams) goodbyes.add(sayGoodbye);
    upstream.pipe(response);

    function breakOff(reason: 'timed_out' | 'died'): void {
      onFailure({ service: route.service, reason, answered: true });
      if (streams) endStream(streamFailure(reason === 'died' ? 'bad_gateway' : 'timeout', route.dialect, requestId));
      else response.destroy();
    }

    function sayGoodbye(): void {
      endStream(streamGoodbye);
    }

    function endStream(lastEvent: string): void {
      // From here on the answer is ours; what the proxy does on the death of its service would lose the last event.
      upstream.removeAllListeners('error').on('error', ignore);
      upstream.removeAllListeners('close');
      upstream.unpipe(response);
      response.end(lastEvent);
      upstream.destroy();
    }
  }

  /** The proxy passes on that one end has ended; this, that it is gone. */
  function joinEnds(upstream: ClientRequest, _request: IncomingMessage, client: Socket): void {
    upstream.once('upgrade', (_response: IncomingMessage, service: Socket) => {
      client.once('close', () => service.destroy());
      service.once('close', () => client.destroy());
    });
  }

  function fail(error: Error, request: IncomingMessage, client: ServerResponse | Socket): void {
    const passage = passages.get(request);
    if (passage === undefined) return;
    clearTimer(passage);
    const timedOut =
      ('statusCode' in error && error.statusCode === 504) ||
      ('code' in error && error.code === 'UND_ERR_CONNECT_TIMEOUT');
    const upgrades = client instanceof Socket;
    if (passage.failure === null) {
      passage.failure = new AppError(timedOut ? 'timeout' : 'bad_gateway', undefined, { cause: error });
      const clientWaits = upgrades ? client.writable : !client.headersSent;
      if (clientWaits)
        onFailure({
          service: passage.route.service,
          reason: timedOut ? 'timed_out' : 'refused',
          answered: false,
          error,
        });
    }
    if (!upgrades) request.resume();
    else if (client.writable) passage.refuseUpgrade?.(passage.failure);
  }

  function depart(request: IncomingMessage, route: ForwardedRoute): Passage {
    const requestId = request.headers['x-request-id'];
    const passage: Passage = {
      route,
      requestId: typeof requestId === 'string' ? requestId : '',
      upstream: null,
      timer: null,
      failure: null,
      silences: 0,
      refuseUpgrade: null,
    };
    passages.set(request, passage);
    return passage;
  }

  return {
    async forward(request, response, route) {
      const proxy = proxyOf(route.service);
      refuseLongBody(request, route.bodyBytesMax);
      const passage = depart(request, route);
      await proxy(request, response);
      clearTimer(passage);
      if (passage.failure !== null && !response.headersSent) throw passage.failure;
    },
    upgrade(request, socket, head, route, refuse) {
      const proxy = proxyOf(route.service);
      depart(request, route).refuseUpgrade = refuse;
      proxy.upgrade(request, socket, head);
    },
    endStreams() {
      for (const sayGoodbye of [...goodbyes]) sayGoodbye();
    },
    [Symbol.dispose]() {
      for (const agent of agents) agent.destroy();
    },
  };
}

function ignore(): void {
  // Whatever the service still has to say comes too late.
}

function clearTimer(passage: Passage): void {
  if (passage.timer !== null) clearTimeout(passage.timer);
  passage.timer = null;
}
