import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, type SimulatedProvider } from '@signalbox/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { eachOf } from '../each-of.ts';
import { fittingBody, membersOf, withText } from '../fitting-body.ts';
import { openMesh, wideLimits, type Answer, type OpenedMesh } from '../harness.ts';
import { absentPathOf, pathOf, readOperations, type Operation, type Operations } from '../operations.ts';

let opened: OpenedMesh;
let provider: SimulatedProvider;
let operations: Operations;
let tenant: string;

beforeAll(async () => {
  provider = await simulateProvider();
  opened = await openMesh({
    providers: [{ name: 'upstream', baseUrl: provider.url, models: ['small'] }],
    limits: wideLimits,
  });
  operations = await readOperations(opened);
  tenant = String((await opened.ask('/api/v1/users/me')).body['tenant_id']);
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** Alertmanager's API has Alertmanager's own rules about what nobody asked for: it reads past it. */
const isAlertmanagers = ({ path }: Operation): boolean => path.startsWith('/alertmanager/');

/** The path of something that is not there, of the tenant that asks where a path names one. */
const pathFor = (operation: Operation): string => absentPathOf(operation, { tenant });
const bodyFor = (operation: Operation) => fittingBody(operations, operation);

interface Call {
  path?: string;
  body?: unknown;
  key?: string | null;
}

/** Calls an operation; without a body of its own, a write gets one that no schema of ours accepts. */
async function call(operation: Operation, { path = pathFor(operation), body, key }: Call = {}) {
  return await opened.ask(path, {
    method: operation.method,
    ...(operation.bodySchema === null ? {} : { body: body ?? { nobody_names_a_member_like_this: true } }),
    ...(key === undefined ? {} : { key }),
  });
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
    await eachOf(protectedOnes(), async (operation) => {
      const { operationId, scope } = operation;
      const { status } = await call(operation, { key });
      const allowed = scope === 'authenticated' || may(scope);
      const expected = allowed ? expect.not.stringMatching(/^40[13]|^5/) : '403';
      expect([who, operationId, String(status)]).toEqual([who, operationId, expected]);
    });
  }

  it('asks every protected operation for a credential, and says how to show one', async () => {
    expect(protectedOnes().length).toBeGreaterThan(15);
    await eachOf(protectedOnes(), async (operation) => {
      for (const key of [null, 'sbx_live_nobody', 'not.a.token']) {
        const answer = await call(operation, { key });
        expect([operation.operationId, key, answer.status]).toEqual([operation.operationId, key, 401]);
        const challenge = answer.headers.get('www-authenticate');
        expect(challenge).toMatch(/^Bearer realm="signalbox"/);
        expect(challenge?.includes('error="invalid_token"')).toBe(key !== null);
      }
    });
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
    `' || (SELECT pg_sleep(100))::text || '`,
    `1; SELECT pg_sleep(100)`,
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
    expect(performance.now() - started).toBeLessThan(80_000);
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
      case 'getForecast':
        return body['buckets'] === 0 ? [] : body;
      case 'listSamplesAsMetrics':
        return body['metrics'];
      case 'listDriftAsMetrics':
        return body['drift_metrics'];
      case 'listModelsAsModels':
        return body['models'];
      case 'listAlertsAsArray':
        return body;
      case 'listAmAlerts':
      case 'listTenantAmAlerts':
      case 'listAmAlertGroups':
      case 'listTenantAmAlertGroups':
      case 'listAmSilences':
      case 'listTenantAmSilences':
      case 'listAmReceivers':
      case 'listTenantAmReceivers':
        // What each is, without the times at which it was last looked at.
        return (body as unknown as Record<string, unknown>[]).map(
          (one) => one['fingerprint'] ?? one['id'] ?? one['name'] ?? one['labels'],
        );
      case 'exportSamples':
      case 'exportAlerts':
        // The header and nothing below it.
        return text.trimEnd().split('\r\n').slice(1);
      default:
        return body['data'] ?? body['metrics'] ?? body['drift_metrics'] ?? body['models'];
    }
  }

  it('finds nothing, changes nothing and breaks nothing in any parameter of any operation', async () => {
    await call(operations.all.find(({ operationId }) => operationId === 'createChatCompletion') as Operation, {
      body: { model: 'small', messages: [{ role: 'user', content: 'a row to be found' }] },
    });
    const before = await countRows();
    let asked = 0;
    const parameters = operations.all.flatMap((operation) =>
      operation.parameters.map((parameter) => ({ operation, parameter })),
    );
    await eachOf(parameters, async ({ operation, parameter }) => {
      for (const injection of injections) {
        const encoded = encodeURIComponent(injection);
        const query = `${pathFor(operation)}?${parameter.name}=`;
        const path = parameter.in === 'path' ? pathOf(operation, encoded) : query + encoded;
        const answer = await expectHarmless(operation, path);
        asked += 1;
        if (answer.status >= 300) continue;
        // To Alertmanager's flags whatever is no word for yes is a no.
        const plain = isAlertmanagers(operation)
          ? foundIn(operation, await call(operation, { path: `${query}no` }))
          : [];
        expect([path, foundIn(operation, answer)]).toEqual([path, plain]);
      }
    });
    expect(asked).toBeGreaterThan(15 * injections.length);
    expect(await countRows()).toEqual(before);
  });

  it('takes no SQL out of a cursor, not even one whose checksum is right', async () => {
    const forge = (list: string, values: unknown[]) => {
      const payload = Buffer.from(JSON.stringify([1, 'n', ...values]));
      const checksum = createHash('sha256').update(`${list}\n`).update(payload).digest().subarray(0, 6);
      return Buffer.concat([checksum, payload]).toString('base64url');
    };
    const lists = operations.all.filter(({ parameters }) => parameters.some(({ name }) => name === 'cursor'));
    expect(lists.length).toBeGreaterThanOrEqual(5);
    let reached = 0;
    const forged = injections.flatMap((text) => [[text], [text, text], ['2026-01-01', text]]);
    await eachOf(lists, async (operation) => {
      for (const values of [...forged, [null], [{}], []]) {
        const cursor = forge(operation.operationId, values);
        const answer = await expectHarmless(operation, `${pathFor(operation)}?cursor=${cursor}`);
        if (answer.status === 200) reached += 1;
        // The list of a thing that is not there.
        else if (answer.status === 404) expect(operation.path).toContain('{');
        else expect(answer.body['errors']).toEqual([{ path: 'cursor', message: expect.any(String) }]);
      }
    });
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
    await eachOf(operations.writes, async (operation) => {
      for (const injection of injections.slice(0, 4))
        for (const body of withText(bodyFor(operation), injection))
          await expectHarmless(operation, pathFor(operation), body);
    });
    const after = await countRows();
    for (const [index, { name, rows }] of after.entries())
      expect([name, Number(rows) >= Number(before[index]?.['rows'])]).toEqual([name, true]);
  });
});

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

  const reads = () => operations.all.filter(({ method }) => method === 'GET');

  it("is strict on every write but the vendors' own, where a new member must pass through", () => {
    expect(operations.writes.length).toBeGreaterThan(8);
    const loose = operations.writes.filter(({ bodySchema }) => !isStrict(bodySchema));
    expect(loose.map(({ path }) => path).sort()).toEqual([
      '/alertmanager/api/v2/alerts',
      '/alertmanager/api/v2/silences',
      '/alertmanager/{tenant}/api/v2/alerts',
      '/alertmanager/{tenant}/api/v2/silences',
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
    const strict = operations.writes.filter(({ bodySchema }) => isStrict(bodySchema));
    await eachOf(strict, async (operation) => {
      const where = operation.operationId;
      // No member of the body itself is refused: what is refused below is the one that is added.
      const fitting = await call(operation, { body: bodyFor(operation) });
      expect([where, fitting.status, fitting.body['errors']]).toEqual([where, fitting.status, undefined]);
      const named = Object.keys(operation.bodySchema?.['properties'] ?? {});
      for (const [name, value] of Object.entries(assigned).filter(([member]) => !named.includes(member))) {
        const answer = await call(operation, { body: { ...membersOf(bodyFor(operation)), [name]: value } });
        expect([where, name, answer.status]).toEqual([where, name, 400]);
        expect(JSON.stringify(answer.body['errors'])).toContain(name);
      }
    });
  });

  it('S14: refuses unknown members of objects within a body, and unknown parameters of every query', async () => {
    const nested = await opened.ask('/api/v1/api-keys', {
      body: { name: 'x', scopes: ['chat:read'], limits: { requests_per_minute: 5, unlimited: true } },
    });
    expect(nested.status).toBe(400);
    expect(JSON.stringify(nested.body['errors'])).toContain('unlimited');
    await eachOf(reads(), async (operation) => {
      const answer = await call(operation, { path: `${pathFor(operation)}?tenant_id=tenant_other` });
      const expected = isAlertmanagers(operation) ? (await call(operation)).status : 400;
      expect([operation.operationId, answer.status]).toEqual([operation.operationId, expected]);
    });
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
    await eachOf(operations.writes, async (operation) => {
      const fitting = bodyFor(operation);
      const members = JSON.stringify(Array.isArray(fitting) ? fitting[0] : fitting);
      const body = members.slice(1, -1);
      const comma = body === '' ? '' : ',';
      for (const polluted of [
        `{${body}${comma}"__proto__":{"polluted":"yes"}}`,
        `{"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":"yes"}${comma}${body}}`,
        `{${body}${comma}"x":{"deep":[{"__proto__":{"polluted":"yes"}}]}}`,
        `{${body}${comma}"constructor":{"prototype":{"polluted":"yes"}}}`,
        `{${body}${comma}"prototype":{"polluted":"yes"}}`,
      ]) {
        const answer = await call(operation, { body: Array.isArray(fitting) ? `[${polluted}]` : polluted });
        const strict = isStrict(operation.bodySchema) || polluted.includes('proto__') || polluted.includes('\\u005f');
        if (strict)
          expect([operation.operationId, polluted, answer.status]).toEqual([operation.operationId, polluted, 400]);
        else expect([polluted, answer.status]).toEqual([polluted, 200]);
      }
    });
    const queries = [
      '__proto__[polluted]=yes',
      '__proto__.polluted=yes',
      'constructor[prototype][polluted]=yes',
      'limit[__proto__][polluted]=yes',
      '__proto__=yes',
    ];
    const protectedReads = reads().filter(({ scope }) => scope !== 'public');
    await eachOf(protectedReads, async (operation) => {
      const plain = isAlertmanagers(operation) ? (await call(operation)).status : 400;
      for (const query of queries) {
        const answer = await call(operation, { path: `${pathFor(operation)}?${query}` });
        expect([operation.operationId, query, answer.status]).toEqual([operation.operationId, query, plain]);
      }
    });
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
        fc.constantFrom(...operations.all),
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
          const fitting = bodyFor(operation);
          const body = Array.isArray(fitting) ? fitting[0] : fitting;
          const names = Object.keys(body ?? {});
          const name = names[which % Math.max(1, names.length)] ?? 'anything';
          // One member is anything; a password is left out, as its hashing would cost more than all the rest.
          const { password: _password, ...rest } = { ...body, [name]: anything, ...more } as Record<string, unknown>;
          const answer = await call(operation, { path, body: Array.isArray(fitting) ? [rest] : rest });
          expect([operation.operationId, answer.status < 500]).toEqual([operation.operationId, true]);
        },
      ),
      { numRuns: 400 },
    );
  });
});
