import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import {
  simulateAnthropic,
  simulateGemini,
  simulateProvider,
  waitFor,
  type SimulatedProvider,
} from '@signalbox/test-kit';
import { aCaller, openRaw, startTestRouter, type TestRouter } from './harness.ts';
import { startServerOf } from './http-server.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const base64 = png.toString('base64');
const dataUri = `data:image/png;base64,${base64}`;
const pdf = Buffer.from('%PDF-1.4\n');

const owned = new AsyncDisposableStack();
let router: TestRouter;
let others: Record<'anthropic' | 'gemini' | 'passing', SimulatedProvider>;
let host: string;
let fetches: { url: string; closed: boolean }[] = [];
let serve: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  const images = owned.use(
    await startServerOf((_body, request, response) => {
      const fetch = { url: request.url ?? '', closed: false };
      fetches.push(fetch);
      response.on('close', () => {
        fetch.closed = !response.writableFinished;
      });
      serve(request, response);
    }),
  );
  host = images.host;
  others = {
    anthropic: owned.use(await simulateAnthropic()),
    gemini: owned.use(await simulateGemini()),
    passing: owned.use(await simulateProvider()),
  };
  const settingsOf = (name: keyof typeof others, kind: string, more = {}) => ({
    settings: { name, kind, base_url: others[name].url, models: ['seeing'], ...more },
    apiKey: null,
  });
  router = owned.use(
    await startTestRouter({
      config: { outboundAllow: [host] },
      providers: [
        settingsOf('anthropic', 'anthropic'),
        settingsOf('gemini', 'gemini'),
        settingsOf('passing', 'openai_compatible', { image_addresses: 'pass' }),
      ],
    }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  fetches = [];
  serve = (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(png);
});

const here = (path = 'a.png') => `http://${host}/${path}`;
const chatWith = (...urls: string[]) => ({
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is it?' },
        ...urls.map((url) => ({ type: 'image_url', image_url: { url, detail: 'low' } })),
      ],
    },
  ],
});

