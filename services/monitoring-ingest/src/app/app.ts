import { openStartup } from '@signalbox/startup';
import type { Logger } from '@signalbox/telemetry';
import { migrations } from '../../migrations/index.ts';
import type { Config } from './config.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import type { Schema } from './schema.ts';
import { startDrift } from './start-drift.ts';
import { startIntake } from './start-intake.ts';
import { startSeries } from './start-series.ts';

export const serviceName = 'monitoring-ingest';

export interface RunningMonitoringIngest {
  url: string;
  adminUrl: string;
}

/** Connects everything and starts it; what it opens lies on `owned`, to be closed in reverse. */
export async function startMonitoringIngest(
  config: Config,
  { logger, owned, queuePrefix }: { logger: Logger; owned: AsyncDisposableStack; queuePrefix?: string },
): Promise<RunningMonitoringIngest> {
  const { parts, listen } = await openStartup<Schema>({
    ...{ service: serviceName, config, migrations, logger, owned, queuePrefix },
  });
  const deps: DomainDeps = { ...parts, config };
  // Each domain connects itself, and says what is worth probing.
  const domains: DomainProbes[] = [await startIntake(deps, owned), startDrift(deps, owned), startSeries(deps, owned)];
  return listen(Object.assign({}, ...domains) as DomainProbes);
}
