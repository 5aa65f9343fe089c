import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

const canary = `sk-canary-${randomBytes(12).toString('hex')}`;

describe('own providers, budgets and costs through the gateway (OP-3, OP-4, OP-10, LA-21)', () => {
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  let key: string;
  beforeAll(async () => {
    provider = await simulateProvider();
    opened = await openMesh({
      gatewayReplicas: 2,
      replicas: { 'chat-router': 2 },
      limits: wideLimits,
      // A budget refuses what it cannot reserve in time, which is not what is counted here.
      overrides: { 'chat-router': { REDIS_TIMEOUT_MS: '10000' } },
    });
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'spenders' } });
    ({ key } = tenant.body['api_key'] as { key: string });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await provider[Symbol.asyncDispose]();
  });

  const chat = (gateway = 0) =>
    opened.ask('/v1/chat/completions', {
      key,
      gateway,
      body: { model: 'own/tiny', max_tokens: 5, messages: [{ role: 'user', content: 'Hello?' }] },
    });

  it('lets a tenant connect a server of its own, tests it, asks it, and never shows its key again', async () => {
    const made = await opened.ask('/api/v1/providers', {
      key,
      body: {
        name: 'own',
        kind: 'openai_compatible',
        base_url: provider.url,
        api_key: canary,
        models: ['tiny'],
        options: { model_facts: { tiny: { prices: { input: '2.5', output: '10' } } } },
      },
    });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ has_api_key: true })]);
    const path = `/api/v1/providers/${String(made.body['id'])}`;
    const tested = await opened.ask(`${path}/test`, { key, method: 'POST' });
    expect(tested.body['state']).toMatch(/^(ready|unreachable)$/);
    expect((await chat()).status).toBe(200);
    expect(provider.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${canary}`);
    for (const { text } of [
      made,
      tested,
      await opened.ask(path, { key }),
      await opened.ask('/api/v1/providers', { key }),
    ]) {
      expect(text).not.toContain(canary);
    }
    const audited = await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/audit-events?action=provider.changed', { key });
      const events = body['data'] as { target: string }[];
      return events.find(({ target }) => path.endsWith(target));
    });
    expect(audited).toMatchObject({ action: 'provider.changed', details: { change: 'created', name: 'own' } });
  });

  it('knows to the billionth of a dollar what was spent', async () => {
    const rows = (await opened.ask('/api/v1/costs', { key })).body['data'] as { cost_usd: string }[];
    // 11 tokens in at 2.50 and 5 out at 10.00 for a million.
    expect(rows.map(({ cost_usd: usd }) => usd)).toEqual(['0.000077500']);
    const { body } = await opened.ask('/api/v1/costs/summary?group_by=model', { key });
    expect(body).toMatchObject({
      total: { requests: 1, cost_usd: '0.000077500' },
      groups: [{ group: 'own/tiny', cost_usd: '0.000077500' }],
    });
  });

  it('refuses with 402 before the provider is asked, through either gateway, however many ask at once', async () => {
    const limit = '0.005';
    const made = await opened.ask('/api/v1/budgets', {
      key,
      body: { name: 'all', scope: { kind: 'tenant' }, period: 'month', hard_usd: limit, soft_usd: '0.0001' },
    });
    expect(made.status).toBe(201);
    const before = provider.requests.length;
    const statuses = (await Promise.all(Array.from({ length: 200 }, (_, index) => chat(index % 2)))).map(
      ({ status }) => status,
    );
    const served = statuses.filter((status) => status === 200).length;
    expect(statuses.filter((status) => status === 402).length).toBe(200 - served);
    expect(provider.requests.length - before).toBe(served);
    const { body } = await opened.ask(`/api/v1/budgets/${String(made.body['id'])}`, { key });
    const { spent_usd: spent } = body['current'] as { spent_usd: string };
    expect(Number(spent)).toBeLessThanOrEqual(Number(limit));
    const crossings = async (name: string) =>
      (await opened.metric(name, 'signalbox_budget_crossings_total', 'level="soft"')) ?? 0;
    // Told once, at whichever router hears of it.
    await waitFor(async () => (await crossings('chat-router')) + (await crossings('chat-router-2')) === 1, {
      timeoutMs: 15_000,
    });
  });
});
