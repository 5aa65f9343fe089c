import { CredentialedProvider, type SearchProviderState } from '@signalbox/contracts';
import { listCredentials } from './credential-store.ts';
import { createSearchProviders, operator, type SearchDeps } from './create-search-providers.ts';
import { listRests } from './rest-store.ts';

/** Every provider as one tenant may ask it: what is missing, whose credential it has, and whether it rests. */
export async function listProviders(deps: SearchDeps, tenantId: string): Promise<SearchProviderState[]> {
  const [providers, kept, rests] = await Promise.all([
    createSearchProviders(deps, tenantId),
    listCredentials(deps.db, tenantId),
    listRests(deps.db, [tenantId, operator]),
  ]);
  return [...providers.values()].map(({ name, missing }) => {
    const owner = credentialNameOf(name);
    const credential = kept.find(({ provider }) => provider === owner);
    const holder = credential === undefined ? operator : tenantId;
    const rest = rests.find((one) => one.holder === holder && one.provider === limitNameOf(name));
    return {
      name,
      configured: missing === undefined,
      missing: missing ?? null,
      credential: credential !== undefined ? 'tenant' : hasOperators(deps, owner) ? 'operator' : 'none',
      hint: credential?.hint ?? null,
      resting_until: rest?.until.toISOString() ?? null,
    };
  });
}

/** The kinds of GitHub share one credential. */
export function credentialNameOf(name: string): CredentialedProvider | null {
  return CredentialedProvider.safeParse(name.startsWith('github_') ? 'github' : name).data ?? null;
}

function limitNameOf(name: string): string {
  return name === 'github_repositories' || name === 'github_issues' ? 'github_search' : name;
}

function hasOperators({ settings }: SearchDeps, provider: CredentialedProvider | null): boolean {
  switch (provider) {
    case 'google_cse':
      return settings.google.key !== null && settings.google.engineId !== null;
    case 'brave':
      return settings.brave.key !== null;
    case 'tavily':
      return settings.tavily.key !== null;
    case 'searxng':
      return settings.searxng.baseUrl !== null;
    case 'github':
      return settings.github.token !== null;
    case null:
      return false;
  }
}
