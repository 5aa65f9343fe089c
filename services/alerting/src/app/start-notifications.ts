import { createVault } from '@signalbox/vault';
import { createFindSettings } from '../channels/find-settings.ts';
import { nextHeartbeatAt } from '../channels/channel-store.ts';
import { mountChannelRoutes } from '../channels/routes.ts';
import { pruneDeliveries } from '../deliveries/delivery-store.ts';
import { nextClaimAt } from '../deliveries/destination-store.ts';
import { mountDeliveryRoutes } from '../deliveries/routes.ts';
import { createDeliveryRunner } from '../deliveries/run-deliveries.ts';
import type { SendDeliveriesDeps } from '../deliveries/send-deliveries.ts';
import { escalateAlerts } from '../escalation/escalate-alerts.ts';
import { mountEscalationRoutes } from '../escalation/routes.ts';
import { createRegroupAlerts } from '../notifications/enrol-alerts.ts';
import { flushDueGroups } from '../notifications/flush-groups.ts';
import { nextFlushAt } from '../notifications/group-store.ts';
import { pruneLastSent } from '../notifications/notification-store.ts';
import { mountNotificationRoutes } from '../notifications/routes.ts';
import { sendHeartbeats } from '../notifications/send-heartbeats.ts';
import { startSweep } from '../sweeps/start-sweep.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Each is woken by what concerns it, and knows when the next is due; this is for what other replicas leave behind. */
const lookMs = 5_000;
const [escalateMs, pruneMs] = [2_000, 3_600_000];
const keptMs = 30 * 86_400_000;

/** Connects channels, decisions and deliveries, and has them done for as long as `owned` lasts. */
export function startNotifications(deps: DomainDeps, owned: AsyncDisposableStack): DomainProbes {
  const { config, routes, configurations, kinds, enrolAlerts, tellAudit, nudge, onNudge, logger, metrics } = deps;
  const { db } = deps.database;
  const vault = config.vaultKeys === null ? null : createVault(config.vaultKeys);
  const attempts = metrics.counter({
    name: 'signalbox_alert_delivery_attempts_total',
    help: 'Attempts to deliver a message, by kind of channel and outcome.',
    labels: ['kind', 'outcome'],
  });
  const sending: SendDeliveriesDeps = {
    db,
    kinds,
    findSettings: createFindSettings({ db, vault, configurations }),
    externalUrl: config.externalUrl,
    logger,
    clock: () => new Date(),
    random: Math.random,
    attempted: ({ id, kind, destination }, outcome) => {
      // The next message to the same address may go.
      sends.nudge();
      attempts.inc({ kind, outcome: outcome.kind });
      logger.info('delivery.attempted', {
        delivery_id: id,
        destination,
        outcome: outcome.kind,
        status: outcome.status,
      });
    },
  };

  mountChannelRoutes(routes, { ...sending, vault, tellAudit, nudge });
  mountDeliveryRoutes(routes, { db, tellAudit, nudge });
  mountNotificationRoutes(routes, { db, configurations, kinds });

  mountEscalationRoutes(routes, { db, tellAudit, nudge });

  const runner = owned.use(createDeliveryRunner(sending, logger));
  const flushing = { db, configurations, kinds, regroupAlerts: createRegroupAlerts(enrolAlerts) };
  const sends = owned.use(
    startSweep(() => runner.beginDue(), { everyMs: lookMs, nextAt: () => nextClaimAt(db), logger }),
  );
  const flushes = owned.use(
    startSweep(
      async () => {
        while ((await flushDueGroups(flushing, new Date())) > 0) sends.nudge();
      },
      { everyMs: lookMs, nextAt: () => nextFlushAt(db), logger },
    ),
  );
  const heartbeats = owned.use(
    startSweep(
      async () => {
        if ((await sendHeartbeats(db, kinds, new Date())) > 0) sends.nudge();
      },
      { everyMs: lookMs, nextAt: () => nextHeartbeatAt(db), logger },
    ),
  );
  owned.use(
    startSweep(
      async () => {
        await escalateAlerts({ db, configurations, kinds }, new Date());
        sends.nudge();
      },
      { everyMs: escalateMs, logger },
    ),
  );
  for (const sweep of [sends, flushes, heartbeats])
    onNudge(() => {
      sweep.nudge();
    });
  owned.use(
    startSweep(
      async () => {
        const now = new Date();
        await pruneLastSent(db, now);
        await pruneDeliveries(db, new Date(now.getTime() - keptMs));
      },
      { everyMs: pruneMs, logger },
    ),
  );
  return {};
}
