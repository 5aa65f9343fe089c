import type { Caller, CallOptions } from '../calls/caller.ts';
import type { Answer, Body } from '../calls/operations.ts';

export interface Embeddings {
  create(request: Body<'createEmbedding'>, options?: CallOptions): Promise<Answer<'createEmbedding'>>;
}

export function openEmbeddings(caller: Caller): Embeddings {
  return { create: (body, options) => caller.call('createEmbedding', { body }, options) };
}
