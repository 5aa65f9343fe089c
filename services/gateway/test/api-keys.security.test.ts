import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rolesToScopes } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { waitFor } from '@signalbox/test-kit';
import { makeApiKey } from '../src/keys/api-key.ts';
import { auditedBy, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const create = async (key: string, input: object = {}) =>
  (
    await mesh.replica.call('POST', '/api/v1/api-keys', {
      key,
      body: { name: 'Test', scopes: ['chat:write'], ...input },
    })
  ).body;

describe('API keys: tenants (B-25, S15)', () => {
  it('answers another tenant exactly as if the key were absent', async () => {
    const [ours, theirs] = [await mesh.openTenant(), await mesh.openTenant()];
    const made = await create(theirs.key);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', '', undefined],
      ['POST', '/rotate', {}],
    ] as const) {
      const [foreign, absent] = [made.id, newId('key')].map((id) =>
        mesh.replica.call(method, `/api/v1/api-keys/${id}${path}`, { key: ours.key, body }),
      );
      const [a, b] = [await foreign, await absent];
      expect(a?.status).toBe(404);
      const { instance: _i, request_id: _r, ...seen } = a?.body ?? {};
      const { instance: _j, request_id: _s, ...expected } = b?.body ?? {};
      expect(seen).toEqual(expected);
    }
    expect((await mesh.replica.call('GET', `/api/v1/api-keys/${made.id}`, { key: theirs.key })).body).toMatchObject({
      name: 'Test',
      status: 'active',
    });
    const list = await mesh.replica.call('GET', '/api/v1/api-keys?limit=100', { key: ours.key });
    expect(JSON.stringify(list.body)).not.toContain(made.id);
  });

  it('keeps the scope * of a tenant inside the tenant', async () => {
    const { key } = await mesh.openTenant();
    expect((await mesh.replica.call('GET', '/api/v1/tenants', { key })).status).toBe(403);
    expect((await mesh.replica.call('POST', '/api/v1/tenants', { key, body: { name: 'x' } })).status).toBe(403);
  });
});

describe('API keys: rights (MX-16, B-26, S14, S16)', () => {
  it('gives a key nothing that its maker does not hold', async () => {
    const { key } = await mesh.openTenant();
    const admin = await create(key, { scopes: rolesToScopes.admin });
    const small = await create(key, { scopes: ['keys:write', 'chat:read'] });
    const attempt = async (maker: string, scopes: string[]) =>
      (await mesh.replica.call('POST', '/api/v1/api-keys', { key: maker, body: { name: 'x', scopes } })).status;
    expect(await attempt(admin.key, ['*'])).toBe(403);
    expect(await attempt(admin.key, ['admin', 'chat:write'])).toBe(201);
    expect(await attempt(small.key, ['chat:write'])).toBe(403);
    expect(await attempt(small.key, ['chat:read', 'keys:read'])).toBe(201);
  });

  it('does not hand the secret of a stronger key to a weaker one by way of rotation', async () => {
    const { key, keyId } = await mesh.openTenant();
    const small = await create(key, { scopes: ['keys:write'] });
    const answer = await mesh.replica.call('POST', `/api/v1/api-keys/${keyId}/rotate`, { key: small.key, body: {} });
    expect(answer.status).toBe(403);
    expect(JSON.stringify(answer.body)).not.toContain('sbx_live_');
    expect((await mesh.replica.call('GET', '/api/v1/users/me', { key })).status).toBe(200);
  });

  it('lets a key without keys:write neither make nor change keys', async () => {
    const { key, keyId } = await mesh.openTenant();
    const reader = await create(key, { scopes: ['keys:read'] });
    const call = async (method: string, path: string, body?: object) =>
      (await mesh.replica.call(method, `/api/v1/api-keys${path}`, { key: reader.key, body })).status;
    expect(await call('GET', '')).toBe(200);
    expect(await call('POST', '', { name: 'x', scopes: ['keys:read'] })).toBe(403);
    expect(await call('PATCH', `/${keyId}`, { name: 'x' })).toBe(403);
    expect(await call('DELETE', `/${keyId}`)).toBe(403);
    expect(await call('POST', `/${keyId}/rotate`, {})).toBe(403);
  });

  it.each(['tenant_id', 'id', 'created_at', 'revoked_at', 'key', 'key_hash', 'is_operator', '__proto__'])(
    'refuses a %s in the body',
    async (field) => {
      const { key } = await mesh.openTenant();
      const body = JSON.parse(`{"name":"x","scopes":["chat:read"],"${field}":"tenant_1"}`) as unknown;
      const answer = await mesh.replica.call('POST', '/api/v1/api-keys', { key, body });
      expect(answer.status).toBe(400);
    },
  );
});

