import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { startChromaServer, waitFor } from '@signalbox/test-kit';
import { aCaller, eventsOf, textOf } from './harness.ts';
import { collectionsOf, deleteCollections, startSemanticRouter, type SemanticRouter } from './semantic-harness.ts';

const question = 'how do I reset the left router of the upper floor';
/** Nine of its ten words. */
const like = 'how can I reset the left router of the upper floor';
const unlike = 'why is the moon so bright over the sea tonight';
const hit = /^hit; similarity=0\.[89]\d*; threshold=0\.8$/;
const miss = /^miss(; similarity=-?[0-9.]+)?; threshold=0\.8$/;

describe('B-17: an answer to a question of like meaning', () => {
  it('is given without a call, shows how alike and how alike it had to be, and costs what looking for it cost', async () => {
    await using router = await startSemanticRouter();
    const first = await router.askLike(question);
    expect([first.cache, first.semantic]).toEqual(['miss', 'miss; threshold=0.8']);
    await router.indexed(1);
    const second = await router.askLike(like);
    expect([second.status, second.cache, second.semantic]).toEqual([200, 'semantic-hit', expect.stringMatching(hit)]);
    expect(second.text).toBe(first.text);
    expect(router.provider.requests).toHaveLength(1);
    // 4 tokens at 1 USD for a million.
    expect(second.costUsd).toBe('0.000004000');
    const rows = await waitFor(async () => {
      const ledger = await router.ledger();
      return ledger.length === 4 && ledger;
    });
    expect(rows.find(({ request_id: id }) => id === second.requestId)).toMatchObject({
      outcome: 'cache_hit',
      model: 'sim/small',
      cost_usd: '0.000000000',
    });
    expect(rows.filter(({ model }) => model === 'embed/words')).toMatchObject([
      { outcome: 'ok', cost_usd: '0.000004000', tags: { purpose: 'semantic_cache', parent_request: first.requestId } },
      { outcome: 'ok', cost_usd: '0.000004000', tags: { purpose: 'semantic_cache', parent_request: second.requestId } },
    ]);
    expect(await router.cacheState('semantic')).toMatchObject({ state: 'ready', hits: 1, misses: 1, hit_ratio: 0.5 });
    // The very same request takes the way without an embedding.
    const same = await router.askLike(question);
    expect([same.cache, same.semantic, same.costUsd]).toEqual(['hit', null, '0.000000000']);
    expect(router.embeddings.texts).toEqual([question, like]);
  });

  it('is a stream to whoever asked for one, to the byte, and no document', async () => {
    await using router = await startSemanticRouter();
    const first = await router.askLike(question, { stream: true });
    await router.indexed(1);
    const second = await router.askLike(like, { stream: true });
    expect([second.cache, second.text]).toEqual(['semantic-hit', first.text]);
    expect(eventsOf(second.text).at(-1)).toBe('[DONE]');
    expect(textOf(eventsOf(second.text))).toBe('Hello from the simulator.');
    expect((await router.askLike(like)).cache).toBe('miss');
  });

  it('is given as far as it is alike, by the threshold of the installation or of the request', async () => {
    await using router = await startSemanticRouter();
    await router.askLike(question);
    await router.indexed(1);
    const far = await router.askLike(unlike);
    expect(far.semantic).toMatch(miss);
    const strict = await router.askLike(like, { signalbox: { semantic_cache: { threshold: 0.99 } } });
    expect(strict.semantic).toMatch(/^miss; similarity=0\.[89]\d*; threshold=0\.99$/);
    const wide = await router.askLike('how can I reset the left router of the lower floor', {
      signalbox: { semantic_cache: { threshold: 0.7 } },
    });
    expect(wide.semantic).toMatch(/^hit; similarity=0\.\d+; threshold=0\.7$/);
  });

  it('is told in `routing` as well, in documents and streams, as an exact one is', async () => {
    await using router = await startSemanticRouter();
    const explain = { signalbox: { explain: true } };
    for (const [index, stream] of [false, true].entries()) {
      const routingOf = ({ text, body }: Awaited<ReturnType<SemanticRouter['askLike']>>) =>
        stream
          ? (eventsOf(text) as { routing?: unknown }[]).flatMap(({ routing }) =>
              routing === undefined ? [] : [routing],
            )
          : [body.routing];
      const first = await router.askLike(question, { ...explain, stream });
      expect(routingOf(first)).toEqual([expect.not.objectContaining({ cache: expect.anything() })]);
      await router.indexed(index + 1);
      const second = await router.askLike(like, { ...explain, stream });
      const [, similarity] = /similarity=([0-9.]+)/.exec(second.semantic ?? '') ?? [];
      expect(routingOf(second)).toEqual([
        expect.objectContaining({
          chosen: 'sim/small',
          reason: 'an answer was kept for a question of like meaning',
          cache: { kind: 'semantic', similarity: Number(similarity), threshold: 0.8 },
        }),
      ]);
      expect(routingOf(await router.askLike(question, { ...explain, stream }))).toEqual([
        expect.objectContaining({ cache: { kind: 'exact' } }),
      ]);
    }
  });

  it('is found from another replica, and not taken where it is to be made anew', async () => {
    const prefix = `replica-${randomUUID()}`;
    await using one = await startSemanticRouter({ prefix });
    await using other = await startSemanticRouter({ prefix, embeddings: one.embeddings, baseUrl: one.provider.url });
    await one.askLike(question);
    await one.indexed(1);
    const shared = await other.askLike(like, {}, one.caller);
    expect(shared.cache).toBe('semantic-hit');
    expect(one.provider.requests).toHaveLength(1);
    const refreshed = await one.askLike(like, { signalbox: { cache: 'refresh' } });
    expect([refreshed.cache, refreshed.semantic]).toEqual(['miss', 'miss; threshold=0.8']);
    await one.indexed(2);
  });

  it('is kept under an idempotency key as what it is', async () => {
    await using router = await startSemanticRouter();
    await router.askLike(question);
    await router.indexed(1);
    const keyed = { headers: { 'idempotency-key': randomUUID() } };
    const body = { temperature: 0, messages: [{ role: 'user', content: like }], signalbox: { semantic_cache: true } };
    const given = await router.ask(body, keyed);
    const again = await router.ask(body, keyed);
    expect(given.headers.get('x-signalbox-cache')).toBe('semantic-hit');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await again.text()).toBe(await given.text());
    expect(router.provider.requests).toHaveLength(1);
  });
});

