import { createHash, randomBytes } from 'node:crypto';
import { newId } from '@signalbox/ids';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, testStore } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import { chunkSource } from '../src/chunks/chunk-source.ts';
import type { Chunk } from '../src/chunks/chunk.ts';
import { openChromaIndex } from '../src/retrieval/chroma-index.ts';
import type { VectorEntry, VectorIndex } from '../src/retrieval/vector-index.ts';

export const silent = createLogger({ service: 'research-pipeline', write: () => undefined });

/** An index with collections of its own, in the Chroma of the test run or another one. */
export function openTestIndex(url = testStore('SIGNALBOX_TEST_CHROMA_URL')): VectorIndex & { prefix: string } {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  return { ...openChromaIndex({ url, prefix, logger: silent, callMsMax: 60_000 }), prefix };
}

export async function openTestRows(owned: AsyncDisposableStack): Promise<Database<Schema>> {
  const database = owned.use(await createTestDatabase({ service: 'research-pipeline', migrations }));
  return owned.use(openDatabase<Schema>({ url: database.url, applicationName: 'test', logger: silent }));
}

export function aTenant(): string {
  return newId('tenant');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The passages of texts, each text a source of its own. */
export function chunksOf(...texts: readonly string[]): Chunk[] {
  return texts.flatMap((text) => chunkSource({ sha256: sha256(text), text }));
}

/** Entries at any places, of so many sources; the same seed gives the same. */
export function someEntries(
  seed: string,
  { count, sources, dimensions }: Record<'count' | 'sources' | 'dimensions', number>,
): VectorEntry[] {
  return Array.from({ length: count }, (_, at) => ({
    chunkId: sha256(`${seed} passage ${String(at)}`),
    sourceSha256: sha256(`${seed} source ${String(at % sources)}`),
    vector: someVector(`${seed} ${String(at)}`, dimensions),
  }));
}

export function someVector(seed: string, dimensions: number): number[] {
  const bytes = Buffer.concat(
    Array.from({ length: Math.ceil(dimensions / 32) }, (_, at) =>
      createHash('sha256')
        .update(`${seed} ${String(at)}`)
        .digest(),
    ),
  );
  const vector = [...bytes.subarray(0, dimensions)].map((byte) => byte - 127.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

export function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
  return dot / (Math.hypot(...one) * Math.hypot(...other));
}
