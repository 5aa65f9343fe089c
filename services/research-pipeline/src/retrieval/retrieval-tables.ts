import type { Generated } from 'kysely';

/** The tables of what waits for the index, as kysely sees them. */
export interface RetrievalTables {
  waiting_vectors: {
    tenant_id: string;
    embedder: string;
    dimensions: number;
    chunk_id: string;
    source_sha256: string;
    vector: Buffer;
    created_at: Generated<Date>;
  };
  /** Sources whose vectors are to be removed: what they were read for is gone. */
  forgotten_sources: {
    tenant_id: string;
    source_sha256: string;
    created_at: Generated<Date>;
  };
}