function post(path: string, body: object): Promise<Response> {
  return router.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const messageWith = (model: string, ...content: object[]) => ({
  model,
  max_tokens: 100,
  messages: [{ role: 'user', content }],
});

const lastOf = (provider: SimulatedProvider) => provider.requests.at(-1)?.json;

describe('an image by its address (OD-25)', () => {
  it('reaches a server that speaks the client’s dialect as data, and the rest of the request as it was written', async () => {
    const text = JSON.stringify({ ...chatWith(here()), model: 'sim/small' });
    // Digits that a JSON parser would not keep.
    const body = text.replace('{', '{"seed":12345678901234567890,');
    expect((await router.ask({}, { body })).status).toBe(200);
    const sent = router.provider.requests.at(-1);
    expect(sent?.json['messages']).toEqual(chatWith(dataUri).messages);
    expect(sent?.text).toContain('"seed":12345678901234567890');
  });

  it('is told by its content, whatever its server says that it is', async () => {
    expect((await router.ask(chatWith(here('a.jpeg')))).status).toBe(200);
    expect(router.provider.requests.at(-1)?.text).toContain(dataUri);
  });

  it('reaches providers of other dialects as data', async () => {
    await router.ask({ model: 'anthropic/seeing', ...chatWith(here()) });
    expect(lastOf(others.anthropic)?.['messages']).toMatchObject([
      {
        content: [
          { type: 'text' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } },
        ],
      },
    ]);
    await router.ask({ model: 'gemini/seeing', ...chatWith(here()) });
    expect(lastOf(others.gemini)?.['contents']).toMatchObject([
      { parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: base64 } }] },
    ]);
  });

  it('of Anthropic’s shape too, within the results of tools as well', async () => {
    const image = { type: 'image', source: { type: 'url', url: here() } };
    const body = {
      ...messageWith('anthropic/seeing', image),
      messages: [
        { role: 'user', content: [image] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [image] }] },
      ],
    };
    expect((await post('/v1/messages', body)).status).toBe(200);
    const source = { type: 'base64', media_type: 'image/png', data: base64 };
    expect(lastOf(others.anthropic)?.['messages']).toMatchObject([
      { content: [{ type: 'image', source }] },
      {},
      { content: [{ content: [{ type: 'image', source }] }] },
    ]);
    expect(fetches).toHaveLength(1);
    expect((await post('/v1/messages', messageWith('sim/small', image))).status).toBe(200);
    expect(router.provider.requests.at(-1)?.text).toContain(dataUri);
  });

  it('of the shape of responses too', async () => {
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: here() }] }];
    expect((await post('/v1/responses', { model: 'sim/small', input })).status).toBe(200);
    expect(router.provider.requests.at(-1)?.text).toContain(dataUri);
  });

  it('a document by its address is a PDF', async () => {
    serve = (_request, response) => response.end(pdf);
    const block = { type: 'document', source: { type: 'url', url: here('a.pdf') } };
    expect((await post('/v1/messages', messageWith('anthropic/seeing', block))).status).toBe(200);
    expect(lastOf(others.anthropic)?.['messages']).toMatchObject([
      { content: [{ source: { media_type: 'application/pdf', data: pdf.toString('base64') } }] },
    ]);
  });

  it('is fetched once for all who are asked, and for all places where it stands', async () => {
    router.provider.behaveOnce({ status: 500 });
    const models = ['sim/small', 'anthropic/seeing'];
    const response = await router.ask({ ...chatWith(here(), here()), signalbox: { models } });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-route')).toContain('anthropic/seeing');
    expect(fetches).toHaveLength(1);
  });

  it('is passed on to whom the operator says that it may be, and fetched by nobody here', async () => {
    expect((await router.ask({ model: 'passing/seeing', ...chatWith(here()) })).status).toBe(200);
    expect(lastOf(others.passing)?.['messages']).toEqual(chatWith(here()).messages);
    expect(fetches).toEqual([]);
  });

  it('within a stream too', async () => {
    const text = await (await router.ask({ ...chatWith(here()), stream: true })).text();
    expect(text).toContain('[DONE]');
    expect(router.provider.requests.at(-1)?.text).toContain(dataUri);
  });

  it('follows a redirect, and checks where it leads', async () => {
    serve = (request, response) =>
      request.url === '/moved' ? response.writeHead(302, { location: '/a.png' }).end() : response.end(png);
    expect((await router.ask(chatWith(here('moved')))).status).toBe(200);
    serve = (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
    const refused = await router.ask(chatWith(here('inside')));
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { message: expect.stringContaining('cannot be reached'), code: 'image_not_fetched' } },
    ]);
  });

  it('a client that leaves lets go of what is being fetched', async () => {
    serve = () => undefined;
    const raw = await openRaw(router, chatWith(here()));
    await waitFor(() => fetches.length === 1);
    raw.destroy();
    await waitFor(() => fetches[0]?.closed === true);
  });
});

describe('an image that cannot be had', () => {
  it.each([
    ['answers 404', (response: ServerResponse) => response.writeHead(404).end(), /did not answer with a PNG/],
    ['cuts the line', (response: ServerResponse) => response.socket?.destroy(), /did not answer properly/],
    ['answers a web page', (response: ServerResponse) => response.end('<html>secret'), /is not a PNG/],
    ['answers a PDF', (response: ServerResponse) => response.end(pdf), /is not a PNG/],
    [
      'answers more than may be',
      (response: ServerResponse) => response.writeHead(200, { 'content-length': '99999999' }).write(png),
      /more than 10485760 bytes/,
    ],
  ])('where it %s: 400 that names the member, and nobody is asked', async (_name, answer, message) => {
    serve = (_request, response) => {
      answer(response);
    };
    const asked = router.provider.requests.length;
    const response = await router.ask(chatWith(dataUri, here('broken')));
    const body = (await response.json()) as { error: { message: string; param: string } };
    expect([response.status, body.error.param]).toEqual([400, 'messages.0.content.2.image_url.url']);
    expect(body.error.message).toMatch(message);
    expect(body.error.message).not.toContain('secret');
    expect(router.provider.requests.length).toBe(asked);
  });

  it('names the member in each shape', async () => {
    const image = { type: 'image', source: { type: 'url', url: 'http://10.0.0.1/' } };
    const message = await post('/v1/messages', messageWith('sim/small', image));
    expect([message.status, await message.text()]).toEqual([
      400,
      expect.stringContaining('messages.0.content.0.source.url'),
    ]);
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: 'ftp://example.com/a' }] }];
    const response = await post('/v1/responses', { model: 'sim/small', input });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { param: 'input.0.content.0.image_url' } },
    ]);
  });

  it('one of too many', async () => {
    const urls = Array.from({ length: 21 }, (_none, index) => here(String(index)));
    const response = await router.ask(chatWith(...urls));
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { param: 'messages.0.content.21.image_url.url' } },
    ]);
    expect(fetches).toEqual([]);
  });

  it('says nothing of the provider’s health', async () => {
    serve = (_request, response) => response.writeHead(500).end();
    const from = router.log.length;
    for (let times = 0; times < 6; times += 1) await router.ask(chatWith(here(String(times))));
    expect((await router.ask({})).status).toBe(200);
    expect(router.log.slice(from).map(({ event }) => event)).not.toContain('chat.call_failed');
  });
});

