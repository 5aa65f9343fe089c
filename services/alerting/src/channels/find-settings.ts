import type { Vault } from '@signalbox/vault';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { integrationKey, type Integration } from '../configuration/receiver.ts';
import type { DeliveryTarget } from '../deliveries/delivery.ts';
import type { MessageLimit } from './channel.ts';
import { channelSealContext, type ChannelRecord } from './channel-record.ts';
import { findChannel } from './channel-store.ts';

export type FoundSettings =
  | { readonly kind: 'found'; readonly settings: Readonly<Record<string, unknown>> }
  | { readonly kind: 'missing'; readonly reason: string };

/** The settings of a destination as they are now, so that what was repaired helps what is already on its way. */
export type FindSettings = (tenantId: string, target: DeliveryTarget) => Promise<FoundSettings>;

export function createFindSettings({
  db,
  vault,
  configurations,
}: {
  db: Kysely<Schema>;
  vault: Vault | null;
  configurations: ConfigurationSource;
}): FindSettings {
  return async (tenantId, target) => {
    if (target.channelId !== null) {
      const channel = await findChannel(db, tenantId, target.channelId);
      if (channel === null) return { kind: 'missing', reason: 'The channel is no longer there.' };
      if (!channel.isEnabled) return { kind: 'missing', reason: 'The channel is switched off.' };
      if (vault === null) return { kind: 'missing', reason: 'There are no keys to open the channel with.' };
      return { kind: 'found', settings: openSettings(vault, channel) };
    }
    const { receivers } = await configurations.of(db, tenantId);
    const integration = receivers
      .get(target.receiver)
      ?.integrations.find((one) => integrationKey(one) === target.integration);
    if (integration === undefined) return { kind: 'missing', reason: 'The configuration no longer has this receiver.' };
    const settings = settingsOf(integration);
    return settings === null
      ? { kind: 'missing', reason: 'The configuration has another kind of receiver by now.' }
      : { kind: 'found', settings };
  };
}

export function openSettings(vault: Vault, channel: ChannelRecord): Record<string, unknown> {
  const text = vault.open(channel.sealed, channelSealContext(channel)).toString('utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

export function limitOf({ messagesMax, windowSeconds }: ChannelRecord): MessageLimit {
  return { messagesMax, windowMs: windowSeconds * 1_000 };
}

const timeoutMsMax = 30_000;

/** What stands in the configuration, as the settings of a channel of that kind. */
function settingsOf(integration: Integration): Record<string, unknown> | null {
  switch (integration.kind) {
    case 'channel':
      return null;
    case 'webhook':
      return {
        url: integration.url,
        headers: integration.headers,
        alerts_max: integration.alertsMax,
        ...(integration.timeoutMs === null
          ? {}
          : { timeout_ms: Math.min(timeoutMsMax, Math.max(100, Math.round(integration.timeoutMs))) }),
      };
    case 'slack':
      return { url: integration.url, channel: integration.channel, username: integration.username };
    case 'pagerduty':
      return { url: integration.url, routing_key: integration.routingKey };
    case 'email':
      return {
        to: integration.to,
        from: integration.from,
        host: integration.host,
        port: integration.port,
        hello: integration.hello,
        username: integration.username,
        password: integration.password,
        security: integration.requireTls ? 'starttls' : 'opportunistic',
      };
  }
}
