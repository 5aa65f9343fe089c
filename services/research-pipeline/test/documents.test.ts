import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallerIdentity } from '@signalbox/identity';
import { openStorage } from '@signalbox/storage';
import { waitFor } from '@signalbox/test-kit';
import { documentSearchProvider } from '../src/documents/search-documents.ts';
import { loadDocumentSource } from '../src/documents/load-document-source.ts';
import { aCaller, startTestService, testConfig, type JsonAnswer, type TestService } from './harness.ts';

const scopes = ['documents:read', 'documents:write'];
let count = 0;

/** Markdown that nobody has uploaded before. */
function markdown(text: string): Buffer {
  count += 1;
  return Buffer.from(`# Note ${String(count)}\n\n${text}\n`);
}

describe('documents', () => {
  const owned = new AsyncDisposableStack();
  let service: TestService;
  let caller: CallerIdentity;
  beforeAll(async () => {
    service = owned.use(await startTestService());
    caller = aCaller({ scopes });
  });
  afterAll(() => owned.disposeAsync());

  async function upload(name: string, bytes: Buffer, as: CallerIdentity = caller): Promise<JsonAnswer> {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(bytes)], { type: 'application/x-nonsense' }), name);
    const answer = await service.fetch('/api/v1/documents', { method: 'POST', body: form }, as);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as JsonAnswer['body'] };
  }

  async function uploaded(name: string, bytes: Buffer, as: CallerIdentity = caller): Promise<string> {
    const { status, body } = await upload(name, bytes, as);
    expect([status, body]).toEqual([202, expect.objectContaining({ status: 'pending' })]);
    const id = String(body['id']);
    await waitFor(async () => {
      const { body: now } = await service.get(`/api/v1/documents/${id}`, as);
      return !['pending', 'processing'].includes(String(now['status']));
    });
    return id;
  }

  async function get(id: string, as: CallerIdentity = caller): Promise<JsonAnswer['body']> {
    return (await service.get(`/api/v1/documents/${id}`, as)).body;
  }

  it('are accepted at once and read afterwards: text, title, language and type (LA-27)', async () => {
    const text = 'The annual report of the harbour says that the findings of the survey were good. '.repeat(5);
    const id = await uploaded('harbour.md', markdown(text));
    expect(await get(id)).toMatchObject({
      name: 'harbour.md',
      content_type: 'text/markdown',
      status: 'completed',
      error: null,
      language: 'en',
      classification: { type: 'report', method: 'content', confidence: 0.85 },
    });
    const { body } = await service.get(`/api/v1/documents/${id}/text`, caller);
    expect(body['text']).toContain(text.trim());
    const sha256 = createHash('sha256').update(String(body['text'])).digest('hex');
    expect(body).toMatchObject({ document_id: id, sha256, pages: [] });
  });

  it('come back as they were sent, as an attachment that no browser runs (S9)', async () => {
    const bytes = Buffer.from('<!doctype html><title>x</title><script>alert(1)</script><p>Hello</p>');
    const id = await uploaded('naïve "page".html', bytes);
    const answer = await service.fetch(`/api/v1/documents/${id}/download`, {}, caller);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': `attachment; filename="na_ve _page_.html"; filename*=UTF-8''na%C3%AFve%20%22page%22.html`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
  });

  it('of the same content are one document, whose work is not done again (LA-27)', async () => {
    const bytes = markdown('The same twice.');
    const id = await uploaded('one.md', bytes);
    const before = await get(id);
    const again = await upload('two.md', bytes);
    expect([again.status, again.body]).toEqual([200, before]);
    expect(again.headers.get('location')).toBe(`/api/v1/documents/${id}`);
    const other = await upload('one.md', bytes, aCaller({ scopes }));
    expect([other.status, other.body['id'] === id]).toEqual([202, false]);
  });

  it('that twenty upload at the same time are one document (R16)', async () => {
    const bytes = markdown('All at once.');
    const answers = await Promise.all(Array.from({ length: 20 }, () => upload('crowd.md', bytes)));
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  });

  it('that cannot be read fail with their reason, and are tried again when they are uploaded again', async () => {
    const bytes = Buffer.from(`%PDF-1.7\n${String(Date.now())} broken`);
    const id = await uploaded('broken.pdf', bytes);
    expect(await get(id)).toMatchObject({
      status: 'failed',
      content_type: 'application/pdf',
      error: { code: 'UNPROCESSABLE', message: expect.any(String) },
    });
    expect(await service.query('select from @document_passages where document_id = $1', [id])).toHaveLength(0);
    expect((await upload('broken.pdf', bytes)).body).toMatchObject({ id, status: 'pending' });
  });

  it('are listed newest first, page by page, each once while others come (LA-13)', async () => {
    const own = aCaller({ scopes });
    const ids: string[] = [];
    for (const index of [1, 2, 3, 4, 5])
      ids.push(await uploaded(`${String(index)}.md`, markdown('Page by page.'), own));
    const first = await service.get('/api/v1/documents?limit=2&status=completed', own);
    await uploaded('later.md', markdown('Between two pages.'), own);
    const seen: string[] = [];
    let next: JsonAnswer = first;
    for (;;) {
      seen.push(...(next.body['data'] as { id: string }[]).map(({ id }) => id));
      const link = /<([^>]+)>; rel="next"/.exec(next.headers.get('link') ?? '')?.[1];
      if (link === undefined) break;
      expect(link).toContain('status=completed');
      next = await service.get(link, own);
    }
    expect(seen).toEqual([...ids].reverse());
    const { body } = await service.get('/api/v1/documents?type=invoice', own);
    expect(body['data']).toEqual([]);
  });

  it.each(['limit=0', 'limit=101', 'limit=abc', 'cursor=x', 'status=old', 'colour=red'])(
    'are not listed by %s (LA-13)',
    async (query) => {
      expect((await service.get(`/api/v1/documents?${query}`, caller)).status).toBe(400);
    },
  );

  it('are deleted with their file, their text and their rows, but for what cites them', async () => {
    const id = await uploaded('gone.md', markdown('Soon to be gone.'));
    const [row] = await service.query<{ storage_key: string }>('select storage_key from @documents where id = $1', [
      id,
    ]);
    await using storage = openStorage(testConfig(service.database.url).storage);
    const source = await loadDocumentSource({ db: service.db.db, storage }, caller.principal.tenantId, id);
    const answer = await service.fetch(`/api/v1/documents/${id}`, { method: 'DELETE' }, caller);
    expect(answer.status).toBe(204);
    expect((await service.get(`/api/v1/documents/${id}`, caller)).status).toBe(404);
    expect(await service.query('select from @document_passages where document_id = $1', [id])).toHaveLength(0);
    await waitFor(async () => !(await storage.has(row?.storage_key ?? '')));
    expect(await storage.has(source.snapshot)).toBe(true);
  });

  it('that are deleted and uploaded again at the same time are there, or are not: never a row without its file', async () => {
    const bytes = markdown('There and not there.');
    await using storage = openStorage(testConfig(service.database.url).storage);
    let id = await uploaded('flicker.md', bytes);
    for (let round = 0; round < 5; round += 1) {
      const [, again] = await Promise.all([
        service.fetch(`/api/v1/documents/${id}`, { method: 'DELETE' }, caller),
        upload('flicker.md', bytes),
      ]);
      if (again.status === 200) await upload('flicker.md', bytes);
      const { body } = await upload('flicker.md', bytes);
      id = String(body['id']);
      await waitFor(async () => (await get(id))['status'] === 'completed');
      const [row] = await service.query<{ storage_key: string }>('select storage_key from @documents where id = $1', [
        id,
      ]);
      expect(await storage.has(row?.storage_key ?? '')).toBe(true);
    }
  });

  it('are found by their words, in the forms of their language, and loaded as sources', async () => {
    const own = aCaller({ scopes });
    const { tenantId } = own.principal;
    const ferry = await uploaded('ferry.md', markdown('Ferries were cancelled because of the storm. '.repeat(8)), own);
    const bread = await uploaded(
      'bread.md',
      markdown('The bakery sells bread and rolls every morning. '.repeat(8)),
      own,
    );
    await uploaded(
      'storm.md',
      markdown('A storm cancelled the ferries of somebody else. '.repeat(8)),
      aCaller({ scopes }),
    );
    await using storage = openStorage(testConfig(service.database.url).storage);
    const { db } = service.db;
    const { signal } = new AbortController();
    const search = (query: string, ids: string[] | null) =>
      documentSearchProvider({ db }, tenantId, ids).search(query, { limit: 10, signal });
    expect(await search('cancelling a ferry & storms', null)).toEqual([
      {
        provider: 'documents',
        url: null,
        documentId: ferry,
        title: expect.any(String),
        snippet: expect.stringContaining('storm'),
        publishedAt: null,
      },
    ]);
    expect((await search('ferry', [bread, ferry])).map(({ documentId }) => documentId)).toEqual([ferry, bread]);
    expect(await search("'); drop table documents; --", null)).toEqual([]);
    const source = await loadDocumentSource({ db, storage }, tenantId, ferry);
    expect(source).toMatchObject({
      provider: 'documents',
      documentId: ferry,
      language: 'en',
      contentType: 'text/markdown',
    });
    expect(createHash('sha256').update(source.text).digest('hex')).toBe(source.sha256);
    await expect(loadDocumentSource({ db, storage }, aCaller().principal.tenantId, ferry)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('have a text of any length, in pieces that are the whole', async () => {
    const text = Array.from({ length: 3_000 }, (_, index) => `Line ${String(index)} with a 😀 in it.`).join('\n');
    const id = await uploaded('long.txt', Buffer.from(text));
    expect((await service.get(`/api/v1/documents/${id}/text`, caller)).body['text']).toBe(text);
  });
});
