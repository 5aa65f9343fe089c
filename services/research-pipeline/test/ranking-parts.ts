/** What a benchmark ranks with: the very parts of the service. */
export { chunkSource } from '../src/chunks/chunk-source.ts';
export type { Spending } from '../src/retrieval/embedder.ts';
export { fuseWordsAndVectors } from '../src/retrieval/fuse-rankings.ts';
export { createHashedEmbedder } from '../src/retrieval/hashed-embedder.ts';
export { createLexicalIndex, type Ranked } from '../src/retrieval/lexical-index.ts';
