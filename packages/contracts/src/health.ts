import { z } from 'zod';

export const HealthStatus = z.enum(['healthy', 'degraded', 'unhealthy']).meta({ id: 'HealthStatus' });
export type HealthStatus = z.infer<typeof HealthStatus>;

/** OD-1: one component as it was probed just now. `error` is a short class of failure, never a thrown message. */
export const ComponentHealth = z
  .object({
    status: HealthStatus,
    latency_ms: z.number(),
    error: z.string().optional(),
  })
  .meta({ id: 'ComponentHealth' });
export type ComponentHealth = z.infer<typeof ComponentHealth>;

/** LA-12: the circuit breaker of a provider, as the process that answers knows it. */
export const ProviderHealth = z
  .object({
    breaker: z.enum(['closed', 'open', 'half_open']),
    failures: z.int().describe('Within its window, while it is closed.'),
    opens_at: z.iso
      .datetime()
      .nullable()
      .describe('When the way is open again: no call is made before. Null: calls are made.'),
  })
  .meta({ id: 'ProviderHealth' });
export type ProviderHealth = z.infer<typeof ProviderHealth>;

export const ServiceHealth = z
  .object({
    status: HealthStatus,
    service: z.string(),
    version: z.string(),
    uptime_seconds: z.number(),
    components: z.record(z.string(), ComponentHealth),
    providers: z.record(z.string(), ProviderHealth).optional().describe('Those of this installation, by name.'),
  })
  .meta({ id: 'ServiceHealth' });
export type ServiceHealth = z.infer<typeof ServiceHealth>;
