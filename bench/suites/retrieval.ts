// `npm run bench -- retrieval [--data FOLDER …]`: how well passages are found, on collections in BEIR's form.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  chunkSource,
  createHashedEmbedder,
  createLexicalIndex,
  fuseWordsAndVectors,
  type Ranked,
  type Spending,
} from '../../services/research-pipeline/test/ranking-parts.ts';

/** Where the issue that asked for this keeps its collection, beside the checkout. */
const usualFolder = join(import.meta.dirname, '../../../shared/data/retrieval/cisi');

interface Collection {
  documents: { id: string; text: string }[];
  questions: { id: string; text: string }[];
  /** By question: how relevant each document is. */
  judged: Map<string, Map<string, number>>;
}

/** The rankings of one question, by places of texts. */
interface Rankings {
  bm25: Ranked[];
  vectors: Ranked[];
  fused: Ranked[];
}

const { values } = parseArgs({ options: { data: { type: 'string', multiple: true } } });
const folders = values.data ?? [usualFolder];
const missing = folders.find((folder) => !existsSync(join(folder, 'corpus.jsonl')));
if (missing !== undefined) {
  console.error(
    `${missing} holds no collection: corpus.jsonl, queries.jsonl and qrels/test.tsv are wanted. Name one by --data.`,
  );
  process.exitCode = 2;
} else {
  for (const folder of folders) await measure(folder);
}

async function measure(folder: string): Promise<void> {
  const collection = readCollection(folder);
  const { documents, questions } = collection;
  const embedder = createHashedEmbedder();
  console.log(
    `\n${basename(folder)}: ${String(documents.length)} documents, ${String(questions.length)} questions; ${embedder.name}`,
  );
  console.log(''.padEnd(34) + ['nDCG@10', 'R@100', 'MRR@10'].map((title) => title.padStart(9)).join(''));

  const whole = documents.map(({ text }) => text);
  await print(collection, 'documents', whole, (index) => index);

  // As the pipeline does it: a document is as good as the best of its passages.
  const owners: number[] = [];
  const passages = documents.flatMap(({ id, text }, owner) =>
    chunkSource({ sha256: id, text }).map((chunk) => {
      owners.push(owner);
      return chunk.text;
    }),
  );
  await print(collection, 'best passage', passages, (index) => owners[index] ?? 0);
}

async function print(
  collection: Collection,
  what: string,
  texts: readonly string[],
  ownerOf: (index: number) => number,
): Promise<void> {
  const startedAt = performance.now();
  const rank = await openRankings(texts);
  const rankings = await Promise.all(collection.questions.map(({ text }) => rank(text)));
  for (const [name, label] of [
    ['bm25', 'BM25'],
    ['vectors', 'vectors'],
    ['fused', 'fused'],
  ] as const) {
    const figures = score(
      collection,
      rankings.map((each) => [...new Set(each[name].map(({ index }) => ownerOf(index)))]),
    );
    console.log(`${label}, ${what}`.padEnd(34) + figures.map((figure) => figure.toFixed(3).padStart(9)).join(''));
  }
  const milliseconds = (performance.now() - startedAt) / collection.questions.length;
  console.log(`  ${String(texts.length)} texts, ${milliseconds.toFixed(0)} ms a question, indexing included`);
}

async function openRankings(texts: readonly string[]): Promise<(question: string) => Promise<Rankings>> {
  const lexical = await createLexicalIndex(texts);
  const embedder = createHashedEmbedder();
  const spending: Spending = { reserving: (_tokensMax, call) => call(), onUsage: () => undefined };
  const options = { signal: new AbortController().signal, idempotencyKey: 'bench', spending };
  const vectors = (await embedder.embed(texts, options)).map((vector) => Float32Array.from(vector));
  return async (question) => {
    const asked = await embedder.embedQuestion(question, { ...lexical, ...options });
    const weights = asked.flatMap((weight, place) => (weight === 0 ? [] : [{ place, weight }]));
    const byVectors = vectors
      .map((vector, index) => ({
        index,
        score: weights.reduce((sum, { place, weight }) => sum + weight * (vector[place] ?? 0), 0),
      }))
      .sort((one, other) => other.score - one.score || one.index - other.index);
    const bm25 = lexical.search(question);
    return { bm25, vectors: byVectors, fused: fuseWordsAndVectors(bm25, byVectors, embedder.kind) };
  };
}

/** nDCG@10, recall at 100 and the mean reciprocal rank within 10. */
function score({ documents, questions, judged }: Collection, rankings: readonly (readonly number[])[]): number[] {
  const sums = [0, 0, 0];
  questions.forEach(({ id }, at) => {
    const relevant = judged.get(id) ?? new Map<string, number>();
    const gains = (rankings[at] ?? []).slice(0, 100).map((index) => relevant.get(documents[index]?.id ?? '') ?? 0);
    const ideal = [...relevant.values()].sort((one, other) => other - one);
    const first = gains.slice(0, 10).findIndex((gain) => gain > 0);
    const found = gains.filter((gain) => gain > 0).length;
    [discounted(gains) / discounted(ideal), found / relevant.size, first === -1 ? 0 : 1 / (first + 1)].forEach(
      (figure, which) => {
        sums[which] = (sums[which] ?? 0) + figure;
      },
    );
  });
  return sums.map((sum) => sum / questions.length);
}

function discounted(gains: readonly number[]): number {
  return gains.slice(0, 10).reduce((sum, gain, place) => sum + gain / Math.log2(place + 2), 0);
}

function readCollection(folder: string): Collection {
  const lines = (file: string) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  const documents = lines('corpus.jsonl').map((line) => {
    const { _id: id, title = '', text } = JSON.parse(line) as { _id: string; title?: string; text: string };
    return { id, text: title === '' ? text : `${title}\n\n${text}` };
  });
  const judged = new Map<string, Map<string, number>>();
  for (const line of lines('qrels/test.tsv').slice(1)) {
    const [question = '', document = '', relevance = '0'] = line.split('\t');
    if (Number(relevance) <= 0) continue;
    const of = judged.get(question) ?? new Map<string, number>();
    judged.set(question, of.set(document, Number(relevance)));
  }
  const questions = lines('queries.jsonl')
    .map((line) => JSON.parse(line) as { _id: string; text: string })
    .map(({ _id: id, text }) => ({ id, text }))
    .filter(({ id }) => judged.has(id));
  return { documents, questions, judged };
}
