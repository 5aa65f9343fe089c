import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { SignalboxOptions } from './routing.ts';

/** OpenAI's request for embeddings. */
export const EmbeddingRequest = z
  .looseObject({
    model: z.string().min(1).max(200),
    input: z.union([
      z.string().min(1),
      z.array(z.string()).min(1).max(2_048),
      z.array(z.int()).min(1),
      z.array(z.array(z.int())).min(1).max(2_048),
    ]),
    dimensions: z.int().min(1).optional(),
    encoding_format: z.enum(['float', 'base64']).optional(),
    signalbox: SignalboxOptions.optional(),
  })
  .meta({ id: 'EmbeddingRequest' });
export type EmbeddingRequest = z.infer<typeof EmbeddingRequest>;

export const EmbeddingList = z
  .looseObject({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(
      z.looseObject({ index: z.int(), embedding: z.union([z.array(z.number()), z.string().describe('In base64.')]) }),
    ),
  })
  .meta({ id: 'EmbeddingList' });

export const createEmbedding = defineRoute({
  operationId: 'createEmbedding',
  service: 'chat-router',
  method: 'post',
  path: '/v1/embeddings',
  tag: 'Chat',
  summary: 'Make embeddings of texts',
  scope: 'chat:write',
  dialect: 'openai',
  routeClass: 'chat',
  body: EmbeddingRequest,
  bodyBytesMax: 20 * 1_048_576,
  firstByteTimeoutMs: 130_000,
  idleTimeoutMs: 40_000,
  response: { status: 200, description: 'The embeddings, in the order of the input', schema: EmbeddingList },
});

export const embeddingRoutes = [createEmbedding] as const;
