import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import OpenAI from 'openai';
import pg from 'pg';
import { openMesh, type OpenedMesh } from '../harness.ts';

const material =
  'Signal four guards the eastern junction. It was renewed in 1994. The tea in the box is excellent. ' +
  'Only the signaller on duty may change signal four.';
const question = [
  { role: 'user', content: material },
  { role: 'user', content: 'Who may change signal four?' },
] as const;

describe('the official client gets real answers through the gateway (B-19, LA-14, OD-19)', () => {
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  let client: OpenAI;
  beforeAll(async () => {
    provider = await simulateProvider();
    opened = await openMesh({ providers: [{ name: 'upstream', baseUrl: provider.url, models: ['small'] }] });
    client = new OpenAI({ apiKey: opened.adminKey, baseURL: `${opened.mesh.gatewayUrl}/v1`, maxRetries: 0 });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
  });

  async function usageRow(requestId: string): Promise<Record<string, unknown>> {
    const sql = new pg.Client(opened.mesh.postgresUrl);
    await sql.connect();
    try {
      const { rows } = await sql.query<Record<string, unknown>>(
        'select * from chat_router.usage_records where request_id = $1',
        [requestId],
      );
      expect(rows).toHaveLength(1);
      return rows[0] ?? {};
    } finally {
      await sql.end();
    }
  }

  it('streams an answer of signalbox/extractive, which quotes the material and says what it is', async () => {
    const { data: stream, response } = await client.chat.completions
      .create({
        model: 'signalbox/extractive',
        messages: [...question],
        stream: true,
        stream_options: { include_usage: true },
      })
      .withResponse();
    let text = '';
    let chunks = 0;
    let finish: string | null = null;
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      chunks += 1;
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(text).toContain('Only the signaller on duty may change signal four.');
    expect(text).toMatch(/quot|no language model|not a language model/i);
    expect(chunks).toBeGreaterThan(2);
    expect(finish).toBe('stop');
    expect(usage?.total_tokens).toBeGreaterThan(0);
    // The row is there at the very moment at which the client has seen the end.
    expect(await usageRow(String(response.headers.get('x-request-id')))).toMatchObject({
      provider: 'signalbox',
      outcome: 'ok',
      streamed: true,
      prompt_tokens: usage?.prompt_tokens,
      completion_tokens: usage?.completion_tokens,
    });
  });

  it('passes an upstream through, unknown fields included, with its usage in the ledger', async () => {
    const { data, response } = await client.chat.completions
      .create({
        model: 'small',
        messages: [{ role: 'user', content: 'hello' }],
        made_up_tomorrow: { deep: [1] },
      } as never)
      .withResponse();
    expect(data.choices[0]?.message.content).toBeTruthy();
    expect(provider.requests.at(-1)?.json).toMatchObject({ model: 'small', made_up_tomorrow: { deep: [1] } });
    // The provider hears neither our credential nor our inner identity.
    const sent = JSON.stringify(provider.requests.at(-1)?.headers);
    expect(sent).not.toContain('sbx_live_');
    expect(sent).not.toContain('x-signalbox-');
    expect(await usageRow(String(response.headers.get('x-request-id')))).toMatchObject({
      provider: 'upstream',
      outcome: 'ok',
    });
  });

  it('lists the models and tells one that is not there apart', async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(expect.arrayContaining(['signalbox/extractive']));
    expect((await client.models.retrieve('signalbox/extractive')).owned_by).toBeTruthy();
    await expect(
      client.chat.completions.create({ model: 'nobody/knows', messages: [...question] }),
    ).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('makes the official client raise the class of each error', async () => {
    const stranger = new OpenAI({ apiKey: 'sbx_live_nobody', baseURL: `${opened.mesh.gatewayUrl}/v1`, maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const { key } = await opened.createKey({ scopes: ['usage:read'] });
    const reader = new OpenAI({ apiKey: key, baseURL: `${opened.mesh.gatewayUrl}/v1`, maxRetries: 0 });
    await expect(reader.models.list()).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    await expect(client.chat.completions.create({ model: 'small', messages: [] })).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
    });
  });

  it('cancels the upstream within 100 ms when the client goes away, and keeps a row that says so', async () => {
    provider.behaveOnce({
      pieces: Array.from({ length: 200 }, (_, index) => `piece ${String(index)} `),
      pieceDelayMs: 50,
    });
    const controller = new AbortController();
    const before = provider.requests.length;
    const { data: stream, response } = await client.chat.completions
      .create(
        { model: 'small', messages: [{ role: 'user', content: 'count' }], stream: true },
        { signal: controller.signal },
      )
      .withResponse();
    const requestId = String(response.headers.get('x-request-id'));
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content?.includes('piece 1') === true) break;
    }
    const left = performance.now();
    controller.abort();
    const request = provider.requests[before];
    const abortedAt = await waitFor(() => request?.abortedAt, { timeoutMs: 2_000 });
    expect(abortedAt - left).toBeLessThan(100);
    await waitFor(async () => (await usageRow(requestId))['outcome'] === 'aborted', { timeoutMs: 5_000 });
  });

  it('keeps the usage by day in step with the rows, through the queue (CD-2)', async () => {
    const { key } = await opened.createKey();
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await opened.ask('/v1/chat/completions', {
          key,
          body: { model: 'small', messages: [{ role: 'user', content: 'x' }] },
        });
        expect(answer.status).toBe(200);
        return answer.headers.get('x-request-id');
      }),
    );
    expect(new Set(ids).size).toBe(20);
    await waitFor(
      async () => {
        const sql = new pg.Client(opened.mesh.postgresUrl);
        await sql.connect();
        const { rows } = await sql.query<{ rows: string; days: string }>(
          `select (select count(*) from chat_router.usage_records) as rows, (select sum(requests) from chat_router.usage_by_day) as days`,
        );
        await sql.end();
        return rows[0]?.rows === rows[0]?.days;
      },
      { timeoutMs: 10_000 },
    );
  });
});
