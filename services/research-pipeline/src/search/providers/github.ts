import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import {
  assertAnswered,
  jsonOf,
  readAnswer,
  retryAfterMsOf,
  type AskProvider,
  type ProviderAnswer,
} from '../ask-provider.ts';
import { buildHits, type Find } from '../build-hit.ts';
import { keyWordsOf } from '../key-words.ts';
import type { SearchProvider } from '../search-provider.ts';

export interface GithubSettings {
  baseUrl: string;
  /** Null: asked as a stranger, for repositories and issues only, ten times a minute. */
  token: string | null;
}

/** Answers that GitHub may be asked for again by their mark, which costs nothing of its limit when they are the same. */
export interface AnswerStore {
  find(url: string): Promise<{ etag: string; body: string } | null>;
  save(url: string, answer: { etag: string; body: string }): Promise<void>;
}

const Repositories = z.object({
  items: z.array(
    z.object({
      html_url: z.string(),
      full_name: z.string(),
      description: z.string().nullable(),
      created_at: z.string().nullish(),
    }),
  ),
});
const Issues = z.object({
  items: z.array(
    z.object({
      html_url: z.string(),
      title: z.string(),
      body: z.string().nullish(),
      created_at: z.string().nullish(),
    }),
  ),
});
const Code = z.object({
  items: z.array(z.object({ html_url: z.string(), path: z.string(), repository: z.object({ full_name: z.string() }) })),
});
const Account = z.object({ login: z.string() });

const kinds = {
  github_repositories: {
    path: '/search/repositories',
    read: (text: string): Omit<Find, 'provider'>[] =>
      readAnswer(Repositories, text).items.map(({ html_url, full_name, description, created_at }) => ({
        url: html_url,
        title: full_name,
        snippet: description,
        publishedAt: created_at,
      })),
  },
  github_issues: {
    path: '/search/issues',
    read: (text: string): Omit<Find, 'provider'>[] =>
      readAnswer(Issues, text).items.map(({ html_url, title, body, created_at }) => ({
        url: html_url,
        title,
        snippet: body,
        publishedAt: created_at,
      })),
  },
  github_code: {
    path: '/search/code',
    read: (text: string): Omit<Find, 'provider'>[] =>
      readAnswer(Code, text).items.map(({ html_url, path, repository }) => ({
        url: rawUrlOf(html_url),
        title: `${repository.full_name}: ${path}`,
      })),
  },
} as const;

export type GithubKind = keyof typeof kinds;
export const githubKinds = Object.keys(kinds) as GithubKind[];

const [wordsMax, hitsMax] = [6, 50];

/** One kind of thing on GitHub: repositories, issues and pull requests, or code. */
export function createGithub(
  kind: GithubKind,
  ask: AskProvider,
  settings: GithubSettings,
  answers: AnswerStore,
): SearchProvider {
  const { path, read } = kinds[kind];
  const missing = 'GitHub searches code only for those who have a token.';
  return {
    name: kind,
    ...(kind === 'github_code' && settings.token === null ? { missing } : {}),
    async search(query, { limit, signal }) {
      const url = new URL(`${settings.baseUrl}${path}`);
      url.searchParams.set('q', keyWordsOf(query, wordsMax).join(' ').slice(0, 256));
      url.searchParams.set('per_page', String(Math.min(limit, hitsMax)));
      const known = await answers.find(url.href);
      const answer = await ask({
        url,
        headers: { ...headersOf(settings), ...(known === null ? {} : { 'if-none-match': known.etag }) },
        signal,
      });
      assertWithinLimit(answer);
      if (answer.status === 304 && known !== null) return hitsOf(known.body);
      assertAnswered(answer);
      const hits = hitsOf(answer.text);
      const { etag } = answer.headers;
      if (typeof etag === 'string' && etag.length <= 200) await answers.save(url.href, { etag, body: answer.text });
      return hits;
    },
  };

  function hitsOf(text: string) {
    return buildHits(read(text).map((find) => ({ ...find, provider: kind })));
  }
}

/** Whose token it is. Throws like a search. */
export async function findGithubAccount(
  ask: AskProvider,
  settings: GithubSettings,
  signal: AbortSignal,
): Promise<string> {
  const answer = await ask({ url: new URL(`${settings.baseUrl}/user`), headers: headersOf(settings), signal });
  assertWithinLimit(answer);
  assertAnswered(answer);
  return readAnswer(Account, answer.text).login;
}

function headersOf({ token }: GithubSettings): Record<string, string> {
  return {
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
}

const limitMessage = z.object({ message: z.string() });

/** A limit that is used up is 403 or 429 there, and says when it is filled again: by the hour, or after too much at once. */
function assertWithinLimit({ status, headers, text }: ProviderAnswer): void {
  if (status !== 403 && status !== 429) return;
  const after = retryAfterMsOf(headers['retry-after']);
  const isSpent = headers['x-ratelimit-remaining'] === '0';
  const message = limitMessage.safeParse(jsonOf(text));
  const isSecondary = message.success && /rate limit/i.test(message.data.message);
  if (status === 403 && after === null && !isSpent && !isSecondary) return;
  const untilReset = Number(headers['x-ratelimit-reset']) * 1_000 - Date.now();
  const resetMs = isSpent && untilReset > 0 ? untilReset : 60_000;
  throw new AppError('rate_limited', 'The rate limit of GitHub is used up.', { retryAfterMs: after ?? resetMs });
}

/** The file itself instead of the page around it. */
function rawUrlOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed?.hostname !== 'github.com') return url;
  return `https://raw.githubusercontent.com${parsed.pathname.replace('/blob/', '/')}`;
}