describe('B-17: who wants it', () => {
  it('is nobody, unless the request, its alias, or the installation does', async () => {
    const house = { models: ['sim/small'], strategy: 'priority' as const };
    const aliases = { house: { ...house, semantic_cache: true }, plain: house };
    await using router = await startSemanticRouter({ config: { aliases } });
    const semanticOf = async (model: string, wish: unknown, text: string = randomUUID()) =>
      (await router.askLike(text, { model, signalbox: { semantic_cache: wish } })).semantic;
    expect(await semanticOf('sim/small', undefined)).toBeNull();
    expect(await semanticOf('plain', undefined)).toBeNull();
    expect(await semanticOf('house', undefined)).toMatch(miss);
    expect(await semanticOf('house', false)).toBeNull();
    expect(await semanticOf('sim/small', true)).toMatch(miss);
    expect(router.embeddings.texts).toHaveLength(2);
    const owner = { ...router.caller, principal: { ...router.caller.principal, scopes: ['systems:write' as const] } };
    const made = await router.fetch(
      '/api/v1/systems',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          id: 'helpdesk',
          domain: 'support',
          use_case: 'answers what is asked often',
          architecture: 'single',
          models: ['sim/small'],
          semantic_cache: { threshold: 0.6 },
        }),
      },
      owner,
    );
    expect([made.status, await made.json()]).toEqual([
      201,
      expect.objectContaining({ semantic_cache: { threshold: 0.6 } }),
    ]);
    expect(await semanticOf('helpdesk', undefined)).toMatch(/^miss.*; threshold=0\.6$/);

    await using always = await startSemanticRouter({ settings: { by_default: true } });
    expect((await always.askLike('x', { signalbox: { semantic_cache: undefined } })).semantic).toMatch(miss);
    expect((await always.askLike('y', { signalbox: { semantic_cache: false } })).semantic).toBeNull();
  });

  it('is told where there is none', async () => {
    await using router = await startSemanticRouter({ chromaUrl: null });
    expect((await router.askLike(question)).semantic).toBe('off; reason=not_configured');
    expect(await router.cacheState('semantic')).toMatchObject({ state: 'not_configured', entries: null });
  });
});

