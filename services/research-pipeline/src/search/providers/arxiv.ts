import { AppError } from '@signalbox/errors';
import { parseXml, type DomDocument } from '../../sources/parse-dom.ts';
import { assertAnswered, type AskProvider } from '../ask-provider.ts';
import { buildHits, type Find } from '../build-hit.ts';
import { keyWordsOf } from '../key-words.ts';
import type { SearchProvider } from '../search-provider.ts';

const [wordsMax, hitsMax] = [8, 50];

/** arXiv's papers; a hit is the paper itself, as PDF. With all words first, and with any when no paper has them all. */
export function createArxiv(ask: AskProvider, { baseUrl }: { baseUrl: string }): SearchProvider {
  async function find(words: readonly string[], operator: 'AND' | 'OR', limit: number, signal: AbortSignal) {
    const url = new URL(`${baseUrl}/api/query`);
    url.searchParams.set('search_query', words.map((word) => `all:"${word}"`).join(` ${operator} `));
    url.searchParams.set('max_results', String(Math.min(limit, hitsMax)));
    url.searchParams.set('sortBy', 'relevance');
    const answer = await ask({ url, headers: { accept: 'application/atom+xml' }, signal });
    assertAnswered(answer);
    return readFeed(answer.text);
  }

  return {
    name: 'arxiv',
    async search(query, { limit, signal }) {
      const words = keyWordsOf(query, wordsMax);
      if (words.length === 0) return [];
      const finds = await find(words, 'AND', limit, signal);
      if (finds.length > 0 || words.length === 1) return buildHits(finds);
      return buildHits(await find(words, 'OR', limit, signal));
    },
  };
}

function readFeed(xml: string): Find[] {
  const feed = parsed(xml).querySelector('feed');
  if (feed === null) throw unreadable();
  return [...feed.querySelectorAll('entry')].map((entry) => {
    const textOf = (name: string): string => entry.querySelector(name)?.textContent?.trim() ?? '';
    const paper = [...entry.querySelectorAll('link')].find((link) => link.getAttribute('type') === 'application/pdf');
    const id = textOf('id');
    // Its errors come as entries of a feed.
    if (id.includes('/api/errors'))
      throw new AppError('provider_failed', `arXiv refuses the query: ${textOf('summary').slice(0, 200)}`);
    return {
      provider: 'arxiv',
      url: (paper?.getAttribute('href') ?? id).replace(/^http:\/\/((?:www\.)?arxiv\.org)/, 'https://$1'),
      title: textOf('title'),
      snippet: textOf('summary'),
      publishedAt: textOf('published'),
    };
  });
}

function parsed(xml: string): DomDocument {
  try {
    return parseXml(xml);
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause?: unknown): AppError {
  return new AppError('provider_failed', 'The provider answered what cannot be read.', { cause });
}
