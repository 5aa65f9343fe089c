import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RouteContract, ServiceName } from '@signalbox/contracts';
import type { AppError } from '@signalbox/errors';

/** The parts of a contract that forwarding keeps to. */
export type ForwardedRoute = Pick<
  RouteContract,
  'service' | 'dialect' | 'routeClass' | 'bodyBytesMax' | 'firstByteTimeoutMs' | 'idleTimeoutMs'
>;

export interface UpstreamFailure {
  service: ServiceName;
  reason: 'refused' | 'timed_out' | 'died';
  /** Whether the client had begun to receive the answer. */
  answered: boolean;
  error?: unknown;
}

export interface ForwarderOptions {
  /**
   * The addresses of each service's replicas: origins, without a path. Requests go round them; a connection that one does
   * not take is made to another.
   */
  upstreams: Readonly<Partial<Record<ServiceName, readonly string[]>>>;
  /** Connections to one service. Requests beyond it would wait unseen, so it is no smaller than what is let in at once. */
  socketsMax: number;
  /** For each address that is tried. */
  connectTimeoutMs?: number;
  /** How long a client may leave its answer unread before it is cut off. */
  stalledClientMs?: number;
  onFailure: (failure: UpstreamFailure) => void;
}

/**
 * Carries requests to services. The request's `url` and `headers` must be what the service is to see: nothing is added to
 * or taken from them here.
 */
export interface Forwarder extends Disposable {
  /**
   * Streams the request to its service and the answer back. Resolves when the exchange is over, also by an abort of the
   * client, which the service sees at once. Throws `AppError` only while nothing has been answered; later failures cut
   * the connection, or end an event stream with an `error` event.
   */
  forward(request: IncomingMessage, response: ServerResponse, route: ForwardedRoute): Promise<void>;
  /**
   * Joins the client's socket to the service's, which answers the upgrade or refuses it in HTTP. `refuse` answers for a
   * service that cannot be reached; the socket is closed after it.
   */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    route: ForwardedRoute,
    refuse: (error: AppError) => void,
  ): void;
  /** R12: ends every event stream that still runs, with an event that says so. */
  endStreams(): void;
}
