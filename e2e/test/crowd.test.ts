import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import pg from 'pg';
import { startEchoProvider, type EchoProvider } from '../echo-provider.ts';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

interface LedgerRow {
  request_id: string;
  tenant_id: string;
  outcome: string;
  prompt_tokens: number | null;
}

describe('many at once (OD-19, R18, R21)', () => {
  let opened: OpenedMesh;
  let provider: EchoProvider;
  beforeAll(async () => {
    provider = await startEchoProvider();
    opened = await openMesh({
      providers: [{ name: 'echo', baseUrl: provider.url, models: ['echo'] }],
      limits: wideLimits,
      // This machine is busy with the clients themselves; shedding is asked elsewhere.
      overrides: { gateway: { LOOP_DELAY_MS_MAX: '60000' } },
    });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
  });

  async function ledger(): Promise<LedgerRow[]> {
    const sql = new pg.Client(opened.mesh.postgresUrl);
    await sql.connect();
    try {
      const { rows } = await sql.query<LedgerRow>(
        'select request_id, tenant_id, outcome, prompt_tokens from chat_router.usage_records',
      );
      return rows;
    } finally {
      await sql.end();
    }
  }

  /** Nothing is in progress any more: at the provider, in the router, in the gateway. */
  async function everythingIsOver(): Promise<void> {
    const inProgress = async () => [
      provider.inFlight(),
      await opened.metric('chat-router', 'http_requests_in_progress'),
      await opened.metric('gateway', 'http_requests_in_progress'),
    ];
    await waitFor(async () => (await inProgress()).every((count) => count === 0), {
      timeoutMs: 5_000,
      what: 'nothing to be in progress any more',
    }).catch(async (error: unknown) => {
      throw new Error(`in progress at the provider, in the router, in the gateway: ${String(await inProgress())}`, {
        cause: error,
      });
    });
  }

  it('OD-19: 200 chats that are all open at the same moment get each its own answer, id, tenant and row', async () => {
    const tenants = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const { body } = await opened.ask('/api/v1/tenants', { body: { name: `crowd ${String(index)}` } });
        return { id: String(body['id']), key: (body['api_key'] as { key: string }).key };
      }),
    );
    const before = provider.requests.length;
    provider.gather(200);
    provider.wordDelayMs = 2;
    const chats = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const tenant = tenants[index % tenants.length] as (typeof tenants)[number];
        // A length of its own, so that the usage in the ledger tells as well whose it is.
        const said = `word-${String(index)} of ${tenant.id} ${'x'.repeat(index)} end-${String(index)}`;
        const stream = index % 2 === 0;
        const answer = await opened.ask('/v1/chat/completions', {
          key: tenant.key,
          body: { model: 'echo', messages: [{ role: 'user', content: said }], stream },
        });
        return { tenant, said, answer, text: stream ? streamed(answer.text) : document(answer.text) };
      }),
    );
    expect(provider.inFlightMost()).toBeGreaterThanOrEqual(200);
    expect(chats.map(({ answer }) => answer.status)).toEqual(chats.map(() => 200));
    expect(chats.map(({ text }) => text)).toEqual(chats.map(({ said }) => said));

    const ids = chats.map(({ answer }) => String(answer.headers.get('x-request-id')));
    expect(new Set(ids).size).toBe(200);
    const heard = new Map(provider.requests.slice(before).map(({ requestId, text }) => [requestId, text]));
    expect(heard.size).toBe(200);
    for (const [index, { said }] of chats.entries()) expect(heard.get(ids[index] ?? '')).toContain(said);

    const rows = new Map((await ledger()).map((row) => [row.request_id, row]));
    for (const [index, { tenant, said }] of chats.entries())
      expect(rows.get(ids[index] ?? '')).toEqual({
        request_id: ids[index],
        tenant_id: tenant.id,
        outcome: 'ok',
        prompt_tokens: said.length,
      });
    for (const { id, key } of tenants) {
      const { body } = await opened.ask('/api/v1/usage?limit=100', { key });
      const data = body['data'] as { tenant_id: string }[];
      expect(data).toHaveLength(25);
      expect(new Set(data.map((record) => record.tenant_id))).toEqual(new Set([id]));
    }
    await everythingIsOver();
  });

  it('R21: 300 clients that leave at any byte of asking or of being answered leave nothing behind', async () => {
    provider.wordDelayMs = 3;
    const [rowsBefore, heardBefore] = [(await ledger()).length, provider.requests.length];
    const { hostname, port } = new URL(opened.mesh.gatewayUrl);
    const said = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen ';
    const leave = async (): Promise<void> => {
      const body = JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: said }], stream: true });
      const bytes = Buffer.from(
        `POST /v1/chat/completions HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${opened.adminKey}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`,
      );
      const socket = connect(Number(port), hostname);
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.on('error', () => socket.destroy());
      const inTheMiddleOfAsking = randomInt(3) === 0;
      if (inTheMiddleOfAsking) {
        socket.write(bytes.subarray(0, randomInt(1, bytes.length)), () => socket.destroy());
      } else {
        // The answer has some 4,000 bytes.
        let left = randomInt(4_500);
        socket.on('data', (chunk: Buffer) => {
          left -= chunk.length;
          if (left <= 0) socket.resetAndDestroy();
        });
        socket.write(bytes);
        // Some leave before there is a first byte, and nobody stays.
        setTimeout(() => socket.destroy(), randomInt(2) === 0 ? randomInt(10) : 700);
      }
      await closed;
    };
    for (let round = 0; round < 6; round += 1) await Promise.all(Array.from({ length: 50 }, leave));

    await everythingIsOver();
    const heard = provider.requests.slice(heardBefore).map(({ requestId }) => requestId);
    // Enough of them came as far as the provider, and enough did not.
    expect(heard.length).toBeGreaterThan(50);
    expect(heard.length).toBeLessThan(280);
    await waitFor(async () => {
      const rows = new Set((await ledger()).map((row) => row.request_id));
      return heard.every((id) => rows.has(id));
    });
    const rows = await ledger();
    expect(new Set(rows.map((row) => row.request_id)).size).toBe(rows.length);
    expect(rows.length - rowsBefore).toBeGreaterThanOrEqual(heard.length);
    expect(rows.length - rowsBefore).toBeLessThanOrEqual(300);
    const outcomes = new Set(rows.map(({ outcome }) => outcome));
    expect(outcomes.has('aborted')).toBe(true);
    expect(outcomes.has('failed')).toBe(false);
    // And it serves as before.
    const answer = await opened.ask('/v1/chat/completions', {
      body: { model: 'echo', messages: [{ role: 'user', content: 'still there?' }] },
    });
    expect(document(answer.text)).toBe('still there?');
  });

  it('R18: 500 clients that find their gateway gone come back together, and every one is answered', async () => {
    const { url } = opened.service('gateway');
    await opened.service('gateway').kill('SIGKILL');
    const refusals = new Set<number>();
    let back = 0;
    const client = async (): Promise<number> => {
      for (;;) {
        try {
          const answer = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${opened.adminKey}` } });
          await answer.text();
          if (answer.status === 200) {
            back += 1;
            return performance.now();
          }
          refusals.add(answer.status);
        } catch {
          // Nobody listens yet, or not any more.
        }
        await sleep(randomInt(100, 400));
      }
    };
    const clients = Array.from({ length: 500 }, client);
    await opened.service('gateway').restart();
    const ready = performance.now();
    const answeredAt = await Promise.all(clients);
    expect(back).toBe(500);
    // Some may be told to come again; none is told that something broke.
    expect([...refusals].filter((status) => status !== 503)).toEqual([]);
    expect(Math.max(...answeredAt) - ready).toBeLessThan(10_000);
    await everythingIsOver();
  });
});

function document(text: string): string {
  return (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? '';
}

function streamed(text: string): string {
  return [...text.matchAll(/^data: (\{.*\})$/gm)]
    .map(([, json]) => (JSON.parse(json ?? '') as { choices: { delta: { content?: string } }[] }).choices)
    .map((choices) => choices[0]?.delta.content ?? '')
    .join('');
}
