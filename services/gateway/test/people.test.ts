import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rolesToScopes } from '@signalbox/contracts';
import { waitFor } from '@signalbox/test-kit';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { auditedBy, issuer, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const call: AccessHarness['replica']['call'] = (...request) => mesh.replica.call(...request);
const refresh = (refresh_token: string) => call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
const me = (token: string) => call('GET', '/api/v1/users/me', { token });

describe('people (LA-25, B-6)', () => {
  it('adds a person who can sign in and is what their role says', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const person = { email: 'Ada@Example.test', password: 'battery horse staple' };
    const added = await call('POST', '/api/v1/users', { key, body: { ...person, role: 'operator' } });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      tenant_id: tenantId,
      email: 'ada@example.test',
      role: 'operator',
      status: 'active',
      last_login_at: null,
    });
    expect(JSON.stringify(added.body)).not.toContain('scrypt');

    const login = await call('POST', '/api/v1/auth/login', { body: { ...person, email: 'ADA@example.test' } });
    expect(login.status).toBe(200);
    expect(login.headers.get('cache-control')).toBe('no-store');
    expect(login.body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    expect(login.body.refresh_expires_in).toBeGreaterThan(7 * 86_400 - 10);
    const self = await me(login.body.access_token);
    expect(self.body).toMatchObject({
      principal_id: added.body.id,
      kind: 'user',
      tenant_id: tenantId,
      scopes: rolesToScopes.operator,
      user: { email: 'ada@example.test' },
    });
    expect(self.body.user.last_login_at).not.toBeNull();
    await auditedBy(mesh.replica, key, 'user.created');
    expect(await auditedBy(mesh.replica, key, 'login.succeeded')).toMatchObject({ actor: added.body.id });
  });

  it('issues access tokens that anybody can verify with the published keys', async () => {
    const { key, tenantId } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const { access_token } = await mesh.login(person);
    const set = await call('GET', '/.well-known/jwks.json');
    expect(set.status).toBe(200);
    const { payload, protectedHeader } = await jwtVerify(access_token, createLocalJWKSet(set.body as JSONWebKeySet), {
      issuer,
      audience: 'signalbox',
    });
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'test-1', typ: 'at+jwt' });
    expect(payload).toMatchObject({ sub: person.id, tenant: tenantId, role: 'viewer' });
    expect(JSON.stringify(set.body)).not.toContain('"d"');
  });

  it('goes on with a refresh token, each good for one use', async () => {
    const { key } = await mesh.openTenant();
    let pair = await mesh.login(await mesh.addPerson(key, 'viewer'));
    for (let round = 0; round < 3; round += 1) {
      const answer = await refresh(pair.refresh_token);
      expect(answer.status).toBe(200);
      expect(answer.body.refresh_token).not.toBe(pair.refresh_token);
      pair = answer.body;
      expect((await me(pair.access_token)).status).toBe(200);
    }
    await auditedBy(mesh.replica, key, 'session.refreshed');
  });

  it('ends a session at logout: its refresh token and its access tokens are refused at once', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const [pair, other] = [await mesh.login(person), await mesh.login(person)];
    expect((await me(pair.access_token)).status).toBe(200);
    const logout = () => call('POST', '/api/v1/auth/logout', { body: { refresh_token: pair.refresh_token } });
    expect((await logout()).status).toBe(204);
    expect((await me(pair.access_token)).status).toBe(401);
    expect((await refresh(pair.refresh_token)).status).toBe(401);
    expect((await logout()).status).toBe(204);
    expect((await me(other.access_token)).status).toBe(200);
    await auditedBy(mesh.replica, key, 'session.ended');
  });

  it('refuses the access token of an ended session on every replica within a second', async () => {
    const { key } = await mesh.openTenant();
    const pair = await mesh.login(await mesh.addPerson(key, 'viewer'));
    await using second = await mesh.startReplica();
    const use = async () => (await second.call('GET', '/api/v1/users/me', { token: pair.access_token })).status;
    expect(await use()).toBe(200);
    await call('POST', '/api/v1/auth/logout', { body: { refresh_token: pair.refresh_token } });
    await waitFor(async () => (await use()) === 401, { timeoutMs: 1_000, what: 'the other replica to refuse' });
  });

  it.each([
    ['role', { role: 'operator' }],
    ['password', { password: 'another battery horse' }],
    ['status', { status: 'disabled' }],
  ])('ends a person’s sessions when their %s changes', async (_what, change) => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const pair = await mesh.login(person);
    expect((await me(pair.access_token)).status).toBe(200);
    const changed = await call('PATCH', `/api/v1/users/${person.id}`, { key, body: change });
    expect(changed.status).toBe(200);
    expect((await me(pair.access_token)).status).toBe(401);
    expect((await refresh(pair.refresh_token)).status).toBe(401);
    await auditedBy(mesh.replica, key, 'user.updated');
  });

  it('signs in with the new password and the new role after a change', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'viewer');
    const password = 'another battery horse';
    await call('PATCH', `/api/v1/users/${person.id}`, { key, body: { password, role: 'operator' } });
    expect(
      (await call('POST', '/api/v1/auth/login', { body: { email: person.email, password: person.password } })).status,
    ).toBe(401);
    const { access_token } = await mesh.login({ email: person.email, password });
    expect((await me(access_token)).body.scopes).toEqual(rolesToScopes.operator);
  });

  it('lists the tenant’s people newest first', async () => {
    const { key } = await mesh.openTenant();
    const added = [];
    for (let count = 0; count < 3; count += 1) added.unshift((await mesh.addPerson(key, 'viewer')).id);
    const first = await call('GET', '/api/v1/users?limit=2', { key });
    expect(first.body.data.map((user: { id: string }) => user.id)).toEqual(added.slice(0, 2));
    const rest = await call('GET', `/api/v1/users?limit=2&cursor=${first.body.page_info.next_cursor as string}`, {
      key,
    });
    expect(rest.body.data.map((user: { id: string }) => user.id)).toEqual(added.slice(2));
    const back = await call('GET', `/api/v1/users?limit=2&cursor=${rest.body.page_info.prev_cursor as string}`, {
      key,
    });
    expect(back.body.data).toEqual(first.body.data);
  });
});

describe('tenants (B-25)', () => {
  it('are opened and listed by the operators', async () => {
    const opened = await call('POST', '/api/v1/tenants', { key: mesh.adminKey, body: { name: 'Acme' } });
    expect(opened.status).toBe(201);
    const self = await call('GET', '/api/v1/users/me', { key: opened.body.api_key.key });
    expect(self.body).toMatchObject({ tenant_id: opened.body.id, scopes: ['*'] });
    const list = await call('GET', '/api/v1/tenants?limit=1', { key: mesh.adminKey });
    expect(list.body.data).toEqual([{ id: opened.body.id, name: 'Acme', created_at: opened.body.created_at }]);
    expect(await auditedBy(mesh.replica, mesh.adminKey, 'tenant.created')).toMatchObject({ outcome: 'ok' });
    // The new tenant sees where its key came from.
    const { key, id } = opened.body.api_key as { key: string; id: string };
    expect(await auditedBy(mesh.replica, key, 'api_key.created', id)).toMatchObject({ outcome: 'ok' });
  });
});
