import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { ResearchParams, ResearchWarning } from './research.ts';

const tag = 'Research';
const base = { service: 'research-pipeline', tag, params: ResearchParams } as const;
const path = '/api/v1/research/{id}';

const Verdict = z
  .enum(['quoted', 'supported', 'unsupported', 'cannot judge'])
  .describe(
    '`quoted`: it stands in a source word for word. `supported`: a cited place says it in other words. `unsupported`: no cited ' +
      'place says it. `cannot judge`: nobody here can tell.',
  );

const ReportCitation = z
  .object({
    n: z.int().describe('The number of the source.'),
    source_sha256: z.string().describe("Of the source's text in UTF-8."),
    start: z.int().describe('In UTF-16 code units: the quote is `text.slice(start, end)`.'),
    end: z.int(),
    pages: z.array(z.int()),
    quote: z.string(),
    quote_sha256: z.string(),
  })
  .meta({ id: 'ReportCitation' });

const ReportSentence = z
  .object({
    text: z.string(),
    verdict: Verdict,
    reason: z.string(),
    method: z.enum(['span', 'lexical', 'model']).describe('What judged.'),
    citations: z.array(ReportCitation),
  })
  .meta({ id: 'ReportSentence' });

const Place = z.object({ n: z.int(), source_sha256: z.string(), start: z.int(), end: z.int() });
const citations = z.array(Place).min(1);

function findingOf<Item extends z.ZodType>(item: Item) {
  return z.discriminatedUnion('status', [
    z.object({ status: z.literal('present'), method: z.string(), items: z.array(item) }),
    z.object({ status: z.literal('absent'), reason: z.string() }),
  ]);
}

const ReportAnalysis = z
  .object({
    summary: findingOf(z.object({ text: z.string(), citations })),
    entities: findingOf(
      z.object({
        name: z.string(),
        type: z.string().nullable().describe('Null: nothing says what it is.'),
        mentions: z.int(),
        citations,
      }),
    ),
    topics: findingOf(z.object({ name: z.string(), weight: z.number(), citations })),
    timeline: findingOf(z.object({ date: z.string(), text: z.string(), citations })),
    relations: findingOf(z.object({ from: z.string(), to: z.string(), predicate: z.string().nullable(), citations })),
    sentiment: findingOf(
      z.object({
        label: z.enum(['positive', 'neutral', 'negative', 'mixed']),
        score: z.number().min(-1).max(1),
        citations,
      }),
    ),
    related_questions: findingOf(z.object({ question: z.string(), citations })),
    credibility: findingOf(
      z.object({
        n: z.int(),
        signals: z.array(z.object({ name: z.string(), value: z.string() })),
        agrees_with: z.array(z.int()),
      }),
    ),
  })
  .describe('Each part names its places in the sources, or says why it is absent.')
  .meta({ id: 'ReportAnalysis' });

export const ResearchReport = z
  .object({
    version: z.literal(1),
    job_id: z.string(),
    topic: z.string(),
    title: z.string(),
    language: z.string().nullable(),
    as_of: z.iso.datetime(),
    status: z.enum(['complete', 'partial']),
    partial_reason: z.string().nullable(),
    mode: z.object({
      search: z.array(z.string()),
      synthesis: z.string().describe('`extractive`, or the model that wrote.'),
      embeddings: z.string(),
      verification: z.string(),
      note: z.string(),
    }),
    limits: z.array(z.string()).describe('What the verdicts cannot see.'),
    notice: z.string().nullable().describe('Said in place of sections where nothing was found.'),
    sections: z.array(z.object({ heading: z.string(), question: z.string(), sentences: z.array(ReportSentence) })),
    analysis: ReportAnalysis.nullable(),
    sources: z.array(
      z.object({
        n: z.int(),
        provider: z.string(),
        url: z.string().nullable(),
        document_id: z.string().nullable(),
        title: z.string(),
        content_type: z.string(),
        sha256: z.string(),
        snapshot: z.string(),
        characters: z.int(),
        language: z.string().nullable(),
        published_at: z.string().nullable(),
        fetched_at: z.string(),
        cited: z.int(),
      }),
    ),
    searches: z.array(
      z.object({
        provider: z.string(),
        query: z.string(),
        status: z.enum(['ok', 'failed', 'not_configured', 'rate_limited']),
        hits: z.int(),
        reason: z.string().nullable(),
      }),
    ),
    warnings: z.array(ResearchWarning),
    degraded: z.array(z.string()),
    budget: z.record(z.string(), z.number()),
    spent: z.record(z.string(), z.number()),
    counts: z.object({
      sentences: z.int(),
      verdicts: z.record(Verdict, z.int()),
      citations: z.int(),
      dropped_citations: z.int().describe('Numbers that stood for no passage.'),
      dropped_links: z.int().describe('Addresses that a model wrote.'),
    }),
  })
  .meta({ id: 'ResearchReport' });
