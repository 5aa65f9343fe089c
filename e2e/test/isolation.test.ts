import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startHttpSink, waitFor, type HttpSink } from '@signalbox/test-kit';
import { eachOf } from '../each-of.ts';
import { fittingBody, membersOf } from '../fitting-body.ts';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';
import { readOperations, type Operation, type Operations } from '../operations.ts';

type Json = Record<string, unknown>;

/** Things of one tenant, by the path that leads to them: `/api/v1/systems/{id}` → the id. */
type Things = Readonly<Record<string, string>>;

interface Tenant {
  key: string;
  id: string;
  things: Things;
}

/** Parameters that name no thing of a tenant's, and what the routes answer to everybody alike. */
const named: Readonly<Record<string, number>> = {
  // A word of ours, for what whoever asks has in the cache.
  '/api/v1/cache/{namespace}': 200,
  // Anybody may be granted a tool of the caller's own tenant, which is of use there and nowhere else.
  '/api/v1/tool-grants/{principal}': 200,
  // A word of ours, as above.
  '/api/v1/research-cache/{namespace}': 200,
  // A word of ours, for a search provider to which whoever asks may give a credential.
  '/api/v1/search-providers/{provider}/credential': 200,
  '/api/v1/search-providers/{provider}/test': 200,
  // Whoever has the link may read what it leads to: that is what it is for.
  '/reports/shared/{link}': 200,
};

