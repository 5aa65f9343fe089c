import type { ChannelChanges, ChannelInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Vault } from '@signalbox/vault';
import type { ChannelKind } from './channel.ts';
import { channelSealContext, type ChannelRecord } from './channel-record.ts';
import { openSettings } from './find-settings.ts';
import type { ChannelKinds } from './open-channel-kinds.ts';
import { newWebhookSecret } from './webhook/sign-webhook.ts';

export interface ChangeChannelsDeps {
  /** Null: this installation keeps no secrets, and so no channels. */
  readonly vault: Vault | null;
  readonly kinds: ChannelKinds;
}

export interface ChangedChannel {
  readonly channel: ChannelRecord;
  /** What was drawn for it, and is not shown again. */
  readonly signingSecret: string | null;
}

/** A channel as it is asked for. A webhook without secrets gets one. Throws `validation_failed`, or `unavailable` without keys. */
export function newChannel(deps: ChangeChannelsDeps, tenantId: string, input: ChannelInput, now: Date): ChangedChannel {
  const kind = kindOf(deps, input.kind);
  const id = newId('channel', now.getTime());
  const needsSecret = input.kind === 'webhook' && input.settings['secrets'] === undefined;
  const signingSecret = needsSecret ? newWebhookSecret() : null;
  const secrets = signingSecret === null ? {} : { secrets: [{ secret: signingSecret, expires_at: null }] };
  const heartbeatSeconds = input.heartbeat_seconds ?? null;
  return {
    signingSecret,
    channel: {
      id,
      tenantId,
      name: input.name,
      kind: input.kind,
      isEnabled: input.enabled ?? true,
      disabledReason: null,
      sendsResolved: input.send_resolved ?? true,
      ...sealed(deps, { id, tenantId }, kind, { ...input.settings, ...secrets }),
      messagesMax: input.rate_limit?.messages ?? kind.limit.messagesMax,
      windowSeconds: input.rate_limit?.window_seconds ?? Math.ceil(kind.limit.windowMs / 1_000),
      heartbeatSeconds,
      heartbeatAt: heartbeatSeconds === null ? null : now,
      createdAt: now,
      updatedAt: now,
    },
  };
}

export function changedChannel(
  deps: ChangeChannelsDeps,
  channel: ChannelRecord,
  changes: ChannelChanges,
  now: Date,
): ChannelRecord {
  const heartbeatSeconds =
    changes.heartbeat_seconds === undefined ? channel.heartbeatSeconds : changes.heartbeat_seconds;
  return {
    ...channel,
    name: changes.name ?? channel.name,
    isEnabled: changes.enabled ?? channel.isEnabled,
    // Whoever switches it on again has heard why it was off.
    disabledReason: changes.enabled === undefined ? channel.disabledReason : null,
    sendsResolved: changes.send_resolved ?? channel.sendsResolved,
    ...(changes.settings === undefined
      ? {}
      : sealed(deps, channel, kindOf(deps, channel.kind), changedSettings(deps, channel, changes.settings))),
    messagesMax: changes.rate_limit?.messages ?? channel.messagesMax,
    windowSeconds: changes.rate_limit?.window_seconds ?? channel.windowSeconds,
    heartbeatSeconds,
    heartbeatAt: heartbeatSeconds === null ? null : (channel.heartbeatAt ?? now),
    updatedAt: now,
  };
}

/** Where a message goes. What was given for one place is not taken to another. */
const placeNames = ['url', 'host', 'port', 'api_url'] as const;
const credentialNames = ['headers', 'password', 'routing_key', 'token'] as const;

function changedSettings(
  deps: ChangeChannelsDeps,
  channel: ChannelRecord,
  changes: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const before = openSettings(vaultOf(deps), channel);
  const moves = placeNames.some((name) => changes[name] !== undefined && changes[name] !== before[name]);
  const missing = credentialNames.filter((name) => hasValue(before[name]) && changes[name] === undefined);
  if (moves && missing.length > 0)
    throw new AppError('validation_failed', undefined, {
      fields: missing.map((name) => ({
        path: `settings.${name}`,
        message: 'Expected it again: the address changes.',
      })),
    });
  return { ...before, ...changes };
}

function hasValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== null;
}

/** Signs with a new secret; the others go on signing as well until `overlapSeconds` are over. */
export function rotatedChannel(
  deps: ChangeChannelsDeps,
  channel: ChannelRecord,
  overlapSeconds: number,
  now: Date,
): ChangedChannel {
  if (channel.kind !== 'webhook') throw new AppError('conflict', 'Only the messages of a webhook are signed.');
  const before = openSettings(vaultOf(deps), channel);
  const signingSecret = newWebhookSecret();
  const ends = new Date(now.getTime() + overlapSeconds * 1_000).toISOString();
  const others = (Array.isArray(before['secrets']) ? (before['secrets'] as unknown[]) : []) as {
    secret: string;
    expires_at: string | null;
  }[];
  const kept = others
    .map(({ secret, expires_at: at }) => ({ secret, expires_at: at !== null && at < ends ? at : ends }))
    .filter(({ expires_at: at }) => new Date(at) > now);
  const settings = { ...before, secrets: [{ secret: signingSecret, expires_at: null }, ...kept.slice(0, 4)] };
  return {
    signingSecret,
    channel: { ...channel, ...sealed(deps, channel, kindOf(deps, channel.kind), settings), updatedAt: now },
  };
}

function sealed(
  deps: ChangeChannelsDeps,
  channel: Pick<ChannelRecord, 'id' | 'tenantId'>,
  kind: ChannelKind,
  given: Readonly<Record<string, unknown>>,
): Pick<ChannelRecord, 'sealed' | 'shown'> {
  const { settings, shown } = kind.check(given);
  return { shown, sealed: vaultOf(deps).seal(JSON.stringify(settings), channelSealContext(channel)) };
}

function vaultOf({ vault }: ChangeChannelsDeps): Vault {
  if (vault === null)
    throw new AppError('unavailable', 'A channel has secrets, and there are no keys to keep them under.');
  return vault;
}

function kindOf({ kinds }: ChangeChannelsDeps, name: string): ChannelKind {
  const kind = kinds.get(name);
  if (kind !== undefined) return kind;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'kind', message: `Expected one of: ${[...kinds.keys()].join(', ')}.` }],
  });
}