describe('addresses inside (S8)', () => {
  it.each([
    'http://127.0.0.1:9/a.png',
    'https://127.0.0.1/a.png',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/a.png',
    'https://localhost/a.png',
    'https://user:pass@example.com/a.png',
    'file:///etc/passwd',
    'data:image/png,notbase64',
  ])('%s is never reached, and never passed on to a server that could', async (url) => {
    const counted = [router.provider, others.anthropic, others.gemini].map(({ requests }) => requests.length);
    for (const model of ['sim/small', 'anthropic/seeing', 'gemini/seeing']) {
      const response = await router.ask({ model, ...chatWith(url) });
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { error: { param: 'messages.0.content.1.image_url.url', code: 'image_not_fetched' } },
      ]);
    }
    expect([router.provider, others.anthropic, others.gemini].map(({ requests }) => requests.length)).toEqual(counted);
  });

  it.each([
    ['/v1/chat/completions', { type: 'video_url', video_url: { url: 'http://10.0.0.1/' } }, 'video_url.url'],
    ['/v1/chat/completions', { type: 'x', image_url: ' https://10.0.0.1/' }, 'image_url'],
    ['/v1/chat/completions', { type: 'file', file: { file_data: 'http://10.0.0.1/a.pdf' } }, 'file.file_data'],
    ['/v1/chat/completions', { type: 'image_url', image_url: { url: dataUri }, also: 'file:///etc/passwd' }, 'also'],
    ['/v1/messages', { type: 'video', source: { type: 'url', url: 'http://10.0.0.1/' } }, 'source.url'],
  ])('in %s %j is refused as well: some servers would fetch it', async (path, part, member) => {
    const asked = router.provider.requests.length + others.anthropic.requests.length;
    const model = path === '/v1/messages' ? 'anthropic/seeing' : 'sim/small';
    const response = await post(path, { model, max_tokens: 10, messages: [{ role: 'user', content: [part] }] });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining(`messages.0.content.0.${member}`),
    ]);
    expect(router.provider.requests.length + others.anthropic.requests.length).toBe(asked);
  });

  it('an address in a text is a text', async () => {
    const content = [{ type: 'text', text: 'https://10.0.0.1/ is what?' }];
    expect((await router.ask({ messages: [{ role: 'user', content }] })).status).toBe(200);
  });

  it('a name of a member that is written otherwise is the same member', async () => {
    const text = JSON.stringify({ model: 'sim/small', ...chatWith('https://10.0.0.1/a.png') });
    const body = text.replaceAll('image_url', 'image\\u005furl');
    expect((await router.ask({}, { body })).status).toBe(400);
  });

  it('a tenant cannot have its own server get addresses', async () => {
    const caller = aCaller({ tenantId: router.caller.principal.tenantId, scopes: ['providers:write'] });
    const body = {
      name: 'mine',
      kind: 'openai_compatible',
      base_url: 'https://example.com/v1',
      models: ['m'],
      options: { image_addresses: 'pass' },
    };
    const response = await router.fetch(
      '/api/v1/providers',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      { ...caller, requestId: newId('req') },
    );
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('image_addresses')]);
  });
});
