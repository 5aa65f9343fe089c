import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { auditedBy, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const create = async (key: string, input: object = {}) => {
  const body = { name: 'Test', scopes: ['chat:write'], ...input };
  return (await mesh.replica.call('POST', '/api/v1/api-keys', { key, body })).body;
};

describe('API keys (OD-6, MX-16)', () => {
  it('creates a key that is shown once and works at once', async () => {
    const { key: adminKey, tenantId } = await mesh.openTenant();
    const answer = await mesh.replica.call('POST', '/api/v1/api-keys', {
      key: adminKey,
      body: { name: ' CI ', scopes: ['chat:write', 'keys:read', 'chat:write'], expires_in_days: 30 },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1/api-keys/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      name: 'CI',
      scopes: ['chat:write', 'keys:read'],
      limits: {},
      status: 'active',
      last_used_at: null,
      replaced_by: null,
    });
    expect(answer.body.key).toMatch(/^sbx_live_[0-9a-z]{26}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    expect(answer.body.key.startsWith(answer.body.hint)).toBe(true);
    expect(Date.parse(answer.body.expires_at) - Date.parse(answer.body.created_at)).toBe(30 * 86_400_000);

    const me = await mesh.replica.call('GET', '/api/v1/users/me', { key: answer.body.key });
    expect(me.body).toEqual({
      principal_id: answer.body.id,
      kind: 'api_key',
      tenant_id: tenantId,
      scopes: ['chat:write', 'keys:read'],
      user: null,
    });
    const seen = await mesh.replica.call('GET', `/api/v1/api-keys/${answer.body.id}`, { key: adminKey });
    expect(seen.body.key).toBeUndefined();
    expect(await auditedBy(mesh.replica, adminKey, 'api_key.created', answer.body.id)).toMatchObject({
      actor: expect.stringMatching(/^key_/),
      outcome: 'ok',
      ip: '127.0.0.1',
      request_id: expect.stringMatching(/^req_/),
    });
  });

  it('takes a key as Authorization: Bearer and as X-API-Key, and as both when they are one', async () => {
    const key = mesh.adminKey;
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `bearer ${key}` },
      { 'x-api-key': key },
      { authorization: `Bearer ${key}`, 'x-api-key': key },
    ]) {
      expect((await mesh.replica.call('GET', '/api/v1/users/me', { headers })).status).toBe(200);
    }
  });

  it('lists keys newest first, each once, while new ones are made', async () => {
    const { key } = await mesh.openTenant();
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.unshift((await create(key)).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { status, body } = await mesh.replica.call('GET', `/api/v1/api-keys?limit=2${more}`, { key });
      expect(status).toBe(200);
      seen.push(...body.data.map((row: { id: string }) => row.id));
      cursor = body.page_info.next_cursor;
      await create(key);
    }
    expect(seen.slice(0, 5)).toEqual(made);
    expect(new Set(seen).size).toBe(6);
  });

  it('changes name and limits, which the authenticator then tells', async () => {
    const { key: adminKey } = await mesh.openTenant();
    const made = await create(adminKey, { limits: { requests_per_minute: 5 } });
    const headers = { 'x-api-key': made.key as string };
    const authenticate = () =>
      mesh.replica.access.authenticator.authenticate({ headers, url: '/' }, { requestId: 'req_1', ip: null });
    expect((await authenticate()).limits).toEqual({ requestsPerMinute: 5, costUnitsPerMinute: null });
    const changed = await mesh.replica.call('PATCH', `/api/v1/api-keys/${made.id}`, {
      key: adminKey,
      body: { name: 'Renamed', limits: { cost_units_per_minute: 7 } },
    });
    expect(changed.body).toMatchObject({ name: 'Renamed', limits: { cost_units_per_minute: 7 } });
    expect(await authenticate()).toMatchObject({
      credential: { kind: 'api_key', keyId: made.id },
      limits: { requestsPerMinute: null, costUnitsPerMinute: 7 },
    });
    await auditedBy(mesh.replica, adminKey, 'api_key.updated');
  });

  it('rotates with an overlap: both work, then only the new one', async () => {
    const { key: adminKey } = await mesh.openTenant();
    const old = await create(adminKey, { expires_in_days: 10, limits: { requests_per_minute: 5 } });
    const rotated = await mesh.replica.call('POST', `/api/v1/api-keys/${old.id}/rotate`, {
      key: adminKey,
      body: { overlap_seconds: 60 },
    });
    expect(rotated.status).toBe(201);
    expect(rotated.body).toMatchObject({ name: old.name, scopes: old.scopes, limits: old.limits, status: 'active' });
    const works = async (key: string) => (await mesh.replica.call('GET', '/api/v1/users/me', { key })).status === 200;
    expect([await works(old.key), await works(rotated.body.key)]).toEqual([true, true]);
    const seen = await mesh.replica.call('GET', `/api/v1/api-keys/${old.id}`, { key: adminKey });
    expect(seen.body).toMatchObject({ status: 'expiring', replaced_by: rotated.body.id });
    mesh.passSeconds(60);
    expect([await works(old.key), await works(rotated.body.key)]).toEqual([false, true]);
    await auditedBy(mesh.replica, adminKey, 'api_key.rotated');
  });

  it('rotates with an overlap of an hour when the request has no body', async () => {
    const { key: adminKey } = await mesh.openTenant();
    const old = await create(adminKey);
    const rotated = await mesh.replica.call('POST', `/api/v1/api-keys/${old.id}/rotate`, { key: adminKey });
    expect(rotated.status).toBe(201);
    const seen = await mesh.replica.call('GET', `/api/v1/api-keys/${old.id}`, { key: adminKey });
    expect(seen.body.status).toBe('expiring');
  });

  it('revokes, and says the same when asked again', async () => {
    const { key: adminKey } = await mesh.openTenant();
    const made = await create(adminKey);
    const revoke = () => mesh.replica.call('DELETE', `/api/v1/api-keys/${made.id}`, { key: adminKey });
    expect((await revoke()).status).toBe(204);
    expect((await mesh.replica.call('GET', '/api/v1/users/me', { key: made.key })).status).toBe(401);
    expect((await revoke()).status).toBe(204);
    await auditedBy(mesh.replica, adminKey, 'api_key.revoked');
    const { body } = await mesh.replica.call('GET', '/api/v1/audit-events?action=api_key.revoked', { key: adminKey });
    expect(body.data).toHaveLength(1);
  });

  it('notes when a key was used last', async () => {
    const { key: adminKey } = await mesh.openTenant();
    const made = await create(adminKey);
    await using second = await mesh.startReplica();
    await second.call('GET', '/api/v1/users/me', { key: made.key });
    // Closing a replica writes what it has noted.
    await second[Symbol.asyncDispose]();
    const seen = await mesh.replica.call('GET', `/api/v1/api-keys/${made.id}`, { key: adminKey });
    expect(seen.body.last_used_at).not.toBeNull();
  });

  it('answers a second use from its cache', async () => {
    const { key } = await mesh.openTenant();
    const hits = 'cache_hits_total{cache="api_keys"}';
    await mesh.replica.call('GET', '/api/v1/users/me', { key });
    const before = await mesh.replica.metric(hits);
    await mesh.replica.call('GET', '/api/v1/users/me', { key });
    expect(await mesh.replica.metric(hits)).toBe(before + 1);
    expect(await mesh.replica.metric('cache_misses_total{cache="api_keys"}')).toBeGreaterThan(0);
  });

  it('refuses a revoked key on every replica within a second', async () => {
    const { key: adminKey } = await mesh.openTenant();
    await using second = await mesh.startReplica();
    for (let round = 0; round < 3; round += 1) {
      const made = await create(adminKey);
      const use = async () => (await second.call('GET', '/api/v1/users/me', { key: made.key })).status;
      expect(await use()).toBe(200);
      await mesh.replica.call('DELETE', `/api/v1/api-keys/${made.id}`, { key: adminKey });
      await waitFor(async () => (await use()) === 401, { timeoutMs: 1_000, what: 'the other replica to refuse' });
    }
  });
});
