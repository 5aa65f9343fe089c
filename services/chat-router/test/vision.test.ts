import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { VisionResult } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { createTestDatabase, simulateProvider, testStore, type SimulatedProvider } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import {
  aCaller,
  answerOver,
  audience,
  startTestSystems,
  type TestSystems,
  newIdentityKeys,
} from './systems-harness.ts';

const owned = new AsyncDisposableStack();
let provider: SimulatedProvider;
let systems: TestSystems;
let host: string;
/** What the host of documents answers. */
let served: { status: number; headers: Record<string, string>; body: Buffer } = {
  status: 200,
  headers: {},
  body: Buffer.alloc(0),
};
const logged: string[] = [];

beforeAll(async () => {
  provider = owned.use(await simulateProvider());
  const server = createServer((_request, response) =>
    response.writeHead(served.status, served.headers).end(served.body),
  );
  owned.defer(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const database = owned.use(await createTestDatabase({ service: audience, migrations }));
  systems = owned.use(
    await startTestSystems({
      databaseUrl: database.url,
      redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
      identityKeys: IdentityKeys.parse(newIdentityKeys()),
      answer: answerOver(provider.url),
      allow: [host],
      logged: (line) => logged.push(line),
    }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  provider.behave({});
});

const schema = {
  type: 'object',
  properties: { colour: { enum: ['red', 'blue'] } },
  required: ['colour'],
  additionalProperties: false,
};

/** A small image that nobody has asked about before. */
function image(): Buffer {
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(24)]);
}

function pdf(pages: number): Buffer {
  return Buffer.from(
    `%PDF-1.4 ${randomBytes(8).toString('hex')}\n${'2 0 obj <</Type /Page>> endobj\n'.repeat(pages)}%%EOF`,
  );
}

function dataUri(bytes: Buffer, type = 'image/png'): string {
  return `data:${type};base64,${bytes.toString('base64')}`;
}

function analyze(body: Record<string, unknown>, as?: Parameters<TestSystems['send']>[3]) {
  const usual = { document: dataUri(image()), extract_type: 'structured', schema, model: 'eyes' };
  return systems.send('POST', '/api/v1/vision/analyze', { ...usual, ...body }, as);
}

function answerWith(...texts: string[]): void {
  for (const text of texts) provider.behaveOnce({ pieces: [text] });
}

describe('an image or PDF read into data (LA-15, OD-25)', () => {
  it('gives what the schema asks for, and tells what it cost', async () => {
    const bytes = image();
    answerWith('Here it is:\n```json\n{"colour": "red"}\n```');
    const response = await analyze({ document: dataUri(bytes), prompt: 'The colour of the car.' });
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        extract_type: 'structured',
        data: { colour: 'red' },
        model: 'eyes',
        media_type: 'image/png',
        pages: null,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        cached: false,
        repaired: false,
        usage: { prompt_tokens: 11, completion_tokens: 5 },
        cost_usd: '0.001000000',
      },
    ]);
    expect(provider.requests.at(-1)?.json['messages']).toMatchObject([
      { role: 'system', content: expect.stringContaining('The colour of the car.') },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: dataUri(bytes) } }] },
    ]);
  });

  it('is what its bytes say, not what its sender says', async () => {
    answerWith('{"colour": "blue"}');
    const response = await analyze({ document: dataUri(image(), 'application/pdf') });
    expect(await response.json()).toMatchObject({ media_type: 'image/png', pages: null });
  });

  it('goes back to the model once when the answer does not fit, with what is wrong', async () => {
    answerWith('{"colour": "green"}', '{"colour": "blue"}');
    expect(await (await analyze({})).json()).toMatchObject({
      data: { colour: 'blue' },
      repaired: true,
      usage: { prompt_tokens: 22 },
      cost_usd: '0.002000000',
    });
    expect(provider.requests.at(-1)?.text).toContain('red');
  });

  it('a PDF is sent as a file, with its pages counted', async () => {
    answerWith('{"pages": [{"page": 1, "text": "Hello"}]}');
    const response = await analyze({ document: dataUri(pdf(3)), extract_type: 'ocr', schema: undefined });
    expect(await response.json()).toMatchObject({
      media_type: 'application/pdf',
      pages: 3,
      data: { pages: [{ text: 'Hello' }] },
    });
    expect(provider.requests.at(-1)?.text).toContain('"file_data":"data:application/pdf;base64,');
  });

  it.each([
    ['tables', { tables: [{ title: null, page: 1, columns: ['a'], rows: [['x'], [1]] }] }],
    [
      'invoice',
      {
        vendor: 'ACME',
        customer: null,
        invoice_number: '7',
        invoice_date: '2026-01-02',
        due_date: null,
        currency: 'EUR',
        line_items: [{ description: 'Bolts', quantity: 2, unit_price: 1.5, amount: 3 }],
        subtotal: 3,
        tax: 0.57,
        total: 3.57,
      },
    ],
  ])('has a form of its own for %s', async (type, data) => {
    answerWith(JSON.stringify(data));
    expect(await (await analyze({ extract_type: type, schema: undefined })).json()).toMatchObject({ data });
  });

  it('comes as a form as well, with the file as it is', async () => {
    const bytes = image();
    const form = new FormData();
    form.set('document', new Blob([new Uint8Array(bytes)], { type: 'text/plain' }), 'car.txt');
    form.set('extract_type', 'structured');
    form.set('schema', JSON.stringify(schema));
    form.set('model', 'eyes');
    form.set('pages_max', '5');
    answerWith('{"colour": "red"}');
    const path = '/api/v1/vision/analyze';
    const response = await systems.fetch(path, { method: 'POST', body: form });
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ data: { colour: 'red' } }),
    ]);
    // The same document in another wrapping is the same document.
    expect(await (await analyze({ document: dataUri(bytes) })).json()).toMatchObject({ cached: true });
  });

  it('comes from an address', async () => {
    served = { status: 200, headers: { 'content-type': 'text/html' }, body: image() };
    answerWith('{"colour": "red"}');
    expect(await (await analyze({ document: `http://${host}/car.png` })).json()).toMatchObject({
      media_type: 'image/png',
    });
  });

  it('is read once, for one tenant; another question is another reading', async () => {
    const document = dataUri(image());
    answerWith('{"colour": "red"}');
    await analyze({ document });
    const asked = provider.requests.length;
    expect(await (await analyze({ document })).json()).toMatchObject({ cached: true, data: { colour: 'red' } });
    expect(provider.requests.length).toBe(asked);
    answerWith('{"colour": "blue"}', '{"colour": "blue"}');
    expect(await (await analyze({ document, prompt: 'The other car.' })).json()).toMatchObject({ cached: false });
    expect(await (await analyze({ document }, aCaller())).json()).toMatchObject({
      cached: false,
      data: { colour: 'blue' },
    });
  });

  it('is read once when 20 ask at once', async () => {
    const document = dataUri(image());
    const asked = provider.requests.length;
    provider.behave({ pieces: ['{"colour": "red"}'], headDelayMs: 100 });
    const all = await Promise.all(Array.from({ length: 20 }, () => analyze({ document })));
    const results = (await Promise.all(all.map((one) => one.json()))) as VisionResult[];
    expect(results.filter(({ cached }) => !cached)).toHaveLength(1);
    expect(provider.requests.length - asked).toBe(1);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['no image', { document: dataUri(Buffer.from('<svg onload="alert(1)"/>'), 'image/png') }, 415],
    ['an empty document', { document: 'data:image/png;base64,' }, 415],
    ['a data URI that is none', { document: 'data:image/png;base64,@@@' }, 400],
    ['a data URI that is no base64', { document: 'data:text/plain,hello' }, 400],
    ['a file', { document: 'file:///etc/passwd' }, 400],
    ['text', { document: 'car.png' }, 400],
    ['no schema for structured', { schema: undefined }, 400],
    ['a schema for ocr', { extract_type: 'ocr' }, 400],
    ['a schema that is none', { schema: { type: 'magic' } }, 400],
    ['an unknown type', { extract_type: 'poem', schema: undefined }, 400],
    ['a member of its own', { tenant_id: 'x' }, 400],
    ['too many pages', { document: dataUri(pdf(21)) }, 413],
    ['more pages than were asked for', { document: dataUri(pdf(3)), pages_max: 2 }, 413],
    ['a PDF without pages', { document: dataUri(pdf(0)) }, 400],
  ])('%s is refused before anybody is asked', async (_name, body, status) => {
    const asked = provider.requests.length;
    expect((await analyze(body)).status).toBe(status);
    expect(provider.requests.length).toBe(asked);
  });

  it('an answer that does not fit twice is an error that says so, and is not kept', async () => {
    const document = dataUri(image());
    answerWith('no', '{"colour": "green"}');
    const response = await analyze({ document });
    expect([response.status, await response.json()]).toEqual([
      502,
      expect.objectContaining({
        error_code: 'PROVIDER_ERROR',
        schema_errors: [expect.objectContaining({ path: 'colour' })],
      }),
    ]);
    answerWith('{"colour": "red"}');
    expect(await (await analyze({ document })).json()).toMatchObject({ cached: false });
  });

  it('a form that is none, or too large, is refused', async () => {
    const post = (body: Buffer | string, type: string) =>
      systems.fetch('/api/v1/vision/analyze', {
        method: 'POST',
        body: body as string,
        headers: { 'content-type': type },
      });
    expect((await post('hello', 'multipart/form-data; boundary=x')).status).toBe(400);
    expect((await post('hello', 'multipart/form-data')).status).toBe(400);
    const twice = '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\na\r\n'.repeat(2) + '--x--\r\n';
    expect((await post(twice, 'multipart/form-data; boundary=x')).status).toBe(400);
    const proto = '--x\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\na\r\n--x--\r\n';
    expect((await post(proto, 'multipart/form-data; boundary=x')).status).toBe(400);
    expect((await post(Buffer.alloc(29 * 1_048_576), 'multipart/form-data; boundary=x')).status).toBe(413);
    expect((await post('<x/>', 'application/xml')).status).toBe(415);
  });
});

