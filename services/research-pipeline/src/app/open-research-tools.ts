import type { CallerIdentity } from '@signalbox/identity';
import { countUnread } from '../documents/document-store.ts';
import { loadDocumentSource } from '../documents/load-document-source.ts';
import { documentSearchProvider } from '../documents/search-documents.ts';
import type { Extractor } from '../extract/create-extractor.ts';
import type { Fetcher } from '../fetch/create-fetcher.ts';
import type { JobMode } from '../jobs/job-tables.ts';
import { createChatRouterModel } from '../model/chat-router-model.ts';
import type { ResearchTools } from '../pipeline/research-tools.ts';
import { chooseProviders, hasWeb } from '../search/choose-providers.ts';
import type { SearchProvider } from '../search/search-provider.ts';
import type { JobRun } from '../steps/job-run.ts';
import type { DomainDeps } from './domain.ts';
import type { Retrieval } from './open-retrieval.ts';

export interface ResearchToolsDeps extends Pick<DomainDeps, 'config' | 'database' | 'storage' | 'cache'> {
  extractor: Extractor;
  fetcher: Fetcher;
  retrieval: Pick<Retrieval, 'rankerOf'>;
  /** The search providers of a tenant, configured or not, by name. */
  providersOf: (tenantId: string) => Promise<ReadonlyMap<string, SearchProvider>>;
}

/** What one job is worked on with: in its owner's name, and with what its request asks for. */
export async function openResearchTools(
  deps: ResearchToolsDeps,
  { job }: JobRun,
  { principal }: CallerIdentity,
): Promise<ResearchTools> {
  const { config, database, storage, cache, extractor, fetcher, retrieval } = deps;
  const { db } = database;
  const { tenantId } = principal;
  const { request } = job;
  const { chatRouterUrl: url, identityKeys } = config;
  const documentIds = request.document_ids ?? null;
  const documents = documentSearchProvider({ db }, tenantId, documentIds);
  const all = new Map<string, SearchProvider>([[documents.name, documents]]);
  for (const [name, provider] of await deps.providersOf(tenantId)) all.set(name, cache.searches(provider, tenantId));
  // Nobody who did not ask for the web is told that there is none.
  const sources = request.sources ?? ['documents', ...(hasWeb(all) ? ['web'] : [])];
  const providers = chooseProviders(all, sources);

  const name = request.model ?? config.models.writing;
  const model =
    name === null ? null : createChatRouterModel({ url, name, identityKeys, owner: principal, tags: { job: job.id } });
  const { embeddings, rank } = retrieval.rankerOf(principal, request.embedding_model ?? config.models.embedding);

  return {
    storage,
    providers,
    model,
    mode: modeOf({ providers: searched(providers), model: name, embeddings }),
    countUnreadDocuments: () => countUnread(db, tenantId, documentIds),
    loadDocument: (documentId) => loadDocumentSource({ db, storage }, tenantId, documentId),
    fetch: (address, options) => fetcher.fetch(address, options),
    extract: (bytes, described) => extractor.extract(bytes, described),
    rank,
  };
}

/** Those that can be asked. */
function searched(providers: ReadonlyMap<string, SearchProvider>): string[] {
  return [...providers.values()].flatMap(({ name, missing }) => (missing === undefined ? [name] : []));
}

function modeOf({
  providers,
  model,
  embeddings,
}: {
  providers: string[];
  model: string | null;
  embeddings: string;
}): JobMode {
  const isOffline = model === null && providers.every((name) => name === 'documents');
  const quoted = 'No language model wrote this report: every sentence is quoted word for word.';
  return {
    search: providers,
    synthesis: model ?? 'extractive',
    embeddings,
    verification: model === null ? 'span' : `lexical, ${model}`,
    note: isOffline
      ? 'No language model and no internet was used; every sentence is quoted word for word.'
      : model === null
        ? quoted
        : `Written by ${model} from the sources; every sentence has a verdict.`,
  };
}
