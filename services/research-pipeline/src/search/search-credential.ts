import { SearchCredentialInput, type CredentialedProvider } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { SealContext, Vault } from '@signalbox/vault';

/** What a tenant has for a provider, by the names of its members in the contract. */
export type SearchCredential = SearchCredentialInput;

/** What each provider needs of a tenant, and nothing else. */
const needs: Readonly<Record<CredentialedProvider, readonly (keyof SearchCredential)[]>> = {
  google_cse: ['key', 'engine_id'],
  brave: ['key'],
  tavily: ['key'],
  searxng: ['url'],
  github: ['key'],
};

/** Throws `validation_failed`, naming what is missing and what is too much. */
export function checkCredential(provider: CredentialedProvider, given: SearchCredential): void {
  const needed = needs[provider];
  const fields = [
    ...needed
      .filter((name) => given[name] === undefined)
      .map((path) => ({ path, message: `Expected what ${provider} needs: ${needed.join(', ')}.` })),
    ...(['key', 'engine_id', 'url'] as const)
      .filter((name) => given[name] !== undefined && !needed.includes(name))
      .map((path) => ({ path, message: `Expected nothing here: ${provider} needs ${needed.join(', ')}.` })),
  ];
  if (fields.length > 0) throw new AppError('validation_failed', undefined, { fields });
}

/** The last characters of a secret, when there are enough others; of an address, the origin. */
export function hintOf({ key, url }: SearchCredential): string {
  if (url !== undefined) return URL.parse(url)?.origin ?? '';
  return key !== undefined && key.length >= 16 ? `…${key.slice(-4)}` : '…';
}

export function sealCredential(vault: Vault, context: SealContext, credential: SearchCredential): string {
  return vault.seal(JSON.stringify(credential), context);
}

export function openCredential(vault: Vault, context: SealContext, sealed: string): SearchCredential {
  return SearchCredentialInput.parse(JSON.parse(vault.open(sealed, context).toString('utf8')));
}

export function credentialContext(tenantId: string, provider: string): SealContext {
  return { tenantId, purpose: `search_credential/${provider}` };
}
