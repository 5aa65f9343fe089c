import type { Storage } from '@signalbox/storage';
import type { Extraction } from '../extract/extraction.ts';
import type { JobMode } from '../jobs/job-tables.ts';
import type { ResearchModel } from '../model/research-model.ts';
import type { Fetcher } from '../fetch/create-fetcher.ts';
import type { RankChunks } from '../retrieval/create-ranker.ts';
import type { SearchProvider } from '../search/search-provider.ts';
import type { Source } from '../sources/source.ts';

/** All that one job is worked on with; each in the name of its owner. */
export interface ResearchTools {
  storage: Storage;
  /** Where is looked, by name; the tenant's documents among them where they are asked for. */
  providers: ReadonlyMap<string, SearchProvider>;
  /** How many of the documents that are asked for wait to be read. */
  countUnreadDocuments(): Promise<number>;
  loadDocument(documentId: string): Promise<Omit<Source, 'n'>>;
  fetch: Fetcher['fetch'];
  extract(
    bytes: Buffer,
    described: { contentType: string; name: string | null; url: string; signal: AbortSignal },
  ): Promise<Extraction>;
  rank: RankChunks;
  /** Null: sentences are quoted. */
  model: ResearchModel | null;
  mode: JobMode;
}
