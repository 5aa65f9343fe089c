import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import { assertAnswered, jsonOf, readAnswer, type AskProvider, type ProviderAnswer } from '../ask-provider.ts';
import { buildHits, type Find } from '../build-hit.ts';
import type { SearchProvider } from '../search-provider.ts';

export interface GoogleCseSettings {
  baseUrl: string;
  key: string;
  /** Of the programmable search engine: `cx`. */
  engineId: string;
}

const Results = z.object({
  items: z
    .array(
      z.object({
        link: z.string(),
        title: z.string().default(''),
        snippet: z.string().optional(),
        pagemap: z.object({ metatags: z.array(z.record(z.string(), z.string())).optional() }).optional(),
      }),
    )
    .default([]),
});
const Refusal = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })) }) });

const [pageSize, pagesMax] = [10, 3];

/** Google's programmable search engine: ten hits a request. */
export function createGoogleCse(ask: AskProvider, { baseUrl, key, engineId }: GoogleCseSettings): SearchProvider {
  return {
    name: 'google_cse',
    async search(query, { limit, signal }) {
      const finds: Find[] = [];
      for (let page = 0; page < pagesMax && finds.length < limit; page += 1) {
        const url = new URL(`${baseUrl}/customsearch/v1`);
        const num = Math.min(pageSize, limit - finds.length);
        const start = page * pageSize + 1;
        for (const [name, value] of Object.entries({ key, cx: engineId, q: query, num, start }))
          url.searchParams.set(name, String(value));
        const answer = await ask({ url, signal });
        assertWithinQuota(answer);
        assertAnswered(answer);
        const { items } = readAnswer(Results, answer.text);
        for (const { link, title, snippet, pagemap } of items) {
          const publishedAt = pagemap?.metatags?.[0]?.['article:published_time'];
          finds.push({ provider: 'google_cse', url: link, title, snippet, publishedAt });
        }
        if (items.length < num) break;
      }
      return buildHits(finds);
    },
  };
}

/** A quota that is used up is told as 403 there, like a key that is none. */
function assertWithinQuota({ status, text }: ProviderAnswer): void {
  if (status !== 403) return;
  const refusal = Refusal.safeParse(jsonOf(text));
  if (refusal.success && refusal.data.error.errors.some(({ reason }) => /limit|quota/i.test(reason)))
    throw new AppError('rate_limited', 'The quota of the provider is used up.');
}
