import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Notifications';
const service = 'alerting';
const Labels = z.record(z.string(), z.string());

export const DeliveryState = z
  .enum(['pending', 'sending', 'sent', 'merged', 'dead'])
  .describe('`merged`: a digest tells of it. `dead`: given up; it can be replayed.')
  .meta({ id: 'DeliveryState' });
export type DeliveryState = z.infer<typeof DeliveryState>;

export const Delivery = z
  .object({
    id: z.string().describe('The receiver learns it with every attempt: `webhook-id`.'),
    notification_id: z.string(),
    channel_id: z.string().nullable().describe('Null: a receiver of the configuration.'),
    kind: z.string(),
    receiver: z.string(),
    recipient: z.string().nullable(),
    state: DeliveryState,
    attempts: z.int(),
    next_attempt_at: z.iso.datetime().nullable(),
    held_since: z.iso.datetime().nullable().describe('Since when it waits because too much is sent there.'),
    merged_into: z.string().nullable().describe('The delivery of the digest that tells of it.'),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
    created_at: z.iso.datetime(),
    attempted_at: z.iso.datetime().nullable(),
    sent_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof Delivery>;

export const Notification = z
  .object({
    id: z.string(),
    kind: z.enum(['group', 'digest', 'test', 'heartbeat', 'self', 'escalation', 'acknowledgement']),
    reason: z.string().describe('Why it was told: `first_notification`, `new_alerts`, `all_resolved`, …'),
    status: z.enum(['firing', 'resolved']),
    receiver: z.string(),
    group_key: z.string(),
    group_labels: Labels,
    held_back: z.int().describe('How many notifications it stands for, because they came too fast.'),
    decided_at: z.iso.datetime(),
    firing: z.int(),
    resolved: z.int(),
  })
  .meta({ id: 'Notification' });
export type Notification = z.infer<typeof Notification>;

export const NotificationDetails = Notification.extend({
  alerts: z.array(
    z.object({
      fingerprint: z.string(),
      status: z.enum(['firing', 'resolved']),
      labels: Labels,
      annotations: Labels,
      starts_at: z.iso.datetime(),
      ends_at: z.iso.datetime().nullable(),
    }),
  ),
  deliveries: z.array(Delivery),
}).meta({ id: 'NotificationDetails' });
export type NotificationDetails = z.infer<typeof NotificationDetails>;

export const AlertTrace = z
  .object({
    fingerprint: z.string(),
    decisions: z
      .array(
        z.object({
          group_key: z.string(),
          receiver: z.string(),
          outcome: z.enum(['told', 'not_told']),
          reason: z.string(),
          silenced_by: z.array(z.string()),
          inhibited_by: z.array(z.string()),
          muted_by: z.array(z.string()),
          times: z.int().describe('How often in a row it was decided so.'),
          first_at: z.iso.datetime(),
          last_at: z.iso.datetime(),
          notification_id: z.string().nullable(),
          deliveries: z.array(Delivery),
        }),
      )
      .describe('The newest first.'),
    next_decision_at: z.array(z.object({ group_key: z.string(), at: z.iso.datetime() })),
  })
  .meta({ id: 'AlertTrace' });
export type AlertTrace = z.infer<typeof AlertTrace>;

export const Simulation = z
  .object({
    routes: z.array(
      z.object({
        route: z.string(),
        receiver: z.string(),
        group_key: z.string(),
        first_told_at: z.iso.datetime().nullable().describe('Null: as things are, nobody will be told.'),
        looked_at_every_seconds: z.number(),
        repeated_every_seconds: z.number(),
        silenced_by: z.array(z.string()),
        inhibited_by: z.array(z.string()),
        muted_by: z.array(z.string()),
        destinations: z.array(
          z.object({ kind: z.string(), channel_id: z.string().nullable(), recipient: z.string().nullable() }),
        ),
      }),
    ),
  })
  .meta({ id: 'NotificationSimulation' });
export type Simulation = z.infer<typeof Simulation>;

export const listNotifications = defineRoute({
  operationId: 'listNotifications',
  service,
  method: 'get',
  path: '/api/v1/notifications',
  tag,
  summary: 'List what was decided to be told, newest first',
  scope: 'alerts:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of notifications', schema: pageOf(Notification) },
});

export const getNotification = defineRoute({
  operationId: 'getNotification',
  service,
  method: 'get',
  path: '/api/v1/notifications/{id}',
  tag,
  summary: 'Get one notification with its alerts and what became of it at every destination',
  scope: 'alerts:read',
  params: z.strictObject({ id: z.string().max(64).describe('The id of the notification: `notification_…`.') }),
  response: { status: 200, description: 'The notification', schema: NotificationDetails },
});

export const simulateNotification = defineRoute({
  operationId: 'simulateNotification',
  service,
  method: 'post',
  path: '/api/v1/notifications/simulate',
  tag,
  summary: 'Who would be told of an alert with these labels, and when',
  scope: 'alerts:read',
  body: z.strictObject({
    labels: z.record(z.string().min(1).max(500), z.string().max(5_000)),
    starts_at: z.iso.datetime().optional().describe('Since when it would fire; default now.'),
  }),
  response: { status: 200, description: 'What would happen, if nothing else does', schema: Simulation },
});

export const listDeliveries = defineRoute({
  operationId: 'listDeliveries',
  service,
  method: 'get',
  path: '/api/v1/deliveries',
  tag,
  summary: 'List messages on their way, arrived or given up (`state=dead`), newest first',
  scope: 'alerts:read',
  query: PageQuery.extend({
    state: DeliveryState.optional().describe('Only deliveries in this state.'),
    channel_id: z.string().max(64).optional().describe('Only deliveries through this channel.'),
    notification_id: z.string().max(64).optional().describe('Only deliveries of this notification.'),
  }),
  response: { status: 200, description: 'One page of deliveries', schema: pageOf(Delivery) },
});

export const replayDelivery = defineRoute({
  operationId: 'replayDelivery',
  service,
  method: 'post',
  path: '/api/v1/deliveries/{id}/replay',
  tag,
  summary: 'Give a message that was given up another round of attempts, under the same id',
  scope: 'alerts:write',
  params: z.strictObject({ id: z.string().max(64).describe('The id of the delivery: `delivery_…`.') }),
  response: { status: 202, description: 'It is on its way again', schema: Delivery },
});

export const traceAlert = defineRoute({
  operationId: 'traceAlert',
  service,
  method: 'get',
  path: '/api/v1/alerts/{id}/trace',
  tag,
  summary: 'Who was told of an alert, when, and why, or why not',
  scope: 'alerts:read',
  params: z.strictObject({ id: z.string().max(64).describe('The id of the alert, or its fingerprint.') }),
  response: { status: 200, description: 'Every decision about it', schema: AlertTrace },
});

export const notificationRoutes = [
  listNotifications,
  getNotification,
  simulateNotification,
  listDeliveries,
  replayDelivery,
  traceAlert,
] as const;
