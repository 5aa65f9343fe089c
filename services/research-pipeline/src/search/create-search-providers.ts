import type { CredentialedProvider, SearchCredentialInput } from '@signalbox/contracts';
import type { Outbound } from '@signalbox/outbound';
import type { Vault } from '@signalbox/vault';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { findAnswer, saveAnswer } from './answer-store.ts';
import { createAskProvider, spaced, type AskProvider, type TakeTurn } from './ask-provider.ts';
import { listCredentials } from './credential-store.ts';
import { createArxiv } from './providers/arxiv.ts';
import { createBrave } from './providers/brave.ts';
import { createFixture } from './providers/fixture.ts';
import { createGithub, githubKinds, type AnswerStore } from './providers/github.ts';
import { createGoogleCse } from './providers/google-cse.ts';
import { createSearxng } from './providers/searxng.ts';
import { createTavily } from './providers/tavily.ts';
import { createWikipedia } from './providers/wikipedia.ts';
import { restingProvider } from './resting-provider.ts';
import { credentialContext, openCredential, type SearchCredential } from './search-credential.ts';
import type { SearchProvider } from './search-provider.ts';
import type { SearchSettings } from './search-settings.ts';

export interface SearchDeps {
  db: Kysely<Schema>;
  settings: SearchSettings;
  /** Null: tenants have no credentials of their own. */
  vault: Vault | null;
  /** For addresses that the operator named, which may be inside. */
  operatorOutbound: Outbound;
  /** For those that tenants name. */
  outbound: Outbound;
  userAgent: string;
  takeTurn: TakeTurn;
}

/** Whose credential a provider is asked with: a tenant's id, or the operator, whose limits all tenants share. */
export const operator = 'operator';

export type Credentials = ReadonlyMap<string, SearchCredential>;

/** All providers as one tenant may ask them, by name; those that lack something say so by `missing`. */
export async function createSearchProviders(deps: SearchDeps, tenantId: string): Promise<Map<string, SearchProvider>> {
  return connectProviders(deps, tenantId, await readCredentials(deps, tenantId));
}

export async function readCredentials({ db, vault }: SearchDeps, tenantId: string): Promise<Credentials> {
  if (vault === null) return new Map();
  const kept = await listCredentials(db, tenantId);
  return new Map(
    kept.map(({ provider, sealed }) => [
      provider,
      openCredential(vault, credentialContext(tenantId, provider), sealed),
    ]),
  );
}

export function connectProviders(
  deps: SearchDeps,
  tenantId: string,
  credentials: Credentials,
): Map<string, SearchProvider> {
  const { settings, db } = deps;
  const asks = asksOf(deps);
  const own = (provider: CredentialedProvider): SearchCredentialInput => credentials.get(provider) ?? {};
  const holderOf = (provider: CredentialedProvider): string => (credentials.has(provider) ? tenantId : operator);
  const resting = (provider: SearchProvider, holder: string, limitName = provider.name): SearchProvider =>
    restingProvider(provider, { db, holder, limitName });

  const providers = [
    resting(googleCse(), holderOf('google_cse')),
    resting(
      keyed('brave', createBrave, spacedFor('brave', holderOf('brave'), settings.brave.spacingMs)),
      holderOf('brave'),
    ),
    resting(keyed('tavily', createTavily, asks.operators), holderOf('tavily')),
    resting(searxng(), holderOf('searxng')),
    resting(createArxiv(spacedFor('arxiv', operator, settings.arxiv.spacingMs), settings.arxiv), operator),
    resting(createWikipedia(asks.operators, settings.wikipedia), operator),
    ...githubs(),
    fixture(),
  ];
  return new Map(providers.map((provider) => [provider.name, provider]));

  function spacedFor(name: string, holder: string, spacingMs: number): AskProvider {
    return spaced(asks.operators, deps.takeTurn, `search/${name}/${holder}`, spacingMs);
  }

  function googleCse(): SearchProvider {
    const { key = settings.google.key, engine_id: engineId = settings.google.engineId } = own('google_cse');
    if (key === null || engineId === null) return lacking('google_cse', 'It needs a key and the id of an engine.');
    return createGoogleCse(asks.operators, { baseUrl: settings.google.baseUrl, key, engineId });
  }

  function keyed(
    name: 'brave' | 'tavily',
    create: (ask: AskProvider, settings: { baseUrl: string; key: string }) => SearchProvider,
    ask: AskProvider,
  ): SearchProvider {
    const { key = settings[name].key } = own(name);
    if (key === null) return lacking(name, 'It needs a key.');
    return create(ask, { baseUrl: settings[name].baseUrl, key });
  }

  function searxng(): SearchProvider {
    const { url } = own('searxng');
    if (url !== undefined) return createSearxng(asks.tenants, { baseUrl: url.replace(/\/+$/, '') });
    const { baseUrl } = settings.searxng;
    return baseUrl === null
      ? lacking('searxng', 'It needs the address of a SearXNG.')
      : createSearxng(asks.operators, { baseUrl });
  }

  function githubs(): SearchProvider[] {
    const holder = holderOf('github');
    const github = { baseUrl: settings.github.baseUrl, token: own('github').key ?? settings.github.token };
    const answers: AnswerStore = {
      find: (url) => findAnswer(db, holder, url),
      save: (url, answer) => saveAnswer(db, holder, url, answer),
    };
    // Code has a limit of its own there; everything else shares one.
    return githubKinds.map((kind) =>
      resting(
        createGithub(kind, asks.operators, github, answers),
        holder,
        kind === 'github_code' ? 'github_code' : 'github_search',
      ),
    );
  }

  function fixture(): SearchProvider {
    return settings.fixture === null
      ? lacking('fixture', 'The operator has listed no pages.')
      : createFixture(settings.fixture);
  }
}

export function asksOf({ operatorOutbound, outbound, userAgent }: SearchDeps): {
  operators: AskProvider;
  tenants: AskProvider;
} {
  return {
    operators: createAskProvider(operatorOutbound, userAgent),
    tenants: createAskProvider(outbound, userAgent),
  };
}

function lacking(name: string, missing: string): SearchProvider {
  // `searchAll` does not ask it; whoever does all the same finds nothing.
  return { name, missing, search: () => Promise.resolve([]) };
}
