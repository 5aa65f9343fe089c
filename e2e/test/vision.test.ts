import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Routing, VisionResult } from '@signalbox/contracts';
import { simulateProvider, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

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
  const page = '2 0 obj <</Type /Page>> endobj\n';
  return Buffer.from(`%PDF-1.4 ${randomBytes(8).toString('hex')}\n${page.repeat(pages)}%%EOF`);
}

function dataUri(bytes: Buffer, type = 'image/png'): string {
  return `data:${type};base64,${bytes.toString('base64')}`;
}

describe('images and PDFs, behind two chat-routers (LA-15, OD-25)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  beforeAll(async () => {
    provider = owned.use(await simulateProvider());
    const prices = { input: '1', output: '2' };
    opened = owned.use(
      await openMesh({
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        // A hit is a promise only where Redis has the time to give it, which a loaded machine may not leave it.
        overrides: { 'chat-router': { REDIS_TIMEOUT_MS: '10000' } },
        providers: [
          {
            name: 'sim',
            baseUrl: provider.url,
            models: ['eyes', 'blind'],
            more: { model_facts: { eyes: { vision: true, prices }, blind: { vision: false, prices } } },
          },
        ],
        routing: { resilience: { retries_max: 0 } },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(() => {
    provider.behave({ pieces: ['{"colour": "red"}'] });
  });

  function analyze(body: Record<string, unknown> = {}, ask: Ask = {}): Promise<Answer> {
    const usual = { document: dataUri(image()), extract_type: 'structured', schema };
    return opened.ask('/api/v1/vision/analyze', { ...ask, body: { ...usual, ...body } });
  }

  function result({ status, body }: Answer): VisionResult {
    expect([status, body]).toEqual([200, expect.objectContaining({ sha256: expect.any(String) })]);
    return body as unknown as VisionResult;
  }

  function answerWith(...texts: string[]): void {
    for (const text of texts) provider.behaveOnce({ pieces: [text] });
  }

  it('become data that fits the schema, read by a model that can see, with what it cost', async () => {
    const document = dataUri(image());
    const read = result(await analyze({ document, prompt: 'The colour of the car.' }));
    expect(read).toMatchObject({
      data: { colour: 'red' },
      model: 'sim/eyes',
      media_type: 'image/png',
      cached: false,
      repaired: false,
      usage: { prompt_tokens: 11, completion_tokens: 5 },
      cost_usd: '0.000021000',
    });
    expect(provider.requests.at(-1)?.json['messages']).toMatchObject([
      { role: 'system', content: expect.stringContaining('The colour of the car.') },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: document } }] },
    ]);
  });

  it('are what their bytes say; a PDF goes as a file with its pages counted', async () => {
    answerWith('{"pages": [{"page": 1, "text": "Hello"}]}');
    const document = dataUri(pdf(3), 'image/png');
    const read = result(await analyze({ document, extract_type: 'ocr', schema: undefined }));
    expect(read).toMatchObject({ media_type: 'application/pdf', pages: 3, data: { pages: [{ text: 'Hello' }] } });
    expect(provider.requests.at(-1)?.text).toContain('"file_data":"data:application/pdf;base64,');
  });

  it('come as a form as well', async () => {
    const form = new FormData();
    form.set('document', new Blob([new Uint8Array(image())]), 'car.txt');
    form.set('extract_type', 'structured');
    form.set('schema', JSON.stringify(schema));
    const answer = await fetch(new URL('/api/v1/vision/analyze', opened.mesh.gatewayUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${opened.adminKey}` },
      body: form,
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { data: { colour: 'red' } }]);
  });

  it('go back to the model once when its answer does not fit, and are an error when the second does not either', async () => {
    answerWith('{"colour": "green"}', '{"colour": "blue"}');
    expect(result(await analyze())).toMatchObject({
      data: { colour: 'blue' },
      repaired: true,
      usage: { prompt_tokens: 22 },
      cost_usd: '0.000042000',
    });
    const document = dataUri(image());
    answerWith('{"colour": "green"}', 'no');
    const refused = await analyze({ document });
    expect([refused.status, refused.body]).toMatchObject([502, { error_code: 'PROVIDER_ERROR' }]);
    expect(result(await analyze({ document })).cached).toBe(false);
  });

  it('LA-4: are read once for a tenant, whichever router is asked; another question is another reading', async () => {
    const bytes = image();
    const asked = provider.requests.length;
    const first = result(await analyze({ document: dataUri(bytes) }));
    for (let count = 0; count < 4; count += 1) {
      const again = result(await analyze({ document: dataUri(bytes, 'application/octet-stream') }));
      expect([again.cached, again.data, again.sha256]).toEqual([true, first.data, first.sha256]);
    }
    expect(provider.requests.length - asked).toBe(1);
    expect(result(await analyze({ document: dataUri(bytes), prompt: 'The other car.' })).cached).toBe(false);
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'neighbours' } });
    const { key } = tenant.body['api_key'] as { key: string };
    expect(result(await analyze({ document: dataUri(bytes) }, { key })).cached).toBe(false);
  });

  it('LA-4: are read once when 30 ask at once', async () => {
    provider.behave({ pieces: ['{"colour": "red"}'], headDelayMs: 300 });
    const document = dataUri(image());
    const asked = provider.requests.length;
    const all = await Promise.all(Array.from({ length: 30 }, () => analyze({ document })));
    expect(all.map((answer) => result(answer).cached).filter((cached) => !cached)).toHaveLength(1);
    expect(provider.requests.length - asked).toBe(1);
  });

  it.each([
    ['what is no image', { document: dataUri(Buffer.from('<svg onload="alert(1)"/>')) }, 415],
    ['too many pages', { document: dataUri(pdf(21)) }, 413],
    ['more pages than were allowed', { document: dataUri(pdf(3)), pages_max: 2 }, 413],
    ['no schema for structured', { schema: undefined }, 400],
    ['an address inside (S8)', { document: 'https://169.254.169.254/latest/meta-data' }, 400],
    ['a model that cannot see', { model: 'sim/blind' }, 400],
  ])('are refused before anybody is asked: %s', async (_name, body, status) => {
    const asked = provider.requests.length;
    expect((await analyze(body)).status).toBe(status);
    expect(provider.requests.length).toBe(asked);
  });

  it('are refused where they are too large, without being passed on', async () => {
    const asked = provider.requests.length;
    const document = `data:image/png;base64,${'A'.repeat(29 * 1_048_576)}`;
    expect((await analyze({ document })).status).toBe(413);
    expect(provider.requests.length).toBe(asked);
  });

  describe('in a chat (OD-25)', () => {
    const seeing = (url: string) => ({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Which colour?' },
            { type: 'image_url', image_url: { url } },
          ],
        },
      ],
    });

    it('a model without eyes is refused, and those that have them are named', async () => {
      const asked = provider.requests.length;
      const body = { model: 'sim/blind', ...seeing(dataUri(image())) };
      const refused = await opened.ask('/v1/chat/completions', { body });
      expect([refused.status, refused.body]).toMatchObject([
        400,
        { error: { code: 'model_incapable', message: expect.stringContaining('sim/eyes') } },
      ]);
      expect(provider.requests.length).toBe(asked);
    });

    it('a list goes to the first that can see, and says why the other was passed over', async () => {
      const signalbox = { models: ['sim/blind', 'sim/eyes'], explain: true };
      const body = { model: 'sim/blind', signalbox, ...seeing(dataUri(image())) };
      const { status, body: answer } = await opened.ask('/v1/chat/completions', { body });
      expect([status, answer['routing'] as Routing]).toMatchObject([
        200,
        {
          chosen: 'sim/eyes',
          attempts: [
            { model: 'sim/blind', outcome: 'skipped', reason: 'cannot see images' },
            { model: 'sim/eyes', outcome: 'ok' },
          ],
        },
      ]);
    });
  });
});
