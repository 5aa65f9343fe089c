import type { ComponentHealth, HealthStatus, ProviderHealth, ServiceHealth } from '@signalbox/contracts';

export interface HealthProbe {
  /** Resolves when the component answers; rejects when it does not. Has 2 s, then `signal` fires and the answer counts as none. */
  probe: (signal: AbortSignal) => Promise<void>;
  /** Without it the service is unhealthy and not ready; a component that is not critical only degrades it. */
  critical: boolean;
}

export interface HealthOptions {
  service: string;
  version: string;
  probes: Readonly<Record<string, HealthProbe>>;
  /** For a service that asks model providers: how they are. From memory. */
  providers?: () => Record<string, ProviderHealth>;
}

export interface Health {
  /** Asks every component, at most once a second; all at the same time. 503 when unhealthy or draining. */
  ready(): Promise<{ httpStatus: 200 | 503; health: ServiceHealth }>;
  /** Asks nobody: the process turns, or it would not answer. */
  live(): ServiceHealth;
  /** From now on the service is not ready, so that no new work is sent here. */
  startDraining(): void;
}

type Components = Record<string, ComponentHealth>;

// Below the 2 s that whoever asks for all of it waits, so that one frozen dependency is told by its name.
const probeTimeoutMs = 1_500;
const cachedForMs = 1_000;
const leaving: ComponentHealth = { status: 'unhealthy', latency_ms: 0, error: 'draining' };

export function createHealth({ service, version, probes, providers }: HealthOptions): Health {
  const startedAt = performance.now();
  let draining = false;
  let asked: { at: number; components: Promise<Components> } | null = null;

  async function probeAll(): Promise<Components> {
    const entries = Object.entries(probes).map(
      async ([name, probe]) => [name, await probeOne(probe)] satisfies [string, ComponentHealth],
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  const body = (status: HealthStatus, components: Components): ServiceHealth => ({
    status,
    service,
    version,
    uptime_seconds: (performance.now() - startedAt) / 1_000,
    components,
    ...(providers === undefined ? {} : { providers: providers() }),
  });

  return {
    async ready() {
      const now = performance.now();
      if (asked === null || now - asked.at > cachedForMs) asked = { at: now, components: probeAll() };
      const probed = await asked.components;
      const components = draining ? { ...probed, process: leaving } : probed;
      const status = worstOf(components);
      return { httpStatus: status === 'unhealthy' ? 503 : 200, health: body(status, components) };
    },
    live: () => body('healthy', {}),
    startDraining: () => {
      draining = true;
    },
  };
}

function worstOf(components: Components): HealthStatus {
  const statuses = Object.values(components).map((component) => component.status);
  if (statuses.includes('unhealthy')) return 'unhealthy';
  return statuses.includes('degraded') ? 'degraded' : 'healthy';
}

async function probeOne({ probe, critical }: HealthProbe): Promise<ComponentHealth> {
  const startedAt = performance.now();
  const timeout = new AbortController();
  const latency = (): number => Math.round((performance.now() - startedAt) * 100) / 100;
  let timer: NodeJS.Timeout | undefined;
  try {
    // A probe that ignores its signal must not hold the answer up.
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        timeout.abort();
        reject(new DOMException('The probe took too long.', 'TimeoutError'));
      }, probeTimeoutMs);
    });
    await Promise.race([probe(timeout.signal), late]);
    return { status: 'healthy', latency_ms: latency() };
  } catch (thrown) {
    return { status: critical ? 'unhealthy' : 'degraded', latency_ms: latency(), error: classOf(thrown) };
  } finally {
    clearTimeout(timer);
  }
}

/** A word, never the message: that may name hosts, users and databases. */
function classOf(thrown: unknown): string {
  const { name, code } = Object(thrown) as { name?: unknown; code?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  if (code === 'not_configured') return code;
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'not_found';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
  if (code === 'ETIMEDOUT' || code === 'timeout') return 'timeout';
  return 'failed';
}
