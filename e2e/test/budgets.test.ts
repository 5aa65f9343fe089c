import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CostRecord, CostSummary } from '@signalbox/contracts';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import pg from 'pg';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

interface Tenant {
  id: string;
  key: string;
}

describe('what is spent, at two gateways and two chat-routers (LA-21, OP-4)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  let made = 0;
  beforeAll(async () => {
    provider = owned.use(await simulateProvider());
    const priced = { prices: { input: '1', output: '2', cached_input: '0.1', reasoning: '4' } };
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        // A budget refuses what it cannot reserve in time, which is not what is counted here.
        overrides: { 'chat-router': { REDIS_TIMEOUT_MS: '10000' } },
        providers: [
          {
            name: 'sim',
            baseUrl: provider.url,
            models: ['m', 'other', 'unpriced'],
            more: { model_facts: { m: priced, other: { prices: { input: '10', output: '20' } } } },
          },
        ],
        routing: { resilience: { retries_max: 0 } },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(() => {
    provider.behave({});
  });

  async function newTenant(name: string): Promise<Tenant> {
    const { body } = await opened.ask('/api/v1/tenants', { body: { name } });
    return { id: String(body['id']), key: (body['api_key'] as { key: string }).key };
  }

  async function budget({ key }: Tenant, given: Record<string, unknown>): Promise<string> {
    made += 1;
    const body = { name: `budget ${String(made)}`, scope: { kind: 'tenant' }, period: 'month', ...given };
    const answer = await opened.ask('/api/v1/budgets', { key, body });
    expect(answer.status).toBe(201);
    return String(answer.body['id']);
  }

  async function spentOf({ key }: Tenant, id: string): Promise<{ spent_usd: string; spent_tokens: number }> {
    const { body } = await opened.ask(`/api/v1/budgets/${id}`, { key });
    return body['current'] as { spent_usd: string; spent_tokens: number };
  }

  function chat({ key }: Pick<Tenant, 'key'>, more: Record<string, unknown> = {}, ask: Ask = {}): Promise<Answer> {
    const body = { model: 'sim/m', max_tokens: 5, messages: [{ role: 'user', content: 'Hello?' }], ...more };
    return opened.ask('/v1/chat/completions', { ...ask, key, body });
  }

  async function costsOf({ key }: Pick<Tenant, 'key'>): Promise<CostRecord[]> {
    const rows: CostRecord[] = [];
    let path: string | null = '/api/v1/costs?limit=100';
    while (path !== null) {
      const { body, headers }: Answer = await opened.ask(path, { key });
      rows.push(...(body['data'] as CostRecord[]));
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? null;
    }
    return rows;
  }

  async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    const sql = new pg.Client(opened.mesh.postgresUrl);
    await sql.connect();
    try {
      return (await sql.query<Row>(text, values)).rows;
    } finally {
      await sql.end();
    }
  }

  const nanos = (usd: string) => BigInt(usd.replace('.', ''));

  it('never passes a budget, however many ask at once at both routers, and comes close to it one by one', async () => {
    const tenant = await newTenant('at once');
    const limit = '0.002000000';
    const id = await budget(tenant, { hard_usd: limit });
    provider.behave({ headDelayMs: 50 });
    const asked = provider.requests.length;
    const served = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => (await chat(tenant, {}, { gateway: index % 2 })).status),
    );
    expect(new Set(served)).toEqual(new Set([200, 402]));
    expect(provider.requests.length - asked).toBe(served.filter((status) => status === 200).length);
    // What was reserved for the crowd is given back as their answers are settled, and then there is room for some more.
    let refused = await chat(tenant);
    let spent = '';
    await waitFor(async () => {
      while (refused.status === 200) refused = await chat(tenant);
      spent = (await spentOf(tenant, id)).spent_usd;
      if (nanos(spent) > (nanos(limit) * 8n) / 10n) return true;
      refused = await chat(tenant);
      return false;
    });
    expect([refused.status, refused.body]).toMatchObject([402, { error: { code: 'budget_exhausted' } }]);
    expect(nanos(spent)).toBeLessThanOrEqual(nanos(limit));
    const [row] = await query<{ usd: string }>(
      'select sum(cost_usd) as usd from chat_router.usage_records where tenant_id = $1',
      [tenant.id],
    );
    expect(row?.usd).toBe(spent);
    for (const name of ['chat-router', 'chat-router-2'])
      expect(await opened.metric(name, 'http_requests_total', 'status_code="402"')).toBeGreaterThan(0);
  });

  it('holds each key and each system to a budget of its own, and lets the others go on', async () => {
    const tenant = await newTenant('each its own');
    const created = await opened.ask('/api/v1/api-keys', {
      key: tenant.key,
      body: { name: 'few', scopes: ['chat:write'] },
    });
    const few = { key: String(created.body['key']) };
    await budget(tenant, {
      scope: { kind: 'key', key_id: String(created.body['id']) },
      hard_tokens: 400,
      period: 'day',
    });
    await waitFor(async () => (await chat(few)).status === 402);
    expect((await chat(tenant)).status).toBe(200);

    const spec = { domain: 'd', use_case: 'u', architecture: 'single', models: ['sim/m'] };
    await opened.ask('/api/v1/systems', { key: tenant.key, body: { id: 'small', ...spec } });
    await budget(tenant, { scope: { kind: 'system', system: 'small' }, hard_usd: '0.0005', period: 'hour' });
    await waitFor(async () => (await chat(tenant, { model: 'small' })).status === 402);
    expect((await chat(tenant)).status).toBe(200);
  });

  it('refuses a model whose price nobody knows, or charges it at the stated ceiling, and never 0', async () => {
    const refusing = await newTenant('refusing');
    await budget(refusing, { hard_usd: '1' });
    const asked = provider.requests.length;
    expect((await chat(refusing, { model: 'sim/unpriced' })).status).toBe(402);
    expect(provider.requests.length).toBe(asked);

    const ceiling = await newTenant('ceiling');
    await budget(ceiling, { hard_usd: '1', unknown_price: { kind: 'ceiling', usd_per_million_tokens: '100' } });
    expect((await chat(ceiling, { model: 'sim/unpriced' })).status).toBe(200);
    // 16 tokens at 100.00 for a million.
    expect(await costsOf(ceiling)).toMatchObject([{ cost_basis: 'ceiling', cost_usd: '0.001600000' }]);
  });

  it('knows cached and reasoning tokens as parts of the others, to the billionth of a dollar', async () => {
    const tenant = await newTenant('exact');
    provider.behaveOnce({
      usage: {
        prompt_tokens: 1_000,
        completion_tokens: 100,
        total_tokens: 1_100,
        prompt_tokens_details: { cached_tokens: 400 },
        completion_tokens_details: { reasoning_tokens: 30 },
      },
    });
    const answer = await chat(tenant);
    // 600 at 1.00, 400 at 0.10, 70 at 2.00 and 30 at 4.00 for a million.
    expect(answer.headers.get('x-signalbox-cost-usd')).toBe('0.000900000');
    expect(await costsOf(tenant)).toMatchObject([{ cost_usd: '0.000900000', cost_basis: 'price' }]);
  });

  it('charges a stream that its client left for what came, and gives the rest back', async () => {
    const tenant = await newTenant('leavers');
    const id = await budget(tenant, { hard_usd: '1' });
    provider.behaveOnce({ pieces: Array.from({ length: 400 }, () => 'word '), pieceDelayMs: 20 });
    const leave = new AbortController();
    const stream = await fetch(`${opened.mesh.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim/m', stream: true, messages: [{ role: 'user', content: 'Hello?' }] }),
      signal: leave.signal,
    });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.split('word ').length < 10) text += (await reader?.read())?.value ?? '';
    leave.abort();
    await reader?.read().catch(() => undefined);
    const [row] = await waitFor(async () => {
      const rows = await costsOf(tenant);
      return rows.length > 0 && rows;
    });
    expect(row).toMatchObject({ outcome: 'aborted', cost_basis: 'estimate' });
    expect(nanos(row?.cost_usd ?? '')).toBeGreaterThan(0n);
    // Less than the 400 words would have been.
    expect(nanos(row?.cost_usd ?? '')).toBeLessThan(nanos('0.000400000'));
    expect((await spentOf(tenant, id)).spent_usd).toBe(row?.cost_usd);
  });

  it('sums up by model, key, tag and day exactly what stands in the ledger', async () => {
    const tenant = await newTenant('accountants');
    const body = { name: 'second', scopes: ['chat:write'] };
    const second = { key: String((await opened.ask('/api/v1/api-keys', { key: tenant.key, body })).body['key']) };
    const asks = Array.from({ length: 40 }, (_, index) =>
      chat(
        index % 3 === 0 ? second : tenant,
        {
          model: index % 2 === 0 ? 'sim/m' : 'sim/other',
          stream: index % 5 === 0,
          signalbox: { tags: { team: index % 4 === 0 ? 'red' : 'blue' } },
        },
        { gateway: index % 2 },
      ),
    );
    for (const { status } of await Promise.all(asks)) expect(status).toBe(200);
    const rows = await costsOf(tenant);
    expect(rows).toHaveLength(40);
    expect(new Set(rows.map(({ request_id: id }) => id)).size).toBe(40);
    const ledger = await query<{ request_id: string; cost_usd: string }>(
      'select request_id, cost_usd from chat_router.usage_records where tenant_id = $1 order by request_id',
      [tenant.id],
    );
    const byRequest = rows.map(({ request_id, cost_usd }) => ({ request_id, cost_usd }));
    expect(byRequest.toSorted((a, b) => (a.request_id < b.request_id ? -1 : 1))).toEqual(ledger);

    const groupOf = {
      model: ({ model }: CostRecord) => model,
      key: ({ key_id: id }: CostRecord) => id,
      tag: ({ tags }: CostRecord) => `team:${tags['team'] ?? ''}`,
      day: ({ at }: CostRecord) => at.slice(0, 10),
    };
    for (const [by, nameOf] of Object.entries(groupOf)) {
      const { body } = await opened.ask(`/api/v1/costs/summary?period=month&group_by=${by}`, { key: tenant.key });
      const { total, groups } = body as unknown as CostSummary;
      const sums = new Map<string, bigint>();
      for (const row of rows) sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0n) + nanos(row.cost_usd ?? ''));
      expect(new Map(groups.map(({ group, cost_usd: usd }) => [group, nanos(usd)]))).toEqual(sums);
      expect(nanos(total.cost_usd)).toBe([...sums.values()].reduce((sum, part) => sum + part));
      expect(total.requests).toBe(40);
    }
  });

  it('OP-4: estimates before a call, names by what it counts, and tells afterwards how wrong that was', async () => {
    const tenant = await newTenant('careful');
    const { body } = await opened.ask('/api/v1/costs/estimate?model=sim/m&characters=4000&completion_tokens=100', {
      key: tenant.key,
    });
    // 1,000 in at 1.00 and 100 out at 2.00 for a million.
    expect(body).toMatchObject({ prompt_tokens: 1_000, cost_usd: '0.001200000', method: expect.stringMatching(/\w/) });
    const unknown = await opened.ask('/api/v1/costs/estimate?model=sim/unpriced&prompt_tokens=10', { key: tenant.key });
    expect(unknown.body).toMatchObject({ cost_usd: null });
    await chat(tenant);
    const [row] = await costsOf(tenant);
    expect(row?.estimate).toMatchObject({ method: expect.any(String), prompt_tokens: expect.any(Number) });
    expect(row?.estimate?.error).toBeCloseTo(((row?.estimate?.prompt_tokens ?? 0) - 11) / 11, 2);
  });

  it('R2: gives back what a killed router had reserved, and what it had not spent', async () => {
    const tenant = await newTenant('survivors');
    const id = await budget(tenant, { hard_tokens: 1_000 });
    // One such request takes nearly all of the budget; two do not fit.
    const large = { max_tokens: 700, stream: true };
    const asked = provider.requests.length;
    provider.behaveOnce({ firstDelayMs: 600_000 });
    const hanging = chat(tenant, large).catch(() => undefined);
    const request = await waitFor(() => provider.requests[asked]);
    expect((await chat(tenant, large)).status).toBe(402);
    for (const name of ['chat-router', 'chat-router-2']) {
      await opened.service(name).kill('SIGKILL');
      const hadIt = await waitFor(() => request.abortedAt !== null, { timeoutMs: 3_000 }).catch(() => false);
      await opened.service(name).restart();
      if (hadIt) break;
    }
    await hanging;
    await waitFor(async () => (await chat(tenant, large)).status === 200, { timeoutMs: 60_000, intervalMs: 500 });
    expect((await spentOf(tenant, id)).spent_tokens).toBe(16);
  }, 120_000);
});