export type ResearchReport = z.infer<typeof ResearchReport>;

const reading =
  'While the research runs: 202 with `Retry-After`. After the report has expired: 410. Research that ended without a report: 404.';
const running = {
  status: 202,
  description: 'The research is not finished yet',
  schema: z.object({ status: z.string() }),
} as const;
const file = { ...base, method: 'get', scope: 'research:read', description: reading, alsoAnswers: [running] } as const;

export const getReportHtml = defineRoute({
  ...file,
  operationId: 'getReportHtml',
  path: `${path}/report.html`,
  summary: 'Read the report as a page that needs nothing else: no script, no picture from elsewhere',
  response: { status: 200, description: 'The report', schema: z.string(), contentType: 'text/html' },
});

export const getReportMarkdown = defineRoute({
  ...file,
  operationId: 'getReportMarkdown',
  path: `${path}/report.md`,
  summary: 'Read the report as Markdown',
  response: { status: 200, description: 'The report', schema: z.string(), contentType: 'text/markdown' },
});

export const getReportJson = defineRoute({
  ...file,
  operationId: 'getReportJson',
  path: `${path}/report.json`,
  summary: 'Read the report as data, with everything that proves it',
  response: { status: 200, description: 'The report', schema: ResearchReport },
});

export const getReportPdf = defineRoute({
  ...file,
  operationId: 'getReportPdf',
  path: `${path}/report.pdf`,
  summary: 'Read the report as PDF',
  response: { status: 200, description: 'The report', schema: z.string(), contentType: 'application/pdf' },
});

export const getReportFile = defineRoute({
  service: 'research-pipeline',
  tag,
  operationId: 'getReportFile',
  method: 'get',
  path: '/reports/{file}',
  summary: 'Read the report as a page, where it always lay',
  description: reading,
  scope: 'research:read',
  params: z.strictObject({
    file: z
      .string()
      .regex(/^[a-z0-9_]{1,64}\.html$/, 'Expected the id of a job and .html.')
      .describe('The id of the job, and `.html`.'),
  }),
  response: { status: 200, description: 'The report', schema: z.string(), contentType: 'text/html' },
  alsoAnswers: [running],
});

export const createReportLink = defineRoute({
  ...base,
  operationId: 'createReportLink',
  method: 'post',
  path: `${path}/report-links`,
  summary: 'Make a link under which the report can be read without a credential, for a while',
  scope: 'research:write',
  body: z
    .strictObject({
      format: z.enum(['html', 'md', 'json', 'pdf']).default('html'),
      expires_in_seconds: z.int().min(60).max(604_800).default(3_600).describe('Never longer than the report is kept.'),
    })
    .meta({ id: 'ReportLinkInput' }),
  response: {
    status: 201,
    description: 'The link; it ends with the report, or with the key that signed it',
    schema: z.object({ path: z.string(), expires_at: z.iso.datetime() }).meta({ id: 'ReportLink' }),
  },
});

export const getSharedReport = defineRoute({
  service: 'research-pipeline',
  tag,
  operationId: 'getSharedReport',
  method: 'get',
  path: '/reports/shared/{link}',
  summary: 'Read a report by a signed link',
  scope: 'public',
  params: z.strictObject({
    link: z
      .string()
      .regex(/^[\w.-]{1,300}$/, 'Expected a signed link.')
      .describe('As it was made by `report-links`.'),
  }),
  response: { status: 200, description: 'The report', schema: z.string(), contentType: 'text/html' },
});

export const ResearchAnswer = z
  .object({
    question: z.string(),
    answer: z.string().nullable().describe('Null: the sources do not answer it.'),
    refusal: z.string().nullable(),
    sentences: z.array(ReportSentence),
    mode: z.string().describe('`extractive`, or the model that answered.'),
  })
  .meta({ id: 'ResearchAnswer' });
export type ResearchAnswer = z.infer<typeof ResearchAnswer>;

export const askResearch = defineRoute({
  ...base,
  operationId: 'askResearch',
  method: 'post',
  path: `${path}/ask`,
  summary: 'Ask about a finished report; the answer comes from its sources, with citations, or is refused',
  description: 'While the research runs: 409. After the report has expired: 410.',
  scope: 'research:write',
  body: z.strictObject({ question: z.string().trim().min(3).max(1_000) }).meta({ id: 'ResearchQuestion' }),
  firstByteTimeoutMs: 130_000,
  response: { status: 200, description: 'The answer, or why there is none', schema: ResearchAnswer },
});

export const reportRoutes = [
  getReportHtml,
  getReportMarkdown,
  getReportJson,
  getReportPdf,
  getReportFile,
  createReportLink,
  getSharedReport,
  askResearch,
] as const;
