import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FixturePages } from './providers/fixture.ts';

const address = z.url({ protocol: /^https?$/ });
const spacing = z.coerce.number().int().min(0).max(60_000);
const secret = z.string().min(1).max(4_096);

/** The operator's settings of searching, as they come from the environment. */
export const searchEnvironment = {
  GOOGLE_CSE_KEY: secret.optional(),
  GOOGLE_CSE_ENGINE_ID: z.string().min(1).max(200).optional(),
  GOOGLE_CSE_URL: address.default('https://customsearch.googleapis.com'),
  BRAVE_SEARCH_KEY: secret.optional(),
  BRAVE_SEARCH_URL: address.default('https://api.search.brave.com'),
  BRAVE_SEARCH_SPACING_MS: spacing.default(1_000),
  TAVILY_KEY: secret.optional(),
  TAVILY_URL: address.default('https://api.tavily.com'),
  SEARXNG_URL: address.optional(),
  ARXIV_URL: address.default('https://export.arxiv.org'),
  ARXIV_SPACING_MS: spacing.default(3_000),
  WIKIPEDIA_URL: z
    .string()
    .regex(/^https?:\/\/[^\s?#@]+$/)
    .default('https://{language}.wikipedia.org'),
  GITHUB_API_URL: address.default('https://api.github.com'),
  GITHUB_TOKEN: secret.optional(),
  /** A file: a JSON list of `{url, title, snippet, published_at}`. */
  SEARCH_FIXTURE_FILE: z
    .string()
    .min(1)
    .transform((file, context) => {
      try {
        return FixturePages.parse(JSON.parse(readFileSync(file, 'utf8')));
      } catch {
        context.addIssue('names no file that holds a JSON list of pages');
        return z.NEVER;
      }
    })
    .optional(),
} as const;

type Environment = z.output<z.ZodObject<typeof searchEnvironment>>;

/** Where providers are, and what the operator has for them. Null: nothing. */
export interface SearchSettings {
  google: { baseUrl: string; key: string | null; engineId: string | null };
  /** `spacingMs` is what a provider asks for between two questions with one credential. */
  brave: { baseUrl: string; key: string | null; spacingMs: number };
  tavily: { baseUrl: string; key: string | null };
  searxng: { baseUrl: string | null };
  arxiv: { baseUrl: string; spacingMs: number };
  wikipedia: { baseUrl: string };
  github: { baseUrl: string; token: string | null };
  fixture: FixturePages | null;
}

export function searchSettingsOf(settings: Environment): SearchSettings {
  return {
    google: {
      baseUrl: bare(settings.GOOGLE_CSE_URL),
      key: settings.GOOGLE_CSE_KEY ?? null,
      engineId: settings.GOOGLE_CSE_ENGINE_ID ?? null,
    },
    brave: {
      baseUrl: bare(settings.BRAVE_SEARCH_URL),
      key: settings.BRAVE_SEARCH_KEY ?? null,
      spacingMs: settings.BRAVE_SEARCH_SPACING_MS,
    },
    tavily: { baseUrl: bare(settings.TAVILY_URL), key: settings.TAVILY_KEY ?? null },
    searxng: { baseUrl: settings.SEARXNG_URL === undefined ? null : bare(settings.SEARXNG_URL) },
    arxiv: { baseUrl: bare(settings.ARXIV_URL), spacingMs: settings.ARXIV_SPACING_MS },
    wikipedia: { baseUrl: bare(settings.WIKIPEDIA_URL) },
    github: { baseUrl: bare(settings.GITHUB_API_URL), token: settings.GITHUB_TOKEN ?? null },
    fixture: settings.SEARCH_FIXTURE_FILE ?? null,
  };
}

function bare(url: string): string {
  return url.replace(/\/+$/, '');
}

/** The hosts that the operator named, as outbound's `allow` has them: they may be inside. */
export function operatorHosts({ google, brave, tavily, searxng, arxiv, wikipedia, github }: SearchSettings): string[] {
  return [google, brave, tavily, searxng, arxiv, wikipedia, github].flatMap(({ baseUrl }) => {
    const url = URL.parse((baseUrl ?? '').replace('{language}', 'en'));
    if (url === null) return [];
    return [`${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`];
  });
}
