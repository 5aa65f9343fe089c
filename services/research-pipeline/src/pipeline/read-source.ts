import { createHash } from 'node:crypto';
import type { ResearchWarning } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Hit, Source } from '../sources/source.ts';
import { hashOf, type JobRun } from '../steps/job-run.ts';
import type { ResearchTools } from './research-tools.ts';

/** A source without its number, whose text lies in the storage. */
export type StoredSource = Omit<Source, 'n' | 'text'> & { textKey: string };

export type ReadOutcome =
  | { status: 'read'; source: StoredSource }
  /** `code` is the class of failure, `reason` is for people. */
  | { status: 'failed'; code: string; reason: string };

const bytesMax = 10_000_000;
const bytesMin = 1_000;

/** Reads what a hit points at. That it cannot be read is an outcome, which is remembered like any other. */
export async function readSource(run: JobRun, tools: ResearchTools, hit: Hit): Promise<ReadOutcome> {
  const target = hit.documentId ?? hit.url ?? '';
  return run.step<ReadOutcome>({ stage: 'fetch', key: hashOf(target), input: target }, async () => {
    const { outcome, bytes } = await (hit.documentId === null
      ? readAddress(run, tools, hit)
      : readDocument(run, tools, hit.documentId));
    const facts =
      outcome.status === 'read'
        ? { status: 'read', title: outcome.source.title, content_type: outcome.source.contentType }
        : { status: 'failed', code: outcome.code, reason: outcome.reason };
    const subject = { provider: hit.provider, url: hit.url, document_id: hit.documentId };
    return {
      output: outcome,
      cost: { sources: outcome.status === 'read' ? 1 : 0, fetch_bytes: bytes },
      events: [{ type: 'source', data: { ...subject, ...facts } }],
    };
  });
}

export function warningOf(hit: Hit, { code, reason }: { code: string; reason: string }): ResearchWarning {
  const subject = hit.url ?? hit.documentId ?? hit.title;
  return { code: 'source_failed', message: `It could not be read (${code}): ${reason}`, subject };
}

async function readDocument(run: JobRun, tools: ResearchTools, documentId: string) {
  try {
    const { text, ...source } = await tools.loadDocument(documentId);
    return { outcome: await keep(run, tools, source, text), bytes: 0 };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'unavailable' || error.code === 'internal') throw error;
    return { outcome: failed(error.code, error.message), bytes: 0 };
  }
}

async function readAddress(run: JobRun, tools: ResearchTools, hit: Hit) {
  const { budget } = run.job;
  const left = Math.floor(budget.fetch_bytes - run.progress.spent.fetch_bytes);
  const most = Math.min(bytesMax, Math.max(bytesMin, left));
  const { signal } = run;
  const fetched = await run.reserving({ fetch_bytes: most }, () =>
    tools.fetch(hit.url ?? '', { bytesMax: most, signal }),
  );
  if (fetched.status !== 'fetched') return { outcome: failed(fetched.status, fetched.reason), bytes: 0 };
  const { bytes, contentType, url } = fetched;
  const extracted = await tools.extract(bytes, { contentType, name: null, url, signal });
  if (extracted.status === 'failed') return { outcome: failed('unreadable', extracted.reason), bytes: bytes.length };
  const { text, status: _status, ...rest } = extracted;
  const snapshot = await tools.storage.put({ tenantId: run.job.tenant_id, use: 'snapshots' }, bytes, signal);
  const source = {
    ...rest,
    title: rest.title === '' ? hit.title : rest.title,
    provider: hit.provider,
    url,
    documentId: null,
    sha256: createHash('sha256').update(text).digest('hex'),
    snapshot,
    publishedAt: rest.publishedAt ?? hit.publishedAt,
    fetchedAt: new Date().toISOString(),
  };
  return { outcome: await keep(run, tools, source, text), bytes: bytes.length };
}

async function keep(
  run: JobRun,
  tools: ResearchTools,
  source: Omit<StoredSource, 'textKey'>,
  text: string,
): Promise<ReadOutcome> {
  if (text.trim() === '') return failed('empty', 'There is no text in it.');
  const owner = { tenantId: run.job.tenant_id, use: 'snapshots' } as const;
  const textKey = await tools.storage.put(owner, Buffer.from(text), run.signal);
  return { status: 'read', source: { ...source, textKey } };
}

function failed(code: string, reason: string): ReadOutcome {
  return { status: 'failed', code, reason };
}
