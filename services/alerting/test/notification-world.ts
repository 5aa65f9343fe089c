import { randomBytes } from 'node:crypto';
import type { ChannelInput } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { openOutbound } from '@signalbox/outbound';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase } from '@signalbox/test-kit';
import { createVault, VaultKeys } from '@signalbox/vault';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import { newChannel } from '../src/channels/change-channels.ts';
import type { ChannelKind } from '../src/channels/channel.ts';
import type { ChannelRecord } from '../src/channels/channel-record.ts';
import { saveChannel } from '../src/channels/channel-store.ts';
import { createFindSettings } from '../src/channels/find-settings.ts';
import { openChannelKinds } from '../src/channels/open-channel-kinds.ts';
import { readConfiguration } from '../src/configuration/read-configuration.ts';
import type { Delivery } from '../src/deliveries/delivery.ts';
import { listDeliveryRows } from '../src/deliveries/delivery-store.ts';
import { claimDeliveries, sendAllDue, type SendDeliveriesDeps } from '../src/deliveries/send-deliveries.ts';
import { fingerprintOf, type LabelSet } from '../src/labels/label-set.ts';
import { createEnrolAlerts, createRegroupAlerts } from '../src/notifications/enrol-alerts.ts';
import { flushDueGroups } from '../src/notifications/flush-groups.ts';

export const seconds = (count: number): number => count * 1_000;
export const minutes = (count: number): number => count * 60_000;

export interface PostedAlert {
  labels: LabelSet;
  annotations?: LabelSet;
  /** How long before now it ended; absent: it fires. */
  endedMsAgo?: number;
}

/** A tenant with a real database, real receivers, and a clock that only the test moves. */
export interface NotificationWorld extends AsyncDisposable {
  readonly tenantId: string;
  readonly database: Database<Schema>;
  readonly sending: SendDeliveriesDeps;
  now(): Date;
  /** Reports alerts as they are at this moment. */
  post(...alerts: PostedAlert[]): Promise<void>;
  addChannel(input: ChannelInput): Promise<{ channel: ChannelRecord; signingSecret: string | null }>;
  /** Lets time pass, in steps, and does at each what is due: decide and send. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** Decides, and does not send. */
  flush(): Promise<void>;
  send(): Promise<void>;
  claim: () => ReturnType<typeof claimDeliveries>;
  deliveries(): Promise<Delivery[]>;
}

export const promptConfiguration = `
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1m
  repeat_interval: 4h
receivers:
  - name: everybody
    channel_configs:
      - channel: '*'
`;

export async function openNotificationWorld(
  options: { configuration?: string; kinds?: readonly ChannelKind[] } = {},
): Promise<NotificationWorld> {
  await using cleanUp = new AsyncDisposableStack();
  const logger = createLogger({ service: 'alerting', write: () => undefined });
  const testDatabase = cleanUp.use(await createTestDatabase({ service: 'alerting', migrations }));
  const database = cleanUp.use(openDatabase<Schema>({ url: testDatabase.url, applicationName: 'test', logger }));
  const { db } = database;
  const vault = createVault(VaultKeys.parse(`k1:${randomBytes(32).toString('base64url')}`));
  const allow = ['127.0.0.0/8'];
  const kinds = openChannelKinds({ outbound: cleanUp.use(openOutbound({ allow })), allow }, options.kinds ?? []);
  const configuration = readConfiguration(options.configuration ?? promptConfiguration);
  const configurations = { of: () => Promise.resolve(configuration) };
  const enrolAlerts = createEnrolAlerts(configurations);
  const tenantId = newId('tenant');
  let now = new Date('2026-11-20T12:00:00Z');
  const started = new Map<string, Date>();
  const sending: SendDeliveriesDeps = {
    db,
    kinds,
    findSettings: createFindSettings({ db, vault, configurations }),
    externalUrl: 'https://signalbox.example',
    logger,
    clock: () => now,
    random: () => 0.999,
    attempted: () => undefined,
  };
  const flushing = { db, configurations, kinds, regroupAlerts: createRegroupAlerts(enrolAlerts) };
  const signal = new AbortController().signal;
  const owned = cleanUp.move();

  const flush = async (): Promise<void> => {
    while ((await flushDueGroups(flushing, now)) > 0);
  };
  return {
    tenantId,
    database,
    sending,
    now: () => now,
    async post(...alerts) {
      const reported = alerts.map(({ labels, annotations = {}, endedMsAgo }) => {
        const fingerprint = fingerprintOf(labels);
        const startsAt = started.get(fingerprint) ?? now;
        started.set(fingerprint, startsAt);
        const endsAt = new Date(now.getTime() + (endedMsAgo === undefined ? minutes(600) : -endedMsAgo));
        return {
          ...{ fingerprint, labels, annotations, generatorUrl: '', startsAt, endsAt, timeout: false },
          updatedAt: now,
        };
      });
      await db.transaction().execute((trx) => enrolAlerts(trx, tenantId, reported, now));
    },
    async addChannel(input) {
      const made = newChannel({ vault, kinds }, tenantId, input, now);
      await saveChannel(db, made.channel);
      return made;
    },
    async pass(ms, stepMs = seconds(1)) {
      const end = now.getTime() + ms;
      for (;;) {
        await flush();
        await sendAllDue(sending, signal);
        if (now.getTime() >= end) return;
        now = new Date(Math.min(end, now.getTime() + stepMs));
      }
    },
    flush,
    send: () => sendAllDue(sending, signal),
    claim: () => claimDeliveries(sending, 16),
    deliveries: () => listDeliveryRows(db, tenantId, {}, { after: null, backwards: true, limit: 100_000 }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
