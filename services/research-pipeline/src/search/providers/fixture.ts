import { z } from 'zod';
import { buildHits } from '../build-hit.ts';
import { keyWordsOf } from '../key-words.ts';
import type { SearchProvider } from '../search-provider.ts';

/** A list of pages that an operator keeps, for a mesh without a search engine. */
export const FixturePages = z.array(
  z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    title: z.string(),
    snippet: z.string().optional(),
    published_at: z.string().optional(),
  }),
);
export type FixturePages = z.infer<typeof FixturePages>;

/** Finds the pages of the list that share words with the question, those that share most first. */
export function createFixture(pages: FixturePages): SearchProvider {
  return {
    name: 'fixture',
    async search(query, { limit, signal }) {
      signal.throwIfAborted();
      const words = keyWordsOf(query, 50).map((word) => word.toLowerCase());
      const ranked = pages
        .map((page) => {
          const text = new Set(keyWordsOf(`${page.title} ${page.snippet ?? ''}`.toLowerCase(), 1_000));
          return { page, shared: words.filter((word) => text.has(word)).length };
        })
        .filter(({ shared }) => shared > 0)
        .sort((a, b) => b.shared - a.shared)
        .slice(0, limit);
      return Promise.resolve(
        buildHits(
          ranked.map(({ page: { url, title, snippet, published_at } }) => ({
            provider: 'fixture',
            url,
            title,
            snippet,
            publishedAt: published_at,
          })),
        ),
      );
    },
  };
}
