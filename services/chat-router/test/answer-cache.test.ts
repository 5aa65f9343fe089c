import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { startRedisServer, waitFor } from '@signalbox/test-kit';
import { aCaller, eventsOf, requestIdOf, startTestRouter, textOf } from './harness.ts';

/** A hit is a promise only where Redis has the time to give it, which a loaded machine may not leave it. */
const patient = { config: { redisTimeoutMs: 5_000 } };
const cacheOf = (response: Response) => response.headers.get('x-signalbox-cache');
const question = () => ({ messages: [{ role: 'user', content: randomUUID() }], temperature: 0 });

describe('LA-4: answers that are kept', () => {
  it('answers the same request again without a call, streams as streams, at no cost and on record', async () => {
    await using router = await startTestRouter(patient);
    for (const stream of [false, true]) {
      const body = { ...question(), stream };
      const asked = router.provider.requests.length;
      const first = await router.ask(body);
      const text = await first.text();
      const second = await router.ask(body);
      expect([cacheOf(first), cacheOf(second)]).toEqual(['miss', 'hit']);
      expect(await second.text()).toBe(text);
      expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
      if (stream) expect(eventsOf(text).at(-1)).toBe('[DONE]');
      expect(router.provider.requests).toHaveLength(asked + 1);
      const [row] = await waitFor(async () => {
        const rows = await router.ledger(requestIdOf(second));
        return rows.length === 1 && rows;
      });
      expect(row).toMatchObject({
        outcome: 'cache_hit',
        model: 'sim/small',
        cost_usd: '0.000000000',
        prompt_tokens: 11,
      });
    }
  });

  it('asks anew for another model, tenant, dialect of the answer or word, and for what is not deterministic', async () => {
    await using router = await startTestRouter(patient);
    const body = question();
    await (await router.ask(body)).text();
    for (const other of [
      { ...body, model: 'sim/org/large' },
      { ...body, stream: true },
      { ...body, seed: 1 },
    ]) {
      expect(cacheOf(await router.ask(other))).toBe('miss');
    }
    const stranger = await router.fetch(
      '/v1/chat/completions',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'sim/small', ...body }),
      },
      aCaller(),
    );
    expect(cacheOf(stranger)).toBe('miss');
    // The order of members is no difference.
    expect(cacheOf(await router.ask({ temperature: 0, messages: body.messages }))).toBe('hit');
    expect(cacheOf(await router.ask({ ...body, temperature: 0.7 }))).toBeNull();
  });

  it('is asked for, refused or refreshed by the client', async () => {
    await using router = await startTestRouter(patient);
    const body = { messages: question().messages };
    const ask = async (cache?: string) =>
      cacheOf(await router.ask({ ...body, ...(cache === undefined ? {} : { signalbox: { cache } }) }));
    expect([
      await ask(),
      await ask('on'),
      await ask('on'),
      await ask('off'),
      await ask('refresh'),
      await ask('on'),
    ]).toEqual([null, 'miss', 'hit', null, 'miss', 'hit']);
  });

  it('makes one call of 50 at once, at two replicas', async () => {
    await using first = await startTestRouter(patient);
    await using second = await startTestRouter({ ...patient, baseUrl: first.provider.url });
    const caller = aCaller();
    first.provider.behave({ headDelayMs: 300 });
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim/small', ...question(), stream: true }),
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? first : second).fetch('/v1/chat/completions', init, caller),
      ),
    );
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(texts.every((text) => textOf(eventsOf(text)) === 'Hello from the simulator.')).toBe(true);
    expect(first.provider.requests).toHaveLength(1);
    expect(answers.filter((answer) => cacheOf(answer) === 'hit')).toHaveLength(49);
  });

  it('keeps no failure and no half answer, and lets the next in line ask when the first client leaves', async () => {
    await using router = await startTestRouter(patient);
    const body = { ...question(), stream: true };
    router.provider.behaveOnce({ status: 500 });
    expect((await router.ask(body)).status).toBe(502);
    router.provider.behaveOnce({ fault: 'cut', faultAfter: 2 });
    expect(await (await router.ask(body)).text()).not.toContain('[DONE]');
    const leave = new AbortController();
    router.provider.behaveOnce({ firstDelayMs: 20_000 });
    const left = router.ask(body, { signal: leave.signal });
    await waitFor(() => router.provider.requests.length === 3);
    const next = router.ask(body);
    leave.abort();
    await expect(left).rejects.toThrow('aborted');
    expect(textOf(eventsOf(await (await next).text()))).toBe('Hello from the simulator.');
    expect(cacheOf(await router.ask(body))).toBe('hit');
  });

  it('is passed by while Redis is away', async () => {
    await using redis = await startRedisServer();
    await using router = await startTestRouter({ redisQueueUrl: redis.url });
    const body = question();
    await (await router.ask(body)).text();
    await waitFor(async () => cacheOf(await router.ask(body)) === 'hit');
    await redis.kill();
    for (let time = 0; time < 3; time += 1) expect((await router.ask(body)).status).toBe(200);
    expect(router.provider.requests).toHaveLength(4);
  });

  it('replays under a key what came from the cache', async () => {
    await using router = await startTestRouter(patient);
    const body = question();
    await (await router.ask(body)).text();
    const keyed = { headers: { 'idempotency-key': randomUUID() } };
    const hit = await router.ask(body, keyed);
    const again = await router.ask(body, keyed);
    expect([cacheOf(hit), again.headers.get('idempotent-replayed')]).toEqual(['hit', 'true']);
    expect(router.provider.requests).toHaveLength(1);
  });
});
