import { githubKinds } from './providers/github.ts';
import type { SearchProvider } from './search-provider.ts';

/** Those that search the web as a whole. */
const webProviders: readonly string[] = ['google_cse', 'brave', 'tavily', 'searxng', 'fixture'];

/**
 * The providers that a request names: `github` is all of its kinds, and `web` every search engine that is configured. Where
 * none is, a stand-in says so in the outcomes instead of nothing.
 */
export function chooseProviders(
  all: ReadonlyMap<string, SearchProvider>,
  wanted: readonly string[],
): Map<string, SearchProvider> {
  const chosen = wanted.flatMap((name) => {
    if (name === 'github') return githubKinds.flatMap((kind) => all.get(kind) ?? []);
    return name === 'web' ? webOf(all) : (all.get(name) ?? []);
  });
  return new Map(chosen.map((provider) => [provider.name, provider]));
}

export function hasWeb(all: ReadonlyMap<string, SearchProvider>): boolean {
  return configuredOf(all).length > 0;
}

function configuredOf(all: ReadonlyMap<string, SearchProvider>): SearchProvider[] {
  return webProviders.flatMap((name) => all.get(name) ?? []).filter(({ missing }) => missing === undefined);
}

function webOf(all: ReadonlyMap<string, SearchProvider>): SearchProvider[] {
  if (hasWeb(all)) return configuredOf(all);
  const missing = 'No search engine for the web is configured.';
  return [{ name: 'web', missing, search: () => Promise.resolve([]) }];
}
