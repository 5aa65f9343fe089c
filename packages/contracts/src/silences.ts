import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Silences';

const SilenceMatchers = z
  .array(z.string().min(1).max(2_000))
  .min(1)
  .max(50)
  .describe(
    'What labels must fit, all of them: `alertname="LatencyHigh"`, `model=~"m.*"`, `zone!="eu"`; RE2, whole values.',
  );

const SilenceState = z.enum(['active', 'pending', 'expired']);

export const SilenceInput = z
  .strictObject({
    matchers: SilenceMatchers,
    starts_at: z.iso.datetime({ offset: true }).optional().describe('Default: now.'),
    ends_at: z.iso.datetime({ offset: true }),
    comment: z.string().max(2_000).describe('Why.'),
    created_by: z.string().min(1).max(200).optional().describe('Default: who asks.'),
    annotations: z.record(z.string().min(1).max(200), z.string().max(2_000)).optional(),
  })
  .meta({ id: 'SilenceInput' });

export const Silence = z
  .object({
    id: z.uuid(),
    state: SilenceState,
    matchers: z.array(z.string()),
    starts_at: z.iso.datetime(),
    ends_at: z.iso.datetime(),
    comment: z.string(),
    created_by: z.string(),
    annotations: z.record(z.string(), z.string()),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Silence' });

const params = z.strictObject({ id: z.uuid().describe('The id of the silence.') });
const base = { service: 'alerting', tag } as const;

export const createSilence = defineRoute({
  ...base,
  operationId: 'createSilence',
  method: 'post',
  path: '/api/v1/silences',
  summary: 'Silence alerts for a while',
  scope: 'alerts:write',
  body: SilenceInput,
  response: { status: 201, description: 'The silence', schema: Silence },
});

export const previewSilence = defineRoute({
  ...base,
  operationId: 'previewSilence',
  method: 'post',
  path: '/api/v1/silences/preview',
  summary: 'Show which alerts a silence would cover if it were in force now',
  scope: 'alerts:read',
  body: z.strictObject({ matchers: SilenceMatchers }),
  response: {
    status: 200,
    description: 'The alerts that fire and fit; the first hundred of them',
    schema: z.object({
      total: z.int(),
      alerts: z.array(
        z.object({
          fingerprint: z.string(),
          labels: z.record(z.string(), z.string()),
          starts_at: z.iso.datetime(),
          silenced_by: z.array(z.string()).describe('The silences that cover it already.'),
        }),
      ),
    }),
  },
});

export const listSilences = defineRoute({
  ...base,
  operationId: 'listSilences',
  method: 'get',
  path: '/api/v1/silences',
  summary: 'List silences, the last to end first, and those that ended in the last five days',
  scope: 'alerts:read',
  query: PageQuery.extend({ state: SilenceState.optional().describe('Only silences in this state.') }),
  response: { status: 200, description: 'One page of silences', schema: pageOf(Silence) },
});

export const getSilence = defineRoute({
  ...base,
  operationId: 'getSilence',
  method: 'get',
  path: '/api/v1/silences/{id}',
  summary: 'Show a silence',
  scope: 'alerts:read',
  params,
  response: { status: 200, description: 'The silence', schema: Silence },
});

export const updateSilence = defineRoute({
  ...base,
  operationId: 'updateSilence',
  method: 'put',
  path: '/api/v1/silences/{id}',
  summary: 'Change a silence',
  description:
    'What has been stays as it was: where matchers or a past start would change, the silence ends and another one, with another id, takes over.',
  scope: 'alerts:write',
  params,
  body: SilenceInput,
  response: { status: 200, description: 'The silence that is in force', schema: Silence },
});

export const endSilence = defineRoute({
  ...base,
  operationId: 'endSilence',
  method: 'delete',
  path: '/api/v1/silences/{id}',
  summary: 'End a silence now; one that has ended stays as it is',
  scope: 'alerts:write',
  params,
  response: { status: 204, description: 'It has ended', schema: null },
});

export const silenceRoutes = [
  createSilence,
  previewSilence,
  listSilences,
  getSilence,
  updateSilence,
  endSilence,
] as const;
