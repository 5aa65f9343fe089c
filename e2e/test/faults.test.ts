import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import pg from 'pg';
import { openMesh, type OpenedMesh } from '../harness.ts';

describe('what breaks is told, and what was accepted is kept', () => {
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  let key: string;
  const chat = (stream: boolean) => ({ model: 'small', messages: [{ role: 'user', content: 'go on' }], stream });
  beforeAll(async () => {
    provider = await simulateProvider();
    opened = await openMesh({
      gatewayReplicas: 2,
      // As long as a balancer needs to hear that a gateway is about to end.
      overrides: { gateway: { SHUTDOWN_DELAY_MS: '500' } },
      providers: [{ name: 'upstream', baseUrl: provider.url, models: ['small'] }],
    });
    ({ key } = await opened.createKey({ limits: { requests_per_minute: 100_000 } }));
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
  });

  const service = (name: string) => {
    const found = opened.mesh.services[name];
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  async function streamFrom(gateway: number): Promise<Response> {
    return await fetch(`${String(opened.mesh.gatewayUrls[gateway])}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(chat(true)),
    });
  }

  it('R2: a chat-router killed in the middle of a stream is told as an error within a second, without [DONE]', async () => {
    provider.behaveOnce({ pieces: Array.from({ length: 500 }, (_, index) => `${String(index)} `), pieceDelayMs: 50 });
    const answer = await streamFrom(0);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('3 ')) text += (await reader?.read())?.value ?? '';
    await service('chat-router').kill('SIGKILL');
    const killed = performance.now();
    for (;;) {
      const part = await reader?.read().catch(() => undefined);
      if (part === undefined || part.done) break;
      text += part.value;
    }
    expect(performance.now() - killed).toBeLessThan(1_000);
    expect(text).not.toContain('[DONE]');
    expect(text).toMatch(/"error"/);

    const refused = await opened.ask('/v1/chat/completions', { key, body: chat(false) });
    expect(refused.status).toBe(502);
    expect(refused.body).toMatchObject({ error: { code: expect.any(String) } });
    expect(refused.text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/);
    await service('chat-router').restart();
    expect((await opened.ask('/v1/chat/completions', { key, body: chat(false) })).status).toBe(200);
  });

  it('R1: a killed gateway leaves the other one at work, and is back when it is started again', async () => {
    await service('gateway').kill('SIGKILL');
    expect((await opened.ask('/v1/models', { key, gateway: 1 })).status).toBe(200);
    await service('gateway').restart();
    expect((await opened.ask('/v1/models', { key, gateway: 0 })).status).toBe(200);
  });

  it('R12, LA-23: a gateway that is told to end behind a balancer fails no request and lets a stream come to its end', async () => {
    provider.behaveOnce({ pieces: Array.from({ length: 30 }, (_, index) => `${String(index)} `), pieceDelayMs: 50 });
    const stream = await streamFrom(0);
    const failures: string[] = [];
    const answered = [0, 0];
    // What a balancer does: it asks for readiness, and sends to the first that says yes.
    let target = 0;
    let isOver = false;
    const balancer = (async () => {
      const readiness = `${service('gateway').adminUrl}/health/ready`;
      while (!isOver) {
        target = await fetch(readiness).then(
          (answer) => (answer.ok ? 0 : 1),
          () => 1,
        );
        await sleep(20);
      }
    })();
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const gateway = target;
        try {
          const answer = await opened.ask('/v1/models', { key, gateway });
          if (answer.status === 200) answered[gateway] = (answered[gateway] ?? 0) + 1;
          else failures.push(`status ${String(answer.status)} from ${String(gateway)}`);
        } catch (error) {
          failures.push(`${String(error)} ${String((error as { cause?: unknown }).cause)}`);
        }
      }
    });
    await waitFor(() => (answered[0] ?? 0) > 50);
    const ended = service('gateway').kill('SIGTERM');
    const text = await stream.text();
    await ended;
    const before = answered[1] ?? 0;
    await waitFor(() => (answered[1] ?? 0) > before + 20);
    isOver = true;
    await Promise.all([...clients, balancer]);
    expect(failures).toEqual([]);
    expect(text).toContain('29 ');
    expect(text).toMatch(/\[DONE\]\s*$/);
    expect(await service('gateway').exited).toEqual({ code: 0, signal: null });
    await service('gateway').restart();
  });

  it('R7: while Postgres is away a chat is refused with 503 and Retry-After before anything is spent, and nobody restarts', async () => {
    const pids = Object.values(opened.mesh.services).map(({ pid }) => pid);
    const postgres = opened.mesh.stores.postgres;
    if (postgres === undefined) throw new Error('this mesh should own its Postgres');
    postgres.freeze();
    try {
      await waitFor(async () => (await opened.ask('/v1/chat/completions', { key, body: chat(false) })).status === 503, {
        timeoutMs: 15_000,
      });
      const spent = provider.requests.length;
      const refused = await opened.ask('/v1/chat/completions', { key, body: chat(false) });
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(provider.requests).toHaveLength(spent);
      // A key that was in use goes on working; what needs Postgres says that it is away.
      const keys = await opened.ask('/api/v1/api-keys', { key });
      expect(keys.status).toBe(503);
      expect(keys.headers.get('content-type')).toContain('application/problem+json');
    } finally {
      postgres.thaw();
    }
    await waitFor(async () => (await opened.ask('/v1/chat/completions', { key, body: chat(false) })).status === 200, {
      timeoutMs: 15_000,
    });
    expect(Object.values(opened.mesh.services).map(({ pid }) => pid)).toEqual(pids);
  });

  it('R6: FLUSHALL loses no event: the usage by day comes to equal the rows', async () => {
    const { Redis } = await import('ioredis');
    const redis = new Redis(opened.mesh.redisUrl);
    const burst = Array.from({ length: 30 }, () => opened.ask('/v1/chat/completions', { key, body: chat(false) }));
    await redis.flushall();
    for (const answer of await Promise.all(burst)) expect(answer.status).toBe(200);
    await redis.flushall();
    redis.disconnect();
    const sql = new pg.Client(opened.mesh.postgresUrl);
    await sql.connect();
    try {
      await waitFor(
        async () => {
          const { rows } = await sql.query<{ rows: string; days: string }>(
            'select (select count(*) from chat_router.usage_records) as rows, (select sum(requests) from chat_router.usage_by_day) as days',
          );
          return rows[0]?.rows === rows[0]?.days;
        },
        { timeoutMs: 60_000, intervalMs: 500, what: 'the usage by day to equal the rows' },
      );
    } finally {
      await sql.end();
    }
  });
});
