import {
  ServerResponse,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { Socket } from 'node:net';
import type { RouteContract } from '@signalbox/contracts';
import { AppError, toAppError } from '@signalbox/errors';
import { beginExchange, sendError, type Exchange } from '@signalbox/http';
import { identityHeader, mayUse, operatorMark, signIdentity, type IdentityKeys } from '@signalbox/identity';
import type { Limiter } from '@signalbox/redis';
import { formatTraceparent, runInRequest, type Logger, type Metrics } from '@signalbox/telemetry';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AuthenticatedPrincipal, Authenticator } from '../authentication/authenticator.ts';
import { addressGroup, originOf, type Origin } from '../edge/client-address.ts';
import { answerPreflight, applyCors, isPreflight, mayOpenSocket } from '../edge/cors.ts';
import { readTarget, refuseAmbiguousHead, refuseForeignHost } from '../edge/read-target.ts';
import { upstreamHeaders } from '../edge/upstream-headers.ts';
import type { Forwarder } from '../forwarding/forwarder.ts';
import type { Overload } from '../forwarding/overload.ts';
import { enforceLimits, refuseOften } from '../limits/enforce-limits.ts';
import type { Limits, Payer } from '../limits/policies-for-request.ts';
import type { RefusedCredentials } from '../limits/refused-credentials.ts';
import { markDeprecated } from '../routing/mark-deprecated.ts';
import type { RouteTable } from '../routing/route-table.ts';
import type { GatewayEvents } from './events.ts';

export interface GatewayParts {
  table: RouteTable;
  /** Answers the gateway's own routes. It finds who is calling in the exchange, and the client's address in `x-forwarded-for`. */
  own: RequestListener;
  authenticator: Authenticator;
  audit: Pick<AuditLog, 'refused'>;
  limiter: Limiter;
  limits: () => Limits;
  refusedCredentials: RefusedCredentials;
  overload: Overload;
  forwarder: Forwarder;
  identityKeys: IdentityKeys;
  corsOrigins: ReadonlySet<string>;
  allowedHosts: ReadonlySet<string> | null;
  trustedHops: number;
  legacySunset: Date;
  events: GatewayEvents;
  logger: Logger;
  metrics: Metrics;
}

export interface Gateway {
  listener: RequestListener;
  /** Lets WebSocket upgrades on this server through the same chain, and nothing else that calls itself an upgrade. */
  attachUpgrades(server: Server): void;
}

/** What is known of a request once it has been let in. */
interface Admission {
  route: RouteContract;
  path: string;
  query: string;
  origin: Origin;
  principal: AuthenticatedPrincipal | null;
}

/**
 * The chain that every request goes through, in this order (LA-19); a WebSocket upgrade goes through the same one.
 *
 *  1. the exchange: request id, trace, access log, metrics. It is outermost, so whatever follows is counted and logged
 *  2. head and target: what two parsers could read differently is refused
 *  3. security and CORS headers on the answer, whatever it will be; a preflight is answered here
 *  4. the route: what no contract names is not there
 *  5. who is calling  6. may they  7. their limits  8. is there room
 *  9. the request as services see it: our headers in place of the client's claims, the identity signed
 * 10. the own handler, or the service
 *
 * Errors of every step become the answer in one place, after all of them.
 */
