import { chunkSource } from '../chunks/chunk-source.ts';
import type { Chunk } from '../chunks/chunk.ts';
import type { ResearchModel } from '../model/research-model.ts';
import { EmbeddingRefused } from '../retrieval/embedder.ts';
import type { Source } from '../sources/source.ts';
import { BudgetExhausted, hashOf, type JobRun } from '../steps/job-run.ts';
import { repairSection } from '../verification/repair-section.ts';
import { outline } from '../writing/outline.ts';
import type { RankedEvidence, Section } from '../writing/section.ts';
import { writeSection } from '../writing/write-section.ts';
import { inPool } from './pool.ts';
import type { ResearchTools } from './research-tools.ts';

const passagesPerQuestion = 24;
const rankAtOnce = 2;

/** Ranks passages for every question, writes a section for each that there is something to write about, and checks what was written. */
export async function writeSections(
  run: JobRun,
  tools: ResearchTools,
  { questions, sources }: { questions: readonly string[]; sources: readonly Source[] },
): Promise<Section[]> {
  const { topic, sections: named = [] } = run.job.request;
  const planned = outline({ topic, questions, sections: named });
  const evidenceOf = await rankAll(run, tools, sources, [...new Set(planned.map(({ question }) => question))]);
  await run.enter('outline', 1);
  run.done('outline');

  await run.enter('write', planned.length);
  const taken = new Set<string>();
  const written: Section[] = [];
  for (const [index, { title, question }] of planned.entries()) {
    const evidence = evidenceOf.get(question) ?? [];
    const section = await inBudget(run, tools.model, (model) =>
      writeOne(run, { index, heading: title, question, evidence, taken, model }),
    );
    for (const { citations } of section.sentences)
      for (const { sourceSha256, start, end } of citations)
        taken.add(`${sourceSha256}:${String(start)}-${String(end)}`);
    written.push(section);
    run.done('write');
  }

  await run.enter('verify', written.length);
  const verified: Section[] = [];
  for (const [index, section] of written.entries()) {
    const evidence = evidenceOf.get(section.question) ?? [];
    verified.push(await inBudget(run, tools.model, (model) => repairOne(run, { index, section, evidence, model })));
    run.done('verify');
  }
  return verified;
}

async function rankAll(
  run: JobRun,
  tools: ResearchTools,
  sources: readonly Source[],
  questions: readonly string[],
): Promise<Map<string, RankedEvidence[]>> {
  const chunks = sources.flatMap((source) => chunkSource(source));
  const byId = new Map<string, Chunk>(chunks.map((chunk) => [chunk.id, chunk]));
  const sourceOf = new Map(sources.map((source) => [source.sha256, source]));
  const corpus = hashOf(chunks.map(({ id }) => id));
  await run.enter('rank', questions.length);
  const ranked = await inPool(questions, rankAtOnce, async (question) => {
    const key = hashOf(question);
    const input = { question, corpus, embeddings: tools.mode.embeddings };
    const { places, degraded } = await run.step({ stage: 'rank', key, input }, async () => {
      const found = await tools.rank({
        question,
        chunks,
        limit: passagesPerQuestion,
        idempotencyKey: `${run.job.id}:rank:${key}`,
        signal: run.signal,
        reserving: (tokens, call) => embedding(run, tokens, call),
      });
      const places = found.ranked.map(({ chunk, score }) => ({ id: chunk.id, score }));
      const { inputTokens, costUsd } = found.usage;
      const cost = { llm_tokens: inputTokens, usd: costUsd ?? 0 };
      return { output: { places, degraded: found.degraded }, cost };
    });
    run.done('rank');
    const evidence = places.flatMap(({ id, score }): RankedEvidence[] => {
      const chunk = byId.get(id);
      const source = chunk === undefined ? undefined : sourceOf.get(chunk.sourceSha256);
      return chunk === undefined || source === undefined ? [] : [{ source, chunk, score }];
    });
    return { question, evidence, degraded };
  });
  for (const { degraded } of ranked) if (degraded !== null) run.degrade(degraded);
  return new Map(ranked.map(({ question, evidence }) => [question, evidence]));
}

/** Where the budget has no room for embedding, passages are ranked by their words. */
async function embedding<Result>(run: JobRun, tokens: number, call: () => Promise<Result>): Promise<Result> {
  const overdrawn = run.usedUp(1);
  try {
    return await run.reserving({ llm_tokens: overdrawn === null ? tokens : Infinity }, call);
  } catch (thrown) {
    if (thrown instanceof BudgetExhausted) throw new EmbeddingRefused(thrown.message);
    throw thrown;
  }
}

interface Writing {
  index: number;
  heading: string;
  question: string;
  evidence: readonly RankedEvidence[];
  taken: ReadonlySet<string>;
  model: ResearchModel | null;
}

async function writeOne(run: JobRun, { index, model, ...what }: Writing): Promise<Section> {
  const { heading, question, evidence, taken } = what;
  const input = { heading, question, model: model?.name ?? null, taken: [...taken], evidence: placesOf(evidence) };
  return run.step({ stage: 'write', key: String(index), input }, async () => {
    const idempotencyKey = `section-${String(index)}`;
    const language = run.job.request.language?.slice(0, 2) ?? null;
    const section = await writeSection({ ...what, model, language, idempotencyKey, signal: run.signal });
    const verdicts: Record<string, number> = {};
    for (const { verdict } of section.sentences) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    const told = { heading, sentences: section.sentences.length, verdicts };
    return { output: section, events: [{ type: 'section', data: told }] };
  });
}

async function repairOne(
  run: JobRun,
  { index, section, evidence, model }: Pick<Writing, 'index' | 'evidence' | 'model'> & { section: Section },
): Promise<Section> {
  if (model === null) return section;
  const input = { section, evidence: placesOf(evidence), model: model.name };
  return run.step({ stage: 'verify', key: String(index), input }, async () => ({
    output: await repairSection({
      section,
      evidence,
      model,
      idempotencyKey: `repair-${String(index)}`,
      signal: run.signal,
    }),
  }));
}

/** Where the budget of the model is used up, the same is done without it, and the report says that it is a partial one. */
async function inBudget<Result>(
  run: JobRun,
  model: ResearchModel | null,
  work: (model: ResearchModel | null) => Promise<Result>,
): Promise<Result> {
  if (model === null || run.progress.partialReason !== null) return work(null);
  try {
    return await work(model);
  } catch (thrown) {
    if (!(thrown instanceof BudgetExhausted)) throw thrown;
    run.progress.partialReason = `${thrown.message} What was not written by then is quoted.`;
    return work(null);
  }
}

function placesOf(evidence: readonly RankedEvidence[]) {
  return evidence.map(({ chunk, source }) => ({ id: chunk.id, n: source.n }));
}
