import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import { assertAnswered, readAnswer, type AskProvider } from '../ask-provider.ts';
import { buildHits, plainText } from '../build-hit.ts';
import type { SearchProvider } from '../search-provider.ts';

const Results = z.object({
  results: z.array(
    z.object({
      url: z.string(),
      title: z.string().nullish(),
      content: z.string().nullish(),
      publishedDate: z.string().nullish(),
    }),
  ),
  unresponsive_engines: z.array(z.array(z.string())).default([]),
});

/** A SearXNG of one's own, with `json` among its formats. */
export function createSearxng(ask: AskProvider, { baseUrl }: { baseUrl: string }): SearchProvider {
  return {
    name: 'searxng',
    async search(query, { limit, signal, language }) {
      const url = new URL(`${baseUrl}/search`);
      url.searchParams.set('q', query);
      url.searchParams.set('format', 'json');
      if (language !== undefined) url.searchParams.set('language', language);
      const answer = await ask({ url, signal });
      if (answer.status === 403)
        throw new AppError('provider_failed', 'The SearXNG answers 403: `json` is not among its formats.');
      assertAnswered(answer);
      const { results, unresponsive_engines: silent } = readAnswer(Results, answer.text);
      // Its engines fail each by itself: none found anything because none was reached is not "nothing".
      if (results.length === 0 && silent.length > 0)
        throw new AppError('provider_failed', `No engine of the SearXNG answered: ${reasonsOf(silent)}.`);
      return buildHits(
        results.slice(0, limit).map(({ url: found, title, content, publishedDate }) => ({
          provider: 'searxng',
          url: found,
          title: title ?? '',
          snippet: content,
          publishedAt: publishedDate,
        })),
      );
    },
  };
}

function reasonsOf(silent: readonly string[][]): string {
  return plainText(silent.map(([engine, reason]) => `${engine ?? ''} (${reason ?? ''})`).join(', ')).slice(0, 200);
}
