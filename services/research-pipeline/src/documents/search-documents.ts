import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Hit } from '../sources/source.ts';
import { countUnread } from './document-store.ts';
import { listReadDocuments, searchPassages, type FoundDocument } from './passage-store.ts';

const name = 'documents';
/** A document that was uploaded a moment ago is waited for, so long at most. */
const unreadMsMax = 30_000;
const lookMs = 200;

/** One source of search results, as the pipeline asks all of them. */
export interface DocumentSearchProvider {
  readonly name: string;
  search(query: string, options: { limit: number; signal: AbortSignal }): Promise<Hit[]>;
}

/**
 * Searches the tenant's own documents: all of them, or only those that are named, of which the ones without a word of the
 * query come last instead of not at all.
 */
export function documentSearchProvider(
  { db, unreadMs = unreadMsMax }: { db: Kysely<Schema>; unreadMs?: number },
  tenantId: string,
  documentIds: readonly string[] | null,
): DocumentSearchProvider {
  return {
    name,
    async search(query, { limit, signal }) {
      const giveUpAt = performance.now() + unreadMs;
      while ((await countUnread(db, tenantId, documentIds)) > 0 && performance.now() < giveUpAt) {
        await sleep(lookMs, undefined, { signal });
      }
      const found = await searchPassages(db, tenantId, { query, documentIds, limit });
      if (documentIds === null || found.length >= limit) return found.map(toHit);
      const there = new Set(found.map(({ documentId }) => documentId));
      const others = documentIds.filter((id) => !there.has(id));
      if (others.length === 0) return found.map(toHit);
      const rest = await listReadDocuments(db, tenantId, others);
      return [...found, ...rest].slice(0, limit).map(toHit);
    },
  };
}

function toHit(found: FoundDocument): Hit {
  return {
    provider: name,
    url: null,
    documentId: found.documentId,
    title: found.title ?? found.name,
    snippet: found.snippet,
    publishedAt: found.publishedAt,
  };
}
