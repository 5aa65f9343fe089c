import type { RoutingCache } from '@signalbox/contracts';
import { formatUsd, type NanoUsd } from '../money/nano-usd.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import { addInstructions } from './add-instructions.ts';
import type { AnswerCommand } from './answer-command.ts';
import type { AnswerSink } from './answer-sink.ts';
import { askProviders } from './ask-providers.ts';
import type { Keep } from './deliver-answer.ts';
import { findSimilar, similarHeader, type Similar } from './find-similar.ts';
import { retold, sendKept, type KeptAnswer } from './kept-answer.ts';
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
  given: AnswerCommand<Body>,
  sink: AnswerSink,
  caller: AbortSignal,
  keep: Keep | null,
): Promise<void> {
  const command = await addInstructions(pipeline, given);
  const facts = factsOf(command);
  const { cache } = pipeline;
  const use = cache.useFor(command.options, facts, command.ingress.operation);
  if (use === 'none') {
    const { headers, usd } = await findSimilar(pipeline, command, facts, use, caller);
    await askProviders(pipeline, command, facts, { sink, keep, headers, spentBefore: usd }, caller);
    return;
  }
  const give = async (kept: KeptAnswer, headers: Record<string, string>, told: RoutingCache): Promise<void> => {
    cache.recordHit(command, kept);
    const given = retold({ ...kept, headers: { ...kept.headers, ...headers } }, told, command.ingress);
    await keep?.(given);
    sendKept(sink, given, {});
  };
  let remember: Similar['remember'] = null;
  await cache.throughCache(command, use, caller, {
    make: async (keepHere) => {
      const similar = await findSimilar(pipeline, command, facts, use, caller);
      if (similar.hit !== null) {
        const { kept, told } = similar.hit;
        await give(withoutCost(kept), { ...similar.headers, ...hitHeaders('semantic-hit', similar.usd) }, told);
        return;
      }
      const keepBoth: Keep = async (kept) => {
        keepHere(kept === null ? null : withoutLookup(kept));
        if (kept !== null) remember = similar.remember;
        await keep?.(kept);
      };
      const headers = { 'x-signalbox-cache': 'miss', ...similar.headers };
      await askProviders(pipeline, command, facts, { sink, keep: keepBoth, headers, spentBefore: similar.usd }, caller);
    },
    hit: (kept) => give(kept, hitHeaders('hit', 0n), { kind: 'exact' }),
  });
  (remember as Similar['remember'])?.(cache.referenceOf(command));
}

function hitHeaders(hit: 'hit' | 'semantic-hit', usd: NanoUsd | null): Record<string, string> {
  return { 'x-signalbox-cache': hit, ...(usd === null ? {} : { 'x-signalbox-cost-usd': formatUsd(usd) }) };
}

/** What making it cost is nothing to whoever gets it now. */
function withoutCost(kept: KeptAnswer): KeptAnswer {
  const { 'x-signalbox-cost-usd': _cost, ...headers } = kept.headers;
  return { ...kept, headers };
}

/** What looking for it came to is nothing to whoever gets it later. */
function withoutLookup(kept: KeptAnswer): KeptAnswer {
  const { [similarHeader]: _lookup, ...headers } = kept.headers;
  return { ...kept, headers };
}

function factsOf<Body>({ ingress, body, options }: AnswerCommand<Body>): RequestFacts {
  const facts = ingress.describe(body);
  return options.metadata === undefined ? facts : { ...facts, metadata: { ...facts.metadata, ...options.metadata } };
}
