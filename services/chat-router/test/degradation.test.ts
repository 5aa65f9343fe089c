import { createTestDatabase, startPostgresServer, startRedisServer, testStore, waitFor } from '@signalbox/test-kit';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { migrations } from '../migrations/index.ts';
import { audience, eventsOf, openRaw, requestIdOf, startTestRouter, textOf, type TestRouter } from './harness.ts';

/** A Postgres of the test's own, with the service's database in it. */
async function startOwnPostgres() {
  const postgres = await startPostgresServer();
  const shared = testStore('SIGNALBOX_TEST_POSTGRES_URL');
  process.env['SIGNALBOX_TEST_POSTGRES_URL'] = postgres.url;
  try {
    return { postgres, database: await createTestDatabase({ service: audience, migrations }) };
  } finally {
    process.env['SIGNALBOX_TEST_POSTGRES_URL'] = shared;
  }
}

const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;

async function dailyRequests(router: TestRouter): Promise<number> {
  const answer = await router.fetch('/api/v1/usage/daily');
  return ((await answer.json()) as { data: { requests: number }[] }).data.reduce((sum, day) => sum + day.requests, 0);
}

describe('Postgres away (law 4, R7)', () => {
  it('loses and doubles no row when every connection is terminated under load', async () => {
    await using router = await startTestRouter();
    // What the tenant has set up is known from here on; looking that up for the first time needs Postgres.
    const first = await router.ask({});
    expect(first.status).toBe(200);
    const kill = async () => {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'chat-router'`.execute(router.db.db);
    };
    const statuses: number[] = [];
    const ids = [requestIdOf(first)];
    for (let round = 0; round < 5; round += 1) {
      const asking = Array.from({ length: 10 }, async (_, index) => {
        const response = await router.ask({ stream: index % 2 === 0 });
        const text = await response.text();
        statuses.push(response.status);
        if (text.includes('[DONE]') || index % 2 === 1) ids.push(requestIdOf(response));
      });
      await kill();
      await Promise.all(asking);
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(ids).toHaveLength(51);
    const rows = await router.ledger();
    expect(rows.map((row) => row.request_id).sort()).toEqual([...ids].sort());
    await waitFor(async () => (await dailyRequests(router)) === 51, { timeoutMs: 30_000 });
  });

  it('freezes: no success is claimed, nothing more is spent, and everything is there when it thaws', async () => {
    const { postgres, database } = await startOwnPostgres();
    await using _stopping = postgres;
    await using router = await startTestRouter({ database });
    expect((await router.ask({})).status).toBe(200);

    // It dies while answers are on their way.
    router.provider.behave({ pieces: ['one ', 'two '], firstDelayMs: 100, pieceDelayMs: 300 });
    const streaming = router.ask({ stream: true });
    const asking = router.ask({});
    await waitFor(() => router.provider.requests.length === 3);
    postgres.freeze();
    const from = performance.now();
    const document = await asking;
    expect(document.status).toBe(503);
    expect(document.headers.get('retry-after')).toBe('2');
    const text = await (await streaming).text();
    expect(textOf(eventsOf(text))).toBe('one two ');
    expect(text).not.toContain('[DONE]');
    expect(eventsOf(text).at(-1)).toMatchObject({
      error: { message: 'What is spent cannot be recorded at the moment.' },
    });
    expect(performance.now() - from).toBeLessThan(5_000);

    // Known to be away: refused before the provider is asked.
    const asked = router.provider.requests.length;
    const refused = await router.ask({});
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(router.provider.requests.length).toBe(asked);
    expect(router.log.some(({ event }) => event === 'usage.ledger_closed')).toBe(true);
    expect((await fetch(`${router.adminUrl}/health/live`)).status).toBe(200);

    postgres.thaw();
    router.provider.behave({});
    await waitFor(async () => (await router.ask({})).status === 200, { timeoutMs: 15_000 });
    const rows = await waitFor(async () => {
      const all = await router.ledger();
      return all.length >= 4 ? all : null;
    });
    expect(new Set(rows.map((row) => row.request_id)).size).toBe(rows.length);
    expect(rows.some((row) => row.request_id === requestIdOf(document))).toBe(true);
  });

  it('is noticed without a request having to pay for it', async () => {
    const { postgres, database } = await startOwnPostgres();
    await using _stopping = postgres;
    await using router = await startTestRouter({ database });
    await postgres.kill();
    await waitFor(() => router.log.some(({ event }) => event === 'usage.ledger_closed'), { timeoutMs: 5_000 });
    const response = await router.ask({ stream: true });
    expect(response.status).toBe(503);
    expect(await errorOf(response)).toMatchObject({ type: 'api_error' });
    expect(router.provider.requests).toEqual([]);
    await postgres.restart();
    await waitFor(async () => (await router.ask({})).status === 200, { timeoutMs: 15_000 });
  });
});

describe('Redis away (law 2, law 4)', () => {
  it('answers on, keeps what it has to tell, and each record counts once by day when Redis is back', async () => {
    await using redis = await startRedisServer();
    await using router = await startTestRouter({ redisQueueUrl: redis.url });
    const ask = async (count: number) => {
      const answers = await Promise.all(Array.from({ length: count }, () => router.ask({})));
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(count).fill(200));
    };
    await ask(5);
    await waitFor(async () => (await dailyRequests(router)) === 5);
    await redis.kill();
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await router.ask({}, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    // What is told goes on in the trace of the request that it comes from.
    await waitFor(async () => {
      const waiting = await router.db.db.selectFrom('outbox').select('message').execute();
      return JSON.stringify(waiting).includes(traceId);
    });
    await ask(4);
    await redis.restart();
    await waitFor(async () => (await dailyRequests(router)) === 10, { timeoutMs: 30_000 });
    await ask(3);
    await waitFor(async () => (await dailyRequests(router)) === 13, { timeoutMs: 30_000 });
  });
});

describe('a client that does not read (R20)', () => {
  const pieces = Array.from({ length: 8_000 }, () => 'x'.repeat(5_000));

  it('holds the provider back: buffers stay bounded, and everything arrives when it reads on', async () => {
    await using router = await startTestRouter();
    router.provider.behaveOnce({ pieces });
    const client = await openRaw(router, { stream: true });
    const response = await client.response;
    let sent = -1;
    await waitFor(
      () => {
        const now = router.provider.requests[0]?.bytesSent ?? 0;
        const still = now > 0 && now === sent;
        sent = now;
        return still;
      },
      { intervalMs: 400 },
    );
    expect(sent).toBeLessThan(25_000_000);
    let text = 0;
    let end = '';
    for await (const bytes of response as AsyncIterable<Buffer>) {
      text += bytes.length;
      end = bytes.toString().slice(-20);
    }
    expect(text).toBeGreaterThan(40_000_000);
    expect(end).toContain('[DONE]');
  });

  it('is cut when it has taken nothing for too long, and the provider with it', async () => {
    await using router = await startTestRouter({ config: { clientStalledMsMax: 300 } });
    router.provider.behaveOnce({ pieces });
    const client = await openRaw(router, { stream: true });
    await client.response;
    await waitFor(() => router.provider.requests[0]?.abortedAt);
    await waitFor(async () => (await router.ledger())[0]?.outcome === 'aborted');
  });
});

describe('a shutdown (R12)', () => {
  it('lets answers finish, tells those that do not at the deadline, and records all of them', async () => {
    await using router = await startTestRouter({ config: { shutdownGraceMs: 2_500 } });
    router.provider.behaveOnce({ pieces: ['a', 'b', 'c'], pieceDelayMs: 400 });
    const short = await router.ask({ stream: true });
    router.provider.behaveOnce({ pieces: Array.from({ length: 100 }, () => 'x'), pieceDelayMs: 100 });
    const long = await router.ask({ stream: true });
    router.provider.behaveOnce({ firstDelayMs: 20_000 });
    const document = router.ask({});
    await waitFor(() => router.provider.requests.length === 3);
    const stopped = router.stop();
    const [shortText, longText] = await Promise.all([short.text(), long.text()]);
    expect((await document).status).toBe(503);
    expect(await errorOf(await document)).toMatchObject({ message: 'This process is shutting down.' });
    await stopped;
    expect(shortText).toContain('[DONE]');
    expect(longText).not.toContain('[DONE]');
    expect(eventsOf(longText).at(-1)).toMatchObject({ error: { message: 'This process is shutting down.' } });
    expect((await router.ledger()).map((row) => row.outcome).sort()).toEqual(['aborted', 'aborted', 'ok']);
  });
});
