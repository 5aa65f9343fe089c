import type { SignalboxOptions } from '@signalbox/contracts';
import { canonicalJson, type CacheKey, type ContentCache } from '@signalbox/redis';
import type { AnswerCommand } from '../completions/answer-command.ts';
import { decodeKept, encodeKept, type KeptAnswer } from '../completions/kept-answer.ts';
import type { Operation } from '../providers/provider.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import type { Ledger } from '../usage/ledger.ts';
import { unknownUsage } from '../usage/token-usage.ts';
import { usageRecordOf } from '../usage/usage-record.ts';

/** `read`: what is kept will do. `refresh`: it is made anew, and kept. */
export type CacheUse = 'none' | 'read' | 'refresh';

/** Keeps whole answers to requests that are the same to the letter, each tenant's for itself. */
export interface AnswerCache {
  useFor(options: SignalboxOptions, facts: RequestFacts, operation: Operation): CacheUse;
  /** Calls one of the two: `hit` with what is kept or what another request got meanwhile, or else `make`. */
  throughCache<Body>(
    command: AnswerCommand<Body>,
    use: Exclude<CacheUse, 'none'>,
    signal: AbortSignal,
    ways: {
      make: (keep: (answer: KeptAnswer | null) => void) => Promise<void>;
      hit: (answer: KeptAnswer) => Promise<void>;
    },
  ): Promise<void>;
  /** By this what a request got can be found again. */
  referenceOf<Body>(command: AnswerCommand<Body>): string;
  /** Puts a hit into the ledger: what it would have used, at no cost. */
  recordHit<Body>(command: AnswerCommand<Body>, kept: KeptAnswer): void;
}

export function createAnswerCache({
  cache,
  ledger,
}: {
  cache: Pick<ContentCache<'api_response'>, 'getOrMake' | 'set' | 'referenceOf'>;
  ledger: Pick<Ledger, 'record'>;
}): AnswerCache {
  return {
    useFor({ cache: wish }, { isDeterministic }, operation) {
      if (wish === 'off') return 'none';
      if (wish === 'refresh') return 'refresh';
      // The same text always has the same embedding.
      return wish === 'on' || isDeterministic || operation === 'embeddings' ? 'read' : 'none';
    },
    async throughCache(command, use, signal, { make, hit }) {
      const key = keyOf(command);
      if (use === 'refresh') {
        const kept: (KeptAnswer | null)[] = [];
        await make((answer) => kept.push(answer));
        for (const answer of kept) if (answer !== null) await cache.set('api_response', key, encodeKept(answer));
        return;
      }
      const found = await cache.getOrMake(
        'api_response',
        key,
        async () => {
          let keep: Buffer | null = null;
          await make((answer) => {
            keep = answer === null ? null : encodeKept(answer);
          });
          return { result: null, keep };
        },
        signal,
      );
      if ('made' in found) return;
      const kept = decodeKept(found.kept);
      // Kept by somebody with other ideas: as good as not kept.
      if (kept === null) await make(() => undefined);
      else await hit(kept);
    },
    referenceOf: (command) => cache.referenceOf(keyOf(command)),
    recordHit({ principal, requestId, ingress, body }, { model, promptTokens, completionTokens }) {
      const slash = model.indexOf('/');
      const record = usageRecordOf(
        {
          tenantId: principal.tenantId,
          principalId: principal.principalId,
          requestId,
          target: { provider: model.slice(0, slash), model: model.slice(slash + 1) },
          requestedModel: ingress.describe(body).model,
          streamed: ingress.isStream(body),
          startedAt: new Date(),
        },
        {
          outcome: 'cache_hit',
          usage: { ...unknownUsage, promptTokens, completionTokens },
          latencyMs: 0,
          firstTokenMs: null,
        },
      );
      // Nothing was spent, so nobody waits for it; the ledger itself tells when it cannot keep it.
      ledger.record({ ...record, cost_usd: '0.000000000', cost_basis: 'price' }).catch(() => undefined);
    },
  };
}

function keyOf<Body>({ principal, ingress, body, options, vendorHeaders = {} }: AnswerCommand<Body>): CacheKey {
  const { models, mode, scorer, strategy, sticky, conversation_id, metadata, explain } = options;
  const choice = { models, mode, scorer, strategy, sticky, conversation_id, metadata, explain };
  return {
    tenantId: principal.tenantId,
    model: ingress.describe(body).model,
    promptVersion: '',
    input: canonicalJson([ingress.dialect, ingress.operation, body, choice, vendorHeaders]),
  };
}
