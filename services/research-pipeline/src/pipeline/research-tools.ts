import type { Storage } from '@signalbox/storage';
import type { Transaction } from 'kysely';
import type { Analysis } from '../analysis/analysis.ts';
import type { Schema } from '../app/schema.ts';
import type { Chunk } from '../chunks/chunk.ts';
import type { Extraction } from '../extract/extraction.ts';
import type { JobMode } from '../jobs/job-tables.ts';
import type { ResearchModel } from '../model/research-model.ts';
import type { BuildReportInput } from '../reports/build-report.ts';
import type { Hit, SearchOutcome, Source } from '../sources/source.ts';

export interface SearchTool {
  name: string;
  search(query: string, options: { limit: number; signal: AbortSignal }): Promise<Hit[]>;
}

export type Fetched =
  | { status: 'fetched'; url: string; bytes: Buffer; contentType: string }
  | { status: 'refused' | 'robots' | 'too_large' | 'unreachable' | 'http_error'; reason: string };

/** What a place in the ranking is for: a passage, by its id. */
export interface RankedChunk {
  chunk: Chunk;
  score: number;
}

/** All that one job is worked on with; each in the name of its owner. */
export interface ResearchTools {
  storage: Storage;
  /** Where is looked, by name; the tenant's documents among them where they are asked for. */
  providers: ReadonlyMap<string, SearchTool>;
  searchAll(
    providers: readonly SearchTool[],
    query: string,
    options: { limit: number; signal: AbortSignal },
  ): Promise<{ hits: Hit[]; outcomes: SearchOutcome[] }>;
  /** How many of the documents that are asked for wait to be read. */
  countUnreadDocuments(): Promise<number>;
  loadDocument(documentId: string): Promise<Omit<Source, 'n'>>;
  fetch(url: string, options: { bytesMax: number; signal: AbortSignal }): Promise<Fetched>;
  extract(
    bytes: Buffer,
    described: { contentType: string; name: string | null; url: string; signal: AbortSignal },
  ): Promise<Extraction>;
  rank(input: {
    question: string;
    chunks: readonly Chunk[];
    limit: number;
    idempotencyKey: string;
    signal: AbortSignal;
  }): Promise<{ ranked: RankedChunk[]; degraded: string | null }>;
  /** Null: sentences are quoted. */
  model: ResearchModel | null;
  mode: JobMode;
  analyse(input: {
    topic: string;
    questions: readonly string[];
    sources: readonly Source[];
    model: ResearchModel | null;
    idempotencyKey: string;
    signal: AbortSignal;
  }): Promise<Analysis>;
  /** Makes the report, keeps its files, and says how it is published. */
  publish(
    input: BuildReportInput & { expiresAt: Date },
    signal: AbortSignal,
  ): Promise<{ sha256: string; publish: (trx: Transaction<Schema>) => Promise<void> }>;
}
