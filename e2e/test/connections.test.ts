import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectionTest, ProviderConnection } from '@signalbox/contracts';
import {
  simulateAnthropic,
  simulateGemini,
  simulateProvider,
  waitFor,
  type SimulatedProvider,
} from '@signalbox/test-kit';
import pg from 'pg';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

const canary = `sk-canary-${randomBytes(12).toString('hex')}`;
const newVaultKey = () => randomBytes(32).toString('base64url');
const vaultKeys = { old: `1:${newVaultKey()}`, new: `2:${newVaultKey()}` };

/** An address where nobody is. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${String(port)}/v1`;
}

describe('connections to providers, behind two gateways and two chat-routers (OP-2, OP-3, OP-10, OD-24)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  const routers = ['chat-router', 'chat-router-2'];
  beforeAll(async () => {
    provider = owned.use(await simulateProvider());
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        overrides: { 'chat-router': { VAULT_KEYS: vaultKeys.old } },
        providers: [{ name: 'operators', kind: 'xai', models: ['grok-4-fast'], apiKeyEnv: 'ABSENT_API_KEY' }],
      }),
    );
  });
  afterAll(() => owned.disposeAsync());

  async function newTenant(name: string): Promise<string> {
    const { body } = await opened.ask('/api/v1/tenants', { body: { name } });
    return (body['api_key'] as { key: string }).key;
  }

  async function connect(key: string, given: Record<string, unknown>): Promise<ProviderConnection> {
    const { status, body } = await opened.ask('/api/v1/providers', { key, body: given });
    expect([status, body]).toEqual([201, expect.objectContaining({ name: given['name'] })]);
    return body as unknown as ProviderConnection;
  }

  const pathOf = ({ id }: ProviderConnection) => `/api/v1/providers/${id}`;

  function chat(key: string, model: string, more: Record<string, unknown> = {}, ask: Ask = {}): Promise<Answer> {
    const messages = [{ role: 'user', content: 'Hello?' }];
    return opened.ask('/v1/chat/completions', { ...ask, key, body: { model, messages, ...more } });
  }

  /** Each gateway goes round the routers. What they heard of is known long before what they remember is looked up anew. */
  async function everywhere(holds: (gateway: number) => Promise<boolean>): Promise<void> {
    const all = async (): Promise<boolean> => {
      for (const gateway of [0, 1, 0, 1]) if (!(await holds(gateway))) return false;
      return true;
    };
    await waitFor(all, { timeoutMs: 5_000 });
  }

  async function test(key: string, connection: ProviderConnection): Promise<ConnectionTest> {
    const answer = await opened.ask(`${pathOf(connection)}/test`, { key, method: 'POST' });
    expect(answer.status).toBe(200);
    return answer.body as unknown as ConnectionTest;
  }

  it('are made, changed and deleted, and every router goes by it at once', async () => {
    const key = await newTenant('connected');
    const made = await connect(key, {
      name: 'mine',
      kind: 'openai_compatible',
      base_url: provider.url,
      api_key: 'sk-first',
      models: ['tiny'],
    });
    expect(made).toMatchObject({ source: 'tenant', has_api_key: true, configured: true, version: 1 });
    await everywhere(async (gateway) => (await chat(key, 'mine/tiny', {}, { gateway })).status === 200);
    expect(provider.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-first');

    const second = `sk-${randomBytes(12).toString('hex')}`;
    const body = { api_key: second, models: ['tiny', 'huge'] };
    const changed = await opened.ask(pathOf(made), { key, method: 'PATCH', body });
    expect(changed.body).toMatchObject({ version: 2, models: ['tiny', 'huge'], api_key_hint: `…${second.slice(-4)}` });
    await everywhere(async (gateway) => {
      const { status } = await chat(key, 'mine/huge', {}, { gateway });
      return status === 200 && provider.requests.at(-1)?.headers['authorization'] === `Bearer ${second}`;
    });

    expect((await opened.ask(pathOf(made), { key, method: 'DELETE' })).status).toBe(204);
    await everywhere(async (gateway) => (await chat(key, 'mine/tiny', {}, { gateway })).status === 404);
    expect((await opened.ask(pathOf(made), { key })).status).toBe(404);
  });

  it('OP-3: tell ready, not configured, unauthorised and unreachable apart', async () => {
    const key = await newTenant('testers');
    const compatible = { kind: 'openai_compatible', models: ['m'] };
    const ready = await connect(key, { ...compatible, name: 'ready', base_url: provider.url });
    expect(await test(key, ready)).toMatchObject({ state: 'ready', models: expect.arrayContaining(['small']) });

    const bare = await connect(key, { name: 'bare', kind: 'openai', models: ['m'] });
    expect(bare.configured).toBe(false);
    expect(await test(key, bare)).toMatchObject({ state: 'not_configured' });
    const unasked = await chat(key, 'bare/m');
    expect([unasked.status, unasked.body]).toMatchObject([503, { error: { code: 'provider_not_configured' } }]);

    const strict = owned.use(await simulateProvider({ status: 401 }));
    const wrong = await connect(key, { ...compatible, name: 'wrong', base_url: strict.url, api_key: canary });
    expect(await test(key, wrong)).toMatchObject({ state: 'unauthorised', models: null });

    const gone = await connect(key, { ...compatible, name: 'gone', base_url: await nowhere() });
    const unreachable = await test(key, gone);
    expect(unreachable).toMatchObject({ state: 'unreachable', models: null });
    // S8: an address that may not be asked is refused, and its field named.
    const body = { ...compatible, name: 'inside', base_url: 'http://169.254.169.254/v1' };
    const inside = await opened.ask('/api/v1/providers', { key, body });
    expect([inside.status, inside.body['errors']]).toMatchObject([400, [{ path: 'base_url' }]]);
  });

  it.each([
    ['anthropic', simulateAnthropic, 'x-api-key', canary],
    ['gemini', simulateGemini, 'x-goog-api-key', canary],
    ['openai', simulateProvider, 'authorization', `Bearer ${canary}`],
    ['xai', simulateProvider, 'authorization', `Bearer ${canary}`],
  ] as const)(
    'LA-17: reach %s in its own words, with the key where it belongs',
    async (kind, simulate, header, value) => {
      const key = await newTenant(`${kind} users`);
      const simulated = owned.use(await simulate());
      await connect(key, { name: 'own', kind, base_url: simulated.url, api_key: canary, models: ['m'] });
      const answer = await chat(key, 'own/m');
      expect([answer.status, answer.body]).toMatchObject([
        200,
        { choices: [{ message: { content: 'Hello from the simulator.' } }] },
      ]);
      expect(simulated.requests.at(-1)?.headers[header]).toBe(value);
    },
  );

  it('OD-24: pass xAI’s live search on, and without a key give no answer at all', async () => {
    const key = await newTenant('grok users');
    await connect(key, { name: 'grok', kind: 'xai', base_url: provider.url, api_key: 'sk-x', models: ['grok-4-fast'] });
    const search = { search_parameters: { mode: 'on', sources: [{ type: 'web' }], return_citations: true } };
    expect((await chat(key, 'grok/grok-4-fast', search)).status).toBe(200);
    expect(provider.requests.at(-1)?.json).toMatchObject({ model: 'grok-4-fast', ...search });

    const listed = (await opened.ask('/api/v1/providers', { key })).body['data'] as ProviderConnection[];
    const operators = listed.find(({ name }) => name === 'operators');
    expect(operators).toMatchObject({ source: 'operator', configured: false, base_url: null });
    expect(await test(key, operators as ProviderConnection)).toMatchObject({ state: 'not_configured' });
    expect((await chat(key, 'operators/grok-4-fast')).status).toBe(503);
  });

  it('S15: belong to their tenant', async () => {
    const [key, other] = [await newTenant('owners'), await newTenant('strangers')];
    const made = await connect(key, {
      name: 'own',
      kind: 'openai_compatible',
      base_url: provider.url,
      api_key: canary,
      models: ['m'],
    });
    const attempts: [string, Ask][] = [
      ['', {}],
      ['', { method: 'PATCH', body: { name: 'mine' } }],
      ['', { method: 'DELETE' }],
      ['/test', { method: 'POST' }],
    ];
    for (const [part, ask] of attempts)
      expect((await opened.ask(pathOf(made) + part, { ...ask, key: other })).status).toBe(404);
    expect((await chat(other, 'own/m')).status).toBe(404);
    expect((await chat(key, 'own/m')).status).toBe(200);
  });

  describe('the key that was given', () => {
    let key: string;
    let made: ProviderConnection;
    beforeAll(async () => {
      key = await newTenant('secretive');
      made = await connect(key, {
        name: 'secret',
        kind: 'openai_compatible',
        base_url: provider.url,
        api_key: canary,
        models: ['m'],
      });
    });

    async function rows(): Promise<{ id: string; whole: string }[]> {
      const sql = new pg.Client(opened.mesh.postgresUrl);
      await sql.connect();
      try {
        const { rows: found } = await sql.query<{ id: string; whole: string }>(
          'select id, provider_connections::text as whole from chat_router.provider_connections',
        );
        return found;
      } finally {
        await sql.end();
      }
    }

    it('OP-10, S20: stands in no answer, no log, no audit event and no row', async () => {
      provider.behaveOnce({ status: 401, errorBody: { error: { message: `Incorrect API key: ${canary}` } } });
      const answers = [
        await opened.ask(pathOf(made), { key }),
        await opened.ask('/api/v1/providers', { key }),
        await opened.ask(`${pathOf(made)}/test`, { key, method: 'POST' }),
        await opened.ask(pathOf(made), { key, method: 'PATCH', body: { api_key: `${canary} x` } }),
        await chat(key, 'secret/m'),
        await opened.ask('/api/v1/audit-events', { key }),
      ];
      for (const { text } of answers) expect(text).not.toContain(canary);
      for (const service of Object.values(opened.mesh.services)) expect(service.logs()).not.toContain(canary);
      const stored = await rows();
      expect(stored.find(({ id }) => id === made.id)).toBeDefined();
      const hex = Buffer.from(canary).toString('hex');
      const base64 = Buffer.from(canary).toString('base64').slice(0, 30);
      for (const { whole } of stored) for (const form of [canary, hex, base64]) expect(whole).not.toContain(form);
    });

    it('OP-10: outlives the vault’s old key: it is wrapped anew under the new one, and opens with that alone', async () => {
      const before = (await rows()).find(({ id }) => id === made.id)?.whole;
      const restart = async (keys: string) => {
        for (const name of routers) await opened.service(name).restart({ VAULT_KEYS: keys });
      };
      await restart(`${vaultKeys.new},${vaultKeys.old}`);
      const asked = provider.requests.length;
      expect((await chat(key, 'secret/m')).status).toBe(200);
      await waitFor(async () => (await rows()).find(({ id }) => id === made.id)?.whole !== before, {
        timeoutMs: 30_000,
        what: 'the key to be wrapped anew',
      });
      await restart(vaultKeys.new);
      expect((await chat(key, 'secret/m')).status).toBe(200);
      for (const { headers } of provider.requests.slice(asked))
        expect(headers['authorization']).toBe(`Bearer ${canary}`);
    });
  });
});
