import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ProviderConnection } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { createTestDatabase, simulateProvider, waitFor, type TestDatabase } from '@signalbox/test-kit';
import { VaultKeys } from '@signalbox/vault';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../migrations/index.ts';
import { aCaller, audience, startTestRouter, type TestRouter } from './harness.ts';

const canary = `sk-canary-${randomBytes(12).toString('hex')}`;
const vaultEntry = `k1:${randomBytes(32).toString('base64url')}`;
const prefix = `test-${randomBytes(6).toString('hex')}`;

let database: TestDatabase;
let routers: [TestRouter, TestRouter];
/** Of the same installation, and allowed to go to the public internet alone. */
let strict: TestRouter;
beforeAll(async () => {
  database = await createTestDatabase({ service: audience, migrations });
  const start = () => startTestRouter({ database, prefix, config: { vaultKeys: VaultKeys.parse(vaultEntry) } });
  routers = [await start(), await start()];
  strict = await startTestRouter({
    database,
    config: { vaultKeys: VaultKeys.parse(vaultEntry), outboundAllow: [] },
    resilience: { retries_max: 2, backoff_first_ms: 10 },
  });
});
afterAll(async () => {
  for (const router of [...routers, strict]) await router[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const writer = (tenantId = newId('tenant')) =>
  aCaller({ tenantId, scopes: ['providers:write', 'chat:write', 'usage:read'] });

type Caller = ReturnType<typeof writer>;

async function call(caller: Caller, method: string, path: string, body?: unknown, router = routers[0]) {
  const response = await router.fetch(
    path,
    {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    },
    { ...caller, requestId: newId('req') },
  );
  const text = await response.text();
  return { status: response.status, text, json: (text === '' ? null : JSON.parse(text)) as Record<string, unknown> };
}

async function connect(caller: Caller, given: Record<string, unknown>): Promise<ProviderConnection> {
  const { status, json } = await call(caller, 'POST', '/api/v1/providers', given);
  expect([status, json]).toEqual([201, expect.anything()]);
  return json as unknown as ProviderConnection;
}

function ask(caller: Caller, model: string, router = routers[0]) {
  const body = { model, messages: [{ role: 'user', content: 'Hello?' }] };
  return call(caller, 'POST', '/v1/chat/completions', body, router);
}

/** A server of the test's own on a free port of this machine. */
async function serve(answer: (path: string, headers: Record<string, unknown>) => [number, unknown]) {
  const server: Server = createServer((request, response) => {
    const [status, body] = answer(request.url ?? '', request.headers);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a connection (OP-1, OP-10)', () => {
  it('is made, asked through, changed and deleted; and both replicas know it within a second', async () => {
    await using provider = await simulateProvider();
    const caller = writer();
    const made = await connect(caller, {
      name: 'mine',
      kind: 'openai_compatible',
      base_url: provider.url,
      api_key: canary,
      models: ['tiny'],
    });
    expect(made).toMatchObject({
      name: 'mine',
      source: 'tenant',
      has_api_key: true,
      api_key_hint: `…${canary.slice(-4)}`,
      models: ['tiny'],
      configured: true,
      version: 1,
    });
    for (const router of routers) {
      const answer = await ask(caller, 'mine/tiny', router);
      expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
    }
    expect(provider.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${canary}`);

    const path = `/api/v1/providers/${made.id}`;
    const changed = await call(caller, 'PATCH', path, { models: ['tiny', 'huge'] });
    expect(changed.json).toMatchObject({ version: 2, has_api_key: true, models: ['tiny', 'huge'] });
    const from = performance.now();
    await waitFor(async () => (await ask(caller, 'mine/huge', routers[1])).status === 200, { timeoutMs: 1_000 });
    expect(performance.now() - from).toBeLessThan(1_000);

    expect((await call(caller, 'DELETE', path)).status).toBe(204);
    await waitFor(async () => (await ask(caller, 'mine/huge', routers[1])).status === 404, { timeoutMs: 1_000 });
    expect((await call(caller, 'GET', path)).status).toBe(404);
  });

  it('takes its models and addresses from its kind where nothing else is said', async () => {
    const made = await connect(writer(), { name: 'claude', kind: 'anthropic', api_key: canary });
    expect(made.base_url).toBeNull();
    expect(made.models).toContain('claude-sonnet-5-5');
  });

  it('asks a server of no known models which it has', async () => {
    await using server = await serve((path) =>
      path === '/v1/models' ? [200, { data: [{ id: 'a' }, { id: 'b' }] }] : [404, {}],
    );
    const made = await connect(writer(), { name: 'own', kind: 'openai_compatible', base_url: `${server.url}/v1` });
    expect(made.models).toEqual(['a', 'b']);
  });

  it('lists its models with what is known of them, for its tenant alone', async () => {
    const caller = writer();
    await connect(caller, { name: 'oa', kind: 'openai', api_key: canary, models: ['gpt-5', 'gpt-99'] });
    const { json } = await call(caller, 'GET', '/v1/models');
    const models = json['data'] as { id: string }[];
    expect(models.find(({ id }) => id === 'oa/gpt-5')).toMatchObject({
      context_window: 400_000,
      max_output_tokens: 128_000,
      capabilities: { vision: true, tools: true, json_schema: true, reasoning: true },
    });
    expect(models.find(({ id }) => id === 'oa/gpt-99')).toMatchObject({ context_window: null });
    const others = (await call(writer(), 'GET', '/v1/models')).json['data'] as { id: string }[];
    expect(others.map(({ id }) => id).filter((id) => id.startsWith('oa/'))).toEqual([]);
  });

  it('stands in the audit log of the gateway, through the outbox', async () => {
    const caller = writer();
    const made = await connect(caller, { name: 'audited', kind: 'openai', api_key: canary });
    const rows = await routers[0].db.db.selectFrom('outbox').selectAll().where('name', '=', 'audit.record').execute();
    const events = rows.map(({ message }) => (message as unknown as { payload: Record<string, unknown> }).payload);
    expect(events.find(({ target }) => target === made.id)).toMatchObject({
      action: 'provider.changed',
      tenant_id: caller.principal.tenantId,
      actor: caller.principal.principalId,
      details: { change: 'created', name: 'audited', kind: 'openai' },
    });
  });

  it('is listed in pages that show each once, before those of the installation', async () => {
    const caller = writer();
    for (const name of ['one', 'two', 'three']) await connect(caller, { name, kind: 'openai' });
    const seen: ProviderConnection[] = [];
    let path = '/api/v1/providers?limit=2';
    for (;;) {
      const { json } = await call(caller, 'GET', path);
      seen.push(...(json['data'] as ProviderConnection[]));
      const next = (json['page_info'] as { next_cursor: string | null }).next_cursor;
      if (next === null) break;
      path = `/api/v1/providers?limit=2&cursor=${next}`;
    }
    expect(seen.filter(({ source }) => source !== 'discovered').map(({ name, source }) => `${source} ${name}`)).toEqual(
      ['tenant three', 'tenant two', 'tenant one', 'operator sim', 'built_in signalbox'],
    );
    const last = await call(caller, 'GET', path);
    const back = (last.json['page_info'] as { prev_cursor: string }).prev_cursor;
    const before = (await call(caller, 'GET', `/api/v1/providers?limit=2&cursor=${back}`)).json['data'];
    expect((before as ProviderConnection[]).map(({ name }) => name)).toEqual(
      seen
        .slice(0, -(last.json['data'] as unknown[]).length)
        .slice(-2)
        .map(({ name }) => name),
    );
  });
});

describe('testing a connection (OP-3)', () => {
  const states = async (caller: Caller, id: string) =>
    (await call(caller, 'POST', `/api/v1/providers/${id}/test`)).json;

  it('tells ready, unauthorised, unreachable and not configured apart', async () => {
    await using server = await serve((path, headers) => {
      if (path !== '/v1/models') return [404, {}];
      return headers['authorization'] === `Bearer ${canary}`
        ? [200, { data: [{ id: 'tiny' }] }]
        : [401, { error: { message: `bad key ${String(headers['authorization'])}` } }];
    });
    const caller = writer();
    const base = { kind: 'openai_compatible', base_url: `${server.url}/v1`, models: ['tiny'] };
    const ready = await connect(caller, { ...base, name: 'ready', api_key: canary });
    const refused = await connect(caller, { ...base, name: 'refused', api_key: 'sk-wrong-key-0123456789' });
    const nowhere = await connect(caller, { ...base, name: 'nowhere', base_url: 'http://127.0.0.1:1/v1' });
    const other = await connect(caller, { ...base, name: 'other', base_url: `${server.url}/elsewhere` });
    const keyless = await connect(caller, { name: 'keyless', kind: 'anthropic' });
    expect(await states(caller, ready.id)).toMatchObject({ state: 'ready', models: ['tiny'] });
    expect(await states(caller, refused.id)).toMatchObject({ state: 'unauthorised', models: null });
    expect(await states(caller, nowhere.id)).toMatchObject({ state: 'unreachable' });
    expect(await states(caller, other.id)).toMatchObject({ state: 'unreachable' });
    expect(await states(caller, keyless.id)).toMatchObject({ state: 'not_configured', latency_ms: null });
    expect(keyless.configured).toBe(false);
    expect((await ask(caller, 'keyless/claude-sonnet-5-5')).status).toBe(503);
  });

  it.each([
    ['anthropic', '/v1/models', 'x-api-key'],
    ['gemini', '/v1beta/models', 'x-goog-api-key'],
    ['xai', '/models', 'authorization'],
  ])('asks %s in its own way', async (kind, path, header) => {
    const seen: string[] = [];
    await using server = await serve((url, headers) => {
      seen.push(`${url.split('?')[0] ?? ''} ${String(headers[header])}`);
      return [200, kind === 'gemini' ? { models: [{ name: 'models/m' }] } : { data: [{ id: 'm' }] }];
    });
    const caller = writer();
    const made = await connect(caller, { name: 'vendor', kind, base_url: server.url, api_key: canary, models: ['m'] });
    expect(await states(caller, made.id)).toMatchObject({ state: 'ready', models: ['m'] });
    expect(seen).toEqual([`${path} ${kind === 'xai' ? 'Bearer ' : ''}${canary}`]);
  });
});

describe('what is not let through (security)', () => {
  it('a key: it is in no answer, log line, row or metric', async () => {
    await using server = await serve(() => [401, { error: { message: `your key ${canary} is wrong` } }]);
    const caller = writer();
    const made = await connect(caller, {
      name: 'leaky',
      kind: 'openai_compatible',
      base_url: `${server.url}/v1`,
      api_key: canary,
      models: ['m'],
    });
    const answers = [
      await call(caller, 'GET', `/api/v1/providers/${made.id}`),
      await call(caller, 'GET', '/api/v1/providers'),
      await call(caller, 'PATCH', `/api/v1/providers/${made.id}`, { name: 'leaky2' }),
      await call(caller, 'POST', `/api/v1/providers/${made.id}/test`),
      await ask(caller, 'leaky2/m'),
      await call(caller, 'POST', '/api/v1/providers', { name: 'BAD NAME', kind: 'openai', api_key: canary }),
    ];
    for (const { text } of answers) expect(text).not.toContain(canary);
    for (const router of routers) {
      expect(JSON.stringify(router.log)).not.toContain(canary);
      expect(await (await fetch(`${router.adminUrl}/metrics`)).text()).not.toContain(canary);
    }
    const { db } = routers[0].db;
    for (const table of ['provider_connections', 'outbox', 'usage_records', 'dead_letters'] as const) {
      const rows = await db
        .selectFrom(table as 'outbox')
        .selectAll()
        .execute();
      expect(JSON.stringify(rows)).not.toContain(canary);
    }
  });

  it('another tenant: its connections are as absent as ones that never were', async () => {
    const made = await connect(writer(), { name: 'private', kind: 'openai', api_key: canary });
    const stranger = writer();
    for (const [method, path, body] of [
      ['GET', `/api/v1/providers/${made.id}`, undefined],
      ['PATCH', `/api/v1/providers/${made.id}`, { name: 'taken' }],
      ['DELETE', `/api/v1/providers/${made.id}`, undefined],
      ['POST', `/api/v1/providers/${made.id}/test`, undefined],
    ] as const) {
      const there = await call(stranger, method, path, body);
      const nowhere = await call(stranger, method, path.replace(made.id, newId('connection')), body);
      expect(there.status).toBe(404);
      expect(there.json['detail']).toBe(nowhere.json['detail']);
    }
    expect((await ask(stranger, 'private/gpt-5')).status).toBe(404);
  });

  it('an envelope that was copied to another tenant: it stays shut', async () => {
    const [victim, thief] = [writer(), writer()];
    const from = await connect(victim, { name: 'theirs', kind: 'openai', api_key: canary });
    const to = await connect(thief, { name: 'mine', kind: 'openai', api_key: 'sk-thief-key-0123456789' });
    const { db } = routers[0].db;
    const { sealed_key: envelope } = await db
      .selectFrom('provider_connections')
      .select('sealed_key')
      .where('id', '=', from.id)
      .executeTakeFirstOrThrow();
    await db.updateTable('provider_connections').set({ sealed_key: envelope }).where('id', '=', to.id).execute();
    expect((await call(thief, 'POST', `/api/v1/providers/${to.id}/test`)).json).toMatchObject({
      state: 'not_configured',
    });
  });

  it.each([
    'http://169.254.169.254/latest',
    'http://metadata.google.internal/v1',
    'http://127.0.0.1:1/v1',
    'http://localhost:6379/v1',
    'http://[::ffff:127.0.0.1]:80/v1',
    'http://2130706433/v1',
    'http://10.0.0.1/v1',
  ])(
    'S8: an address inside is refused with its field named, when it is given and when it is changed: %s',
    async (base) => {
      const caller = writer();
      const body = { name: 'inside', kind: 'openai_compatible', base_url: base, models: ['m'] };
      const refused = await call(caller, 'POST', '/api/v1/providers', body, strict);
      expect([refused.status, refused.json['errors']]).toEqual([400, [expect.objectContaining({ path: 'base_url' })]]);
      const made = await call(caller, 'POST', '/api/v1/providers', { name: 'outside', kind: 'openai' }, strict);
      const changed = await call(
        caller,
        'PATCH',
        `/api/v1/providers/${String(made.json['id'])}`,
        { base_url: base },
        strict,
      );
      expect([changed.status, changed.json['errors']]).toEqual([400, [expect.objectContaining({ path: 'base_url' })]]);
    },
  );

  it('an address inside: what is not allowed is not connected to, not asked again, and nobody learns what is there', async () => {
    await using provider = await simulateProvider();
    const caller = writer();
    const details = new Set<string>();
    // Where it is allowed it is set up; the other process is not allowed to go there.
    const made = await Promise.all(
      [provider.url, provider.url.replace('127.0.0.1', 'localhost'), 'http://127.0.0.1:1/v1'].map((base, index) =>
        connect(caller, {
          ...{ name: `in${String(index)}`, kind: 'openai_compatible', base_url: base, models: ['m'] },
        }),
      ),
    );
    for (const { id, name } of made) {
      const tested = await call(caller, 'POST', `/api/v1/providers/${id}/test`, undefined, strict);
      expect(tested.json).toMatchObject({ state: 'unreachable' });
      details.add(String(tested.json['detail']));
      const asked = await ask(caller, `${name}/m`, strict);
      expect(asked.status).toBe(502);
      expect((asked.json['routing'] as { attempts: unknown[] }).attempts).toHaveLength(1);
    }
    expect(details.size).toBe(1);
    expect(provider.requests).toEqual([]);
  });

  it('a key to another address than it was given for', async () => {
    const caller = writer();
    const made = await connect(caller, { name: 'moved', kind: 'openai', api_key: canary });
    const path = `/api/v1/providers/${made.id}`;
    const moved = await call(caller, 'PATCH', path, { base_url: 'https://evil.example/v1' });
    expect([moved.status, moved.text]).toEqual([400, expect.stringContaining('api_key')]);
    expect((await call(caller, 'PATCH', path, { base_url: 'https://evil.example/v1', api_key: null })).status).toBe(
      200,
    );
  });

  it('whoever may only read, and changes to what belongs to the installation', async () => {
    const caller = writer();
    const made = await connect(caller, { name: 'readable', kind: 'openai' });
    const reader = { ...aCaller({ tenantId: caller.principal.tenantId, scopes: ['providers:read'] }) };
    expect((await call(reader, 'GET', `/api/v1/providers/${made.id}`)).status).toBe(200);
    expect((await call(reader, 'DELETE', `/api/v1/providers/${made.id}`)).status).toBe(403);
    expect((await call(caller, 'PATCH', '/api/v1/providers/operator_sim', { name: 'x' })).status).toBe(403);
    expect((await call(caller, 'DELETE', '/api/v1/providers/builtin_signalbox')).status).toBe(403);
    const shown = await call(caller, 'GET', '/api/v1/providers/operator_sim');
    expect(shown.json).toMatchObject({ source: 'operator', base_url: null });
  });
});

describe('a connection that cannot be (errors)', () => {
  it.each([
    ['no address', { name: 'x', kind: 'openai_compatible' }, 400],
    ['a name of the installation’s', { name: 'sim', kind: 'openai' }, 409],
    ['a name that is taken', { name: 'signalbox', kind: 'openai' }, 400],
    ['an unknown quirk', { name: 'x', kind: 'openai', options: { quirks: { magic: true } } }, 400],
    ['a password in its address', { name: 'x', kind: 'openai', base_url: 'https://me:pw@api.openai.com/v1' }, 400],
    ['another scheme', { name: 'x', kind: 'openai', base_url: 'file:///etc/passwd' }, 400],
    ['a key of several lines', { name: 'x', kind: 'openai', api_key: 'a\r\nb' }, 400],
    ['an unknown kind', { name: 'x', kind: 'magic' }, 400],
    ['a tenant of its own', { name: 'x', kind: 'openai', tenant_id: 'other' }, 400],
  ])('is refused with %s', async (_name, body, status) => {
    expect((await call(writer(), 'POST', '/api/v1/providers', body)).status).toBe(status);
  });

  it('is refused when one of that name is there, and when there is no vault', async () => {
    const caller = writer();
    await connect(caller, { name: 'same', kind: 'openai' });
    expect((await call(caller, 'POST', '/api/v1/providers', { name: 'same', kind: 'xai' })).status).toBe(409);
    await using bare = await startTestRouter({ config: { vaultKeys: null } });
    const refused = await call(
      caller,
      'POST',
      '/api/v1/providers',
      { name: 'x', kind: 'openai', api_key: canary },
      bare,
    );
    expect([refused.status, refused.json['code']]).toEqual([503, 'vault_not_configured']);
  });
});

describe('rotating the vault’s keys (OP-10)', () => {
  it('re-wraps every envelope at the start of a process that seals with another key, and asks on as before', async () => {
    await using provider = await simulateProvider();
    const caller = writer();
    const made = await connect(caller, {
      name: 'rotated',
      kind: 'openai_compatible',
      base_url: provider.url,
      api_key: canary,
      models: ['tiny'],
    });
    const envelope = async () =>
      (
        await routers[0].db.db
          .selectFrom('provider_connections')
          .select('sealed_key')
          .where('id', '=', made.id)
          .executeTakeFirstOrThrow()
      ).sealed_key ?? '';
    const before = await envelope();
    const keys = VaultKeys.parse(`k2:${randomBytes(32).toString('base64url')},${vaultEntry}`);
    await using rotated = await startTestRouter({ database, prefix, config: { vaultKeys: keys } });
    await waitFor(async () => (await envelope()).startsWith('sbv1.k2.'));
    const after = await envelope();
    expect(after.split('.')[3]).toBe(before.split('.')[3]);
    expect((await ask(caller, 'rotated/tiny', rotated)).status).toBe(200);
    expect(provider.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${canary}`);
  });
});
