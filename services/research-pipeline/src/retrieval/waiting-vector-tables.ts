import type { Generated } from 'kysely';

/** The table of vectors that wait for the index, as kysely sees it. */
export interface WaitingVectorTables {
  waiting_vectors: {
    tenant_id: string;
    embedder: string;
    dimensions: number;
    chunk_id: string;
    source_sha256: string;
    vector: Buffer;
    created_at: Generated<Date>;
  };
}
