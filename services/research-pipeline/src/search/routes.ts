import {
  deleteSearchCredential,
  listSearchProviders,
  setSearchCredential,
  testSearchProvider,
  type CredentialedProvider,
  type SearchProviderState,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { forgetAnswers } from './answer-store.ts';
import { removeCredential, saveCredential } from './credential-store.ts';
import type { SearchDeps } from './create-search-providers.ts';
import { credentialNameOf, listProviders } from './list-providers.ts';
import { endRests } from './rest-store.ts';
import { checkCredential, credentialContext, hintOf, sealCredential } from './search-credential.ts';
import { testProvider } from './test-provider.ts';

export interface SearchRouteDeps extends SearchDeps {
  tellAudit: TellAudit;
  nudgeRelay: () => void;
}

export function mountSearchRoutes(routes: Routes, deps: SearchRouteDeps): void {
  const { db, vault, tellAudit, nudgeRelay } = deps;

  mountRoute(routes, listSearchProviders, async ({ principal }) => ({
    data: await listProviders(deps, principal.tenantId),
  }));

  mountRoute(routes, setSearchCredential, async ({ principal, requestId, params: { provider }, body }) => {
    if (vault === null) throw new AppError('unavailable', 'There are no keys to keep a credential under.');
    checkCredential(provider, body);
    const { tenantId } = principal;
    const sealed = sealCredential(vault, credentialContext(tenantId, provider), body);
    await db.transaction().execute(async (trx) => {
      await saveCredential(trx, tenantId, { provider, sealed, hint: hintOf(body), updatedAt: new Date() });
      await beginAnew(trx, tenantId);
      const details = { change: 'set' };
      await tellAudit(trx, { action: 'search_credential.changed', target: provider, principal, requestId, details });
    });
    nudgeRelay();
    return present(tenantId, provider);
  });

  mountRoute(routes, deleteSearchCredential, async ({ principal, requestId, params: { provider } }) => {
    await db.transaction().execute(async (trx) => {
      if (!(await removeCredential(trx, principal.tenantId, provider)))
        throw new AppError('not_found', 'There is no credential of your own for this provider.');
      await beginAnew(trx, principal.tenantId);
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'search_credential.changed', target: provider, principal, requestId, details });
    });
    nudgeRelay();
    return null;
  });

  mountRoute(routes, testSearchProvider, async ({ principal, params: { provider }, signal }) =>
    testProvider(deps, principal.tenantId, provider, signal),
  );

  async function present(tenantId: string, provider: CredentialedProvider): Promise<SearchProviderState> {
    const found = (await listProviders(deps, tenantId)).find(({ name }) => credentialNameOf(name) === provider);
    if (found === undefined) throw new AppError('not_found', 'There is no such provider.');
    return { ...found, name: provider };
  }
}

/** What was found, and the rests that were asked for, were those of another credential. */
async function beginAnew(trx: Transaction<Schema>, tenantId: string): Promise<void> {
  await forgetAnswers(trx, tenantId);
  await endRests(trx, tenantId);
}
