import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ProviderBreaker, Routing } from '@signalbox/contracts';
import { operatorMark } from '@signalbox/identity';
import { createTestDatabase, startRedisServer, waitFor, type TestDatabase } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { aCaller, audience, eventsOf, startTestRouter, textOf, type TestRouter } from './harness.ts';

const breaker = { failures_max: 5, window_ms: 60_000, open_ms: 1_000 };

/** Two replicas that ask one provider: the simulator of the first. */
async function startReplicas(): Promise<
  AsyncDisposable & { first: TestRouter; second: TestRouter; database: TestDatabase }
> {
  const owned = new AsyncDisposableStack();
  const database = owned.use(await createTestDatabase({ service: audience, migrations }));
  const prefix = `test-${randomUUID()}`;
  const first = owned.use(await startTestRouter({ breaker, database, prefix }));
  const second = owned.use(await startTestRouter({ breaker, database, prefix, baseUrl: first.provider.url }));
  return { first, second, database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Of those who run the installation. */
const admin = aCaller({ scopes: ['admin', 'providers:read', 'chat:write', operatorMark] });
async function breakerOf(router: TestRouter, name = 'sim'): Promise<ProviderBreaker | undefined> {
  const page = (await (await router.fetch('/api/v1/breakers', {}, admin)).json()) as { data: ProviderBreaker[] };
  return page.data.find((each) => each.name === name);
}

describe('LA-3: a breaker that two replicas share', () => {
  it('opens after 5 failures of both, answers at once without a call, tries once, and closes', async () => {
    await using both = await startReplicas();
    const { first, second } = both;
    first.provider.behave({ status: 500 });
    for (const router of [first, second, first, second, first]) expect((await router.ask({})).status).toBe(502);
    await waitFor(
      async () => (await breakerOf(first))?.state === 'open' && (await breakerOf(second))?.state === 'open',
    );
    const asked = first.provider.requests.length;
    expect(asked).toBe(5);

    const times: number[] = [];
    for (let time = 0; time < 40; time += 1) {
      const from = performance.now();
      const response = await (time % 2 === 0 ? first : second).ask({ stream: time % 4 < 2 });
      times.push(performance.now() - from);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      const body = (await response.json()) as { error: { code: string }; routing: Routing };
      expect(body.error.code).toBe('circuit_open');
      expect(body.routing.attempts).toMatchObject([{ model: 'sim/small', outcome: 'skipped' }]);
    }
    expect(first.provider.requests).toHaveLength(asked);
    const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
    // Client, HTTP and signature included; alone it is a fraction of this.
    expect(median).toBeLessThan(20);
    expect(await first.ledger()).toHaveLength(5);

    // Longer than the slowest of the 20 takes to arrive.
    first.provider.behave({ headDelayMs: 5_000 });
    await waitFor(
      async () => (await breakerOf(first))?.opens_at === null && (await breakerOf(second))?.opens_at === null,
    );
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await (index % 2 === 0 ? first : second).ask({})).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(first.provider.requests).toHaveLength(asked + 1);
    await waitFor(async () => (await breakerOf(second))?.state === 'closed');
    first.provider.behave({});
    expect((await second.ask({})).status).toBe(200);

    const metrics = await (await fetch(`${first.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/circuit_breaker_state\{name="[^"]*sim"\} 0/);
    // Told once, whichever replica saw it: open, half-open, closed.
    const told = () =>
      [...first.log, ...second.log].filter(({ event }) => event === 'provider.state_changed').map(({ to }) => to);
    await waitFor(() => told().length === 3);
    expect(told().sort()).toEqual(['closed', 'half_open', 'open']);
  });

  it('is reset by an administrator for all replicas, and the act is on record (LA-29)', async () => {
    await using both = await startReplicas();
    const { first, second } = both;
    first.provider.behave({ status: 503 });
    for (let time = 0; time < 5; time += 1) await first.ask({});
    await waitFor(async () => (await breakerOf(second))?.state === 'open');
    const id = (await breakerOf(first))?.id ?? '';
    const path = `/api/v1/providers/${id}/breaker/reset`;
    expect(
      (await second.fetch(path, { method: 'POST' }, aCaller({ scopes: ['chat:write', 'providers:write'] }))).status,
    ).toBe(403);
    // Whoever administers a tenant does not decide for all others.
    const tenants = aCaller({ scopes: ['*', 'admin'] });
    expect((await second.fetch(path, { method: 'POST' }, tenants)).status).toBe(403);
    expect((await breakerOf(second))?.state).not.toBe('closed');
    expect((await second.fetch(path.replace(id, 'connection_none'), { method: 'POST' }, admin)).status).toBe(404);
    const reset = await second.fetch(path, { method: 'POST' }, admin);
    expect(await reset.json()).toMatchObject({ id, name: 'sim', state: 'closed', failures: 0, opens_at: null });
    await waitFor(async () => (await breakerOf(first))?.state === 'closed');
    first.provider.behave({});
    expect((await first.ask({})).status).toBe(200);
    const rows = await first.db.db.selectFrom('outbox').select(['name', 'message']).execute();
    const audited = rows.filter(({ name }) => name === 'audit.record').map(({ message }) => JSON.stringify(message));
    expect(audited).toHaveLength(1);
    expect(audited[0]).toMatch(/breaker\.reset/);
    expect(audited[0]).toContain(admin.principal.principalId);
  });

  it("is reset by a tenant's administrator where the connection is the tenant's own", async () => {
    await using router = await startTestRouter({ breaker });
    const owner = aCaller({ scopes: ['admin', 'providers:write', 'chat:write'] });
    const send = (path: string, body: object) =>
      router.fetch(
        path,
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
        owner,
      );
    const connection = { name: 'own', kind: 'openai_compatible', base_url: router.provider.url, models: ['m'] };
    const made = (await (await send('/api/v1/providers', connection)).json()) as { id: string };
    const reset = await router.fetch(`/api/v1/providers/${made.id}/breaker/reset`, { method: 'POST' }, owner);
    expect([reset.status, await reset.json()]).toMatchObject([200, { id: made.id, state: 'closed' }]);
  });

  it('shows in health with its state (LA-12)', async () => {
    await using router = await startTestRouter({ breaker });
    router.provider.behave({ status: 500 });
    for (let time = 0; time < 5; time += 1) await router.ask({});
    const health = await waitFor(async () => {
      const answer = await fetch(`${router.adminUrl}/health/ready`);
      const { providers } = (await answer.json()) as { providers: Record<string, { breaker: string }> };
      return providers['sim']?.breaker === 'open' && providers;
    });
    expect(health).toMatchObject({
      sim: { breaker: 'open', failures: 0, opens_at: expect.any(String) as unknown },
      signalbox: { breaker: 'closed', failures: 0, opens_at: null },
    });
  });
});

describe('LA-3: what counts', () => {
  it('is the provider’s failure and not the caller’s, nor a full account, nor a limit', async () => {
    await using router = await startTestRouter({ breaker });
    for (const status of [400, 404, 413, 422, 400, 401, 403, 429, 400, 422]) {
      router.provider.behaveOnce({ status });
      await router.ask({});
    }
    expect(await breakerOf(router)).toMatchObject({ state: 'closed', failures: 0 });
    expect((await router.ask({})).status).toBe(200);
  });

  it('is a client that leaves neither, and a stream that breaks after its beginning', async () => {
    await using router = await startTestRouter({ breaker });
    for (let time = 0; time < 6; time += 1) {
      const leave = new AbortController();
      router.provider.behaveOnce({ firstDelayMs: 5_000 });
      const asked = router.ask({ stream: true }, { signal: leave.signal });
      await waitFor(() => router.provider.requests.length === time + 1);
      leave.abort();
      await expect(asked).rejects.toThrow('aborted');
      await waitFor(() => router.provider.requests[time]?.abortedAt);
    }
    expect(await breakerOf(router)).toMatchObject({ state: 'closed', failures: 0 });
    for (let time = 0; time < 5; time += 1) {
      router.provider.behaveOnce({ fault: 'cut', faultAfter: 1 });
      const text = await (await router.ask({ stream: true })).text();
      expect(textOf(eventsOf(text))).toBe('Hello');
    }
    await waitFor(async () => (await breakerOf(router))?.state === 'open');
  });

  it('is counted for each connection alone: the other one answers meanwhile', async () => {
    await using other = await startTestRouter();
    await using router = await startTestRouter({
      breaker,
      providers: [
        {
          settings: { name: 'other', kind: 'openai_compatible', base_url: other.provider.url, models: ['small'] },
          apiKey: 'sk',
        },
      ],
    });
    router.provider.behave({ status: 500 });
    for (let time = 0; time < 10; time += 1) {
      const response = await router.ask({ signalbox: { models: ['sim/small', 'other/small'] } });
      expect(response.status).toBe(200);
    }
    expect(router.provider.requests).toHaveLength(5);
    expect(other.provider.requests).toHaveLength(10);
  });
});

describe('LA-3, R6: with Redis away', () => {
  it('each process goes by what it sees, and nobody waits', async () => {
    await using redis = await startRedisServer();
    await using router = await startTestRouter({ breaker, redisQueueUrl: redis.url });
    expect((await router.ask({})).status).toBe(200);
    redis.freeze();
    router.provider.behave({ status: 500 });
    for (let time = 0; time < 5; time += 1) expect((await router.ask({})).status).toBe(502);
    await waitFor(async () => (await breakerOf(router))?.state === 'open');
    expect((await router.ask({})).status).toBe(503);
    expect(router.provider.requests).toHaveLength(6);
    redis.thaw();
  });
});

describe('who asked to be left alone (LA-14)', () => {
  it('is left alone by all replicas, each of which skips it without a call', async () => {
    await using both = await startReplicas();
    const { first, second } = both;
    first.provider.behave({ status: 429, headers: { 'retry-after': '30' } });
    expect((await first.ask({})).status).toBe(429);
    first.provider.behave({});
    const skipped = await waitFor(async () => {
      const asked = first.provider.requests.length;
      const answer = await second.ask({});
      return answer.status === 429 && first.provider.requests.length === asked && answer;
    });
    expect(Number(skipped.headers.get('retry-after'))).toBeGreaterThan(20);
    const { routing } = (await skipped.json()) as { routing: Routing };
    expect(routing.attempts).toMatchObject([{ outcome: 'skipped', reason: 'asked to be left alone for now' }]);
    // Another model of the same connection is asked.
    expect((await second.ask({ model: 'sim/org/large' })).status).toBe(200);
  });
});
