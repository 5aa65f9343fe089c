import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { alertEventsAfter, type EventPlace } from './alert-event-store.ts';
import { findAlerts } from './alert-store.ts';
import type { AlertRecord } from './alert.ts';
import { presentAlert, presentAlertEvent } from './present-alert.ts';

const eventsPerLook = 200;
const lookMs = 500;
const heartbeatMs = 15_000;
const stalledMsMax = 30_000;

/** Reads the id of an event, as it was told; null for what is none. */
export function readEventPlace(text: string): EventPlace | null {
  const match = /^(\d{1,20})-(\d{1,19})$/.exec(text);
  const [, xid, position] = match ?? [];
  return xid === undefined || position === undefined ? null : { xid, position };
}

/** Tells a tenant's events from a place on, as server-sent events, for as long as the client listens. */
export async function streamAlertEvents(
  db: Kysely<Schema>,
  tenantId: string,
  from: EventPlace,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  let place = from;
  let toldAt = performance.now();
  while (!signal.aborted) {
    const events = await alertEventsAfter(db, tenantId, place, eventsPerLook);
    const alerts: ReadonlyMap<string, AlertRecord> =
      events.length === 0
        ? new Map<string, AlertRecord>()
        : await findAlerts(db, tenantId, [...new Set(events.map((one) => one.alert_id))]);
    let text = '';
    for (const event of events) {
      const alert = alerts.get(event.alert_id);
      const shown = presentAlertEvent(event);
      const data = { ...shown, alert: alert === undefined ? null : presentAlert(alert) };
      text += `id: ${shown.id}\nevent: alert.${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
      place = { xid: event.xid, position: event.position };
    }
    if (text === '' && performance.now() - toldAt >= heartbeatMs) text = ': waiting\n\n';
    if (text !== '') {
      await write(response, text, signal);
      toldAt = performance.now();
    }
    if (events.length < eventsPerLook) await wait(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  response.end();
}

/** A client that takes nothing for too long is let go of. */
async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  const tooLong = AbortSignal.any([signal, AbortSignal.timeout(stalledMsMax)]);
  await once(response, 'drain', { signal: tooLong }).catch(() => response.destroy());
}
