import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import { assertAnswered, readAnswer, type AskProvider } from '../ask-provider.ts';
import { buildHits } from '../build-hit.ts';
import { keyWordsOf } from '../key-words.ts';
import type { SearchProvider } from '../search-provider.ts';

const Results = z.object({
  query: z.object({ search: z.array(z.object({ title: z.string(), snippet: z.string().default('') })) }).optional(),
  error: z.object({ code: z.string() }).optional(),
});

const [wordsMax, hitsMax] = [10, 50];

/** Wikipedia's articles. `{language}` in the address is that of the question. All words first, then any of them. */
export function createWikipedia(ask: AskProvider, { baseUrl }: { baseUrl: string }): SearchProvider {
  return {
    name: 'wikipedia',
    async search(query, { limit, signal, language = 'en' }) {
      const base = baseUrl.replace('{language}', /^[a-z]{2,3}$/.test(language) ? language : 'en');
      const find = async (words: string): Promise<{ title: string; snippet: string }[]> => {
        const url = new URL(`${base}/w/api.php`);
        const parameters = { action: 'query', list: 'search', format: 'json', srsearch: words, maxlag: '5' };
        for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
        url.searchParams.set('srlimit', String(Math.min(limit, hitsMax)));
        const answer = await ask({ url, signal });
        assertAnswered(answer);
        const { query: found, error } = readAnswer(Results, answer.text);
        // It says so with a status of success.
        if (error?.code === 'maxlag' || error?.code === 'ratelimited')
          throw new AppError('rate_limited', 'The provider is too busy.', { retryAfterMs: 5_000 });
        if (error !== undefined || found === undefined)
          throw new AppError('provider_failed', 'The provider refuses the query.');
        return found.search;
      };
      const words = keyWordsOf(query, wordsMax);
      if (words.length === 0) return [];
      const all = await find(words.join(' '));
      const articles = all.length > 0 || words.length === 1 ? all : await find(words.join(' OR '));
      return buildHits(
        articles.map(({ title, snippet }) => ({
          provider: 'wikipedia',
          url: `${base}/wiki/${encodeURIComponent(title.replaceAll(' ', '_'))}`,
          title,
          snippet,
        })),
      );
    },
  };
}