describe('API keys: guesses and junk (S3, S10)', () => {
  /** Lookups in Postgres: every answer that the cache could not give. */
  const lookups = () => mesh.replica.metric('cache_misses_total{cache="api_keys"}');

  it('refuses junk without asking Postgres or Redis', async () => {
    const real = (await create(mesh.adminKey)).key as string;
    const last = real.at(-1) === 'a' ? 'b' : 'a';
    const junk = [
      'sbx_live_',
      `${real.slice(0, -1)}${last}`,
      `${real}0`,
      real.slice(0, -1),
      real.replace('sbx_live_', 'sbx_test_'),
      real.toUpperCase(),
      `${real.slice(0, 40)}é${real.slice(41)}`,
      "sbx_live_' OR 1=1 --",
      'a'.repeat(8_000),
    ];
    const before = await lookups();
    for (const key of junk) {
      const headers = { 'x-api-key': Buffer.from(key).toString('latin1') };
      expect((await mesh.replica.call('GET', '/api/v1/users/me', { headers })).status).toBe(401);
    }
    expect(await lookups()).toBe(before);
    expect(await mesh.replica.metric('signalbox_credentials_refused_total{reason="junk_key"}')).toBeGreaterThan(5);
  });

  it('asks Postgres once for a thousand guesses at one key’s secret, and the key goes on working', async () => {
    const made = await create(mesh.adminKey);
    const before = await lookups();
    for (let round = 0; round < 10; round += 1) {
      const guesses = Array.from({ length: 100 }, () =>
        mesh.replica.call('GET', '/api/v1/users/me', { key: makeApiKey(made.id) }),
      );
      const statuses = new Set((await Promise.all(guesses)).map(({ status }) => status));
      expect([...statuses]).toEqual([401]);
    }
    expect((await lookups()) - before).toBeLessThanOrEqual(100);
    expect((await mesh.replica.call('GET', '/api/v1/users/me', { key: made.key })).status).toBe(200);
  }, 30_000);

  it('tells a guessed key from a wrong secret in nothing but the request id', async () => {
    const made = await create(mesh.adminKey);
    const [wrong, unknown] = [
      await mesh.replica.call('GET', '/api/v1/users/me', { key: makeApiKey(made.id) }),
      await mesh.replica.call('GET', '/api/v1/users/me', { key: makeApiKey(newId('key')) }),
    ];
    expect({ ...wrong.body, request_id: '' }).toEqual({ ...unknown.body, request_id: '' });
  });

  it('writes refusals into the audit, a burst as one row with its number', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const made = await create(key);
    await mesh.replica.call('DELETE', `/api/v1/api-keys/${made.id}`, { key });
    const uses = Array.from({ length: 50 }, () => mesh.replica.call('GET', '/api/v1/users/me', { key: made.key }));
    await Promise.all(uses);
    await auditedBy(mesh.replica, key, 'credential.refused');
    const counted = await waitFor(async () => {
      const { body } = await mesh.replica.call('GET', '/api/v1/audit-events?action=credential.refused', { key });
      const rows = body.data as { actor: string; tenant_id: string; outcome: string; details: { count?: number } }[];
      const sum = rows.reduce((total, row) => total + (row.details.count ?? 1), 0);
      return sum === 50 ? rows : null;
    });
    expect(counted.length).toBeLessThan(5);
    expect(counted[0]).toMatchObject({ actor: made.id, tenant_id: tenantId, outcome: 'refused' });
  });

  it('takes SQL as what it is: text', async () => {
    const { key } = await mesh.openTenant();
    const name = "test'; DROP TABLE users; --";
    const made = await create(key, { name });
    expect((await mesh.replica.call('GET', `/api/v1/api-keys/${made.id}`, { key })).body.name).toBe(name);
    const path = encodeURIComponent("' OR '1'='1");
    expect((await mesh.replica.call('GET', `/api/v1/api-keys/${path}`, { key })).status).toBe(404);
  });
});

describe('API keys: secrets stay where they are (S20)', () => {
  it('stores a hash, and logs no key', async () => {
    const made = await create(mesh.adminKey);
    const secret = (made.key as string).split('_')[3] ?? '';
    await mesh.replica.call('GET', '/api/v1/users/me', { key: made.key });
    await mesh.replica.call('GET', `/api/v1/users/me?api_key=${made.key as string}`);
    await mesh.replica.call('GET', '/api/v1/users/me', { token: `${made.key as string}x` });
    const { rows } = await mesh.replica.database.pool.query<{ all: string }>(
      `SELECT (SELECT json_agg(k) FROM api_keys k)::text || (SELECT json_agg(o) FROM outbox o)::text AS all`,
    );
    expect(rows[0]?.all).not.toContain(secret);
    expect(mesh.logged.join('\n')).not.toContain(secret);
    expect(await mesh.replica.metrics.text()).not.toContain(secret);
  });
});
