import {
  ServiceHealth,
  type ComponentHealth,
  type HealthStatus,
  type ProviderHealth,
  type ServiceName,
} from '@signalbox/contracts';
import type { Health } from '@signalbox/http';

export interface MeshHealth {
  status: HealthStatus;
  version: string;
  timestamp: string;
  uptime_seconds: number;
  degraded: string[];
  components: Record<string, ComponentHealth>;
  services: Record<string, { status: HealthStatus; components: Record<string, ComponentHealth> }>;
  providers: Record<string, ProviderHealth>;
}

type ServicePart = MeshHealth['services'][string] & { providers?: MeshHealth['providers'] | undefined };

export interface MeshHealthOptions {
  health: Health;
  /** Of each service's replicas. */
  adminUrls: Readonly<Partial<Record<ServiceName, readonly string[]>>>;
  timeoutMs?: number;
}

/**
 * OD-1, LA-12: the gateway's own parts and every service, asked at the same time and given 2 s. Unhealthy when the
 * gateway cannot serve, or no service behind it can; degraded when anything else is not as it should be.
 */
export async function probeMesh({ health, adminUrls, timeoutMs = 2_000 }: MeshHealthOptions): Promise<MeshHealth> {
  const [own, ...parts] = await Promise.all([
    health.ready(),
    ...Object.entries(adminUrls).map(
      async ([name, urls]) =>
        [name, together(await Promise.all(urls.map((url) => askReplica(url, timeoutMs))))] as const,
    ),
  ]);
  const { status, version, uptime_seconds, components } = own.health;
  const services = Object.fromEntries(
    parts.map(([name, { status: each, components: its }]) => [name, { status: each, components: its }]),
  );
  const providers = Object.assign({}, ...parts.map(([, part]) => part.providers)) as MeshHealth['providers'];
  const statuses = Object.values(services).map((service) => service.status);
  const noneServes = statuses.length > 0 && statuses.every((each) => each === 'unhealthy');
  const degraded = [
    ...notHealthy(components),
    ...Object.entries(services).flatMap(([name, service]) => [
      ...(service.status === 'healthy' ? [] : [name]),
      ...notHealthy(service.components).map((component) => `${name}.${component}`),
    ]),
  ];
  return {
    status: status === 'unhealthy' || noneServes ? 'unhealthy' : degraded.length > 0 ? 'degraded' : 'healthy',
    version,
    timestamp: new Date().toISOString(),
    uptime_seconds,
    degraded,
    components,
    services,
    providers,
  };
}

function notHealthy(components: Record<string, ComponentHealth>): string[] {
  return Object.entries(components).flatMap(([name, { status }]) => (status === 'healthy' ? [] : [name]));
}

const badness = { healthy: 0, degraded: 1, unhealthy: 2 } as const satisfies Record<HealthStatus, number>;

/** A service is unhealthy when no replica serves; of each component, and of each provider, the worst that was heard. */
function together(replicas: readonly ServicePart[]): ServicePart {
  const statuses = replicas.map(({ status }) => status);
  const [first = 'unhealthy'] = statuses;
  const components: ServicePart['components'] = {};
  const providers: MeshHealth['providers'] = {};
  for (const replica of replicas) {
    for (const [name, component] of Object.entries(replica.components)) {
      const known = components[name];
      if (known === undefined || badness[component.status] > badness[known.status]) components[name] = component;
    }
    for (const [name, provider] of Object.entries(replica.providers ?? {})) {
      if (providers[name] === undefined || provider.breaker !== 'closed') providers[name] = provider;
    }
  }
  return { status: statuses.every((status) => status === first) ? first : 'degraded', components, providers };
}

async function askReplica(url: string, timeoutMs: number): Promise<ServicePart> {
  const startedAt = performance.now();
  try {
    const answer = await fetch(new URL('/health/ready', url), { signal: AbortSignal.timeout(timeoutMs) });
    const { status, components, providers } = ServiceHealth.parse(await answer.json());
    return { status, components, providers };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    return {
      status: 'unhealthy',
      components: {
        reachable: {
          status: 'unhealthy',
          latency_ms: Math.round(performance.now() - startedAt),
          error: timedOut ? 'timeout' : 'unreachable',
        },
      },
    };
  }
}
