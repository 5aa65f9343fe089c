import type { RoutingCache, SemanticCacheWish } from '@signalbox/contracts';
import type { CacheUse } from '../cache/answer-cache.ts';
import { readQuestion, type Question } from '../cache/read-question.ts';
import type { SemanticCache, SemanticLookup } from '../cache/semantic-cache.ts';
import type { NanoUsd } from '../money/nano-usd.ts';
import type { RequestFacts } from '../routing/request-facts.ts';
import type { AnswerCommand } from './answer-command.ts';
import { findProfile } from './find-route.ts';
import type { KeptAnswer } from './kept-answer.ts';
import type { Pipeline } from './pipeline.ts';

/** What questions of like meaning have to do with a request. */
export interface Similar {
  /** Tell what came of it; empty where nobody asked for it. */
  headers: Readonly<Record<string, string>>;
  /** What looking cost; null: nobody knows. */
  usd: NanoUsd | null;
  hit: { kept: KeptAnswer; told: RoutingCache } | null;
  /** To be called when the answer that was made is kept under `reference`. Null: it is not to be found by its meaning. */
  remember: ((reference: string) => void) | null;
}

export const similarHeader = 'x-signalbox-semantic-cache';

const nothing: Similar = { headers: {}, usd: 0n, hit: null, remember: null };

/**
 * Looks for an answer that was kept for a question of like meaning, where the request, its alias or system, or the
 * installation wants that, and where the exact cache would have been right: for what is meant to have one answer, without tools
 * and without images.
 */
export async function findSimilar<Body>(
  pipeline: Pipeline,
  command: AnswerCommand<Body>,
  facts: RequestFacts,
  use: CacheUse,
  signal: AbortSignal,
): Promise<Similar> {
  const { semantic } = pipeline;
  const { options, principal, requestId, ingress, body, vendorHeaders = {} } = command;
  const { semantic_cache: wish } = options;
  if (ingress.operation !== 'chat') return nothing;
  if (semantic === null) return wish === undefined || wish === false ? nothing : told('off; reason=not_configured');
  if (use === 'none') return wish === undefined || wish === false ? nothing : told('bypass; reason=not_deterministic');
  const profile = wish === undefined ? await findProfile(pipeline, command, facts.model) : null;
  const threshold = thresholdOf(wish ?? profile?.semantic_cache, semantic);
  if (threshold === null) return nothing;

  if (facts.needs.tools) return told('bypass; reason=tools');
  if (facts.needs.vision) return told('bypass; reason=not_text');
  const { tags = {}, cache: _cache, semantic_cache: _wish, ...choice } = options;
  const reading = readQuestion(ingress.dialect, body as Readonly<Record<string, unknown>>, [
    ingress.dialect,
    facts.model,
    choice,
    vendorHeaders,
  ]);
  if (reading.kind === 'unsuitable') return told(`bypass; reason=${reading.reason}`);
  const { question } = reading;
  const systemId = command.systemId ?? (profile === null ? undefined : facts.model);
  const caller = { principal, requestId, tags, ...(systemId === undefined ? {} : { systemId }) };
  const found = await semantic.lookUp(question, caller, { threshold, isRefresh: use === 'refresh' }, signal);
  return similarOf(found, threshold, rememberIn(semantic, principal.tenantId, question, found));
}

/** Null: not wanted. */
function thresholdOf(wish: SemanticCacheWish | undefined, { settings }: SemanticCache): number | null {
  if (typeof wish === 'object') return wish.threshold;
  return (wish ?? settings.by_default) ? settings.threshold : null;
}

function rememberIn(
  semantic: SemanticCache,
  tenantId: string,
  question: Question,
  found: SemanticLookup,
): Similar['remember'] {
  if (found.kind !== 'miss') return null;
  return (reference) => {
    semantic.remember(tenantId, question, found.vector, reference);
  };
}

function similarOf(found: SemanticLookup, threshold: number, remember: Similar['remember']): Similar {
  const { usd } = found;
  switch (found.kind) {
    case 'hit': {
      const similarity = rounded(found.similarity);
      return {
        ...told(`hit; similarity=${String(similarity)}; threshold=${String(threshold)}`),
        usd,
        hit: { kept: found.kept, told: { kind: 'semantic', similarity, threshold } },
      };
    }
    case 'miss': {
      const nearest = found.similarity === null ? '' : `; similarity=${String(rounded(found.similarity))}`;
      return { ...told(`miss${nearest}; threshold=${String(threshold)}`), usd, remember };
    }
    case 'degraded':
      return { ...told(`degraded; reason=${found.reason}`), usd };
  }
}

function told(outcome: string): Similar {
  return { ...nothing, headers: { [similarHeader]: outcome } };
}

/** Downwards, so that what is shown to reach a threshold does. */
function rounded(similarity: number): number {
  return Math.floor(similarity * 10_000) / 10_000;
}
