import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { openMesh, type OpenedMesh } from '../harness.ts';

describe('what is taken back is refused on every replica within a second (OD-6, LA-25)', () => {
  let opened: OpenedMesh;
  beforeAll(async () => {
    opened = await openMesh({ gatewayReplicas: 2 });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  const statusOn = async (gateway: number, key: string) =>
    (await opened.ask('/api/v1/users/me', { key, gateway })).status;

  it('refuses a revoked key', async () => {
    const { id, key } = await opened.createKey();
    expect([await statusOn(0, key), await statusOn(1, key)]).toEqual([200, 200]);
    expect((await opened.ask(`/api/v1/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    await waitFor(async () => (await statusOn(0, key)) === 401 && (await statusOn(1, key)) === 401, {
      timeoutMs: 1_000,
    });
  });

  it('keeps the old key alive for the overlap of a rotation, and the new one works at once', async () => {
    const { id, key } = await opened.createKey({ limits: { requests_per_minute: 50 } });
    const rotated = await opened.ask(`/api/v1/api-keys/${id}/rotate`, { body: { overlap_seconds: 2 } });
    expect(rotated.status).toBe(201);
    expect(rotated.body['limits']).toEqual({ requests_per_minute: 50 });
    const fresh = String(rotated.body['key']);
    expect([await statusOn(0, key), await statusOn(1, fresh)]).toEqual([200, 200]);
    await waitFor(async () => (await statusOn(0, key)) === 401 && (await statusOn(1, key)) === 401, {
      timeoutMs: 4_000,
    });
    expect(await statusOn(0, fresh)).toBe(200);
  });

  it("ends a person's access tokens with the session, and revokes the whole family when a refresh token is used twice", async () => {
    const person = { email: 'operator@example.org', password: 'a long enough password' };
    expect((await opened.ask('/api/v1/users', { body: { ...person, role: 'operator' } })).status).toBe(201);
    const login = await opened.ask('/api/v1/auth/login', { key: null, body: person });
    expect(login.status).toBe(200);
    const access = String(login.body['access_token']);
    expect([await statusOn(0, access), await statusOn(1, access)]).toEqual([200, 200]);
    // A role that does not hold the scope is told so: 403, not 401.
    expect(
      (await opened.ask('/api/v1/api-keys', { key: access, body: { name: 'x', scopes: ['chat:read'] } })).status,
    ).toBe(403);

    const old = String(login.body['refresh_token']);
    const second = await opened.ask('/api/v1/auth/refresh', { key: null, body: { refresh_token: old } });
    expect(second.status).toBe(200);
    expect((await opened.ask('/api/v1/auth/refresh', { key: null, body: { refresh_token: old } })).status).toBe(401);
    const newest = String(second.body['refresh_token']);
    expect((await opened.ask('/api/v1/auth/refresh', { key: null, body: { refresh_token: newest } })).status).toBe(401);
    await waitFor(async () => (await statusOn(0, access)) === 401 && (await statusOn(1, access)) === 401, {
      timeoutMs: 1_000,
    });
  });

  it('refuses a key in a query string', async () => {
    const answer = await opened.ask(`/api/v1/users/me?api_key=${opened.adminKey}`, { key: null });
    expect([400, 401]).toContain(answer.status);
    expect(answer.text).not.toContain(opened.adminKey);
  });
});
