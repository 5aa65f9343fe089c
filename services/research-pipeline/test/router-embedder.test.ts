import { describe, expect, it } from '@jest/globals';
import { identityHeader, verifyIdentity } from '@signalbox/identity';
import { startHttpSink, type HttpSink, type SinkAnswer } from '@signalbox/test-kit';
import type { EmbeddingUsage, Spending } from '../src/retrieval/embedder.ts';
import { createRouterEmbedder } from '../src/retrieval/router-embedder.ts';
import { aCaller, identityKeys } from './harness.ts';
import { someVector } from './retrieval-room.ts';

const { principal } = aCaller({ scopes: ['chat:write'] });
const asked = {
  idempotencyKey: 'job:rank:1',
  signal: AbortSignal.timeout(60_000),
  spending: {
    reserving: <Result>(_tokensMax: number, call: () => Promise<Result>) => call(),
    onUsage: () => undefined,
  },
};

/** The answer of a chat-router that embeds; the last text of a call comes first in it. */
function embedded(texts: readonly string[], headers: Record<string, string> = {}): SinkAnswer {
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: someVector(text, 8) })).reverse();
  const usage = { prompt_tokens: texts.length * 3, total_tokens: texts.length * 3 };
  return {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ object: 'list', model: 'openai/small', data, usage }),
  };
}

function embedding(sink: HttpSink, headers: Record<string, string> = {}): void {
  sink.behave(({ body }) => embedded(body['input'] as string[], headers));
}

const embedderOf = (url: string) => createRouterEmbedder({ url, identityKeys, principal, model: 'openai/small' });

describe('CR-6: embeddings of any model by way of the chat-router', () => {
  it('are asked for in the name of the owner, under a key, and stand in the order of the texts', async () => {
    await using sink = await startHttpSink();
    embedding(sink, { 'x-signalbox-cost-usd': '0.000012' });
    const told: EmbeddingUsage[] = [];
    const spending = { ...asked.spending, onUsage: (usage: EmbeddingUsage) => told.push(usage) };
    const vectors = await embedderOf(sink.url).embed(['one', 'two'], { ...asked, spending });
    expect(vectors).toEqual([someVector('one', 8), someVector('two', 8)]);
    expect(told).toEqual([{ inputTokens: 6, costUsd: 0.000012 }]);
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

  it('are asked for 64 texts at a time, and what was paid is told although a later call fails', async () => {
    await using sink = await startHttpSink();
    embedding(sink);
    const texts = Array.from({ length: 150 }, (_, at) => `text ${String(at)}`);
    const told: EmbeddingUsage[] = [];
    const reserved: number[] = [];
    const spending: Spending = {
      reserving: (tokensMax, call) => {
        reserved.push(tokensMax);
        return call();
      },
      onUsage: (usage) => told.push(usage),
    };
    const vectors = await embedderOf(sink.url).embed(texts, { ...asked, spending });
    expect(vectors).toEqual(texts.map((text) => someVector(text, 8)));
    expect(sink.requests.map(({ body }) => (body['input'] as string[]).length)).toEqual([64, 64, 22]);
    expect(told.map(({ inputTokens }) => inputTokens)).toEqual([192, 192, 66]);
    expect(reserved).toHaveLength(1);
    expect(reserved[0]).toBeGreaterThanOrEqual(450);

    sink.requests.length = 0;
    sink.behave((_request, count) => (count === 1 ? embedded(texts.slice(0, 64)) : { status: 503 }));
    await expect(embedderOf(sink.url).embed(texts, { ...asked, spending })).rejects.toThrow();
    expect(told).toHaveLength(4);
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
