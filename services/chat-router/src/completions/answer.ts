import { formatUsd } from '../money/nano-usd.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import type { AnswerCommand } from './answer-command.ts';
import type { AnswerSink } from './answer-sink.ts';
import { askProviders } from './ask-providers.ts';
import type { Keep } from './deliver-answer.ts';
import { sendKept } from './kept-answer.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Answers a request: finds who can, asks until one does, and writes the answer to the sink. Until the answer has begun,
 * whatever goes wrong is thrown; from then on it is told within the stream, which ends as whole only when it is and when what
 * it cost is on record. When `caller` fires every provider is let go at once, and the client, if it is still there, is
 * told the reason.
 */
export async function answer<Body>(
  pipeline: Pipeline,
  command: AnswerCommand<Body>,
  sink: AnswerSink,
  caller: AbortSignal,
): Promise<void> {
  if (command.idempotencyKey === null) return answerOnceOrFromCache(pipeline, command, sink, caller, null);
  await pipeline.replays.once(command, caller, {
    run: (keep) => answerOnceOrFromCache(pipeline, command, sink, caller, keep),
    replay: (kept) => {
      sendKept(sink, kept, { 'idempotent-replayed': 'true' });
    },
  });
}

async function answerOnceOrFromCache<Body>(
  pipeline: Pipeline,
  command: AnswerCommand<Body>,
  sink: AnswerSink,
  caller: AbortSignal,
  keep: Keep | null,
): Promise<void> {
  const facts = factsOf(command);
  const { cache } = pipeline;
  const use = cache.useFor(command.options, facts, command.ingress.operation);
  if (use === 'none') {
    await askProviders(pipeline, command, facts, { sink, keep, headers: {} }, caller);
    return;
  }
  await cache.throughCache(command, use, caller, {
    make: (keepHere) => {
      const keepBoth: Keep = async (kept) => {
        keepHere(kept);
        await keep?.(kept);
      };
      const headers = { 'x-signalbox-cache': 'miss' };
      return askProviders(pipeline, command, facts, { sink, keep: keepBoth, headers }, caller);
    },
    hit: async (kept) => {
      cache.recordHit(command, kept);
      await keep?.(kept);
      sendKept(sink, kept, { 'x-signalbox-cache': 'hit', 'x-signalbox-cost-usd': nothing });
    },
  });
}

const nothing = formatUsd(0n);

function factsOf<Body>({ ingress, body, options }: AnswerCommand<Body>): RequestFacts {
  const facts = ingress.describe(body);
  return options.metadata === undefined ? facts : { ...facts, metadata: { ...facts.metadata, ...options.metadata } };
}
