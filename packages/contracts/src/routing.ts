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

/** Whether an answer to a question of like meaning will do, and how alike it must be. */
export const SemanticCacheWish = z
  .union([z.boolean(), z.strictObject({ threshold: z.number().min(0.5).max(1) })])
  .describe(
    'Whether an answer that is kept for a question of like meaning will do: the cosine of the two embeddings must reach ' +
      'the threshold, and everything else about the two requests, figures in the question included, be the same. Only ' +
      'requests at temperature 0 or with `cache: on`, and never those with tools or images.',
  )
  .meta({ id: 'SemanticCacheWish' });
export type SemanticCacheWish = z.infer<typeof SemanticCacheWish>;

/** Who picks the answer where several models were asked at once. */
export const Scorer = z
  .union([
    z.enum(['fastest', 'longest']),
    z.strictObject({
      kind: z.literal('judge'),
      model: ModelName.describe('Who reads all answers and names the best.'),
    }),
  ])
  .describe(
    '`fastest` (usual): the first answer; the losers are cancelled. `longest`: the one with the most tokens. A judge: the ' +
      'one that a model names, which is a call of its own; where it fails, `longest` picks, and `routing` says so.',
  )
  .meta({ id: 'Scorer' });
export type Scorer = z.infer<typeof Scorer>;

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
    semantic_cache: SemanticCacheWish.optional(),
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
    scorer: Scorer.optional(),
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
    semantic_cache: SemanticCacheWish.optional(),
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

/** How one of several answers was picked. */
export const RoutingScore = z
  .object({
    asked: z.enum(['fastest', 'longest', 'judge']),
    used: z.enum(['fastest', 'longest', 'judge', 'none']).describe('`none`: only one model answered.'),
    judge: z.string().nullable().describe('The model that judged, or was to.'),
    reason: z.string().nullable().describe('Why another scorer was used than the one that was asked for.'),
  })
  .meta({ id: 'RoutingScore' });
export type RoutingScore = z.infer<typeof RoutingScore>;

/** What an answer that was kept for another request was given for. */
export const RoutingCache = z
  .object({
    kind: z.enum(['exact', 'semantic']),
    similarity: z.number().optional().describe('The cosine of the two questions; of `semantic`.'),
    threshold: z.number().optional().describe('What it had to reach; of `semantic`.'),
  })
  .meta({ id: 'RoutingCache' });
export type RoutingCache = z.infer<typeof RoutingCache>;

export const Routing = z
  .object({
    requested: z.string(),
    strategy: RoutingStrategy,
    chosen: z.string().nullable(),
    reason: z.string(),
    alternatives: z.array(z.string()),
    attempts: z.array(RoutingAttempt).describe('Of the request that the answer was made for.'),
    score: RoutingScore.optional().describe('With `mode: best`.'),
    cache: RoutingCache.optional().describe('Only where nobody was asked, since an answer was kept.'),
  })
  .meta({ id: 'Routing' });
export type Routing = z.infer<typeof Routing>;
