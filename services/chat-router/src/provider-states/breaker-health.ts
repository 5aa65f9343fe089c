import type { ProviderHealth } from '@signalbox/contracts';
import type { BreakerView } from '@signalbox/redis';

/** LA-12: a breaker as health shows it. */
export function breakerHealth({ state, failures, restsMs }: BreakerView, now = Date.now()): ProviderHealth {
  return { breaker: state, failures, opens_at: restsMs === 0 ? null : new Date(now + restsMs).toISOString() };
}
