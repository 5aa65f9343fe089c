import type { RouteClass, ServiceName } from '@signalbox/contracts';
import type { ConfigError } from '@signalbox/config';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { UpstreamFailure } from '../forwarding/forwarder.ts';

/** What happens at the gate and is worth telling: each function makes the metric and, where a person would ask, the log line. */
export interface GatewayEvents {
  originRefused: (origin: string) => void;
  credentialRefused: (address: string) => void;
  limitReached: (event: { routeClass: RouteClass; policies: readonly string[]; payer: string }) => void;
  /** Redis did not decide a limit; `refused`: the class may not go on without it. */
  limitDegraded: (event: { routeClass: RouteClass; refused: boolean }) => void;
  limitsReloaded: () => void;
  limitsRejected: (error: ConfigError) => void;
  requestShed: (reason: 'in_flight' | 'loop_delay') => void;
  deprecatedPathUsed: (event: { operationId: string; principalId: string | null }) => void;
  upstreamFailed: (failure: UpstreamFailure) => void;
  socketOpened: (service: ServiceName) => void;
}

export function createEvents(logger: Logger, metrics: Metrics): GatewayEvents {
  const origins = metrics.counter({
    name: 'signalbox_gateway_origins_refused_total',
    help: 'Requests of browser pages whose origin is not allowed.',
  });
  const credentials = metrics.counter({
    name: 'signalbox_gateway_credentials_refused_total',
    help: 'Requests without valid credentials.',
  });
  const limited = metrics.counter({
    name: 'signalbox_gateway_rate_limited_total',
    help: 'Requests over a limit.',
    labels: ['route_class'],
  });
  const degraded = metrics.counter({
    name: 'signalbox_gateway_limits_degraded_total',
    help: 'Requests whose limits were decided without Redis.',
    labels: ['route_class', 'outcome'],
  });
  const reloads = metrics.counter({
    name: 'signalbox_gateway_limits_reloads_total',
    help: 'Versions of the limits file seen while running.',
    labels: ['outcome'],
  });
  const shed = metrics.counter({
    name: 'signalbox_gateway_shed_total',
    help: 'Requests turned away because there was too much work.',
    labels: ['reason'],
  });
  const deprecated = metrics.counter({
    name: 'signalbox_gateway_deprecated_total',
    help: 'Requests under a deprecated path.',
    labels: ['operation'],
  });
  const upstreams = metrics.counter({
    name: 'signalbox_gateway_upstream_failures_total',
    help: 'Requests that a service did not answer, or not to the end.',
    labels: ['service', 'reason'],
  });
  const sockets = metrics.counter({
    name: 'signalbox_gateway_sockets_opened_total',
    help: 'WebSockets joined to a service.',
    labels: ['service'],
  });

  return {
    originRefused(origin) {
      origins.inc();
      logger.debug('origin.refused', { origin });
    },
    credentialRefused(address) {
      credentials.inc();
      logger.debug('credential.refused', { address });
    },
    limitReached({ routeClass, policies, payer }) {
      limited.inc({ route_class: routeClass });
      logger.info('limit.reached', { route_class: routeClass, policies, payer });
    },
    limitDegraded({ routeClass, refused }) {
      degraded.inc({ route_class: routeClass, outcome: refused ? 'refused' : 'decided_locally' });
      logger.debug('limit.degraded', { route_class: routeClass, refused });
    },
    limitsReloaded() {
      reloads.inc({ outcome: 'applied' });
      logger.info('limits.reloaded');
    },
    limitsRejected(error) {
      reloads.inc({ outcome: 'rejected' });
      logger.error('limits.rejected', { problems: error.problems });
    },
    requestShed(reason) {
      shed.inc({ reason });
      logger.debug('request.shed', { reason });
    },
    deprecatedPathUsed({ operationId, principalId }) {
      deprecated.inc({ operation: operationId });
      logger.debug('path.deprecated', { operation: operationId, principal_id: principalId });
    },
    upstreamFailed({ service, reason, answered, error }) {
      upstreams.inc({ service, reason });
      logger.warn('upstream.failed', { service, reason, answered, error });
    },
    socketOpened(service) {
      sockets.inc({ service });
    },
  };
}
