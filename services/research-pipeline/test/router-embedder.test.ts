import { describe, expect, it } from '@jest/globals';
import { identityHeader, verifyIdentity } from '@signalbox/identity';
import { startHttpSink, type HttpSink } from '@signalbox/test-kit';
import { createRouterEmbedder } from '../src/retrieval/router-embedder.ts';
import { aCaller, identityKeys } from './harness.ts';
import { someVector } from './retrieval-room.ts';

const { principal } = aCaller({ scopes: ['chat:write'] });
const asked = { idempotencyKey: 'job:rank:1', signal: AbortSignal.timeout(60_000) };

/** A chat-router that embeds; the last text of a call comes first in its answer. */
function embedding(sink: HttpSink, headers: Record<string, string> = {}): void {
  sink.behave(({ body }) => {
    const texts = body['input'] as string[];
    const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: someVector(text, 8) })).reverse();
    const usage = { prompt_tokens: texts.length * 3, total_tokens: texts.length * 3 };
    return {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ object: 'list', model: 'openai/small', data, usage }),
    };
  });
}

const embedderOf = (url: string) => createRouterEmbedder({ url, identityKeys, principal, model: 'openai/small' });

describe('CR-6: embeddings of any model by way of the chat-router', () => {
  it('are asked for in the name of the owner, under a key, and stand in the order of the texts', async () => {
    await using sink = await startHttpSink();
    embedding(sink, { 'x-signalbox-cost-usd': '0.000012' });
    const { vectors, usage } = await embedderOf(sink.url).embed(['one', 'two'], asked);
    expect(vectors).toEqual([someVector('one', 8), someVector('two', 8)]);
    expect(usage).toEqual({ inputTokens: 6, costUsd: 0.000012 });
    const [request] = sink.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/v1/embeddings', body: { model: 'openai/small' } });
    const header = request?.headers[identityHeader] as string;
    const binding = { audience: 'chat-router', method: 'POST', path: '/v1/embeddings' };
    expect(verifyIdentity(identityKeys, binding, header).principal).toEqual(principal);
    expect(request?.headers['idempotency-key']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('have one key for the same texts of a step, and another for others', async () => {
    await using sink = await startHttpSink();
    embedding(sink);
    const embedder = embedderOf(sink.url);
    await embedder.embed(['one'], asked);
    await embedder.embed(['one'], asked);
    await embedder.embed(['two'], asked);
    await embedder.embed(['one'], { ...asked, idempotencyKey: 'job:rank:2' });
    const keys = sink.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(3);
  });

  it('are asked for 64 texts at a time, and their usage is summed', async () => {
    await using sink = await startHttpSink();
    embedding(sink);
    const texts = Array.from({ length: 150 }, (_, at) => `text ${String(at)}`);
    const { vectors, usage } = await embedderOf(sink.url).embed(texts, asked);
    expect(vectors).toEqual(texts.map((text) => someVector(text, 8)));
    expect(sink.requests.map(({ body }) => (body['input'] as string[]).length)).toEqual([64, 64, 22]);
    expect(usage).toEqual({ inputTokens: 450, costUsd: null });
  });

  it.each([
    ['an error', { status: 503, body: '{"error":{"message":"sk-secret is wrong"}}' }],
    ['no JSON', { body: '<html>' }],
    ['another form', { body: '{"data":[{"index":0,"embedding":"AAAA"}]}' }],
    ['too few vectors', { body: '{"data":[{"index":0,"embedding":[1,2]}]}' }],
    ['vectors of several lengths', { body: '{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1]}]}' }],
  ])('that come as %s are a failure of the provider, of whose answer nothing is shown', async (_what, answer) => {
    await using sink = await startHttpSink();
    sink.behave(() => answer);
    const failing = embedderOf(sink.url).embed(['one', 'two'], asked);
    await expect(failing).rejects.toMatchObject({
      code: 'provider_failed',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('cannot be had from a chat-router that is away, and stop with whoever left', async () => {
    await expect(embedderOf('http://127.0.0.1:9').embed(['one'], asked)).rejects.toMatchObject({ code: 'unavailable' });
    await using sink = await startHttpSink();
    const leaving = new AbortController();
    sink.behave(() => {
      leaving.abort(new Error('cancelled'));
      return 'hang';
    });
    await expect(embedderOf(sink.url).embed(['one'], { ...asked, signal: leaving.signal })).rejects.toThrow(
      'cancelled',
    );
  });
});
