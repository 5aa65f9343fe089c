import type { Logger } from '@signalbox/telemetry';
import { claimDeliveries, sendClaimed, type SendDeliveriesDeps } from './send-deliveries.ts';

export interface DeliveryRunner extends AsyncDisposable {
  /** Claims what is due, as far as there is room, and begins to send it; does not wait until it is sent. */
  beginDue(): Promise<void>;
}

/** More than can be on their way at once would only wait for each other. */
const inFlightMax = 64;

/** Sends with many destinations at once, so that one that hangs delays no other. On closing, what is on its way is ended. */
export function createDeliveryRunner(deps: SendDeliveriesDeps, logger: Logger): DeliveryRunner {
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  return {
    async beginDue() {
      for (;;) {
        const room = inFlightMax - inFlight.size;
        if (room <= 0 || stopping.signal.aborted) return;
        const { claimed, looked } = await claimDeliveries(deps, Math.min(room, 16));
        for (const one of claimed) {
          const sending: Promise<void> = sendClaimed(deps, one, stopping.signal)
            .catch((error: unknown) => {
              // Its lease runs out, and it is sent again under the same id.
              logger.error('delivery.unsettled', { delivery_id: one.delivery.id, error });
            })
            .finally(() => inFlight.delete(sending));
          inFlight.add(sending);
        }
        if (looked === 0) return;
      }
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('shutting down'));
      await Promise.allSettled(inFlight);
    },
  };
}
