import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from '@signalbox/contracts';
import { simulateS3, waitFor, type SimulatedS3 } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type OpenedMesh } from '../harness.ts';

/** A PDF of one page with this text on it, as small as one can be. */
function pdf(text: string): Buffer {
  const content = `BT /F1 12 Tf 40 700 Td (${text}) Tj ET`;
  const objects = [
    '<</Type /Catalog /Pages 2 0 R>>',
    '<</Type /Pages /Kids [3 0 R] /Count 1>>',
    '<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>>',
    `<</Length ${String(content.length)}>>\nstream\n${content}\nendstream`,
    '<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>',
  ];
  let file = '%PDF-1.4\n';
  const places = objects.map((object, index) => {
    const at = file.length;
    file += `${String(index + 1)} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = places.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  return Buffer.from(
    `${file}xref\n0 6\n0000000000 65535 f \n${table}trailer <</Size 6 /Root 1 0 R>>\nstartxref\n${String(file.length)}\n%%EOF`,
  );
}

/** Text of about so many bytes that nobody has uploaded before. */
function text(bytes: number): Buffer {
  const line = `${randomBytes(8).toString('hex')} the harbour, the ferry and the storm of that winter night.\n`;
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes));
}

describe('documents through the gateway, before two pipelines with files in S3-compatible storage', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let s3: SimulatedS3;
  beforeAll(async () => {
    s3 = owned.use(await simulateS3());
    opened = owned.use(
      await openMesh({
        replicas: { 'research-pipeline': 2 },
        limits: wideLimits,
        overrides: {
          'research-pipeline': {
            S3_ENDPOINT: s3.endpoint,
            S3_REGION: s3.region,
            S3_BUCKET: s3.bucket,
            S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
            S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
          },
        },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());

  async function upload(name: string, bytes: Buffer, key: string = opened.adminKey): Promise<Answer> {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(bytes)]), name);
    const encoded = new Response(form);
    return opened.ask('/api/v1/documents', {
      method: 'POST',
      key,
      raw: Buffer.from(await encoded.arrayBuffer()),
      headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    });
  }

  const get = async (id: string): Promise<Document> =>
    (await opened.ask(`/api/v1/documents/${id}`)).body as unknown as Document;

  async function processed(answer: Answer): Promise<Document> {
    expect([answer.status, answer.body['status']]).toEqual([202, 'pending']);
    const id = String(answer.body['id']);
    expect(answer.headers.get('location')).toBe(`/api/v1/documents/${id}`);
    return waitFor(
      async () => {
        const document = await get(id);
        return ['completed', 'failed'].includes(document.status) ? document : null;
      },
      { timeoutMs: 60_000, what: 'the document to be processed' },
    );
  }

  it.each([
    ['note.md', 'text/markdown', Buffer.from('# The harbour\n\nThe ferry was cancelled because of the storm.\n')],
    [
      'page.bin',
      'text/html',
      Buffer.from(
        '<!doctype html><html><body><article><h1>The harbour</h1><p>The ferry was cancelled because of the storm, and nobody went anywhere that night.</p></article></body></html>',
      ),
    ],
    ['plain.txt', 'text/plain', Buffer.from('The ferry was cancelled because of the storm.')],
    ['paper', 'application/pdf', pdf('The ferry was cancelled because of the storm.')],
  ])('LA-27: %s is told by its content to be %s, read, and given back as it was', async (name, contentType, bytes) => {
    const document = await processed(await upload(name, bytes));
    expect(document).toMatchObject({ name, content_type: contentType, status: 'completed', bytes: bytes.length });
    const { body } = await opened.ask(`/api/v1/documents/${document.id}/text`);
    expect(body['text']).toContain('The ferry was cancelled because of the storm');
    if (contentType === 'application/pdf') expect(body['pages']).toMatchObject([{ page: 1, start: 0 }]);
    const file = await fetch(new URL(`/api/v1/documents/${document.id}/download`, opened.mesh.gatewayUrl), {
      headers: { authorization: `Bearer ${opened.adminKey}` },
    });
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': contentType,
      'content-disposition': expect.stringMatching(/^attachment; /),
      'x-content-type-options': 'nosniff',
    });
    const again = await upload(`other-${name}`, bytes);
    expect([again.status, again.body['id']]).toEqual([200, document.id]);
  });

  it('are taken up to 50 MiB and no further, and back to the byte', async () => {
    const bytes = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), text(50 * 1_048_576 - 8)]);
    const document = await processed(await upload('large.png', bytes));
    expect(document).toMatchObject({ status: 'completed', content_type: 'image/png', bytes: bytes.length });
    const file = await fetch(new URL(`/api/v1/documents/${document.id}/download`, opened.mesh.gatewayUrl), {
      headers: { authorization: `Bearer ${opened.adminKey}` },
    });
    const hash = createHash('sha256')
      .update(Buffer.from(await file.arrayBuffer()))
      .digest('hex');
    expect(hash).toBe(document.sha256);
    expect((await upload('larger.txt', text(50 * 1_048_576 + 1))).status).toBe(413);
  });

  it('are read up to ten million characters, and say so where they are longer', async () => {
    const long = text(9_900_000);
    expect(await processed(await upload('long.txt', long))).toMatchObject({
      status: 'completed',
      characters: long.toString().trim().length,
    });
    expect(await processed(await upload('longer.txt', text(10_100_000)))).toMatchObject({
      status: 'failed',
      error: { code: 'UNPROCESSABLE', message: expect.stringContaining('10000000 characters') },
    });
  });

  it.each([
    ['nothing', 'empty.txt', Buffer.alloc(0), 400],
    ['an archive by the name of a text', 'notes.txt', Buffer.from('PK\u0003\u0004 and so on'), 415],
    ['a program', 'report.pdf', Buffer.from('\u007fELF\u0002\u0001\u0001\0\0\0'), 415],
    ['noise', 'noise.md', randomBytes(5_000), 415],
  ])('S9: %s is no document', async (_what, name, bytes, status) => {
    const answer = await upload(name, bytes);
    expect([answer.status, answer.body['errors']]).toEqual([status, [{ path: 'file', message: expect.any(String) }]]);
  });

  it.each([
    ['no form', 'application/json', '{}', 415],
    ['a form without a boundary', 'multipart/form-data', 'file', 400],
    ['a form that ends early', 'multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; na', 400],
    [
      'a text in place of a file',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
      400,
    ],
    [
      'another field',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="tenant_id"\r\n\r\nx\r\n--b--\r\n',
      400,
    ],
  ])('S14: %s is no upload', async (_what, type, raw, status) => {
    const answer = await opened.ask('/api/v1/documents', { method: 'POST', raw, headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
  });

  it('LA-13: are walked page by page by Link, with the filters, while others are uploaded', async () => {
    const mine: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const invoice = Buffer.from(`Note ${randomBytes(8).toString('hex')} of the harbour master.`);
      mine.push((await processed(await upload(`invoice-${String(count)}.txt`, invoice))).id);
    }
    const seen: string[] = [];
    let path: string | undefined = '/api/v1/documents?type=invoice&limit=2';
    while (path !== undefined) {
      const page: Answer = await opened.ask(path);
      seen.push(...(page.body['data'] as Document[]).map(({ id }) => id));
      const link: string = page.headers.get('link') ?? '';
      expect(link).toContain('rel="first"');
      path = /<([^>]+)>; rel="next"/.exec(link)?.[1];
      if (seen.length === 2) await processed(await upload('invoice-late.txt', text(100)));
    }
    expect(seen).toEqual([...mine].reverse());
  });

  it('S15: of another tenant are as absent as those that never were, and the same content is another document', async () => {
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'Neighbours' } });
    const { key } = tenant.body['api_key'] as { key: string };
    const bytes = text(300);
    const document = await processed(await upload('ours.txt', bytes));
    const path = `/api/v1/documents/${document.id}`;
    const never = path.replace(/.{8}$/, '00000000');
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/text'],
      ['GET', '/download'],
      ['DELETE', ''],
    ] as const) {
      const answers = await Promise.all([path, never].map((one) => opened.ask(one + rest, { method, key })));
      expect(answers.map(({ status, body }) => [status, body['detail']])).toEqual([
        [404, 'There is no such document.'],
        [404, 'There is no such document.'],
      ]);
    }
    const theirs = await upload('theirs.txt', bytes, key);
    expect([theirs.status, theirs.body['id'] === document.id]).toEqual([202, false]);
    const { body } = await opened.ask('/api/v1/documents', { key });
    expect((body['data'] as Document[]).map(({ id }) => id)).toEqual([theirs.body['id']]);
    expect((await opened.ask(`/api/v1/documents/${String(theirs.body['id'])}`, { method: 'DELETE', key })).status).toBe(
      204,
    );
    expect((await opened.ask(`${path}/download`)).text).toBe(bytes.toString());
  });

  it('S16: are for the scopes of documents', async () => {
    const { key } = await opened.createKey({ scopes: ['chat:read'] });
    const document = await processed(await upload('mine.txt', text(200)));
    expect((await opened.ask(`/api/v1/documents/${document.id}`, { key })).status).toBe(403);
    expect((await upload('theirs.txt', text(200), key)).status).toBe(403);
    for (const rest of ['', '/text', '/download']) {
      expect((await opened.ask(`/api/v1/documents/doc_0000000000000000000000${rest}`)).status).toBe(404);
    }
  });

  it('R3: are read once although the process that read them is killed', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => upload('killed.txt', text(3_000_000))));
    const ids = answers.map(({ body }) => String(body['id']));
    await waitFor(async () => (await Promise.all(ids.map(get))).some(({ status }) => status === 'processing'));
    await opened.service('research-pipeline').kill();
    await opened.service('research-pipeline').restart();
    const documents = await waitFor(
      async () => {
        const all = await Promise.all(ids.map(get));
        return all.every(({ status }) => status === 'completed') ? all : null;
      },
      { timeoutMs: 60_000, what: 'the documents of a killed process' },
    );
    for (const { id, characters } of documents) {
      const { body } = await opened.ask(`/api/v1/documents/${id}/text`);
      expect(String(body['text'])).toHaveLength(characters ?? -1);
    }
  });

  it('wait for a storage that is away, and are refused while it is, with nothing left behind', async () => {
    const busy = { kind: 'refusal', status: 503, code: 'SlowDown' } as const;
    const bytes = text(1_000);
    s3.failNext(...Array.from({ length: 3 }, () => busy));
    const refused = await upload('away.txt', bytes);
    expect([refused.status, refused.body['error_code']]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect((await processed(await upload('away.txt', bytes))).status).toBe('completed');
  });

  it('are deleted, their files as well, and it is in the audit log who did it (LA-27)', async () => {
    const document = await processed(await upload('gone.txt', text(500)));
    const stored = () => [...s3.objects.keys()].filter((key) => key.endsWith(document.sha256));
    expect(stored()).toHaveLength(1);
    expect((await opened.ask(`/api/v1/documents/${document.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await opened.ask(`/api/v1/documents/${document.id}`)).status).toBe(404);
    await waitFor(() => stored().length === 0);
    await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/audit-events?action=document.deleted');
      return (body['data'] as { target: string }[]).some(({ target }) => target === document.id);
    });
  });

  it('LA-26: parties are told apart through the gateway, and what is only alike is decided by a person', async () => {
    const resolve = (body: object) => opened.ask('/api/v1/parties/resolve', { body });
    const there = await resolve({ name: 'Contoso Pharmaceuticals Ltd', tax_id: 'GB 123 4567 89' });
    expect([there.status, there.body]).toMatchObject([201, { matched: false, tier: 'new' }]);
    const same = await resolve({ name: 'CONTOSO PHARMACEUTICALS' });
    expect([same.status, same.body]).toMatchObject([200, { matched: true, tier: 'name', confidence: 1 }]);
    const like = await resolve({ name: 'Contoso Pharma' });
    expect([like.status, like.body]).toMatchObject([201, { matched: false, review_id: expect.any(String) }]);
    const { body } = await opened.ask('/api/v1/party-reviews?status=pending');
    expect(body['data']).toMatchObject([{ id: like.body['review_id'], candidate: there.body['party'] }]);
    const path = `/api/v1/party-reviews/${String(like.body['review_id'])}/decide`;
    expect((await opened.ask(path, { body: { decision: 'same' } })).body).toMatchObject({ status: 'same' });
    const { body: merged } = await resolve({ name: 'Contoso Pharma' });
    expect(merged).toMatchObject({
      matched: true,
      tier: 'name',
      party: { id: (there.body['party'] as { id: string }).id },
    });
  });
});
