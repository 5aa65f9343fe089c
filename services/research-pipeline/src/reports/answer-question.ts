import { AppError } from '@signalbox/errors';
import type { Principal } from '@signalbox/identity';
import type { Storage } from '@signalbox/storage';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { chunkSource } from '../chunks/chunk-source.ts';
import type { Chunk } from '../chunks/chunk.ts';
import type { ResearchModel } from '../model/research-model.ts';
import type { Source } from '../sources/source.ts';
import { quotableSentences } from '../writing/quotable-sentences.ts';
import { quoteSection } from '../writing/quote-section.ts';
import type { RankedEvidence, Section } from '../writing/section.ts';
import { rarityOf, termsOf } from '../writing/terms.ts';
import { writeSection } from '../writing/write-section.ts';
import { reportSentence } from './build-report.ts';
import { readEvidence } from './read-evidence.ts';
import type { ReportRow } from './report-store.ts';
import type { ReportSentence } from './report.ts';

export interface AnswerQuestionDeps {
  db: Kysely<Schema>;
  storage: Pick<Storage, 'get'>;
  /** The passages that say most to a question, the best first; none where none says anything to it. */
  rank: (
    question: string,
    chunks: readonly Chunk[],
    asked: { tenantId: string; idempotencyKey: string },
    signal: AbortSignal,
  ) => Promise<{ chunk: Chunk; score: number }[]>;
  /** Who writes the answer, in the name of whoever asks; null: sentences are quoted. */
  modelOf: (report: ReportRow, principal: Principal) => Promise<ResearchModel | null>;
}

export interface AskedQuestion {
  principal: Principal;
  requestId: string;
  report: ReportRow;
  question: string;
}

export interface Answered {
  question: string;
  answer: string | null;
  refusal: string | null;
  sentences: ReportSentence[];
  mode: string;
}

const passagesMax = 12;
const sentencesMax = 4;
/** So much of what a question asks about, by weight, must stand in the sentences that answer it. */
const coveredMin = 0.5;

/** Answers from the sources of a report and from nothing else: what they do not say is refused, with the reason. */
export async function answerQuestion(
  deps: AnswerQuestionDeps,
  { principal, requestId, report, question }: AskedQuestion,
  signal: AbortSignal,
): Promise<Answered> {
  const sources = await readEvidence(deps.storage, report.evidence_key, signal);
  if (sources === null) throw new AppError('unavailable', 'The sources of this report cannot be read at the moment.');
  const model = await deps.modelOf(report, principal);
  const mode = model?.name ?? 'extractive';
  const refused = (refusal: string, sentences: ReportSentence[] = []): Answered => ({
    question,
    answer: null,
    refusal,
    sentences,
    mode,
  });
  const idempotencyKey = `ask:${report.job_id}:${requestId}`;
  const evidence = await findEvidence(
    deps,
    { question, sources, tenantId: principal.tenantId, idempotencyKey },
    signal,
  );
  if (evidence.length === 0) return refused('The sources of this report say nothing about it.');
  const nearest = coverageOf(question, evidence);
  if (nearest < coveredMin) return refused('The sources of this report do not answer it.');
  const section = await write({ model, question, evidence, idempotencyKey, signal });
  const sentences = section.sentences.map((sentence) => reportSentence(sentence, sources));
  const backed = sentences.filter(({ verdict }) => verdict === 'quoted' || verdict === 'supported');
  if (backed.length === 0) return refused('The sources of this report do not answer it.', sentences);
  return { question, answer: sentences.map(({ text }) => text).join(' '), refusal: null, sentences, mode };
}

async function findEvidence(
  { rank }: AnswerQuestionDeps,
  {
    question,
    sources,
    ...asked
  }: { question: string; sources: readonly Source[]; tenantId: string; idempotencyKey: string },
  signal: AbortSignal,
): Promise<RankedEvidence[]> {
  const bySha = new Map(sources.map((source) => [source.sha256, source]));
  const ranked = await rank(question, sources.flatMap(chunkSource), asked, signal);
  return ranked.slice(0, passagesMax).flatMap(({ chunk, score }) => {
    const source = bySha.get(chunk.sourceSha256);
    return source === undefined ? [] : [{ source, chunk, score }];
  });
}

function write({
  model,
  question,
  evidence,
  idempotencyKey,
  signal,
}: {
  model: ResearchModel | null;
  question: string;
  evidence: readonly RankedEvidence[];
  idempotencyKey: string;
  signal: AbortSignal;
}): Promise<Section> {
  const asked = { heading: '', question, evidence, sentencesMax };
  if (model === null) return Promise.resolve(quoteSection(asked));
  return writeSection({ ...asked, model, language: null, idempotencyKey, signal });
}

/** How much of the question, by weight, the best sentence has. A word that no passage has weighs the most. */
function coverageOf(question: string, evidence: readonly RankedEvidence[]): number {
  const sentences = quotableSentences(evidence).map(({ text }) => termsOf(text));
  const asked = [...new Set(termsOf(question))];
  if (asked.length === 0) return 0;
  const rarity = rarityOf(sentences);
  const whole = asked.reduce((sum, term) => sum + rarity(term), 0);
  const shares = sentences.map((terms) => {
    const present = new Set(terms);
    return asked.filter((term) => present.has(term)).reduce((sum, term) => sum + rarity(term), 0) / whole;
  });
  return Math.max(0, ...shares);
}
