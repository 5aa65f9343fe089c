import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, type SimulatedProvider } from '@signalbox/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { openMesh, wideLimits, type Answer, type OpenedMesh } from '../harness.ts';
import { pathOf, readOperations, type Operation, type Operations } from '../operations.ts';

let opened: OpenedMesh;
let provider: SimulatedProvider;
let operations: Operations;

beforeAll(async () => {
  provider = await simulateProvider();
  opened = await openMesh({
    providers: [{ name: 'upstream', baseUrl: provider.url, models: ['small'] }],
    limits: wideLimits,
  });
  operations = await readOperations(opened);
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const absentId = 'absent_00000000';

/** Alertmanager's API is held to Alertmanager's own rules, in services/alerting/test/alertmanager.test.ts. */
const ours = (): readonly Operation[] => operations.all.filter(({ path }) => !path.startsWith('/alertmanager/'));
const writes = (): readonly Operation[] => ours().filter(({ bodySchema }) => bodySchema !== null);

interface Call {
  path?: string;
  body?: unknown;
  key?: string | null;
}

/** Calls an operation; without a body of its own, a write gets one that no schema of ours accepts. */
async function call(operation: Operation, { path = pathOf(operation, absentId), body, key }: Call = {}) {
  return await opened.ask(path, {
    method: operation.method,
    ...(operation.bodySchema === null ? {} : { body: body ?? { nobody_names_a_member_like_this: true } }),
    ...(key === undefined ? {} : { key }),
  });
}

/** A body that fits and that the mesh accepts. */
function fittingBody(operation: Operation): Record<string, unknown> {
  const body = operations.sampleBody(operation);
  // What depends on more than one member, or on what a member means, no schema says.
  const more: Record<string, Record<string, unknown>> = {
    createBudget: { soft_tokens: 1 },
    updateSystem: { use_case: 'another' },
    analyzeDocument: { extract_type: 'ocr', document: 'data:image/png;base64,iVBORw0KGgo=' },
    createTool: { parameters: { type: 'object' } },
    updateTool: { description: 'another' },
    recordResources: { cpu_usage: 0.5 },
    updateAlertRule: { enabled: true },
    putAlertRules: { yaml: 'rules: []' },
    testAlertRules: {
      yaml: [
        'rules:',
        '  - name: Slow',
        "    condition: { kind: series, metric: latency_ms, aggregate: p95, window: 5m, comparator: '>', threshold: 1000 }",
        'tests:',
        '  - name: a test',
        '    interval: 1m',
        "    input_series: [{ series: 'latency_ms{model_id=\"m\"}', values: '100 2000x5' }]",
        '    alert_rule_test: [{ eval_time: 5m, alertname: Slow, exp_alerts: [] }]',
      ].join('\n'),
    },
    snoozeAlert: { until: new Date(Date.now() + 3_600_000).toISOString() },
    compareDrift: { reference: [1, 2], current: [2, 3] },
    createDriftReference: { rows: [{ score: 0.5 }] },
    createResearch: { topic: 'a sample', sources: ['documents'] },
    setSearchCredential: { key: 'a-sample-key' },
  };
  if (operation.operationId in more) return { ...body, ...more[operation.operationId] };
  return 'model' in body ? { ...body, model: 'small', messages: [{ role: 'user', content: 'hello' }] } : body;
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const sql = new pg.Client(opened.mesh.postgresUrl);
  await sql.connect();
  try {
    return (await sql.query<Record<string, unknown>>(text)).rows;
  } finally {
    await sql.end();
  }
}

describe('rights on every operation of the document (B-26, S16)', () => {
  /** What each role is for, said without the table that the gateway decides by. */
  const roles: Record<string, (scope: string) => boolean> = {
    viewer: (scope) => scope.endsWith(':read') && scope !== 'audit:read',
    operator: (scope) =>
      scope.includes(':') &&
      !['keys:write', 'users:write', 'providers:write', 'budgets:write', 'audit:read'].includes(scope),
    admin: (scope) => scope !== '*',
    owner: () => true,
  };
  const protectedOnes = () => operations.all.filter(({ scope }) => scope !== 'public');

  async function expectRights(who: string, key: string, may: (scope: string) => boolean): Promise<void> {
    for (const operation of protectedOnes()) {
      const { operationId, scope } = operation;
      const { status } = await call(operation, { key });
      const allowed = scope === 'authenticated' || may(scope);
      const expected = allowed ? expect.not.stringMatching(/^40[13]|^5/) : '403';
      expect([who, operationId, String(status)]).toEqual([who, operationId, expected]);
    }
  }

  it('asks every protected operation for a credential, and says how to show one', async () => {
    expect(protectedOnes().length).toBeGreaterThan(15);
    for (const operation of protectedOnes()) {
      for (const key of [null, 'sbx_live_nobody', 'not.a.token']) {
        const answer = await call(operation, { key });
        expect([operation.operationId, key, answer.status]).toEqual([operation.operationId, key, 401]);
        const challenge = answer.headers.get('www-authenticate');
        expect(challenge).toMatch(/^Bearer realm="signalbox"/);
        expect(challenge?.includes('error="invalid_token"')).toBe(key !== null);
      }
    }
  });

  it.each(Object.keys(roles))('lets %s do what the role is for, and answers everything else with 403', async (role) => {
    const person = { email: `${role}@rights.example.org`, password: 'a long enough password' };
    expect((await opened.ask('/api/v1/users', { body: { ...person, role } })).status).toBe(201);
    const { status, body } = await opened.ask('/api/v1/auth/login', { key: null, body: person });
    expect(status).toBe(200);
    await expectRights(role, String(body['access_token']), roles[role] ?? (() => false));
  });

  it('lets a key of one scope do what that scope names, reading where it may write, and nothing else', async () => {
    const { enum: scopes } = operations.document.components.schemas['Scope'] as unknown as { enum: string[] };
    expect(scopes.length).toBeGreaterThan(15);
    for (const scope of scopes) {
      const { key } = await opened.createKey({ scopes: [scope], name: `only ${scope}` });
      await expectRights(
        `key of ${scope}`,
        key,
        (needed) =>
          scope === '*' ||
          scope === needed ||
          (needed.endsWith(':read') && scope === needed.replace(/:read$/, ':write')),
      );
    }
  });
});

describe('SQL in every path, filter, cursor and body (OD-18, S10)', () => {
  const injections = [
    `' OR '1'='1`,
    `' OR 1=1 --`,
    `x'; DROP TABLE gateway.api_keys CASCADE; --`,
    `x'); DELETE FROM chat_router.usage_records; --`,
    `' UNION SELECT NULL, version(), current_user --`,
    `' || (SELECT pg_sleep(5))::text || '`,
    `1; SELECT pg_sleep(5)`,
    `$1`,
    `\\'; SELECT 1; --`,
    `{"$ne":null}`,
    `%27%20OR%20%271%27%3D%271`,
    `ʼ OR 1=1`,
  ];
  const tables = ['gateway.api_keys', 'gateway.users', 'gateway.tenants', 'chat_router.usage_records'];

  async function countRows(): Promise<Record<string, unknown>[]> {
    return query(
      tables.map((table) => `select '${table}' as name, count(*)::int as rows from ${table}`).join(' union all '),
    );
  }

  /** Answered as data that matches nothing, or refused; and nobody has slept. */
  async function expectHarmless(operation: Operation, path: string, body?: unknown): Promise<Answer> {
    const started = performance.now();
    const answer = await call(operation, { path, ...(body === undefined ? {} : { body }) });
    expect([operation.operationId, path, answer.status < 500]).toEqual([operation.operationId, path, true]);
    expect(performance.now() - started).toBeLessThan(4_000);
    return answer;
  }

  /** Of an answer that is no list, what in it comes from a row: nothing of anybody's may be. */
  function foundIn({ operationId }: Operation, { body, text }: Answer): unknown {
    const counted = (buckets: unknown) => (buckets as { count: number }[]).filter(({ count }) => count > 0);
    switch (operationId) {
      case 'getCostSummary':
        return body['groups'];
      case 'getSeries':
        return (body['segments'] as { buckets: unknown }[]).flatMap(({ buckets }) => counted(buckets));
      case 'getCategories':
        return counted(body['buckets']);
      case 'getAggregatedMetrics':
        return Object.values(body['aggregated_metrics'] as object).flatMap(counted);
      case 'getSummary':
        return body['total_requests'] === 0 ? [] : body;
      case 'getAnomalies':
        return body['scored'];
      case 'listAlertsAsArray':
        return body;
      case 'exportSamples':
      case 'exportAlerts':
        // The header and nothing below it.
        return text.trimEnd().split('\r\n').slice(1);
      default:
        return body['data'];
    }
  }

  it('finds nothing, changes nothing and breaks nothing in any parameter of any operation', async () => {
    await call(operations.all.find(({ operationId }) => operationId === 'createChatCompletion') as Operation, {
      body: { model: 'small', messages: [{ role: 'user', content: 'a row to be found' }] },
    });
    const before = await countRows();
    let asked = 0;
    for (const operation of ours()) {
      for (const parameter of operation.parameters) {
        for (const injection of injections) {
          const encoded = encodeURIComponent(injection);
          const path =
            parameter.in === 'path'
              ? pathOf(operation, encoded)
              : `${pathOf(operation, absentId)}?${parameter.name}=${encoded}`;
          const answer = await expectHarmless(operation, path);
          if (answer.status < 300) expect([path, foundIn(operation, answer)]).toEqual([path, []]);
          asked += 1;
        }
      }
    }
    expect(asked).toBeGreaterThan(15 * injections.length);
    expect(await countRows()).toEqual(before);
  });

  it('takes no SQL out of a cursor, not even one whose checksum is right', async () => {
    const forge = (list: string, values: unknown[]) => {
      const payload = Buffer.from(JSON.stringify([1, 'n', ...values]));
      const checksum = createHash('sha256').update(`${list}\n`).update(payload).digest().subarray(0, 6);
      return Buffer.concat([checksum, payload]).toString('base64url');
    };
    const lists = ours().filter(({ parameters }) => parameters.some(({ name }) => name === 'cursor'));
    expect(lists.length).toBeGreaterThanOrEqual(5);
    let reached = 0;
    for (const operation of lists) {
      for (const injection of injections) {
        for (const values of [[injection], [injection, injection], ['2026-01-01', injection], [null], [{}], []]) {
          const cursor = forge(operation.operationId, values);
          const answer = await expectHarmless(operation, `${pathOf(operation, absentId)}?cursor=${cursor}`);
          if (answer.status === 200) reached += 1;
          // The list of a thing that is not there.
          else if (answer.status === 404) expect(operation.path).toContain('{');
          else expect(answer.body['errors']).toEqual([{ path: 'cursor', message: expect.any(String) }]);
        }
      }
    }
    // Without any that pass the checksum this would have asked nothing of the database.
    expect(reached).toBeGreaterThan(0);
  });

  it('keeps SQL in a body as the text that it is', async () => {
    const before = await countRows();
    for (const injection of injections) {
      const { id } = await opened.createKey({ name: injection });
      const { body } = await opened.ask(`/api/v1/api-keys/${id}`);
      expect(body['name']).toBe(injection);
    }
    // A login costs the hashing of a password, so that not every one is tried everywhere.
    for (const injection of injections.slice(0, 4)) {
      for (const operation of writes()) {
        const members = Object.entries(fittingBody(operation)).filter(([, value]) => typeof value === 'string');
        for (const [name] of members)
          await expectHarmless(operation, pathOf(operation, absentId), {
            ...fittingBody(operation),
            [name]: injection,
          });
      }
    }
    const after = await countRows();
    for (const [index, { name, rows }] of after.entries())
      expect([name, Number(rows) >= Number(before[index]?.['rows'])]).toEqual([name, true]);
  });
});

const dependsOnKind =
  /^\/api\/v1\/(channels|silences|notifications|escalation-policies|maintenance-windows|alerting-configuration)/;

describe('members that nobody asked for, on every write (S12, S14)', () => {
  const assigned: Record<string, unknown> = {
    id: 'key_00000000000000000000000000',
    tenant_id: 'tenant_other',
    tenantId: 'tenant_other',
    principal_id: 'user_other',
    is_admin: true,
    isAdmin: true,
    status: 'root',
    created_at: '2020-01-01T00:00:00Z',
    quota: 1_000_000_000,
    permissions: ['*'],
    token_version: 99,
  };

  /** Where a schema says what it holds and nothing else: the body itself and every object within it. */
  function isStrict(schema: Operation['bodySchema']): boolean {
    return schema?.['additionalProperties'] === false;
  }

  it("is strict on every write but the vendors' own, where a new parameter must pass through", () => {
    expect(writes().length).toBeGreaterThan(8);
    const loose = writes().filter(({ bodySchema }) => !isStrict(bodySchema));
    expect(loose.map(({ path }) => path).sort()).toEqual([
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/messages',
      '/v1/messages/count_tokens',
      '/v1/metrics',
      '/v1/responses',
      '/v1/traces',
    ]);
    const parts = Object.values(operations.document.components.schemas).filter((schema) => isStrict(schema));
    expect(parts.length).toBeGreaterThan(0);
  });

  it('S14: refuses a member that the schema does not name, and says which', async () => {
    // What a channel, a silence and the like must hold depends on their kind: no body is made for them here.
    const made = writes().filter(({ bodySchema, path }) => isStrict(bodySchema) && !dependsOnKind.test(path));
    for (const operation of made) {
      const where = operation.operationId;
      // No member of the body itself is refused: what is refused below is the one that is added.
      const path = pathOf(operation, absentId).replace(`/search-providers/${absentId}/`, '/search-providers/brave/');
      const fitting = await call(operation, { path, body: fittingBody(operation) });
      expect([where, fitting.body['errors']]).toEqual([where, undefined]);
      const named = Object.keys(operation.bodySchema?.['properties'] ?? {});
      for (const [name, value] of Object.entries(assigned).filter(([member]) => !named.includes(member))) {
        const answer = await call(operation, { path, body: { ...fittingBody(operation), [name]: value } });
        expect([where, name, answer.status]).toEqual([where, name, 400]);
        expect(JSON.stringify(answer.body['errors'])).toContain(name);
      }
    }
  });

  it('S14: refuses unknown members of objects within a body, and unknown parameters of every query', async () => {
    const nested = await opened.ask('/api/v1/api-keys', {
      body: { name: 'x', scopes: ['chat:read'], limits: { requests_per_minute: 5, unlimited: true } },
    });
    expect(nested.status).toBe(400);
    expect(JSON.stringify(nested.body['errors'])).toContain('unlimited');
    for (const operation of ours().filter(({ method }) => method === 'GET')) {
      const answer = await call(operation, { path: `${pathOf(operation, absentId)}?tenant_id=tenant_other` });
      expect([operation.operationId, answer.status]).toEqual([operation.operationId, 400]);
    }
  });

  it('S14: lets no member of a chat say who pays', async () => {
    const answer = await opened.ask('/v1/chat/completions', {
      body: { model: 'small', messages: [{ role: 'user', content: 'x' }], ...assigned, user: 'someone' },
    });
    expect(answer.status).toBe(200);
    const me = await opened.ask('/api/v1/users/me');
    const requestId = String(answer.headers.get('x-request-id'));
    const rows = await query(
      `select tenant_id, principal_id from chat_router.usage_records where request_id = '${requestId}'`,
    );
    expect(rows).toEqual([{ tenant_id: me.body['tenant_id'], principal_id: me.body['principal_id'] }]);
  });

  it('S12: no write, and no query, changes what every object inherits', async () => {
    const asked = provider.requests.length;
    for (const operation of writes()) {
      const body = JSON.stringify(fittingBody(operation)).slice(1, -1);
      const comma = body === '' ? '' : ',';
      for (const polluted of [
        `{${body}${comma}"__proto__":{"polluted":"yes"}}`,
        `{"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":"yes"}${comma}${body}}`,
        `{${body}${comma}"x":{"deep":[{"__proto__":{"polluted":"yes"}}]}}`,
        `{${body}${comma}"constructor":{"prototype":{"polluted":"yes"}}}`,
        `{${body}${comma}"prototype":{"polluted":"yes"}}`,
      ]) {
        const answer = await call(operation, { body: polluted });
        const strict = isStrict(operation.bodySchema) || polluted.includes('proto__') || polluted.includes('\\u005f');
        if (strict)
          expect([operation.operationId, polluted, answer.status]).toEqual([operation.operationId, polluted, 400]);
        else expect([polluted, answer.status]).toEqual([polluted, 200]);
      }
    }
    for (const query of [
      '__proto__[polluted]=yes',
      '__proto__.polluted=yes',
      'constructor[prototype][polluted]=yes',
      'limit[__proto__][polluted]=yes',
      '__proto__=yes',
    ]) {
      for (const operation of ours().filter(({ method, scope }) => method === 'GET' && scope !== 'public')) {
        const answer = await call(operation, { path: `${pathOf(operation, absentId)}?${query}` });
        expect([operation.operationId, query, answer.status]).toEqual([operation.operationId, query, 400]);
      }
    }
    for (const { json } of provider.requests.slice(asked)) expect(JSON.stringify(json)).not.toContain('__proto__');
    // An object that was made after all this would show it.
    const keys = await opened.ask('/api/v1/api-keys');
    expect(keys.status).toBe(200);
    for (const path of ['/api/v1/users/me', '/api/v1/health', '/v1/models', '/api/v1/usage'])
      expect((await opened.ask(path)).text).not.toContain('polluted');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('anything at all, on every operation (S1, S11, S13)', () => {
  it('is answered or refused properly, and is nowhere a failure of ours', async () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: 'binary', maxLength: 200 }), fc.double());
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ours()),
        fc.dictionary(fc.string({ maxLength: 20 }), value, { maxKeys: 4 }),
        fc.nat(),
        value,
        fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter((text) => text.isWellFormed()),
        async (operation, more, which, anything, text) => {
          const parameters = operation.parameters.filter((parameter) => parameter.in === 'query');
          const chosen = parameters[which % Math.max(1, parameters.length)];
          const query = chosen === undefined ? '' : `?${chosen.name}=${encodeURIComponent(text)}`;
          const path = pathOf(operation, encodeURIComponent(text)) + query;
          if (operation.bodySchema === null) {
            expect((await call(operation, { path })).status).toBeLessThan(500);
            return;
          }
          const body = fittingBody(operation);
          const names = Object.keys(body);
          const name = names[which % Math.max(1, names.length)] ?? 'anything';
          // One member is anything; a password is left out, as its hashing would cost more than all the rest.
          const { password: _password, ...rest } = { ...body, [name]: anything, ...more } as Record<string, unknown>;
          const answer = await call(operation, { path, body: rest });
          expect([operation.operationId, answer.status < 500]).toEqual([operation.operationId, true]);
        },
      ),
      { numRuns: 400 },
    );
  });
});