describe('tenants see nothing of each other (B-25, S15, S16)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let hook: HttpSink;
  let operations: Operations;
  let alpha: Tenant;
  let beta: Tenant;

  async function openTenant(name: string): Promise<Tenant> {
    const tenant = await opened.ask('/api/v1/tenants', { body: { name } });
    expect(tenant.status).toBe(201);
    const id = String(tenant.body['id']);
    const { key } = tenant.body['api_key'] as { key: string };
    const ask = async (path: string, body: unknown, expected = 200, method = 'POST'): Promise<Json> => {
      const answer = await opened.ask(path, { key, body, method });
      expect([path, answer.status, answer.status === expected ? '' : answer.text]).toEqual([path, expected, '']);
      return answer.body;
    };
    const make = async (path: string, body: Json): Promise<string> => {
      const made = await ask(path, body, 201);
      return String(made['id'] ?? made['system_id'] ?? made['name']);
    };
    /** The newest of a list, once there is one. */
    const listed = (path: string): Promise<Json> =>
      waitFor(async () => ((await opened.ask(path, { key })).body['data'] as Json[])[0], {
        timeoutMs: 60_000,
        what: path,
      });

    const messages = [{ role: 'user', content: `${name} keeps secrets. What does ${name} keep?` }];
    await ask('/v1/chat/completions', { model: 'signalbox/extractive', messages });
    const model = `model-of-${name}`;
    await make('/api/v1/models', { id: model, name: model, model_type: 'llm', version: '1', environment: 'prod' });
    const sample = { model_id: model, model_type: 'llm', request_id: `sample-of-${name}`, latency: 20 };
    await ask('/api/v1/metrics/inference', sample, 201);
    await ask(
      '/api/v1/metrics/drift',
      {
        ...{ model_id: model, drift_type: 'data', severity: 'high', confidence: 0.9 },
      },
      201,
    );
    const reference = await make('/api/v1/drift/references', {
      model_id: model,
      rows: Array.from({ length: 120 }, (_, index) => ({ score: index / 120 })),
    });
    const verdict = await ask(`/api/v1/models/${model}/drift/run`, {});

    const system = await make('/api/v1/systems', {
      ...{
        domain: 'secrets',
        use_case: `what ${name} keeps`,
        architecture: 'single',
        models: ['signalbox/extractive'],
      },
    });
    const task = await ask(`/api/v1/systems/${system}/tasks`, { input: `What does ${name} keep?` }, 202);

    await ask(
      '/api/v1/alerting-configuration',
      {
        original: `route: { receiver: all-of-${name}, group_wait: 0s }
receivers: [{ name: all-of-${name}, channel_configs: [{ channel: '*' }] }]`,
      },
      200,
      'PUT',
    );
    const channel = await make('/api/v1/channels', {
      ...{ name: `hook of ${name}`, kind: 'webhook', settings: { url: `${hook.url}/${name}` } },
    });
    const matchers = [`alertname="Quiet of ${name}"`];
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const silence = await make('/api/v1/silences', { matchers, ends_at: endsAt, comment: `of ${name}` });
    await ask('/alertmanager/api/v2/alerts', [{ labels: { alertname: `Alert of ${name}`, severity: 'high' } }]);
    const alert = await listed('/api/v1/alerts');
    const delivery = await listed('/api/v1/deliveries');

    const document = await opened.ask('/api/v1/documents', {
      key,
      method: 'POST',
      raw: `--x\r\ncontent-disposition: form-data; name="file"; filename="of-${name}.md"\r\n\r\n# What ${name} keeps\n\n${name} keeps its secrets in a vault of its own.\r\n--x--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([document.status, document.text]).toEqual([202, expect.any(String)]);
    const documentId = String(document.body['id']);
    const isDone = async (path: string, states: readonly string[]): Promise<boolean> =>
      states.includes(String((await opened.ask(path, { key })).body['status']));
    await waitFor(async () => (await opened.ask(`/api/v1/documents/${documentId}/text`, { key })).status === 200, {
      timeoutMs: 60_000,
      what: 'the text of a document',
    });
    const question = { topic: `What does ${name} keep?`, sources: ['documents'] };
    const research = String((await ask('/api/v1/research', question, 202))['id']);
    await waitFor(() => isDone(`/api/v1/research/${research}`, ['completed', 'completed_partial']), {
      timeoutMs: 120_000,
      what: 'a report',
    });
    const party = { name: `Keepers of ${name} Incorporated`, address: '1 Long Street, Springfield' };
    const made = await ask('/api/v1/parties/resolve', party, 201);
    const alike = { name: `Keeper of all that ${name} has`, address: '1 Long Street, Springfield' };
    await ask('/api/v1/parties/resolve', alike, 201);
    const review = await listed('/api/v1/party-reviews');

    const user = { email: `someone@${name}.example`, password: 'correct horse battery', role: 'viewer' };
    return {
      key,
      id,
      things: {
        '/alertmanager/{tenant}': id,
        '/alertmanager/api/v2/silence/{id}': silence,
        '/alertmanager/{tenant}/api/v2/silence/{id}': silence,
        '/api/v1/alerts/{id}': String(alert['id']),
        '/api/v1/alert-rules/{id}': await make('/api/v1/alert-rules', {
          ...{ name: `Rule of ${name}`, condition: { kind: 'signal', signal: 'budget', states: ['hard'] } },
        }),
        '/api/v1/api-keys/{id}': (await opened.createKey({ key, name: `${name}'s key` })).id,
        '/api/v1/budgets/{id}': await make('/api/v1/budgets', {
          ...{ name: `${name}'s budget`, scope: { kind: 'tenant' }, period: 'day', hard_usd: '1' },
        }),
        '/api/v1/channels/{id}': channel,
        '/api/v1/conversations/{id}': await make('/api/v1/conversations', { title: `of ${name}` }),
        '/api/v1/deliveries/{id}': String(delivery['id']),
        '/api/v1/drift/references/{id}': reference,
        '/api/v1/drift/verdicts/{id}': String(verdict['id']),
        '/api/v1/documents/{id}': documentId,
        '/api/v1/escalation-policies/{id}': await make('/api/v1/escalation-policies', {
          ...{ name: `of ${name}`, matchers, steps: [{ after_seconds: 3_600, channels: [channel] }] },
        }),
        '/api/v1/maintenance-windows/{id}': await make('/api/v1/maintenance-windows', {
          ...{ name: `of ${name}`, matchers, start: '02:00', end: '03:00' },
        }),
        '/api/v1/models/{id}': model,
        '/api/v1/notifications/{id}': String(delivery['notification_id']),
        '/api/v1/objectives/{id}': await make('/api/v1/objectives', {
          ...{ name: `what ${name} promises`, target: 0.99, indicator: { kind: 'availability' } },
        }),
        '/api/v1/parties/{id}': String((made['party'] as Json)['id']),
        '/api/v1/party-reviews/{id}': String(review['id']),
        '/api/v1/providers/{id}': await make('/api/v1/providers', {
          ...{ name: `${name}s-own`, kind: 'openai', api_key: `sk-of-${name}`, models: [`${name}-model`] },
        }),
        '/api/v1/research/{id}': research,
        '/api/v1/silences/{id}': silence,
        '/api/v1/systems/{id}': system,
        '/api/v1/systems/{id}/tasks/{task}': String(task['task_id'] ?? task['id']),
        '/api/v1/tools/{name}': await make('/api/v1/tools', {
          ...{ name: `tool-of-${name}`, description: `of ${name}`, method: 'GET', url: 'https://example.org' },
          parameters: { type: 'object' },
        }),
        '/api/v1/users/{id}': await make('/api/v1/users', user),
        '/reports/{file}': `${research}.html`,
        '/v1/models/{model}': `${name}s-own/${name}-model`,
      },
    };
  }

  beforeAll(async () => {
    hook = owned.use(await startHttpSink());
    opened = owned.use(await openMesh({ limits: wideLimits }));
    operations = await readOperations(opened);
    [alpha, beta] = await Promise.all([openTenant('alpha'), openTenant('beta')]);
  });
  afterAll(() => owned.disposeAsync());

  /** The path of an operation to the things of a tenant, and the same to things that are not there. */
  function pathsTo({ path }: Operation, things: Things): { there: string; absent: string; ids: string[] } {
    const ids: string[] = [];
    const fill = (vary: (id: string) => string) =>
      path.replaceAll(/\{\w+\}/g, (parameter, at: number) => {
        const id = things[path.slice(0, at) + parameter];
        // A route with a parameter that this test makes no thing for would be a hole in it.
        if (id === undefined) throw new Error(`nothing was made for ${path}`);
        ids.push(id, vary(id));
        return vary(id);
      });
    return { there: fill((id) => id), absent: fill((id) => id.replace(/....(\.html)?$/, '0000$1')), ids };
  }

  it("answers every route with an id exactly as if another tenant's thing were absent", async () => {
    const withParameters = operations.all.filter(({ path }) => path.includes('{') && !(path in named));
    expect(withParameters.length).toBeGreaterThanOrEqual(70);
    await eachOf(withParameters, async (operation) => {
      const { path, method, bodySchema } = operation;
      const { there, absent, ids } = pathsTo(operation, beta.things);
      const sent = bodySchema === null ? {} : { body: fittingBody(operations, operation) };
      const ask = async (asked: string) => opened.ask(asked, { key: alpha.key, method, ...sent });
      const foreign = await ask(there);
      expect({ path, method, status: foreign.status }).toEqual({ path, method, status: 404 });
      /** What is said, without what the client said itself. */
      const said = ({ text }: { text: string }) => {
        const { request_id: _id, instance: _instance, ...rest } = JSON.parse(text === '' ? '{}' : text) as Json;
        return ids.reduce((told, id) => told.replaceAll(id, '…'), JSON.stringify(rest));
      };
      expect(said(foreign)).toBe(said(await ask(absent)));
      expect(ids.length).toBeGreaterThan(0);
    });
  });

  it("answers ids in a body exactly as if another tenant's thing were absent", async () => {
    const resolved = { alert_id: beta.things['/api/v1/alerts/{id}'] };
    expect((await opened.ask('/api/v1/alerts/resolve', { key: alpha.key, body: resolved })).status).toBe(404);
    const silences = operations.all.filter(({ operationId }) => operationId === 'postAmSilences');
    expect(silences.length).toBe(1);
    for (const operation of silences) {
      const body = { ...membersOf(fittingBody(operations, operation)), id: beta.things['/api/v1/silences/{id}'] };
      expect((await opened.ask(operation.path, { key: alpha.key, body })).status).toBe(404);
    }
  });

  it('leaves everything of the other tenant as it was', async () => {
    // How a model is is found out every half minute; and a stream of events would be waited for.
    const notYet = /\/(events|health)$/;
    const reads = operations.all.filter(
      ({ path, method }) => path.includes('{') && !(path in named) && method === 'GET' && !notYet.test(path),
    );
    await eachOf(reads, async (operation) => {
      const { there } = pathsTo(operation, beta.things);
      expect([there, (await opened.ask(there, { key: beta.key })).status]).toEqual([there, 200]);
    });
    for (const path of ['/api/v1/escalation-policies', '/api/v1/maintenance-windows', '/api/v1/users']) {
      const { text } = await opened.ask(path, { key: beta.key });
      expect([path, text.includes(beta.things[`${path}/{id}`] ?? '?')]).toEqual([path, true]);
    }
    const silence = await opened.ask(`/api/v1/silences/${String(beta.things['/api/v1/silences/{id}'])}`, {
      key: beta.key,
    });
    expect(silence.body['state']).toBe('active');
  });

  it('lists only what is its own, wherever anything is listed', async () => {
    const lists = operations.all.filter(
      ({ path, method, scope, parameters }) =>
        method === 'GET' &&
        scope !== 'public' &&
        scope !== '*' &&
        !path.includes('{') &&
        parameters.every(({ required }) => required !== true),
    );
    expect(lists.length).toBeGreaterThanOrEqual(35);
    const filled = new Set<string>();
    await eachOf(lists, async ({ path, parameters }) => {
      // OpenAI's list is whole.
      const isPaged = path !== '/v1/models' && parameters.some(({ name }) => name === 'limit');
      const pages = isPaged ? '?limit=100' : '';
      const own = await opened.ask(path + pages, { key: beta.key });
      const theirs = await opened.ask(path + pages, { key: alpha.key });
      expect([path, own.status, theirs.status]).toEqual([path, 200, 200]);
      if (own.text.includes('beta')) filled.add(path);
      for (const id of [beta.id, ...Object.values(beta.things), 'beta'])
        expect([path, id, theirs.text.includes(id)]).toEqual([path, id, false]);
    });
    // Where nothing of beta's is shown to beta, nothing is proven.
    expect(filled.size).toBeGreaterThanOrEqual(20);
  });

  it('lets only the operators open and list tenants', async () => {
    expect((await opened.ask('/api/v1/tenants', { key: alpha.key, body: { name: 'gamma' } })).status).toBe(403);
    expect((await opened.ask('/api/v1/tenants', { key: alpha.key })).status).toBe(403);
  });

  it('cannot be told another tenant by any field or header (S4, S14)', async () => {
    const forged = await opened.ask('/api/v1/users/me', {
      key: alpha.key,
      headers: {
        'x-tenant-id': beta.id,
        'x-signalbox-identity': 'v1.1.e30.AAAA',
        'x-user-id': 'admin',
      },
    });
    expect(forged.body['tenant_id']).toBe(alpha.id);
    const assigned = await opened.ask('/api/v1/api-keys', {
      key: alpha.key,
      body: { name: 'x', scopes: ['chat:read'], tenant_id: beta.id },
    });
    expect(assigned.status).toBe(400);
    expect(JSON.stringify(assigned.body['errors'])).toContain('tenant_id');
  });
});