describe('hostile documents', () => {
  it('S8: addresses inside are not reached, nor what they redirect to, and no plain http', async () => {
    const asked = provider.requests.length;
    for (const document of [
      'https://169.254.169.254/latest/meta-data',
      'https://[::ffff:127.0.0.1]/x.png',
      'https://2130706433/x.png',
      'https://user:secret@example.com/x.png',
      'http://example.com/x.png',
      'http://127.0.0.1:9/x.png',
    ]) {
      expect([document, (await analyze({ document })).status]).toEqual([document, 400]);
    }
    served = { status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: Buffer.alloc(0) };
    expect((await analyze({ document: `http://${host}/x.png` })).status).toBe(400);
    served = { status: 404, headers: {}, body: image() };
    expect((await analyze({ document: `http://${host}/x.png` })).status).toBe(502);
    served = { status: 200, headers: {}, body: Buffer.alloc(21 * 1_048_576) };
    expect((await analyze({ document: `http://${host}/x.png` })).status).toBe(502);
    expect(provider.requests.length).toBe(asked);
  });

  it('S16: reading needs chat:write', async () => {
    expect((await analyze({}, aCaller({ scopes: ['chat:read', 'systems:write'] }))).status).toBe(403);
  });

  it('S20: nothing of a document or of what was read stands in the log', async () => {
    const bytes = Buffer.concat([image(), Buffer.from('canary-in-a-picture')]);
    answerWith('{"colour": "canary"}', '{"colour": "canary"}');
    await analyze({ document: dataUri(bytes), prompt: 'canary-prompt' });
    expect(logged.join('\n')).not.toMatch(/canary/);
    expect(logged.join('\n')).not.toContain(bytes.toString('base64').slice(0, 40));
  });
});
