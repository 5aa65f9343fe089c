import type { Logger } from '@signalbox/telemetry';
import type { ChannelMessage, SendOutcome } from '../channels/channel.ts';
import type { FindSettings } from '../channels/find-settings.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { Notification } from '../notifications/notification.ts';
import type { Delivery } from './delivery.ts';

export interface AttemptDeliveryDeps {
  readonly kinds: ChannelKinds;
  readonly findSettings: FindSettings;
  readonly externalUrl: string;
  readonly logger: Logger;
}

/** Longer than any channel waits by itself, and shorter than the lease of whoever sends. */
const attemptMsMax = 35_000;

/** Makes one attempt, of whatever kind: the only way in which a message leaves. A kind that breaks has failed, no more. */
export async function attemptDelivery(
  { kinds, findSettings, externalUrl, logger }: AttemptDeliveryDeps,
  { delivery, notification }: { delivery: Delivery; notification: Notification },
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<SendOutcome> {
  try {
    const found = await findSettings(delivery.tenantId, delivery);
    if (found.kind === 'missing') return { kind: 'rejected', status: null, reason: found.reason, isFinal: true };
    const kind = kinds.get(delivery.kind);
    if (kind === undefined)
      return { kind: 'rejected', status: null, reason: `There is no kind of channel ${delivery.kind}.`, isFinal: true };
    const message: ChannelMessage = {
      id: delivery.id,
      notification,
      sendsResolved: delivery.sendsResolved,
      recipient: delivery.recipient,
      sentAt: now,
      externalUrl,
    };
    return await kind.send(found.settings, message, AbortSignal.any([signal, AbortSignal.timeout(attemptMsMax)]));
  } catch (error) {
    logger.error('delivery.broke', { delivery_id: delivery.id, kind: delivery.kind, error });
    return { kind: 'failed', status: null, reason: 'The message could not be sent.' };
  }
}
