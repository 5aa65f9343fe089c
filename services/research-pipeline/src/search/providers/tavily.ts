import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import { assertAnswered, readAnswer, type AskProvider } from '../ask-provider.ts';
import { buildHits } from '../build-hit.ts';
import type { SearchProvider } from '../search-provider.ts';

const Results = z.object({
  results: z.array(
    z.object({
      url: z.string(),
      title: z.string().nullish(),
      content: z.string().nullish(),
      published_date: z.string().nullish(),
    }),
  ),
});

const hitsMax = 20;
/** Of a plan, and of what somebody is willing to pay. */
const usedUp = new Set([432, 433]);

export function createTavily(ask: AskProvider, { baseUrl, key }: { baseUrl: string; key: string }): SearchProvider {
  return {
    name: 'tavily',
    async search(query, { limit, signal }) {
      const answer = await ask({
        url: new URL(`${baseUrl}/search`),
        headers: { authorization: `Bearer ${key}` },
        body: { query: query.slice(0, 400), max_results: Math.min(limit, hitsMax), search_depth: 'basic' },
        signal,
      });
      if (usedUp.has(answer.status)) throw new AppError('rate_limited', 'The plan of the provider is used up.');
      assertAnswered(answer);
      return buildHits(
        readAnswer(Results, answer.text).results.map(({ url, title, content, published_date }) => ({
          provider: 'tavily',
          url,
          title: title ?? '',
          snippet: content,
          publishedAt: published_date,
        })),
      );
    },
  };
}
