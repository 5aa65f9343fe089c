import * as contracts from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import type { ConfigurationSource } from '../configuration/configuration-source.ts';
import { listDeliveriesOf } from '../deliveries/delivery-store.ts';
import { presentDelivery } from '../deliveries/present-delivery.ts';
import { findNotification, listNotificationRows } from './notification-store.ts';
import type { Notification } from './notification.ts';
import { simulateNotification } from './simulate-notification.ts';
import { traceAlert } from './trace-alert.ts';

export interface NotificationRouteDeps {
  readonly db: Kysely<Schema>;
  readonly configurations: ConfigurationSource;
  readonly kinds: ChannelKinds;
}

export function mountNotificationRoutes(routes: Routes, deps: NotificationRouteDeps): void {
  const { db } = deps;

  mountRoute(routes, contracts.listNotifications, async ({ principal, query }) => {
    const list = contracts.listNotifications.operationId;
    const start = pageStart(list, query, ['string']);
    const [id] = start.after ?? [];
    const stretch = { after: typeof id === 'string' ? id : null, backwards: start.backwards, limit: start.fetch };
    const rows = await listNotificationRows(db, principal.tenantId, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present });
  });

  mountRoute(routes, contracts.simulateNotification, ({ principal, body }) => {
    const now = new Date();
    const startsAt = body.starts_at === undefined ? now : new Date(body.starts_at);
    return simulateNotification(deps, principal.tenantId, { labels: body.labels, startsAt }, now);
  });

  mountRoute(routes, contracts.getNotification, async ({ principal, params }) => {
    const notification = await findNotification(db, principal.tenantId, params.id);
    if (notification === null) throw new AppError('not_found', 'There is no such notification.');
    const deliveries = await listDeliveriesOf(db, principal.tenantId, [notification.id]);
    return {
      ...present(notification),
      alerts: notification.alerts.map((alert) => ({
        fingerprint: alert.fingerprint,
        status: alert.status,
        labels: alert.labels,
        annotations: alert.annotations,
        starts_at: alert.startsAt,
        ends_at: alert.endsAt,
      })),
      deliveries: deliveries.map(presentDelivery),
    };
  });

  mountRoute(routes, contracts.traceAlert, ({ principal, params }) => traceAlert(db, principal.tenantId, params.id));
}

function present(notification: Notification): contracts.Notification {
  const { alerts } = notification;
  return {
    id: notification.id,
    kind: notification.kind,
    reason: notification.reason,
    status: notification.status,
    receiver: notification.receiver,
    group_key: notification.groupKey,
    group_labels: notification.groupLabels,
    held_back: notification.heldBack,
    decided_at: notification.decidedAt.toISOString(),
    firing: alerts.filter(({ status }) => status === 'firing').length,
    resolved: alerts.filter(({ status }) => status === 'resolved').length,
  };
}
