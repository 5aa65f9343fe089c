import { createHash } from 'node:crypto';
import { createEmbedding } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { identityHeader, signIdentity, type IdentityKeys, type Principal } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { z } from 'zod';
import type { Embedder, EmbedOptions } from './embedder.ts';

export interface RouterEmbedderOptions {
  /** Of the chat-router. */
  url: string;
  identityKeys: IdentityKeys;
  /** Who asks, and pays. */
  principal: Principal;
  /** As the chat-router names it: `openai/text-embedding-3-small`. */
  model: string;
}

/** No tokenizer of any model makes more tokens of a text than it has of these. */
const charactersPerToken = 2;
const textsPerCallMax = 64;
const charactersPerCallMax = 200_000;
/** The chat-router itself gives up after 120 s. */
const callMsMax = 130_000;
const problemCharactersMax = 500;

const Answer = z.looseObject({
  data: z.array(z.looseObject({ index: z.int().min(0), embedding: z.array(z.number()).min(1) })),
  usage: z.looseObject({ prompt_tokens: z.number().min(0) }).optional(),
});

/** Asks any embeddings model by way of the chat-router, in the name of a principal. */
export function createRouterEmbedder(options: RouterEmbedderOptions): Embedder {
  const embed: Embedder['embed'] = (texts, asked) => {
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    return asked.spending.reserving(Math.ceil(characters / charactersPerToken), async () => {
      const vectors: number[][] = [];
      for (const batch of batchesOf(texts)) vectors.push(...(await embedBatch(options, batch, asked)));
      if (new Set(vectors.map(({ length }) => length)).size > 1) throw unusable('vectors of several lengths');
      return vectors;
    });
  };
  return {
    name: options.model,
    kind: 'model',
    embed,
    async embedQuestion(question, asked) {
      const [vector] = await embed([question], asked);
      if (vector === undefined) throw unusable('no vector');
      return vector;
    },
  };
}

function batchesOf(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let characters = 0;
  for (const text of texts) {
    if (batch.length === textsPerCallMax || (batch.length > 0 && characters + text.length > charactersPerCallMax)) {
      batches.push(batch);
      [batch, characters] = [[], 0];
    }
    batch.push(text);
    characters += text.length;
  }
  return batch.length === 0 ? batches : [...batches, batch];
}

async function embedBatch(
  { url, identityKeys, principal, model }: RouterEmbedderOptions,
  texts: readonly string[],
  { signal, idempotencyKey, spending }: EmbedOptions,
): Promise<number[][]> {
  const { path } = createEmbedding;
  const body = JSON.stringify({ model, input: texts, encoding_format: 'float' });
  const binding = { audience: 'chat-router', method: 'POST', path };
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(new URL(path, url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': createHash('sha256').update(`${idempotencyKey}\n${body}`).digest('hex'),
        [identityHeader]: signIdentity(identityKeys, binding, { principal, requestId: newId('req') }),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(callMsMax)]),
      redirect: 'error',
    });
    text = await answer.text();
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError('unavailable', 'The chat-router does not answer.', { cause });
  }
  if (!answer.ok) {
    const cause = new Error(`${String(answer.status)}: ${text.slice(0, problemCharactersMax)}`);
    throw new AppError('provider_failed', 'The embedding model could not be asked.', { cause });
  }
  const { data, usage } = readAnswer(text);
  const cost = Number(answer.headers.get('x-signalbox-cost-usd') ?? Number.NaN);
  spending.onUsage({ inputTokens: usage?.prompt_tokens ?? 0, costUsd: Number.isNaN(cost) ? null : cost });
  const byIndex = new Map(data.map(({ index, embedding }) => [index, embedding]));
  return texts.map((_text, index) => {
    const vector = byIndex.get(index);
    if (vector === undefined) throw unusable('too few vectors');
    return vector;
  });
}

function readAnswer(text: string): z.infer<typeof Answer> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw unusable('no JSON', cause);
  }
  const read = Answer.safeParse(given);
  if (!read.success) throw unusable('another form', read.error);
  return read.data;
}

function unusable(what: string, cause?: unknown): AppError {
  return new AppError('provider_failed', `The embedding model answered with ${what}.`, { cause });
}
