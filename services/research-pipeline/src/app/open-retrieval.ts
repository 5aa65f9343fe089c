import type { Principal } from '@signalbox/identity';
import { openChromaIndex } from '../retrieval/chroma-index.ts';
import { createRanker, type RankChunks } from '../retrieval/create-ranker.ts';
import { createHashedEmbedder } from '../retrieval/hashed-embedder.ts';
import { createRouterEmbedder } from '../retrieval/router-embedder.ts';
import { startTendingIndex } from '../retrieval/tend-index.ts';
import { addWaitingVectors } from '../retrieval/waiting-vector-store.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

export interface Retrieval {
  /** Ranks passages in the name of somebody. Without a model by the embedder that goes by words. */
  rankerOf(
    principal: Principal,
    embeddingModel: string | null,
  ): {
    /** The embedder's name, or `none`. */
    embeddings: string;
    rank: RankChunks;
  };
  probes: DomainProbes;
}

export interface OpenRetrievalDeps extends Pick<DomainDeps, 'config' | 'database' | 'cache' | 'logger'> {
  /** Before the names of collections; for tests, which share one Chroma. */
  prefix: string;
}

/** Connects what finds passages. What it opens lies on `owned`. */
export function openRetrieval(
  { config, database, cache, logger, prefix }: OpenRetrievalDeps,
  owned: AsyncDisposableStack,
): Retrieval {
  const { chromaUrl, chatRouterUrl, identityKeys } = config;
  const index = chromaUrl === null ? null : owned.use(openChromaIndex({ url: chromaUrl, prefix, logger }));
  if (index !== null) owned.use(startTendingIndex({ database, index, logger }));
  const hashed = createHashedEmbedder();
  return {
    rankerOf(principal, model) {
      const { tenantId } = principal;
      const embedder =
        model === null
          ? hashed
          : cache.embeddings(createRouterEmbedder({ url: chatRouterUrl, identityKeys, principal, model }), tenantId);
      const rank = createRanker({
        tenantId,
        embedder,
        index,
        defer: (space, entries) => addWaitingVectors(database.db, { tenantId, space, entries }),
        logger,
      });
      return { embeddings: index === null ? 'none' : embedder.name, rank };
    },
    probes: index === null ? {} : { vectors: { probe: (signal) => index.ping(signal), critical: false } },
  };
}
