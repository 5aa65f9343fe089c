import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { openStorage, type Storage } from '@signalbox/storage';
import { waitFor } from '@signalbox/test-kit';
import { insertJob } from '../src/jobs/job-store.ts';
import { makeReport } from '../src/reports/make-report.ts';
import { findSharedReport } from '../src/reports/report-store.ts';
import { sweepReports } from '../src/reports/sweep-reports.ts';
import { deleteSteps } from '../src/steps/step-store.ts';
import { extractiveInput, sources } from './report-fixture.ts';
import { aCaller, startTestService, type TestService } from './harness.ts';

describe('the report of a job', () => {
  let service: TestService;
  let storage: Storage;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-reports-'));
    storage = openStorage({ kind: 'volume', folder });
    service = await startTestService({ config: { storage: { kind: 'volume', folder } } });
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A job in that state, and the report of it where it is completed. */
  async function aJob(status = 'completed', { daysLeft = 30 }: { daysLeft?: number } = {}): Promise<string> {
    const id = newId('job');
    const { principal } = service.caller;
    const { db } = service.db;
    await db.transaction().execute(async (trx) => {
      await insertJob(trx, {
        id,
        principal,
        request: { topic: 'How well do heat pumps work in old houses?' },
        idempotencyKey: null,
        budget: { sources: 1, fetch_bytes: 1, llm_tokens: 1, usd: 1, wall_seconds: 1 },
        keptForDays: 30,
      });
    });
    await service.query(
      `update @research_jobs set status = $2, expires_at = now() + $3 * interval '1 day' where id = $1`,
      [id, status, daysLeft],
    );
    if (status === 'completed') {
      const expiresAt = new Date(Date.now() + daysLeft * 86_400_000);
      const input = { ...(await extractiveInput(id)), tenantId: principal.tenantId, expiresAt };
      const made = await makeReport(storage, input, new AbortController().signal);
      await db.transaction().execute((trx) => made.publish(trx));
    }
    return id;
  }

  it('is a page, Markdown, data and a PDF, each under a hash and a policy of its own (CR-9)', async () => {
    const id = await aJob();
    const kinds = { html: 'text/html', md: 'text/markdown', json: 'application/json', pdf: 'application/pdf' };
    for (const [format, contentType] of Object.entries(kinds)) {
      const answer = await service.fetch(`/api/v1/research/${id}/report.${format}`);
      expect([format, answer.status]).toEqual([format, 200]);
      expect(answer.headers.get('content-type')).toContain(contentType);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const etag = answer.headers.get('etag') ?? '';
      expect(etag).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
      const again = await service.fetch(`/api/v1/research/${id}/report.${format}`, {
        headers: { 'if-none-match': etag },
      });
      expect([format, again.status, await again.text()]).toEqual([format, 304, '']);
    }
    const old = await service.fetch(`/reports/${id}.html`);
    expect([old.status, await old.text()]).toEqual([
      200,
      await (await service.fetch(`/api/v1/research/${id}/report.html`)).text(),
    ]);
  });

  it('proves every sentence: what is cited stands in the source, letter by letter (B-50)', async () => {
    const id = await aJob();
    const { body } = await service.get(`/api/v1/research/${id}/report.json`);
    const sections = body['sections'] as { sentences: { text: string; verdict: string; citations: Cited[] }[] }[];
    const sentences = sections.flatMap((section) => section.sentences);
    expect(sentences.length).toBeGreaterThan(3);
    for (const { text, verdict, citations } of sentences) {
      expect(verdict).toBe('quoted');
      const [{ n, start, end, quote, source_sha256: sha256 } = none] = citations;
      const source = sources.find((one) => one.n === n);
      expect([source?.text.slice(start, end), quote, sha256]).toEqual([text, text, source?.sha256]);
    }
  });

  it('is 202 while the research runs, and 410 once it has expired', async () => {
    const running = await service.fetch(`/api/v1/research/${await aJob('running')}/report.html`);
    expect([running.status, running.headers.get('retry-after')]).toEqual([202, '2']);
    const expired = await aJob('completed', { daysLeft: -1 });
    for (const path of [`/api/v1/research/${expired}/report.pdf`, `/reports/${expired}.html`])
      expect((await service.get(path)).status).toBe(410);
  });

  it('is 404 for another tenant as for a job that ended without one, and for paths that are no id (S7)', async () => {
    const id = await aJob();
    const stranger = aCaller();
    expect((await service.get(`/api/v1/research/${id}/report.json`, stranger)).status).toBe(404);
    expect((await service.get(`/reports/${id}.html`, stranger)).status).toBe(404);
    expect((await service.get(`/api/v1/research/${await aJob('failed')}/report.json`)).status).toBe(404);
    for (const file of ['..%2f..%2fetc%2fpasswd', '%2e%2e.html', 'job_1.pdf', `${id}.html%0a`])
      expect([file, (await service.get(`/reports/${file}`)).status]).toEqual([file, 400]);
  });

  it('is shared by a signed link that needs no credential, and that ends (CR-7)', async () => {
    const id = await aJob();
    const made = await service.post(`/api/v1/research/${id}/report-links`, { format: 'md', expires_in_seconds: 60 });
    expect(made.status).toBe(201);
    const path = String(made.body['path']);
    const shared = await fetch(service.url + path);
    expect([shared.status, shared.headers.get('content-type')]).toEqual([200, 'text/markdown; charset=utf-8']);
    expect(await shared.text()).toContain('Heat pumps');
    const [, , , link = ''] = path.split('/');
    const parts = link.split('.');
    const forged = [
      link.replace('.md.', '.json.'),
      link.replace(id, await aJob()),
      [...parts.slice(0, 2), String(Number(parts[2]) + 3_600), ...parts.slice(3)].join('.'),
      `${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`,
      link.replace(/\.[^.]+$/, '.'),
    ];
    for (const other of forged) expect((await fetch(`${service.url}/reports/shared/${other}`)).status).toBe(404);
    await service.query(`update @research_reports set expires_at = now() where job_id = $1`, [id]);
    expect((await fetch(service.url + path)).status).toBe(410);
  });

  it('answers questions from its sources with citations, and refuses what they do not answer (B-46)', async () => {
    const id = await aJob();
    const ask = (question: string) => service.post(`/api/v1/research/${id}/ask`, { question });
    const { status, body } = await ask('How many heat pumps did the Fraunhofer Institute measure?');
    expect([status, body['refusal'], body['mode']]).toEqual([200, null, 'extractive']);
    expect(body['answer']).toContain('56 heat pumps');
    for (const { verdict, citations } of body['sentences'] as { verdict: string; citations: Cited[] }[])
      expect([verdict, citations.length]).toEqual(['quoted', 1]);
    for (const question of ['Who won the football championship in 1974?', 'What is the boiling point of tungsten?']) {
      const refused = await ask(question);
      expect([question, refused.body['answer'], refused.body['sentences']]).toEqual([question, null, []]);
      expect(refused.body['refusal']).toMatch(/^The sources of this report/);
    }
  });

  it('loses its files and its steps when it expires or its job is deleted, and no other report does', async () => {
    const { db } = service.db;
    const [kept, expired] = [await aJob(), await aJob('completed', { daysLeft: -1 })];
    for (const id of [kept, expired])
      await service.query(
        `insert into @research_steps (job_id, stage, key, input_hash, output, cost) values ($1, 'fetch', 'x', 'x', '{}', '{}')`,
        [id],
      );
    /** The service sweeps as well; whoever comes first does it. */
    const cleared = (id: string) =>
      waitFor(
        async () => {
          await sweepReports({ db, storage, forget: (trx, _tenantId, jobId) => deleteSteps(trx, jobId) });
          return (await findSharedReport(db, id))?.cleared_at != null;
        },
        { timeoutMs: 10_000, intervalMs: 50, what: 'a report that is cleared away' },
      );
    const stepsOf = (id: string) => service.query(`select key from @research_steps where job_id = $1`, [id]);
    const isEmpty = async (id: string) => {
      const row = await findSharedReport(db, id);
      const keys = [...Object.values(row?.files ?? {}).map(({ key }) => key), row?.evidence_key ?? ''];
      expect(keys).toHaveLength(5);
      for (const key of keys) expect(await storage.get(key)).toBeNull();
    };

    await cleared(expired);
    await isEmpty(expired);
    expect([await stepsOf(expired), await stepsOf(kept)]).toEqual([[], [{ key: 'x' }]]);
    expect((await service.get(`/api/v1/research/${kept}/report.json`)).status).toBe(200);
    expect((await service.get(`/api/v1/research/${expired}/report.json`)).status).toBe(410);

    expect((await service.fetch(`/api/v1/research/${kept}`, { method: 'DELETE' })).status).toBe(204);
    await cleared(kept);
    await isEmpty(kept);
    expect((await service.get(`/api/v1/research/${kept}/report.json`)).status).toBe(404);
  });
});

interface Cited {
  n: number;
  start: number;
  end: number;
  quote: string;
  source_sha256: string;
}
const none: Cited = { n: 0, start: 0, end: 0, quote: '', source_sha256: '' };
