import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createTestDatabase, waitFor } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { aCaller, audience, eventsOf, openRaw, startTestRouter, textOf, type TestRouter } from './harness.ts';

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
const replayed = (response: Response) => response.headers.get('idempotent-replayed');
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

describe('Idempotency-Key (R16, B-15)', () => {
  it('gives the same answer again, documents and streams to the byte, from one call and one row', async () => {
    await using router = await startTestRouter();
    for (const stream of [false, true]) {
      const key = randomUUID();
      const asked = router.provider.requests.length;
      const first = await router.ask({ stream }, keyed(key));
      const text = await first.text();
      const second = await router.ask({ stream }, keyed(key));
      expect([first.status, replayed(first)]).toEqual([200, null]);
      expect([second.status, replayed(second)]).toEqual([200, 'true']);
      expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
      expect(second.headers.get('x-signalbox-route')).toBe(first.headers.get('x-signalbox-route'));
      expect(await second.text()).toBe(text);
      if (stream) expect(eventsOf(text).at(-1)).toBe('[DONE]');
      expect(router.provider.requests).toHaveLength(asked + 1);
    }
    expect(await router.ledger()).toHaveLength(2);
  });

  it('refuses the key for another body, and lets another principal have its own of that name', async () => {
    await using router = await startTestRouter();
    const key = randomUUID();
    await router.ask({ seed: 1 }, keyed(key));
    const other = await router.ask({ seed: 2 }, keyed(key));
    expect([other.status, await codeOf(other)]).toEqual([422, 'idempotency_key_reused']);
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ model: 'sim/small', messages: [{ role: 'user', content: 'Mine' }] }),
    };
    const stranger = await router.fetch('/v1/chat/completions', init, aCaller());
    expect([stranger.status, replayed(stranger)]).toEqual([200, null]);
    for (const bad of ['', 'x'.repeat(256), 'a b']) expect((await router.ask({}, keyed(bad))).status).toBe(400);
  });

  it('makes one call of 50 at once, at two replicas, and 49 get its answer', async () => {
    await using database = await createTestDatabase({ service: audience, migrations });
    await using first = await startTestRouter({ database });
    await using second = await startTestRouter({ database, baseUrl: first.provider.url });
    first.provider.behave({ headDelayMs: 300 });
    const caller = aCaller();
    const ask = (router: TestRouter) =>
      router.fetch(
        '/v1/chat/completions',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': 'all-of-us' },
          body: JSON.stringify({ model: 'sim/small', messages: [{ role: 'user', content: 'Once' }], stream: true }),
        },
        caller,
      );
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(index % 2 === 0 ? first : second)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(50).fill(200));
    expect(new Set(texts).size).toBe(1);
    expect(answers.filter((answer) => replayed(answer) === 'true')).toHaveLength(49);
    expect(first.provider.requests).toHaveLength(1);
    expect(await first.ledger()).toHaveLength(1);
  });

  it('runs no second time for an answer that is too large to be kept', async () => {
    await using router = await startTestRouter();
    for (const stream of [false, true]) {
      const key = randomUUID();
      const asked = router.provider.requests.length;
      router.provider.behaveOnce({ pieces: Array.from({ length: 9 }, () => 'x'.repeat(1_048_576)) });
      const first = await router.ask({ stream }, keyed(key));
      expect([first.status, (await first.text()).length > 9_000_000]).toEqual([200, true]);
      const again = await router.ask({ stream }, keyed(key));
      expect([again.status, await codeOf(again)]).toEqual([409, 'idempotent_answer_not_kept']);
      expect(router.provider.requests).toHaveLength(asked + 1);
    }
  });

  it('frees the key when the request came to nothing: those who waited are told, and a repeat runs', async () => {
    await using router = await startTestRouter();
    const key = randomUUID();
    router.provider.behaveOnce({ status: 500, headDelayMs: 300 });
    const [first, second] = await Promise.all([router.ask({}, keyed(key)), router.ask({}, keyed(key))]);
    const statuses = [first.status, second.status].sort();
    expect(statuses).toEqual([409, 502]);
    const again = await router.ask({}, keyed(key));
    expect([again.status, replayed(again)]).toEqual([200, null]);
    expect(router.provider.requests).toHaveLength(2);
  });

  it('keeps no stream that broke, and none that its client left', async () => {
    await using router = await startTestRouter();
    const key = randomUUID();
    router.provider.behaveOnce({ fault: 'cut', faultAfter: 2 });
    expect(await (await router.ask({ stream: true }, keyed(key))).text()).not.toContain('[DONE]');
    const leave = new AbortController();
    router.provider.behaveOnce({ pieceDelayMs: 5_000 });
    const left = await router.ask({ stream: true }, { ...keyed(key), signal: leave.signal });
    leave.abort();
    await expect(left.text()).rejects.toThrow();
    const whole = await waitFor(async () => {
      const response = await router.ask({ stream: true }, keyed(key));
      return response.status === 200 && response;
    });
    expect(textOf(eventsOf(await whole.text()))).toBe('Hello from the simulator.');
  });

  it('is taken over when the one who ran it is gone (R1)', async () => {
    await using router = await startTestRouter();
    const key = randomUUID();
    const { principalId, tenantId } = router.caller.principal;
    // As a process leaves it that was killed: running, with a lease that ends soon.
    const done = await router.ask({}, keyed(key));
    await done.text();
    await router.db.pool.query(
      `update idempotency_keys set state = 'running', answer = null, owner = 'gone', lease_until = now() + interval '1 s'
       where tenant_id = $1 and principal_id = $2 and key = $3`,
      [tenantId, principalId, key],
    );
    const from = performance.now();
    const response = await router.ask({}, keyed(key));
    expect([response.status, replayed(response)]).toEqual([200, null]);
    expect(performance.now() - from).toBeGreaterThan(700);
    expect(router.provider.requests).toHaveLength(2);
  });

  it('forgets after 24 hours, and only then', async () => {
    await using router = await startTestRouter();
    const key = randomUUID();
    await (await router.ask({}, keyed(key))).text();
    const { rows } = await router.db.pool.query<{ hours: number }>(
      'select extract(epoch from expires_at - now())::float8 / 3600 as hours from idempotency_keys',
    );
    expect(rows[0]?.hours).toBeCloseTo(24, 1);
    await router.db.pool.query("update idempotency_keys set expires_at = now() - interval '1 s'");
    expect(replayed(await router.ask({}, keyed(key)))).toBeNull();
    expect(router.provider.requests).toHaveLength(2);
  });

  it('lets a client that waits leave', async () => {
    await using router = await startTestRouter();
    router.provider.behaveOnce({ headDelayMs: 1_500 });
    const key = randomUUID();
    const running = router.ask({}, keyed(key));
    await waitFor(() => router.provider.requests.length === 1);
    const leave = new AbortController();
    const waiting = router.ask({}, { ...keyed(key), signal: leave.signal });
    leave.abort();
    await expect(waiting).rejects.toThrow();
    expect((await running).status).toBe(200);
    const raw = await openRaw(router, {});
    raw.destroy();
  });
});
