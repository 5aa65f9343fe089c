import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Budget, CostRecord, CostSummary } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import {
  createTestDatabase,
  simulateProvider,
  waitFor,
  type SimulatedProvider,
  type TestDatabase,
} from '@signalbox/test-kit';
import { VaultKeys } from '@signalbox/vault';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../migrations/index.ts';
import { formatUsd, parseUsd } from '../src/money/nano-usd.ts';
import { unknownUsage } from '../src/usage/token-usage.ts';
import { usageRecordOf } from '../src/usage/usage-record.ts';
import { insertUsageRecords } from '../src/usage/usage-store.ts';
import { aCaller, audience, startTestRouter, type TestRouter } from './harness.ts';

const prefix = `test-${randomBytes(6).toString('hex')}`;
let database: TestDatabase;
let provider: SimulatedProvider;
let routers: [TestRouter, TestRouter];
beforeAll(async () => {
  database = await createTestDatabase({ service: audience, migrations });
  provider = await simulateProvider();
  const vaultKeys = VaultKeys.parse(`k1:${randomBytes(32).toString('base64url')}`);
  const start = () => startTestRouter({ database, prefix, config: { vaultKeys } });
  routers = [await start(), await start()];
});
afterAll(async () => {
  for (const router of routers) await router[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

type Caller = ReturnType<typeof aCaller>;
const aSpender = (tenantId = newId('tenant')): Caller =>
  aCaller({ tenantId, scopes: ['providers:write', 'budgets:write', 'chat:write', 'usage:read'] });

async function call(caller: Caller, method: string, path: string, body?: unknown, router = routers[0]) {
  const init =
    body === undefined
      ? { method }
      : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await router.fetch(path, init, { ...caller, requestId: newId('req') });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: (text === '' ? null : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** A tenant with a connection `paid`: `priced` costs 2.50 and 10.00 USD for a million tokens, `unpriced` nobody knows what. */
async function aTenant(): Promise<Caller> {
  const caller = aSpender();
  const { status } = await call(caller, 'POST', '/api/v1/providers', {
    name: 'paid',
    kind: 'openai_compatible',
    base_url: provider.url,
    models: ['priced', 'unpriced'],
    options: {
      model_facts: {
        priced: { prices: { input: '2.5', output: '10', cached_input: '0.25' }, output_tokens_max: 1_000 },
      },
    },
  });
  expect(status).toBe(201);
  return caller;
}

function ask(caller: Caller, more: Record<string, unknown> = {}, router = routers[0]) {
  const body = { model: 'paid/priced', messages: [{ role: 'user', content: 'Hello?' }], max_tokens: 5, ...more };
  return call(caller, 'POST', '/v1/chat/completions', body, router);
}

async function aBudget(caller: Caller, given: Record<string, unknown>): Promise<Budget> {
  const { status, json } = await call(caller, 'POST', '/api/v1/budgets', {
    name: `b-${randomBytes(4).toString('hex')}`,
    scope: { kind: 'tenant' },
    period: 'month',
    ...given,
  });
  expect([status, json]).toEqual([201, expect.anything()]);
  return json as unknown as Budget;
}

async function costsOf(caller: Caller, query = ''): Promise<CostRecord[]> {
  const all: CostRecord[] = [];
  let path = `/api/v1/costs?limit=100${query}`;
  for (;;) {
    const { json } = await call(caller, 'GET', path);
    all.push(...(json['data'] as CostRecord[]));
    const next = (json['page_info'] as { next_cursor: string | null }).next_cursor;
    if (next === null) return all;
    path = `/api/v1/costs?limit=100${query}&cursor=${next}`;
  }
}

async function summaryOf(caller: Caller, query: string): Promise<CostSummary> {
  const { status, json } = await call(caller, 'GET', `/api/v1/costs/summary?${query}`);
  expect([status, json]).toEqual([200, expect.anything()]);
  return json as unknown as CostSummary;
}

const sumOf = (rows: readonly CostRecord[]): string =>
  formatUsd(rows.reduce((sum, { cost_usd: usd }) => sum + parseUsd(usd ?? '0'), 0n));

describe('what a request costs (LA-14, LA-21)', () => {
  it('is in the ledger to the billionth of a dollar, with its price, tags, estimate and error', async () => {
    const caller = await aTenant();
    provider.behaveOnce({
      usage: { prompt_tokens: 1_000, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 400 } },
    });
    const answer = await ask(caller, { signalbox: { tags: { team: 'blue' } } });
    expect(answer.status).toBe(200);
    const [row, ...others] = await costsOf(caller);
    expect(others).toEqual([]);
    // 600 × 2.5 + 400 × 0.25 + 50 × 10, by millions.
    expect(row).toMatchObject({
      key_id: caller.principal.principalId,
      model: 'paid/priced',
      outcome: 'ok',
      cached_tokens: 400,
      cost_usd: '0.002100000',
      cost_basis: 'price',
      price_version: 'stated input 2.5, output 10, cachedInput 0.25',
      tags: { team: 'blue' },
      attempts: 1,
      estimate: { prompt_tokens: 2, method: 'characters/4', error: -0.998 },
    });
  });

  it('is unknown, and not 0, where nobody knows the price', async () => {
    const caller = await aTenant();
    expect((await ask(caller, { model: 'paid/unpriced' })).status).toBe(200);
    expect(await costsOf(caller)).toMatchObject([{ cost_usd: null, cost_basis: 'unknown' }]);
    expect((await summaryOf(caller, '')).total).toMatchObject({
      requests: 1,
      unpriced_requests: 1,
      cost_usd: '0.000000000',
    });
  });

  it('is what was used when a client leaves a stream, by our own count where the provider had not told it', async () => {
    const caller = await aTenant();
    provider.behaveOnce({ pieces: Array.from({ length: 50 }, () => '12345678'), pieceDelayMs: 30, usage: null });
    const leaving = new AbortController();
    const body = { model: 'paid/priced', messages: [{ role: 'user', content: 'Hello?' }], stream: true };
    const response = await routers[0].fetch(
      '/v1/chat/completions',
      {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
        signal: leaving.signal,
      },
      { ...caller, requestId: newId('req') },
    );
    await response.body?.getReader().read();
    leaving.abort();
    const [row] = await waitFor(async () => {
      const rows = await costsOf(caller);
      return rows.length > 0 && rows;
    });
    expect(row).toMatchObject({ outcome: 'aborted', cost_basis: 'estimate' });
    expect(parseUsd(row?.cost_usd ?? '0') > 0n).toBe(true);
  });

  it.each([
    ['before a byte of it has come', { headDelayMs: 60_000 }, 0],
    ['in the middle of it', { fault: 'silence', pieces: ['x'.repeat(8_000)] }, 1_000],
  ] as const)(
    'is what was sent and seen when a client leaves a document %s, marked as an estimate',
    async (_, behaviour, outputTokensMin) => {
      const caller = await aTenant();
      provider.behaveOnce(behaviour);
      const before = provider.requests.length;
      const leaving = new AbortController();
      const content = 'Hello? '.repeat(1_000);
      const asked = routers[0].fetch(
        '/v1/chat/completions',
        {
          method: 'POST',
          body: JSON.stringify({ model: 'paid/priced', messages: [{ role: 'user', content }] }),
          headers: { 'content-type': 'application/json' },
          signal: leaving.signal,
        },
        { ...caller, requestId: newId('req') },
      );
      const request = await waitFor(() => provider.requests[before]);
      if (outputTokensMin > 0) await waitFor(() => request.bytesSent >= 4 * outputTokensMin);
      leaving.abort();
      await expect(asked).rejects.toThrow('aborted');
      const [row] = await waitFor(async () => {
        const rows = await costsOf(caller);
        return rows.length > 0 && rows;
      });
      expect(row).toMatchObject({ outcome: 'aborted', cost_basis: 'estimate' });
      // 2.50 USD for a million tokens in, 10.00 for a million out.
      const least = BigInt(content.length / 4) * 2_500n + BigInt(outputTokensMin) * 10_000n;
      expect((parseUsd(row?.cost_usd ?? '0') ?? 0n) >= least).toBe(true);
    },
  );

  it('is nothing when the client leaves before the provider could be reached', async () => {
    const caller = aSpender();
    // Nobody answers there, and nobody refuses: the connection is not made.
    await using deaf = await startDeafServer();
    const facts = { m: { prices: { input: '2.5', output: '10' }, output_tokens_max: 1_000 } };
    const connection = { name: 'deaf', kind: 'openai_compatible', base_url: deaf.url, models: ['m'] };
    await call(caller, 'POST', '/api/v1/providers', { ...connection, options: { model_facts: facts } });
    const leaving = new AbortController();
    const asked = routers[0].fetch(
      '/v1/chat/completions',
      {
        method: 'POST',
        body: JSON.stringify({ model: 'deaf/m', messages: [{ role: 'user', content: 'Hello?' }] }),
        headers: { 'content-type': 'application/json' },
        signal: leaving.signal,
      },
      { ...caller, requestId: newId('req') },
    );
    await deaf.asked;
    leaving.abort();
    await expect(asked).rejects.toThrow('aborted');
    const [row] = await waitFor(async () => {
      const rows = await costsOf(caller);
      return rows.length > 0 && rows;
    });
    expect(row).toMatchObject({ outcome: 'aborted', cost_basis: 'not_billed', cost_usd: '0.000000000' });
  });
});

/** A server of TLS, to whose greeting nobody answers: a connection to it is never made. */
async function startDeafServer() {
  const server = createServer();
  const asked = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => {
        resolve();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('an estimate of a cost (OP-4)', () => {
  const estimate = async (caller: Caller, query: string) => call(caller, 'GET', `/api/v1/costs/estimate?${query}`);

  it('is made of given or of estimated tokens, and says by which price, from whom, and by what the vendor counts', async () => {
    const caller = await aTenant();
    await call(caller, 'POST', '/api/v1/providers', { name: 'claude', kind: 'anthropic' });
    const given = await estimate(
      caller,
      'model=claude/claude-sonnet-5-5&prompt_tokens=1000000&completion_tokens=100000',
    );
    expect(given.json).toMatchObject({
      cost_usd: '3.000000000',
      method: 'given',
      tokenizer: 'POST /v1/messages/count_tokens',
      price_version: expect.stringMatching(/^registry \d{4}-\d\d-\d\d$/),
      sources: expect.arrayContaining([expect.objectContaining({ as_of: '2026-10-03' })]),
    });
    const guessed = await estimate(caller, 'model=paid/priced&characters=4000&completion_tokens=100');
    expect(guessed.json).toMatchObject({ prompt_tokens: 1_000, method: 'characters/4', cost_usd: '0.003500000' });
    expect((await estimate(caller, 'model=paid/unpriced&characters=4')).json).toMatchObject({ cost_usd: null });
    expect((await estimate(caller, 'model=nobody/knows&characters=4')).status).toBe(404);
    expect((await estimate(caller, 'model=paid/priced')).status).toBe(400);
  });
});

describe('the summary of costs (LA-21)', () => {
  it('is the sum of the rows, whole and by model, key, tag and day, for any rows', async () => {
    const caller = aSpender();
    const { tenantId } = caller.principal;
    const from = new Date('2026-03-30T22:00:00Z').getTime();
    const records = Array.from({ length: 250 }, (_, index) =>
      usageRecordOf(
        {
          tenantId,
          principalId: `key_${String(index % 3)}`,
          requestId: newId('req'),
          target: { provider: 'sim', model: `m${String(index % 7)}` },
          requestedModel: 'm',
          streamed: false,
          startedAt: new Date(from + index * 20 * 60_000),
        },
        {
          outcome: 'ok',
          usage: { ...unknownUsage, promptTokens: index, completionTokens: 1 },
          latencyMs: 1,
          firstTokenMs: null,
        },
        {
          charge: {
            usd: index % 11 === 0 ? null : BigInt(index) * 333_333_333n + 1n,
            basis: index % 11 === 0 ? 'unknown' : 'price',
            priceVersion: 'test',
            tokens: index,
          },
          estimate: {
            method: 'characters/4',
            inputTokens: index + 1,
            inputTokensMax: 1_000,
            outputTokensMax: null,
            answers: 1,
          },
          system: null,
          tags: index % 2 === 0 ? { team: `t${String(index % 5)}` } : {},
          attempts: 1,
        },
      ),
    );
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await insertUsageRecords(
      routers[0].db.pool,
      records.map((record) => ({ record, traceparent })),
    );

    const rows = await costsOf(caller);
    expect(rows).toHaveLength(250);
    const span = 'from=2026-03-30T22:00:00Z&to=2026-05-01T00:00:00Z';
    const groupOf: Record<string, (row: CostRecord) => string | null> = {
      model: (row) => row.model,
      key: (row) => row.key_id,
      tag: (row) => (row.tags['team'] === undefined ? null : `team:${row.tags['team']}`),
      day: (row) => row.at.slice(0, 10),
    };
    for (const [by, keyOf] of Object.entries(groupOf)) {
      const summary = await summaryOf(caller, `${span}&group_by=${by}`);
      expect(summary.total).toMatchObject({ requests: 250, cost_usd: sumOf(rows), unpriced_requests: 23 });
      for (const group of summary.groups) {
        const own = rows.filter((row) => keyOf(row) === group.group);
        expect([by, group.group, group.cost_usd, group.requests]).toEqual([by, group.group, sumOf(own), own.length]);
      }
      expect(summary.groups.reduce((sum, { requests }) => sum + requests, 0)).toBe(250);
      const order = summary.groups.map(({ cost_usd: usd, group }) => (by === 'day' ? group : -Number(usd)));
      expect(order).toEqual([...order].sort((a, b) => ((a ?? 0) < (b ?? 0) ? -1 : 1)));
    }
    const filtered = await summaryOf(caller, `${span}&tag=team:t2&key_id=key_1`);
    expect(filtered.total.cost_usd).toBe(sumOf(await costsOf(caller, '&tag=team:t2&key_id=key_1')));
    expect(filtered.total.estimate_error).toBeGreaterThan(0);
  });

  it('shows nothing of another tenant, and nothing to whoever may not see it', async () => {
    expect((await summaryOf(aSpender(), 'group_by=key')).total.requests).toBe(0);
    const blind = aCaller({ scopes: ['chat:write'] });
    for (const path of ['/api/v1/costs', '/api/v1/costs/summary', '/api/v1/budgets']) {
      expect((await call(blind, 'GET', path)).status).toBe(403);
    }
  });

  it.each(['to=2026-01-01T00:00:00Z&from=2026-02-01T00:00:00Z', 'period=year', 'group_by=tenant', 'tag=nocolon'])(
    'refuses %s',
    async (query) => {
      expect((await call(aSpender(), 'GET', `/api/v1/costs/summary?${query}`)).status).toBe(400);
    },
  );
});

describe('a budget over HTTP (LA-21)', () => {
  it('refuses with 402 before anybody is asked, on every replica within a second of being made', async () => {
    const caller = await aTenant();
    for (const router of routers) expect((await ask(caller, {}, router)).status).toBe(200);
    const asked = provider.requests.length;
    const budget = await aBudget(caller, { hard_usd: '0.0000001' });
    expect(budget.current.spent_usd).toBe(sumOf(await costsOf(caller)));
    await waitFor(async () => (await ask(caller, {}, routers[1])).status === 402, { timeoutMs: 1_000 });
    const before = provider.requests.length;
    for (const router of routers) {
      const refused = await ask(caller, {}, router);
      expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([402, 'false']);
      expect(refused.json).toMatchObject({ error: { code: 'budget_exhausted' } });
    }
    expect(provider.requests.length).toBe(before);
    expect(before - asked).toBeLessThanOrEqual(1);

    await call(caller, 'PATCH', `/api/v1/budgets/${budget.id}`, { hard_usd: '100' });
    expect((await ask(caller)).status).toBe(200);
    expect((await call(caller, 'DELETE', `/api/v1/budgets/${budget.id}`)).status).toBe(204);
    expect((await call(caller, 'GET', `/api/v1/budgets/${budget.id}`)).status).toBe(404);
  });

  it('is not overshot by 200 requests at once through two replicas', async () => {
    const caller = await aTenant();
    await aBudget(caller, { hard_usd: '0.01' });
    const before = provider.requests.length;
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(caller, {}, routers[index % 2])));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 402]));
    expect(provider.requests.length - before).toBe(statuses.filter((status) => status === 200).length);
    expect(parseUsd(sumOf(await costsOf(caller))) <= parseUsd('0.01')).toBe(true);
  });

  it('holds as many answers as are asked for at once', async () => {
    const caller = await aTenant();
    // One answer of 100 tokens fits, eight do not.
    await aBudget(caller, { hard_usd: '0.004' });
    expect((await ask(caller, { max_tokens: 100, n: 8 })).status).toBe(402);
    expect((await ask(caller, { max_tokens: 100, n: 1 })).status).toBe(200);
  });

  it('refuses a model of unknown price, or charges its ceiling, as it says', async () => {
    const caller = await aTenant();
    const budget = await aBudget(caller, { hard_usd: '1' });
    const before = provider.requests.length;
    const refused = await ask(caller, { model: 'paid/unpriced' });
    expect([refused.status, provider.requests.length]).toEqual([402, before]);
    const ceiling = { kind: 'ceiling', usd_per_million_tokens: '50' };
    await call(caller, 'PATCH', `/api/v1/budgets/${budget.id}`, { unknown_price: ceiling });
    expect((await ask(caller, { model: 'paid/unpriced' })).status).toBe(200);
    // 16 tokens at 50 USD a million.
    expect(await costsOf(caller)).toMatchObject([{ cost_usd: '0.000800000', cost_basis: 'ceiling' }]);
  });

  it('tells once of each limit that is crossed, in the log of one replica and through the outbox', async () => {
    const caller = await aTenant();
    const budget = await aBudget(caller, { soft_usd: '0.00001', hard_usd: '0.0005' });
    await Promise.all(Array.from({ length: 40 }, (_, index) => ask(caller, {}, routers[index % 2])));
    const told = () =>
      routers
        .flatMap(({ log }) => log)
        .filter((line) => line.event === 'budget.crossed' && line['budget_id'] === budget.id)
        .map((line) => line['limit']);
    await waitFor(() => told().length >= 2, { timeoutMs: 15_000 });
    expect(told().sort()).toEqual(['0.000010000', '0.000500000']);
    const rows = await routers[0].db.db
      .selectFrom('budget_crossings')
      .selectAll()
      .where('budget_id', '=', budget.id)
      .execute();
    expect(rows.map(({ level }) => level).sort()).toEqual(['hard', 'soft']);
  });

  it('of a key concerns that key alone', async () => {
    const caller = await aTenant();
    const other = aSpender(caller.principal.tenantId);
    await aBudget(caller, { scope: { kind: 'key', key_id: caller.principal.principalId }, hard_tokens: 1 });
    expect((await ask(caller)).status).toBe(402);
    expect((await ask(other)).status).toBe(200);
  });

  it.each([
    ['no limit', { hard_usd: null }],
    ['a limit of nothing', { hard_usd: '0' }],
    ['a number for dollars', { hard_usd: 5 }],
    ['more decimals than there are', { hard_usd: '0.0000000001' }],
    ['a warning above the limit', { hard_usd: '1', soft_usd: '2' }],
    ['a scope of nobody', { hard_usd: '1', scope: { kind: 'key' } }],
    ['another tenant', { hard_usd: '1', tenant_id: 'other' }],
  ])('is refused with %s', async (_name, given) => {
    const body = { name: 'x', scope: { kind: 'tenant' }, period: 'day', ...given };
    expect((await call(aSpender(), 'POST', '/api/v1/budgets', body)).status).toBe(400);
  });

  it('of another tenant is as absent as one that never was, and of one name there is one', async () => {
    const caller = aSpender();
    const budget = await aBudget(caller, { name: 'only', hard_usd: '1' });
    const again = { name: 'only', scope: { kind: 'tenant' }, period: 'day', hard_usd: '1' };
    expect((await call(caller, 'POST', '/api/v1/budgets', again)).status).toBe(409);
    const stranger = aSpender();
    for (const [method, body] of [['GET'], ['PATCH', { name: 'y' }], ['DELETE']] as const) {
      expect((await call(stranger, method, `/api/v1/budgets/${budget.id}`, body)).status).toBe(404);
    }
    expect((await call(stranger, 'GET', '/api/v1/budgets')).json['data']).toEqual([]);
    expect((await call(caller, 'GET', '/api/v1/budgets')).json['data']).toMatchObject([{ id: budget.id }]);
  });
});
