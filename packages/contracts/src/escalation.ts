import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Escalation and maintenance';
const service = 'alerting';
const Matchers = z
  .array(z.string().min(1).max(5_000))
  .max(20)
  .describe(
    'Which alerts it is about: all of these must fit, in Alertmanager\'s syntax (`severity=~"high|critical"`).',
  );
const policyParams = z.strictObject({ id: z.string().max(64).describe('The id of the policy: `escalation_…`.') });
const windowParams = z.strictObject({ id: z.string().max(64).describe('The id of the window: `maintenance_…`.') });

export const EscalationPolicyInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    matchers: Matchers,
    steps: z
      .array(
        z.strictObject({
          after_seconds: z
            .int()
            .min(1)
            .max(604_800)
            .describe('How long it has been firing, and nobody acknowledged it.'),
          channels: z.array(z.string().min(1).max(100)).min(1).max(20).describe('Ids or names of channels.'),
        }),
      )
      .min(1)
      .max(10)
      .refine(
        (steps) =>
          steps.every((step, index) => index === 0 || step.after_seconds > (steps[index - 1]?.after_seconds ?? 0)),
        'Expected each step later than the one before.',
      ),
  })
  .meta({ id: 'EscalationPolicyInput' });
export type EscalationPolicyInput = z.infer<typeof EscalationPolicyInput>;

export const EscalationPolicy = z
  .object({
    id: z.string(),
    name: z.string(),
    matchers: z.array(z.string()),
    steps: z.array(z.object({ after_seconds: z.int(), channels: z.array(z.string()) })),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'EscalationPolicy' });
export type EscalationPolicy = z.infer<typeof EscalationPolicy>;

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Expected a time such as 22:00.');

export const MaintenanceWindowInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    matchers: Matchers.min(1),
    weekdays: z
      .array(z.int().min(0).max(6))
      .max(7)
      .default([])
      .describe('On which days it begins; 0 is Sunday. None: every day.'),
    start: clock,
    end: clock.describe('Not later than `start`: on the next day.'),
    time_zone: z.string().max(100).default('UTC').describe('An IANA time zone, whose clock decides.'),
  })
  .meta({ id: 'MaintenanceWindowInput' });
export type MaintenanceWindowInput = z.infer<typeof MaintenanceWindowInput>;

export const MaintenanceWindow = z
  .object({
    id: z.string(),
    name: z.string(),
    matchers: z.array(z.string()),
    weekdays: z.array(z.int()),
    start: z.string(),
    end: z.string(),
    time_zone: z.string(),
    is_open: z.boolean().describe('Whether it keeps alerts quiet now.'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'MaintenanceWindow' });
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

export const createEscalationPolicy = defineRoute({
  operationId: 'createEscalationPolicy',
  service,
  method: 'post',
  path: '/api/v1/escalation-policies',
  tag,
  summary: 'Tell further channels of alerts that nobody acknowledges',
  scope: 'alerts:write',
  body: EscalationPolicyInput,
  response: { status: 201, description: 'The policy', schema: EscalationPolicy },
});

export const listEscalationPolicies = defineRoute({
  operationId: 'listEscalationPolicies',
  service,
  method: 'get',
  path: '/api/v1/escalation-policies',
  tag,
  summary: 'List the escalation policies, newest first',
  scope: 'alerts:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of policies', schema: pageOf(EscalationPolicy) },
});

export const deleteEscalationPolicy = defineRoute({
  operationId: 'deleteEscalationPolicy',
  service,
  method: 'delete',
  path: '/api/v1/escalation-policies/{id}',
  tag,
  summary: 'Delete an escalation policy',
  scope: 'alerts:write',
  params: policyParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

export const createMaintenanceWindow = defineRoute({
  operationId: 'createMaintenanceWindow',
  service,
  method: 'post',
  path: '/api/v1/maintenance-windows',
  tag,
  summary: 'Keep alerts quiet at certain times, again and again',
  scope: 'alerts:write',
  body: MaintenanceWindowInput,
  response: { status: 201, description: 'The window', schema: MaintenanceWindow },
});

export const listMaintenanceWindows = defineRoute({
  operationId: 'listMaintenanceWindows',
  service,
  method: 'get',
  path: '/api/v1/maintenance-windows',
  tag,
  summary: 'List the maintenance windows, newest first',
  scope: 'alerts:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of windows', schema: pageOf(MaintenanceWindow) },
});

export const deleteMaintenanceWindow = defineRoute({
  operationId: 'deleteMaintenanceWindow',
  service,
  method: 'delete',
  path: '/api/v1/maintenance-windows/{id}',
  tag,
  summary: 'Delete a maintenance window',
  scope: 'alerts:write',
  params: windowParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

export const escalationRoutes = [
  createEscalationPolicy,
  listEscalationPolicies,
  deleteEscalationPolicy,
  createMaintenanceWindow,
  listMaintenanceWindows,
  deleteMaintenanceWindow,
] as const;