export function createGateway(parts: GatewayParts): Gateway {
  const { audit, authenticator, corsOrigins, events, forwarder, limiter, logger, metrics, overload, table } = parts;
  const exchangeOptions = { logger, metrics };

  /** Steps 2 to 7. `null`: the answer has been given already. */
  async function admit(
    request: IncomingMessage,
    response: ServerResponse,
    exchange: Exchange,
  ): Promise<Admission | null> {
    const { headers } = request;
    const method = request.method ?? '';
    const origin = originOf(
      {
        remoteAddress: request.socket.remoteAddress,
        encrypted: 'encrypted' in request.socket,
        forwardedFor: joined(headers['x-forwarded-for']),
        forwardedProto: joined(headers['x-forwarded-proto']),
      },
      parts.trustedHops,
    );
    if (origin.protocol === 'https') response.setHeader('strict-transport-security', strictTransportSecurity);
    // Whoever sends a head that is refused here may mean the next one to be read differently, too: it is not read at all.
    const keepAlive = response.shouldKeepAlive;
    response.shouldKeepAlive = false;
    refuseAmbiguousHead(request);
    refuseForeignHost(headers.host, parts.allowedHosts);
    const { path: asked, query } = readTarget(request.url ?? '');
    const found = table.find(method, asked);
    response.shouldKeepAlive = keepAlive;

    const cors = applyCors(headers.origin, response, corsOrigins);
    if (cors === 'refused') events.originRefused(headers.origin ?? '');
    if (isPreflight(method, headers)) {
      if (cors === 'refused') throw new AppError('forbidden', 'This origin may not use the API from a browser.');
      answerPreflight(headers, response);
      return null;
    }

    if (found.kind === 'not_found') throw new AppError('not_found');
    if (found.kind === 'method_not_allowed') {
      exchange.dialect = found.dialect;
      response.setHeader('allow', found.allow);
      if (method !== 'OPTIONS') throw new AppError('method_not_allowed');
      response.writeHead(204).end();
      return null;
    }
    const { route, path } = found;
    exchange.route = route.path;
    exchange.dialect = route.dialect;
    if (found.deprecated) markDeprecated(response, `${path}${query}`, parts.legacySunset, new Date());

    const principal = route.scope === 'public' ? null : await authenticate(request, exchange, origin);
    exchange.principal = principal;
    if (found.deprecated)
      events.deprecatedPathUsed({ operationId: route.operationId, principalId: principal?.principalId ?? null });
    if (principal !== null && route.scope !== 'public' && route.scope !== 'authenticated') {
      if (!mayUse(principal, route.scope)) {
        audit.refused({
          tenantId: principal.tenantId,
          actor: principal.principalId,
          action: 'access.denied',
          target: route.operationId,
          requestId: exchange.requestId,
          ip: origin.address,
        });
        throw new AppError('forbidden', `The scope ${route.scope} is needed.`);
      }
    }

    await enforceLimits({ limiter, limits: parts.limits(), events }, response, {
      routeClass: route.routeClass,
      payer: payerOf(principal, origin),
    });
    return { route, path, query, origin, principal };
  }

  async function authenticate(
    request: IncomingMessage,
    exchange: Exchange,
    origin: Origin,
  ): Promise<AuthenticatedPrincipal> {
    try {
      return await authenticator.authenticate(
        { headers: request.headers, url: request.url ?? '' },
        { requestId: exchange.requestId, ip: origin.address },
      );
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'unauthenticated') throw thrown;
      events.credentialRefused(origin.address);
      refuseOften(parts.refusedCredentials, addressGroup(origin.address), parts.limits());
      throw thrown;
    }
  }

  /** Step 9: from here on the request says what we say. */
  function rewrite(
    request: IncomingMessage,
    exchange: Exchange,
    admission: Admission,
    more: IncomingHttpHeaders,
  ): void {
    const { route, path, query, origin, principal } = admission;
    const { headers } = request;
    const method = request.method ?? '';
    const target = path + query;
    const own: IncomingHttpHeaders = {
      ...more,
      'x-request-id': exchange.requestId,
      traceparent: formatTraceparent(exchange),
      'x-forwarded-for': origin.address,
      'x-forwarded-proto': origin.protocol,
      'x-forwarded-host': headers.host ?? '',
    };
    if (principal !== null && route.service !== 'gateway') {
      const { kind, principalId, tenantId } = principal;
      const scopes = principal.isOperator ? [...principal.scopes, operatorMark] : principal.scopes;
      own[identityHeader] = signIdentity(
        parts.identityKeys,
        { audience: route.service, method, path: target },
        { principal: { kind, principalId, tenantId, scopes }, requestId: exchange.requestId },
      );
    }
    const chunked = headers['transfer-encoding'] !== undefined;
    if (!chunked && headers['content-length'] === undefined && takesBody.has(method)) own['content-length'] = '0';
    request.url = target;
    request.headers = upstreamHeaders(headers, own);
    // The gateway's own handlers read a chunked body themselves and need to know that there is one.
    if (chunked && route.service === 'gateway') request.headers['transfer-encoding'] = 'chunked';
  }

  async function serve(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
    const admission = await admit(request, response, exchange);
    // Nobody waits any more for what was not begun yet; and nothing would tell of an end that has come already.
    if (admission === null || response.destroyed) return;
    const { route } = admission;
    if (isWebSocketRoute(route)) throw upgradeRequired(response);
    if (route.routeClass !== 'health') response.once('close', overload.enter());
    rewrite(request, exchange, admission, {});
    if (route.service === 'gateway') parts.own(request, response);
    else await forwarder.forward(request, response, route);
  }

  async function serveUpgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    response: ServerResponse,
    exchange: Exchange,
  ): Promise<void> {
    const admission = await admit(request, response, exchange);
    if (admission === null || socket.destroyed) return;
    const { route } = admission;
    if (!isWebSocketRoute(route)) throw new AppError('validation_failed', 'This path does not speak WebSocket.');
    if (!mayOpenSocket(request.headers, corsOrigins)) {
      events.originRefused(request.headers.origin ?? '');
      throw new AppError('forbidden', 'This origin may not open a WebSocket here.');
    }
    socket.once('close', overload.enter());
    rewrite(request, exchange, admission, { connection: 'Upgrade', upgrade: 'websocket' });
    response.detachSocket(socket);
    socket.once('close', () => {
      if (response.headersSent) return;
      // The proxy wrote the answer; the exchange ends with the socket.
      response.writeHead(101);
      response.emit('close');
    });
    forwarder.upgrade(request, socket, head, route, (error) => {
      response.assignSocket(socket);
      sendError(request, response, error, route.dialect);
    });
    events.socketOpened(route.service);
  }

  function refuse(request: IncomingMessage, response: ServerResponse, exchange: Exchange, thrown: unknown): void {
    const error = toAppError(thrown);
    if (error.code === 'internal') logger.error('request.failed', { error: thrown });
    sendError(request, response, error, exchange.dialect);
  }

  return {
    listener(request, response) {
      const exchange = beginExchange(request, response, exchangeOptions);
      runInRequest(exchange, () => {
        serve(request, response, exchange).catch((thrown: unknown) => {
          refuse(request, response, exchange, thrown);
        });
      });
    },
    attachUpgrades(server) {
      // Anything else that asks for an upgrade (h2c) is a plain request whose wish is ignored, as RFC 9110 §7.8 allows.
      Object.assign(server, { shouldUpgradeCallback: asksForWebSocket });
      server.on('upgrade', (request: IncomingMessage, stream, head: Buffer) => {
        // A server of ours listens to TCP alone.
        if (!(stream instanceof Socket)) throw new TypeError('an upgrade came over something that is no socket');
        const socket = stream;
        socket.on('error', () => socket.destroy());
        const response = new ServerResponse(request);
        response.shouldKeepAlive = false;
        try {
          response.assignSocket(socket);
        } catch {
          // An earlier request of this connection is still being answered. No honest client opens a WebSocket like that.
          socket.destroy();
          return;
        }
        response.once('finish', () => socket.end());
        const exchange = beginExchange(request, response, exchangeOptions);
        runInRequest(exchange, () => {
          serveUpgrade(request, socket, head, response, exchange).catch((thrown: unknown) => {
            refuse(request, response, exchange, thrown);
          });
        });
      });
    },
  };
}

/** Said only to those who came over TLS already: for others it would be a promise that nothing keeps. */
const strictTransportSecurity = 'max-age=31536000';

const takesBody = new Set(['POST', 'PUT', 'PATCH']);

function asksForWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** A contract whose answer is 101 is a WebSocket. */
function isWebSocketRoute(route: RouteContract): boolean {
  return route.response.status === 101;
}

function upgradeRequired(response: ServerResponse): AppError {
  response.setHeader('upgrade', 'websocket');
  response.setHeader('connection', 'upgrade, close');
  return new AppError('upgrade_required');
}

function payerOf(principal: AuthenticatedPrincipal | null, { address }: Origin): Payer {
  if (principal === null) return { kind: 'address', address };
  const { principalId, tenantId, limits } = principal;
  return { kind: 'principal', principalId, tenantId, limits };
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
