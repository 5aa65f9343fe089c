import { ModelName } from '@signalbox/contracts';
import { z } from 'zod';
import { answersKeptMs } from './namespaces.ts';

/** When an answer to a question of like meaning will do, for this installation. */
export const SemanticCacheSettings = z.strictObject({
  embedding_model: ModelName.regex(/^[^/]+\/./, 'expected provider/model').describe(
    'What the meaning of questions is measured with: a model of this file.',
  ),
  by_default: z
    .boolean()
    .default(false)
    .describe('Whether it is for requests that say nothing of it, and whose alias or system does not either.'),
  threshold: z.number().min(0.5).max(1).default(0.95).describe('How alike two questions must be, as a cosine.'),
  ttl_seconds: z
    .int()
    .min(1)
    .max(answersKeptMs / 1_000)
    .default(answersKeptMs / 1_000)
    .describe('How long a question is found. Its answer lies in the exact cache, and no longer than there.'),
  timeout_ms: z
    .int()
    .min(10)
    .max(60_000)
    .default(1_500)
    .describe('What embedding and search may take together; then the request is answered without.'),
});
export type SemanticCacheSettings = z.infer<typeof SemanticCacheSettings>;
