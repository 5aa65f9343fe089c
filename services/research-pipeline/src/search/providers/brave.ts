import { z } from 'zod';
import { assertAnswered, readAnswer, type AskProvider } from '../ask-provider.ts';
import { buildHits } from '../build-hit.ts';
import type { SearchProvider } from '../search-provider.ts';

const Results = z.object({
  web: z
    .object({
      results: z.array(
        z.object({
          url: z.string(),
          title: z.string().default(''),
          description: z.string().optional(),
          page_age: z.string().nullish(),
        }),
      ),
    })
    .optional(),
});

const hitsMax = 20;

export function createBrave(ask: AskProvider, { baseUrl, key }: { baseUrl: string; key: string }): SearchProvider {
  return {
    name: 'brave',
    async search(query, { limit, signal }) {
      const url = new URL(`${baseUrl}/res/v1/web/search`);
      url.searchParams.set('q', query.slice(0, 400));
      url.searchParams.set('count', String(Math.min(limit, hitsMax)));
      url.searchParams.set('text_decorations', 'false');
      const answer = await ask({ url, headers: { 'x-subscription-token': key }, signal });
      assertAnswered(answer);
      const { web } = readAnswer(Results, answer.text);
      return buildHits(
        (web?.results ?? []).map(({ url: found, title, description, page_age }) => ({
          provider: 'brave',
          url: found,
          title,
          snippet: description,
          publishedAt: page_age,
        })),
      );
    },
  };
}
