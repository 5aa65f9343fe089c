import { z } from 'zod';

export const RoutingStrategy = z
  .enum(['priority', 'weighted', 'cost_optimized', 'speed_first', 'quality_first', 'capability_based'])
  .describe(
    'In which order the models that can do a request are asked: as listed; by weight at random; the cheapest first ' +
      '(0.6 × input + 0.4 × output price); the lowest observed time to the first token first; the best first; the one ' +
      'with the least that the request does not need first.',
  )
  .meta({ id: 'RoutingStrategy' });
export type RoutingStrategy = z.infer<typeof RoutingStrategy>;

export const ModelName = z
  .string()
  .min(1)
  .max(200)
  .describe('`provider/model`, or a bare name where only one provider has it.');

export const RoutingRule = z
  .strictObject({
    when: z
      .record(z.string().min(1).max(64), z.union([z.string().max(512), z.array(z.string().max(512)).min(1).max(100)]))
      .describe("Members of the request's metadata and the value, or the values, that each must have."),
    models: z.array(ModelName).min(1).max(20),
    strategy: RoutingStrategy.optional(),
  })
  .meta({ id: 'RoutingRule' });
export type RoutingRule = z.infer<typeof RoutingRule>;

/** What stands behind an alias or a system: which models may answer, and how one is chosen. */
export const RoutingProfile = z
  .strictObject({
    models: z.array(ModelName).min(1).max(20).describe('In order of preference.'),
    strategy: RoutingStrategy,
    weights: z
      .record(ModelName, z.number().min(0).max(1_000_000))
      .optional()
      .describe('For `weighted`, by the names in `models`; one without a weight has 1.'),
    sticky: z.boolean().optional().describe('A conversation keeps its model as long as that can answer.'),
    rules: z.array(RoutingRule).max(50).optional().describe('The first rule that fits takes the place of `models`.'),
  })
  .meta({ id: 'RoutingProfile' });
export type RoutingProfile = z.infer<typeof RoutingProfile>;

/** What a client asks of Signalbox itself. It goes no further: no provider sees it. */
export const SignalboxOptions = z
  .strictObject({
    explain: z.boolean().optional().describe('The answer tells how its model was found, in `routing`.'),
    models: z.array(ModelName).min(1).max(20).optional().describe('Asked in this order, in place of `model`.'),
    mode: z
      .enum(['first', 'best'])
      .optional()
      .describe('`first` (usual): the first answer. `best`: all are asked at once, and `scorer` picks one.'),
    scorer: z
      .enum(['fastest', 'longest'])
      .optional()
      .describe('For `best`; usual: `fastest`, its losers are cancelled.'),
    strategy: RoutingStrategy.optional(),
    sticky: z.boolean().optional(),
    conversation_id: z.string().min(1).max(128).optional(),
    metadata: z.record(z.string().min(1).max(64), z.string().max(512)).optional(),
    cache: z
      .enum(['on', 'off', 'refresh'])
      .optional()
      .describe(
        '`on`: an answer kept for the very same request will do. Without it only requests at temperature 0 take one.',
      ),
    tags: z.record(z.string().min(1).max(64), z.string().max(128)).optional().describe('Stand in the ledger.'),
  })
  .meta({ id: 'SignalboxOptions' });
export type SignalboxOptions = z.infer<typeof SignalboxOptions>;

/** What became of one model that was considered for an answer. */
export const RoutingAttempt = z
  .object({
    model: z.string(),
    kind: z.enum(['first', 'retry', 'fallback', 'hedge', 'rival']),
    outcome: z.enum(['ok', 'failed', 'skipped', 'cancelled']),
    reason: z.string().optional(),
    error_code: z.string().optional(),
    started_ms: z.number().optional().describe('Since the request came.'),
    latency_ms: z.number().optional(),
  })
  .meta({ id: 'RoutingAttempt' });
export type RoutingAttempt = z.infer<typeof RoutingAttempt>;

export const Routing = z
  .object({
    requested: z.string(),
    strategy: RoutingStrategy,
    chosen: z.string().nullable(),
    reason: z.string(),
    alternatives: z.array(z.string()),
    attempts: z.array(RoutingAttempt),
  })
  .meta({ id: 'Routing' });
export type Routing = z.infer<typeof Routing>;
