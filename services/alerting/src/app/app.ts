import { openOutbound } from '@signalbox/outbound';
import { openStartup } from '@signalbox/startup';
import type { Logger } from '@signalbox/telemetry';
import { createVault } from '@signalbox/vault';
import { migrations } from '../../migrations/index.ts';
import { createTeller } from '../alerts/tell-changes.ts';
import { createTellAudit } from '../audit/tell-audit.ts';
import { openChannelKinds } from '../channels/open-channel-kinds.ts';
import { createTenantConfigurations } from '../configuration/configuration-source.ts';
import { createEnrolAlerts } from '../notifications/enrol-alerts.ts';
import type { Config } from './config.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import type { Schema } from './schema.ts';
import { startAlerts } from './start-alerts.ts';
import { startRules } from './start-rules.ts';
import { startNotifications } from './start-notifications.ts';
import { startRouting } from './start-routing.ts';

export const serviceName = 'alerting';

export interface RunningAlerting {
  url: string;
  adminUrl: string;
}

/** Connects everything and starts it; what it opens lies on `owned`, to be closed in reverse. */
export async function startAlerting(
  config: Config,
  { logger, owned, queuePrefix }: { logger: Logger; owned: AsyncDisposableStack; queuePrefix?: string },
): Promise<RunningAlerting> {
  const { parts, listen } = await openStartup<Schema>({
    ...{ service: serviceName, config, migrations, logger, owned, queuePrefix },
  });
  const { nudgeRelay, ...common } = parts;
  const { emitter } = parts;
  const wakers = [nudgeRelay];
  const configurations = createTenantConfigurations(config.vaultKeys === null ? null : createVault(config.vaultKeys));
  const enrolAlerts = createEnrolAlerts(configurations);
  const allow = config.outboundAllow;
  const deps: DomainDeps = {
    ...common,
    config,
    nudge: () => {
      for (const wake of wakers) wake();
    },
    onNudge: (wake) => {
      wakers.push(wake);
    },
    configurations,
    enrolAlerts,
    tell: createTeller({ emitter, enrolAlerts }),
    tellAudit: createTellAudit(emitter),
    kinds: openChannelKinds({ outbound: owned.use(openOutbound({ allow, deadlineMs: 30_000 })), allow }),
  };
  // Each domain connects itself, and says what is worth probing.
  const domains: DomainProbes[] = [startAlerts(deps, owned), startRules(deps, owned), startNotifications(deps, owned)];
  startRouting(deps);
  return listen(Object.assign({}, ...domains) as DomainProbes);
}
