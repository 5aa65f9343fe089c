import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
let key: string;
beforeAll(async () => {
  mesh = await startAccessHarness();
  ({ key } = await mesh.openTenant());
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const good = { name: 'Test', scopes: ['chat:write'] };
const create = async (input: object = {}) =>
  (await mesh.replica.call('POST', '/api/v1/api-keys', { key, body: { ...good, ...input } })).body;
const me = (headers: Record<string, string>, query = '') =>
  mesh.replica.call('GET', `/api/v1/users/me${query}`, { headers });

describe('API keys: what is refused (OD-6, OD-8)', () => {
  it('asks for credentials when there are none', async () => {
    const answer = await me({});
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer(?!.*error=)/);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 401, error_code: 'UNAUTHORIZED', instance: '/api/v1/users/me' });
  });

  it('says of a credential that was refused that it is invalid', async () => {
    const answer = await me({ authorization: 'Bearer sbx_live_nonsense' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('refuses a key exactly from the moment it expires', async () => {
    const made = await create({ expires_in_days: 1 });
    expect((await me({ 'x-api-key': made.key })).status).toBe(200);
    mesh.passSeconds(86_400 - 30);
    expect((await me({ 'x-api-key': made.key })).status).toBe(200);
    mesh.passSeconds(31);
    const late = await me({ 'x-api-key': made.key });
    expect(late).toMatchObject({ status: 401, body: { detail: 'The API key has expired.' } });
    const seen = await mesh.replica.call('GET', `/api/v1/api-keys/${made.id}`, { key });
    expect(seen.body.status).toBe('expired');
  });

  it('refuses two different credentials at once', async () => {
    const other = (await create()).key as string;
    const answer = await me({ authorization: `Bearer ${key}`, 'x-api-key': other });
    expect(answer).toMatchObject({
      status: 401,
      body: { detail: 'Authorization and X-API-Key hold different credentials. Send one of them.' },
    });
  });

  it.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer  ', 'Token abc', `Bearer a b`])(
    'refuses the Authorization header %j',
    async (authorization) => {
      expect((await me({ authorization })).status).toBe(401);
    },
  );

  it.each(['api_key', 'apikey', 'API-Key', 'x-api-key', 'access_token', 'authorization', 'anything'])(
    'refuses a key in the query parameter %s, even beside a good header, and says why',
    async (name) => {
      const answer = await me({ 'x-api-key': key }, `?${name}=${key}`);
      expect(answer.status).toBe(401);
      expect(answer.body.detail).toContain('not accepted in a query string');
      expect(JSON.stringify(answer.body)).not.toContain(key);
    },
  );

  it.each([
    ['no name', { ...good, name: undefined }, 'name'],
    ['an empty name', { ...good, name: '  ' }, 'name'],
    ['no scopes', { ...good, scopes: [] }, 'scopes'],
    ['an unknown scope', { ...good, scopes: ['root'] }, 'scopes.0'],
    ['an expiry in the past', { ...good, expires_in_days: 0 }, 'expires_in_days'],
    ['a limit of nothing', { ...good, limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute'],
  ])('refuses to create a key with %s', async (_case, body, path) => {
    const answer = await mesh.replica.call('POST', '/api/v1/api-keys', { key, body });
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  it('rotates a key once: the second of two rotations at the same time is a conflict', async () => {
    const made = await create();
    const rotate = () =>
      mesh.replica.call('POST', `/api/v1/api-keys/${made.id}/rotate`, { key, body: { overlap_seconds: 0 } });
    const statuses = (await Promise.all([rotate(), rotate(), rotate()])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409, 409]);
    expect((await me({ 'x-api-key': made.key })).status).toBe(401);
  });

  it('never lengthens a key’s life by rotating it', async () => {
    const made = await create({ expires_in_days: 1 });
    await mesh.replica.call('POST', `/api/v1/api-keys/${made.id}/rotate`, {
      key,
      body: { overlap_seconds: 30 * 86_400 },
    });
    const seen = await mesh.replica.call('GET', `/api/v1/api-keys/${made.id}`, { key });
    expect(seen.body.expires_at).toBe(made.expires_at);
  });

  it('neither changes nor rotates a revoked key', async () => {
    const made = await create();
    await mesh.replica.call('DELETE', `/api/v1/api-keys/${made.id}`, { key });
    const path = `/api/v1/api-keys/${made.id}`;
    expect((await mesh.replica.call('PATCH', path, { key, body: { name: 'x' } })).status).toBe(409);
    expect((await mesh.replica.call('POST', `${path}/rotate`, { key, body: {} })).status).toBe(409);
  });

  it('does not know a key that never was', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate'],
    ] as const) {
      const body = method === 'PATCH' || method === 'POST' ? {} : undefined;
      const answer = await mesh.replica.call(method, `/api/v1/api-keys/${newId('key')}${path}`, { key, body });
      expect(answer.status).toBe(404);
    }
  });

  it('refuses a cursor of nobody’s making', async () => {
    expect((await mesh.replica.call('GET', '/api/v1/api-keys?cursor=abc', { key })).status).toBe(400);
    expect((await mesh.replica.call('GET', '/api/v1/api-keys?limit=101', { key })).status).toBe(400);
  });
});
