import { createHash } from 'node:crypto';
import { analyse } from '../src/analysis/analyse.ts';
import { chunkSource } from '../src/chunks/chunk-source.ts';
import type { BuildReportInput } from '../src/reports/build-report.ts';
import type { Source } from '../src/sources/source.ts';
import type { RankedEvidence } from '../src/writing/section.ts';
import { writeSection } from '../src/writing/write-section.ts';

/** A source with the hash of its text. */
export function aSource(n: number, title: string, text: string, overrides: Partial<Source> = {}): Source {
  return {
    n,
    provider: 'documents',
    url: null,
    documentId: `doc_${String(n)}`,
    title,
    contentType: 'text/markdown',
    sha256: createHash('sha256').update(text).digest('hex'),
    snapshot: `tenant_1/documents/${'0'.repeat(64)}`,
    text,
    pages: [],
    language: 'en',
    publishedAt: null,
    fetchedAt: '2026-03-01T10:00:00.000Z',
    ...overrides,
  };
}

export const sources: readonly Source[] = [
  aSource(
    1,
    'Heat pumps in old houses',
    [
      '# Heat pumps in old houses',
      '',
      'A heat pump moves heat from the outside air into a building. In 2021 the Fraunhofer Institute measured 56 heat pumps in old',
      'houses. Their mean seasonal performance factor was 3.1, and no house needed a second heater. Insulation was not a',
      'condition for a heat pump to work.',
      '',
      'Does a heat pump need floor heating? Radiators that are large enough do as well. The Fraunhofer Institute published its',
      'results on 12 March 2022. Dr. Marek Miara led the measurements.',
    ].join('\n'),
  ),
  aSource(
    2,
    'What heating costs',
    [
      'Gas heating costs more than a heat pump over twenty years. The report of the University of Leeds puts the difference at €4,200',
      'for a house of 140 square metres. Electricity prices decide the result. The University of Leeds compared 1,000 houses.',
      'The Fraunhofer Institute came to a similar result in 2022.',
    ].join('\n'),
    { url: 'https://example.org/costs', documentId: null, provider: 'web', publishedAt: '2023-05-04' },
  ),
];

/** All passages of the sources, as good as one another. */
export function evidenceOf(given: readonly Source[]): RankedEvidence[] {
  return given.flatMap((source) => chunkSource(source).map((chunk) => ({ source, chunk, score: 1 })));
}

export const noBudget = { sources: 0, fetch_bytes: 0, llm_tokens: 0, usd: 0 };

/** What a report is built from, written without a model. */
export async function extractiveInput(
  jobId: string,
  given: readonly Source[] = sources,
  topic = 'How well do heat pumps work in old houses?',
): Promise<BuildReportInput> {
  const signal = new AbortController().signal;
  const section = await writeSection({
    heading: topic,
    question: topic,
    evidence: evidenceOf(given),
    model: null,
    language: null,
    idempotencyKey: 'section',
    signal,
  });
  return {
    jobId,
    topic,
    language: 'en',
    asOf: new Date('2026-03-01T10:00:00Z'),
    mode: {
      search: ['documents'],
      synthesis: 'extractive',
      embeddings: 'none',
      verification: 'span',
      note: 'No language model was used.',
    },
    sections: given.length === 0 ? [] : [section],
    analysis: await analyse({
      topic,
      questions: [topic],
      sources: given,
      model: null,
      idempotencyKey: 'analysis',
      signal,
    }),
    sources: given,
    searches: [{ provider: 'documents', query: topic, status: 'ok', hits: given.length, reason: null }],
    warnings: [],
    degraded: [],
    budget: noBudget,
    spent: noBudget,
    partialReason: null,
  };
}
