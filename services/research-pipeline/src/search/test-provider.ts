import type { CredentialedProvider, SearchProviderTest } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { asksOf, connectProviders, readCredentials, type SearchDeps } from './create-search-providers.ts';
import { findGithubAccount } from './providers/github.ts';
import { searchAll } from './search-all.ts';

/** Asks a provider once with the credential that a tenant's research would use. */
export async function testProvider(
  deps: SearchDeps,
  tenantId: string,
  name: CredentialedProvider,
  signal: AbortSignal,
): Promise<SearchProviderTest> {
  const credentials = await readCredentials(deps, tenantId);
  if (name === 'github') {
    const token = credentials.get('github')?.key ?? deps.settings.github.token;
    if (token === null) return { status: 'not_configured', reason: 'There is no token.', account: null };
    return testGithub(deps, token, signal);
  }
  const provider = connectProviders(deps, tenantId, credentials).get(name);
  const { outcomes } = await searchAll(provider === undefined ? [] : [provider], 'signal box', { limit: 1, signal });
  const [outcome] = outcomes;
  return { status: outcome?.status ?? 'failed', reason: outcome?.reason ?? null, account: null };
}

async function testGithub(deps: SearchDeps, token: string, signal: AbortSignal): Promise<SearchProviderTest> {
  try {
    const settings = { baseUrl: deps.settings.github.baseUrl, token };
    return { status: 'ok', reason: null, account: await findGithubAccount(asksOf(deps).operators, settings, signal) };
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error;
    return { status: error.code === 'rate_limited' ? 'rate_limited' : 'failed', reason: error.message, account: null };
  }
}
