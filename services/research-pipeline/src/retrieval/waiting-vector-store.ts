import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { decodeVector, encodeVector } from './encode-vector.ts';
import type { VectorEntry, VectorSpace } from './vector-index.ts';

/** More are not kept: whoever searches these passages again brings them to the index as well. */
const waitingMax = 200_000;
const rowsPerInsertMax = 200;

export interface WaitingVectors {
  tenantId: string;
  space: VectorSpace;
  entries: readonly VectorEntry[];
}

/** Keeps vectors until the index is there; one that waits already is kept once. */
export async function addWaitingVectors(
  db: Kysely<Schema>,
  { tenantId, space, entries }: WaitingVectors,
): Promise<void> {
  const { estimate } = await db
    .selectNoFrom(sql<number>`(select count(*)::int from waiting_vectors)`.as('estimate'))
    .executeTakeFirstOrThrow();
  const room = entries.slice(0, Math.max(0, waitingMax - estimate));
  for (let at = 0; at < room.length; at += rowsPerInsertMax) {
    await db
      .insertInto('waiting_vectors')
      .values(
        room.slice(at, at + rowsPerInsertMax).map(({ chunkId, sourceSha256, vector }) => ({
          tenant_id: tenantId,
          embedder: space.embedder,
          dimensions: space.dimensions,
          chunk_id: chunkId,
          source_sha256: sourceSha256,
          vector: encodeVector(vector),
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Takes some vectors of one tenant and embedder away, which nobody else can take meanwhile; null: none wait. */
export async function takeWaitingVectors(trx: Transaction<Schema>, countMax: number): Promise<WaitingVectors | null> {
  const first = await trx
    .selectFrom('waiting_vectors')
    .select(['tenant_id', 'embedder', 'dimensions'])
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (first === undefined) return null;
  const { tenant_id: tenantId, embedder, dimensions } = first;
  const taken = await trx
    .with('some', (query) =>
      query
        .selectFrom('waiting_vectors')
        .select('chunk_id')
        .where('tenant_id', '=', tenantId)
        .where('embedder', '=', embedder)
        .where('dimensions', '=', dimensions)
        .limit(countMax)
        .forUpdate()
        .skipLocked(),
    )
    .deleteFrom('waiting_vectors')
    .where('tenant_id', '=', tenantId)
    .where('embedder', '=', embedder)
    .where('dimensions', '=', dimensions)
    .where('chunk_id', 'in', (query) => query.selectFrom('some').select('chunk_id'))
    .returning(['chunk_id', 'source_sha256', 'vector'])
    .execute();
  return {
    space: { embedder, dimensions },
    tenantId,
    entries: taken.flatMap(({ chunk_id: chunkId, source_sha256: sourceSha256, vector: bytes }) => {
      const vector = decodeVector(bytes);
      return vector === null ? [] : [{ chunkId, sourceSha256, vector }];
    }),
  };
}
