import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

/** Bodies that fit, of the routes that take no empty one. */
const bodies: Record<string, object> = {
  '/api/v1/systems/{id}': { use_case: 'mine' },
  '/api/v1/systems/{id}/tasks': { input: 'What is kept?' },
  '/api/v1/models/{id}': { name: 'mine', model_type: 'llm', version: '1', environment: 'dev' },
  '/api/v1/research/{id}/ask': { question: 'What is kept?' },
  '/api/v1/research/{id}/report-links': { format: 'html', expires_in_seconds: 60 },
  '/api/v1/conversations/{id}/messages': { messages: [{ role: 'user', content: 'What is kept?' }] },
};

interface Tenant {
  key: string;
  ids: Record<string, string>;
}

describe('tenants see nothing of each other (B-25, S15, S16)', () => {
  let opened: OpenedMesh;
  let alpha: Tenant;
  let beta: Tenant;

  async function openTenant(name: string): Promise<Tenant> {
    const tenant = await opened.ask('/api/v1/tenants', { body: { name } });
    expect(tenant.status).toBe(201);
    const { key } = tenant.body['api_key'] as { key: string };
    const apiKey = await opened.createKey({ key, name: `${name}'s key` });
    const user = await opened.ask('/api/v1/users', {
      key,
      body: { email: `someone@${name}.example`, password: 'correct horse battery', role: 'viewer' },
    });
    expect(user.status).toBe(201);
    const chat = await opened.ask('/v1/chat/completions', {
      key,
      body: {
        model: 'signalbox/extractive',
        messages: [{ role: 'user', content: `${name} keeps secrets. What does ${name} keep?` }],
      },
    });
    expect(chat.status).toBe(200);
    /** Makes a thing of the tenant's. */
    async function make(path: string, body: Record<string, unknown>): Promise<string> {
      const made = await opened.ask(path, { key, body });
      expect([path, made.status]).toEqual([path, path === '/api/v1/research' ? 202 : 201]);
      return String(made.body['id'] ?? made.body['system_id']);
    }
    const document = await opened.ask('/api/v1/documents', {
      key,
      method: 'POST',
      raw: `--x\r\ncontent-disposition: form-data; name="file"; filename="${name}.md"\r\n\r\n# ${name} keeps it\r\n--x--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([document.status, document.text]).toEqual([202, expect.any(String)]);
    return {
      key,
      ids: {
        documents: String(document.body['id']),
        research: await make('/api/v1/research', { topic: `What does ${name} keep?`, sources: ['documents'] }),
        tenant: String(tenant.body['id']),
        providers: await make('/api/v1/providers', { name: `${name}s-own`, kind: 'openai' }),
        budgets: await make('/api/v1/budgets', {
          name: `${name}'s budget`,
          scope: { kind: 'tenant' },
          period: 'day',
          hard_usd: '1',
        }),
        systems: await make('/api/v1/systems', {
          domain: 'secrets',
          use_case: `what ${name} keeps`,
          architecture: 'single',
          models: ['signalbox/extractive'],
        }),
        models: await make('/api/v1/models', {
          id: `model-of-${name}`,
          ...{ name: 'a model', model_type: 'llm', version: '1', environment: 'prod' },
        }),
        objectives: await make('/api/v1/objectives', {
          name: `what ${name} promises`,
          target: 0.99,
          indicator: { kind: 'availability' },
        }),
        conversations: await make('/api/v1/conversations', { title: `of ${name}` }),
        'api-keys': apiKey.id,
        users: String(user.body['id']),
        request: chat.headers.get('x-request-id') ?? '',
      },
    };
  }

  beforeAll(async () => {
    opened = await openMesh({ limits: wideLimits });
    alpha = await openTenant('alpha');
    beta = await openTenant('beta');
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  /** Alerting proves this of its own things, in services/alerting/test/{alerts,rules,channels,silences,escalation}.test.ts. */
  const provenInAlerting = new Set([
    'alerts',
    'alert-rules',
    'channels',
    'deliveries',
    'escalation-policies',
    'maintenance-windows',
    'notifications',
    'silences',
    // In services/research-pipeline/test/parties.test.ts.
    'parties',
    'party-reviews',
  ]);

  it("answers every route with an id exactly as if another tenant's thing were absent", async () => {
    const { body } = await opened.ask('/openapi.json', { key: null });
    const paths = body['paths'] as Record<string, Record<string, unknown>>;
    let asked = 0;
    for (const [path, operations] of Object.entries(paths)) {
      const kind = /^\/api\/v1\/([^/]+)\/\{id\}/.exec(path)?.[1];
      if (kind === undefined) continue;
      if (provenInAlerting.has(kind)) continue;
      const theirs = beta.ids[kind];
      // A route with an id that this test makes no thing for would be a hole in it.
      if (theirs === undefined) throw new Error(`no ${kind} was made for ${path}`);
      for (const [method, operation] of Object.entries(operations)) {
        const takesBody = (operation as { requestBody?: unknown }).requestBody !== undefined;
        const sent = takesBody ? { body: bodies[path] ?? {} } : {};
        const foreign = await opened.ask(path.replace('{id}', theirs), {
          key: alpha.key,
          method: method.toUpperCase(),
          ...sent,
        });
        const absent = await opened.ask(path.replace('{id}', theirs.replace(/....$/, '0000')), {
          key: alpha.key,
          method: method.toUpperCase(),
          ...sent,
        });
        expect({ path, method, status: foreign.status }).toEqual({ path, method, status: 404 });
        const { request_id: one, instance: here, ...said } = foreign.body;
        const { request_id: other, instance: there, ...expected } = absent.body;
        expect([one, other, here, there]).not.toContain(undefined);
        expect(said).toEqual(expected);
        asked += 1;
      }
    }
    expect(asked).toBeGreaterThanOrEqual(4);
  });

  it('lists only what is its own', async () => {
    for (const path of [
      '/api/v1/api-keys',
      '/api/v1/users',
      '/api/v1/usage',
      '/api/v1/audit-events',
      '/api/v1/providers',
      '/api/v1/budgets',
      '/api/v1/costs',
      '/api/v1/models',
      '/api/v1/objectives',
      '/api/v1/research',
      '/api/v1/documents',
    ]) {
      const { status, text } = await opened.ask(`${path}?limit=100`, { key: alpha.key });
      expect(status).toBe(200);
      for (const id of Object.values(beta.ids)) expect(text).not.toContain(id);
      expect(text).not.toContain('beta');
    }
  });

  it('lets only the operators open and list tenants', async () => {
    expect((await opened.ask('/api/v1/tenants', { key: alpha.key, body: { name: 'gamma' } })).status).toBe(403);
    expect((await opened.ask('/api/v1/tenants', { key: alpha.key })).status).toBe(403);
  });

  it('cannot be told another tenant by any field or header (S4, S14)', async () => {
    const forged = await opened.ask('/api/v1/users/me', {
      key: alpha.key,
      headers: {
        'x-tenant-id': String(beta.ids['tenant']),
        'x-signalbox-identity': 'v1.1.e30.AAAA',
        'x-user-id': 'admin',
      },
    });
    expect(forged.body['tenant_id']).toBe(alpha.ids['tenant']);
    const assigned = await opened.ask('/api/v1/api-keys', {
      key: alpha.key,
      body: { name: 'x', scopes: ['chat:read'], tenant_id: beta.ids['tenant'] },
    });
    expect(assigned.status).toBe(400);
    expect(JSON.stringify(assigned.body['errors'])).toContain('tenant_id');
  });
});
