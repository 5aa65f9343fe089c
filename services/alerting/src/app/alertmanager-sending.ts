import { openOutbound } from '@signalbox/outbound';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { ChannelKind } from '../channels/channel.ts';
import { createFindSettings } from '../channels/find-settings.ts';
import { openChannelKinds, type ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { pruneDeliveries } from '../deliveries/delivery-store.ts';
import { nextClaimAt } from '../deliveries/destination-store.ts';
import { alertmanagerRetries } from '../deliveries/retry-policy.ts';
import { createDeliveryRunner } from '../deliveries/run-deliveries.ts';
import type { RegroupAlerts } from '../notifications/enrol-alerts.ts';
import { flushDueGroups } from '../notifications/flush-groups.ts';
import { nextFlushAt } from '../notifications/group-store.ts';
import { pruneLastSent } from '../notifications/notification-store.ts';
import { startSweep } from '../sweeps/start-sweep.ts';
import type { Schema } from './schema.ts';

export interface SendingDeps {
  db: Kysely<Schema>;
  configurations: ConfigurationSource;
  regroupAlerts: RegroupAlerts;
  externalUrl: string;
  logger: Logger;
}

/** Receivers that are named in a file are where its writer says, on this machine too. */
const allow = ['0.0.0.0/0', '::/0'];
/** It knows when there is something to do: its intervals may be fractions of a second. This is for what it overlooks. */
const everyMs = 1_000;
const [pruneMs, keptMs] = [600_000, 5 * 86_400_000];
const unlimited = { messagesMax: Number.MAX_SAFE_INTEGER, windowMs: 1_000 };

/** Decides for groups and sends what follows, as fast as Alertmanager does and with its retries, until `owned` ends. */
export function startSending(
  { db, configurations, regroupAlerts, externalUrl, logger }: SendingDeps,
  owned: AsyncDisposableStack,
): { nudge: () => void } {
  const kinds = withoutLimits(
    openChannelKinds({ outbound: owned.use(openOutbound({ allow, deadlineMs: 30_000 })), allow }),
  );
  const runner = owned.use(
    createDeliveryRunner(
      {
        db,
        kinds,
        findSettings: createFindSettings({ db, vault: null, configurations }),
        externalUrl,
        logger,
        clock: () => new Date(),
        random: Math.random,
        policy: alertmanagerRetries,
        attempted: ({ id, kind }, outcome) => {
          sends.nudge();
          logger.debug('delivery.attempted', { delivery_id: id, kind, outcome: outcome.kind, status: outcome.status });
        },
      },
      logger,
    ),
  );
  const sends = owned.use(startSweep(() => runner.beginDue(), { everyMs, nextAt: () => nextClaimAt(db), logger }));
  const flushes = owned.use(
    startSweep(
      async () => {
        while ((await flushDueGroups({ db, configurations, kinds, regroupAlerts }, new Date())) > 0) sends.nudge();
      },
      { everyMs, nextAt: () => nextFlushAt(db), logger },
    ),
  );
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
  return {
    nudge: () => {
      flushes.nudge();
    },
  };
}

/** Alertmanager holds nothing back. */
function withoutLimits(kinds: ChannelKinds): ChannelKinds {
  return new Map(
    [...kinds].map(([name, kind]): [string, ChannelKind] => [
      name,
      {
        kind: kind.kind,
        isDigestible: false,
        limit: unlimited,
        check: (settings) => kind.check(settings),
        recipientsOf: (shown) => kind.recipientsOf(shown),
        send: (settings, message, signal) => kind.send(settings, message, signal),
      },
    ]),
  );
}
