import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { CacheNamespaceState } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { startRedisServer, waitFor } from '@signalbox/test-kit';
import { aCaller, startTestRouter, type TestRouter } from './harness.ts';
import { startSemanticRouter } from './semantic-harness.ts';

const patient = { config: { redisTimeoutMs: 5_000 } };
type Caller = ReturnType<typeof aCaller>;
const everything = () => aCaller({ scopes: ['admin', 'chat:write'] });

async function ask(router: TestRouter, caller: Caller, text: string): Promise<string | null> {
  const response = await router.fetch(
    '/v1/chat/completions',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim/small', temperature: 0, messages: [{ role: 'user', content: text }] }),
    },
    caller,
  );
  await response.text();
  return response.headers.get('x-signalbox-cache');
}

async function stateOf(router: TestRouter, caller: Caller): Promise<CacheNamespaceState> {
  const { data } = (await (await router.fetch('/api/v1/cache', {}, caller)).json()) as { data: CacheNamespaceState[] };
  const found = data.find(({ namespace }) => namespace === 'api_response');
  if (found === undefined) throw new Error('there is no such namespace');
  return found;
}

const clear = (router: TestRouter, caller: Caller, namespace = 'api_response') =>
  router.fetch(`/api/v1/cache/${namespace}`, { method: 'DELETE' }, caller);

describe('CR-4, CR-14: what a tenant has in the cache', () => {
  it('is shown with what it was good for, counted in all replicas, each tenant its own', async () => {
    await using first = await startTestRouter(patient);
    await using second = await startTestRouter({ ...patient, baseUrl: first.provider.url });
    const [mine, theirs] = [everything(), everything()];
    expect(await stateOf(first, mine)).toEqual({
      namespace: 'api_response',
      state: 'ready',
      entries: 0,
      bytes: 0,
      hits: 0,
      misses: 0,
      hit_ratio: null,
      counted_since: null,
      ttl_seconds: 300,
    });
    const text = randomUUID();
    expect([await ask(first, mine, text), await ask(second, mine, text)]).toEqual(['miss', 'hit']);
    await ask(first, theirs, text);
    const state = await waitFor(async () => {
      const now = await stateOf(first, mine);
      return now.hits + now.misses === 2 && now;
    });
    expect(state).toMatchObject({ entries: 1, hits: 1, misses: 1, hit_ratio: 0.5, counted_since: expect.any(String) });
    expect(state.bytes).toBeGreaterThan(100);
    expect(await stateOf(first, theirs)).toMatchObject({ entries: 1, hits: 0, misses: 1 });
    const { data } = (await (await first.fetch('/api/v1/cache', {}, mine)).json()) as { data: CacheNamespaceState[] };
    expect(data.map(({ namespace, state: told }) => [namespace, told])).toEqual([
      ['api_response', 'ready'],
      ['vision_result', 'ready'],
      ['response_item', 'ready'],
      ['semantic', 'not_configured'],
    ]);
  });
});

describe('CR-5, B-36, B-43: clearing a namespace', () => {
  it("forgets the tenant's own, in all replicas, and nothing of another tenant", async () => {
    await using first = await startTestRouter(patient);
    await using second = await startTestRouter({ ...patient, baseUrl: first.provider.url });
    const [mine, theirs] = [everything(), everything()];
    const text = randomUUID();
    for (const caller of [mine, theirs]) await ask(first, caller, text);
    const answer = await clear(first, mine);
    expect([answer.status, await answer.json()]).toEqual([200, { namespace: 'api_response', cleared: 1 }]);
    expect([await ask(second, mine, text), await ask(second, theirs, text)]).toEqual(['miss', 'hit']);
    expect(await (await clear(first, everything())).json()).toEqual({ namespace: 'api_response', cleared: 0 });
  });

  it('stands in the audit log, with who did it and how much there was', async () => {
    await using router = await startTestRouter(patient);
    const caller = everything();
    await ask(router, caller, randomUUID());
    await clear(router, caller);
    const rows = await router.db.db.selectFrom('outbox').selectAll().where('name', '=', 'audit.record').execute();
    const [told = ''] = rows.map(({ message }) => JSON.stringify(message));
    expect(rows).toHaveLength(1);
    for (const part of ['cache.cleared', 'api_response', caller.principal.principalId, '"cleared":1']) {
      expect(told).toContain(part);
    }
  });

  it("clears the index of questions alone, the tenant's own", async () => {
    await using router = await startSemanticRouter();
    const [mine, theirs] = [everything(), everything()];
    for (const caller of [mine, theirs]) {
      await router.askLike('how do I reset the left router of the upper floor', {}, caller);
      await router.indexed(1, caller);
    }
    expect(await (await clear(router, mine, 'semantic')).json()).toEqual({ namespace: 'semantic', cleared: 1 });
    const like = 'how can I reset the left router of the upper floor';
    expect((await router.askLike(like, {}, mine)).cache).toBe('miss');
    expect((await router.askLike(like, {}, theirs)).cache).toBe('semantic-hit');
    expect((await router.askLike('how do I reset the left router of the upper floor', {}, mine)).cache).toBe('hit');
  });
});

describe('errors and rights of the cache routes', () => {
  it('names what may be cleared, and says what is not there', async () => {
    await using router = await startTestRouter(patient);
    const unknown = await clear(router, everything(), 'sessions');
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({ errors: [{ path: 'namespace', message: expect.any(String) }] });
    expect((await clear(router, everything(), 'semantic')).status).toBe(409);
  });

  it('wants the scope admin for both', async () => {
    await using router = await startTestRouter(patient);
    const other = aCaller({ scopes: ['chat:write', 'usage:read', 'providers:write'] });
    expect((await router.fetch('/api/v1/cache', {}, other)).status).toBe(403);
    expect((await clear(router, other)).status).toBe(403);
    expect(await router.db.db.selectFrom('outbox').selectAll().where('name', '=', 'audit.record').execute()).toEqual(
      [],
    );
  });

  it('is 503 while the cache cannot be asked, and leaves no trace of an act that did not happen', async () => {
    await using redis = await startRedisServer();
    await using router = await startTestRouter({ redisQueueUrl: redis.url });
    await redis.kill();
    const caller = { ...everything(), requestId: newId('req') };
    for (const answer of [await router.fetch('/api/v1/cache', {}, caller), await clear(router, caller)]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    }
    expect(await router.db.db.selectFrom('outbox').selectAll().where('name', '=', 'audit.record').execute()).toEqual(
      [],
    );
  });
});