describe('B-17, B-25: whom it is never given to', () => {
  it('is another tenant, whatever is asked', async () => {
    await using router = await startSemanticRouter();
    await router.askLike(question);
    await router.indexed(1);
    for (const text of [question, like]) {
      const stranger = aCaller();
      const answer = await router.askLike(text, {}, stranger);
      expect([answer.cache, answer.semantic]).toEqual(['miss', 'miss; threshold=0.8']);
      expect(await router.cacheState('semantic', stranger)).toMatchObject({ hits: 0, misses: 1 });
    }
    expect(router.provider.requests).toHaveLength(3);
  });

  it('is another tenant, even where the index has come to point at what is not theirs', async () => {
    const prefix = `test-${randomUUID()}`;
    await using router = await startSemanticRouter({ prefix });
    await router.askLike(question);
    await router.indexed(1);
    const thief = aCaller();
    for (const collection of await collectionsOf(prefix)) {
      // What Chroma has taken in can be read a moment later.
      const { ids, embeddings, metadatas } = await waitFor(() =>
        collection.get({ include: ['embeddings', 'metadatas'] }),
      );
      const stolen = metadatas.map((metadata) => ({ ...metadata, tenant: thief.principal.tenantId }));
      await collection.upsert({ ids, embeddings, metadatas: stolen });
    }
    await router.indexed(1, thief);
    const answer = await router.askLike(like, {}, thief);
    expect([answer.cache, answer.semantic]).toEqual(['miss', expect.stringMatching(/^miss; similarity=0\.[89]/)]);
    expect(router.provider.requests).toHaveLength(2);
  });

  it('is a request that differs in anything but the wording of its question', async () => {
    await using router = await startSemanticRouter();
    await router.askLike(question);
    await router.indexed(1);
    const user = { role: 'user', content: like };
    for (const other of [
      { model: 'sim/org/large' },
      { seed: 1 },
      { max_tokens: 5 },
      { response_format: { type: 'json_object' } },
      { messages: [{ role: 'system', content: 'Be brief.' }, user] },
      { signalbox: { metadata: { tier: 'gold' } } },
      { messages: [{ ...user, content: `${like} 2` }] },
    ]) {
      expect([other, (await router.askLike(like, other)).semantic]).toEqual([other, 'miss; threshold=0.8']);
    }
  });

  it('is one with tools or images, or that is not meant to have one answer: that costs no embedding', async () => {
    await using router = await startSemanticRouter();
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const image = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }];
    expect((await router.askLike(question, { tools })).semantic).toBe('bypass; reason=tools');
    expect((await router.askLike(question, { messages: [{ role: 'user', content: image }] })).semantic).toBe(
      'bypass; reason=not_text',
    );
    expect((await router.askLike(question, { temperature: 0.7 })).semantic).toBe('bypass; reason=not_deterministic');
    expect((await router.askLike(question, { signalbox: { cache: 'off' } })).semantic).toBe(
      'bypass; reason=not_deterministic',
    );
    expect(router.embeddings.texts).toEqual([]);
    // The client itself may say that one answer will do.
    expect((await router.askLike(question, { temperature: 0.7, signalbox: { cache: 'on' } })).semantic).toMatch(miss);
  });
});

describe('B-17: what it cannot do without', () => {
  it('is passed by while Chroma is away, says so, is degraded in health, and is back by itself', async () => {
    await using chroma = await startChromaServer();
    await using router = await startSemanticRouter({ chromaUrl: chroma.url, settings: { timeout_ms: 5_000 } });
    await router.askLike(question);
    await router.indexed(1);
    await chroma.kill();
    const away = await router.askLike(like);
    expect([away.status, away.cache, away.semantic]).toEqual([200, 'miss', 'degraded; reason=index_away']);
    const embedded = router.embeddings.texts.length;
    // Who is known to be away is not waited for, and no embedding is bought for it.
    await waitFor(async () => {
      const before = router.embeddings.texts.length;
      const answer = await router.askLike(randomUUID());
      expect(answer.semantic).toBe('degraded; reason=index_away');
      return router.embeddings.texts.length === before;
    });
    expect(embedded).toBeGreaterThan(0);
    const health = (await (await fetch(`${router.adminUrl}/health/ready`)).json()) as {
      status: string;
      components: Record<string, { status: string }>;
    };
    expect([health.status, health.components['chroma']?.status]).toEqual(['degraded', 'degraded']);
    expect(await router.cacheState('semantic')).toMatchObject({ state: 'degraded', entries: null });
    await chroma.restart();
    await waitFor(async () => (await router.askLike(randomUUID())).semantic?.startsWith('miss'));
  });

  it('answers without it when the embedding fails or takes too long', async () => {
    await using router = await startSemanticRouter({ settings: { timeout_ms: 300 } });
    router.embeddings.refuse(500);
    const failed = await router.askLike(question);
    expect([failed.status, failed.semantic]).toEqual([200, 'degraded; reason=embedding_failed']);
    router.embeddings.refuse(null);
    router.embeddings.delay(30_000);
    const late = await router.askLike(like);
    expect([late.status, late.semantic]).toEqual([200, 'degraded; reason=embedding_failed']);
  });

  it('fills an index that was lost again, and finds no answer that the exact cache has lost', async () => {
    const prefix = `test-${randomUUID()}`;
    await using router = await startSemanticRouter({ prefix });
    await router.askLike(question);
    await router.indexed(1);
    await deleteCollections(prefix);
    expect((await router.askLike(like)).semantic).toBe('miss; threshold=0.8');
    await router.indexed(1);
    const found = await router.askLike('how could I reset the left router of the upper floor');
    expect([found.cache, found.semantic]).toEqual(['semantic-hit', expect.stringMatching(hit)]);

    const admin = { ...router.caller, principal: { ...router.caller.principal, scopes: ['admin' as const] } };
    await router.fetch('/api/v1/cache/api_response', { method: 'DELETE' }, admin);
    const gone = await router.askLike('how might I reset the left router of the upper floor');
    expect([gone.cache, gone.semantic]).toEqual(['miss', expect.stringMatching(/^miss; similarity=0\.[89]/)]);
  });

  it('forgets a question with its time', async () => {
    await using router = await startSemanticRouter({ settings: { ttl_seconds: 1 } });
    await router.askLike(question);
    await waitFor(() => router.embeddings.texts.length === 1);
    await waitFor(async () => (await router.cacheState('semantic'))?.entries === 0);
    await waitFor(async () => (await router.askLike(like)).semantic === 'miss; threshold=0.8');
  });
});
