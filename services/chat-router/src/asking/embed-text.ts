import { EmbeddingList, type EmbeddingRequest } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { AnswerCommand } from '../completions/answer-command.ts';
import type { AnswerSink } from '../completions/answer-sink.ts';
import { parseObject } from '../dialects/json.ts';
import { parseUsd, type NanoUsd } from '../money/nano-usd.ts';
import { collectDocument } from './collect-document.ts';

export interface Embedded {
  vector: readonly number[];
  /** Null: not known. */
  usd: NanoUsd | null;
}

/** On whose behalf, and on whose budget, something is embedded. */
export type EmbeddingCaller = Pick<AnswerCommand, 'principal' | 'requestId' | 'systemId'> & {
  tags: Readonly<Record<string, string>>;
};

/** The place of a text among all texts, as the configured model sees it. Throws `AppError`s only. */
export type EmbedText = (text: string, caller: EmbeddingCaller, signal: AbortSignal) => Promise<Embedded>;

/** Answers a request for embeddings with all that belongs to it, as the pipeline does. */
export type AnswerEmbedding = (
  command: Omit<AnswerCommand<EmbeddingRequest>, 'ingress'>,
  sink: AnswerSink,
  signal: AbortSignal,
) => Promise<void>;

const lengthMax = 16_384;

/** The router's own embeddings, through the same pipeline as those from outside: on record, within budgets, and kept. */
export function embedThrough(answer: AnswerEmbedding, model: string): EmbedText {
  return async (text, { principal, requestId, systemId, tags }, signal) => {
    const body: EmbeddingRequest = { model, input: text, encoding_format: 'float' };
    const command = {
      principal,
      requestId: newId('req'),
      body,
      bytes: Buffer.from(JSON.stringify(body)),
      options: { tags: { ...tags, parent_request: requestId, purpose: 'semantic_cache' } },
      idempotencyKey: null,
      ...(systemId === undefined ? {} : { systemId }),
    };
    const document = await collectDocument((sink) => answer(command, sink, signal));
    const list = EmbeddingList.safeParse(parseObject(document.body.toString()));
    const vector = list.data?.data[0]?.embedding;
    if (!isVector(vector))
      throw new AppError('provider_failed', `${model} answered with something that is no embedding.`);
    return { vector, usd: costIn(document.headers) };
  };
}

/** What an answer's headers say that it cost; null: they do not. */
function costIn(headers: Readonly<Record<string, string>>): NanoUsd | null {
  if (headers['x-signalbox-cache'] === 'hit') return 0n;
  const cost = headers['x-signalbox-cost-usd'];
  return cost === undefined ? null : parseUsd(cost);
}

/** Finite numbers, of which one at least is not 0: nothing is like nothing. */
function isVector(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.length <= lengthMax &&
    value.every((part) => Number.isFinite(part)) &&
    value.some((part) => part !== 0)
  );
}
