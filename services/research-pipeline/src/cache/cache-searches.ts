import { canonicalJson, type ContentCache } from '@signalbox/redis';
import { z } from 'zod';
import type { SearchProvider } from '../search/search-provider.ts';
import type { Hit } from '../sources/source.ts';
import type { Namespace } from './namespaces.ts';

const Hits: z.ZodType<Hit[]> = z.array(
  z.object({
    provider: z.string(),
    url: z.string().nullable(),
    documentId: z.string().nullable(),
    title: z.string(),
    snippet: z.string(),
    publishedAt: z.string().nullable(),
  }),
);

/**
 * A provider that is asked once for what several want to know, and not again while the answer is kept. A failure is told to
 * whoever asked, and kept for nobody. The tenant's own documents change under its hands and are always asked.
 */
export function cacheSearches(
  cache: Pick<ContentCache<Namespace>, 'getOrMake'>,
  provider: SearchProvider,
  tenantId: string,
): SearchProvider {
  if (provider.name === 'documents' || provider.missing !== undefined) return provider;
  return {
    name: provider.name,
    async search(query, options) {
      const { limit, language = null, signal } = options;
      const input = canonicalJson([query, limit, language]);
      const found = await cache.getOrMake(
        'research_search',
        { tenantId, model: provider.name, promptVersion: '', input },
        async () => {
          const hits = await provider.search(query, options);
          return { result: hits, keep: Buffer.from(JSON.stringify(hits)) };
        },
        signal,
      );
      if ('made' in found) return found.made;
      const kept = Hits.safeParse(JSON.parse(found.kept.toString()));
      // Kept by somebody with other ideas: as good as not kept.
      return kept.success ? kept.data : provider.search(query, options);
    },
  };
}
