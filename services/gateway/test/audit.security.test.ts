import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditedBy, startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('the audit log cannot be rewritten (OD-14)', () => {
  it.each([
    "UPDATE audit_events SET actor = 'somebody else'",
    'DELETE FROM audit_events',
    'TRUNCATE audit_events',
    'DROP TABLE audit_events',
    'ALTER TABLE audit_events DISABLE TRIGGER ALL',
    'GRANT UPDATE ON audit_events TO gateway_app',
    "INSERT INTO audit_events SELECT * FROM audit_events ON CONFLICT (id) DO UPDATE SET actor = 'x'",
    'SET ROLE gateway_owner',
  ])('by the application’s role: %s', async (statement) => {
    await auditedBy(mesh.replica, mesh.adminKey, 'api_key.created');
    const { pool } = mesh.replica.database;
    const read = async () => (await pool.query('SELECT * FROM audit_events ORDER BY id')).rows;
    const before = await read();
    expect(before.length).toBeGreaterThan(0);
    // 42501: insufficient privilege. A GRANT without the right to grant is a warning and no error.
    const outcome = await pool.query(statement).catch((error: unknown) => error);
    if (!statement.startsWith('GRANT')) expect(outcome).toMatchObject({ code: '42501' });
    else await expect(pool.query("UPDATE audit_events SET actor = 'x'")).rejects.toMatchObject({ code: '42501' });
    expect((await read()).slice(0, before.length)).toEqual(before);
  });
});

describe('the audit log is the tenant’s own (B-25, S15, S16)', () => {
  it('shows a tenant nothing of another, and nothing of no tenant', async () => {
    const [ours, theirs] = [await mesh.openTenant(), await mesh.openTenant()];
    await mesh.replica.call('GET', '/api/v1/users/me', { key: 'sbx_live_junk' });
    await auditedBy(mesh.replica, theirs.key, 'api_key.created');
    const { body } = await mesh.replica.call('GET', '/api/v1/audit-events?limit=100', { key: ours.key });
    expect(new Set(body.data.map((event: { tenant_id: string }) => event.tenant_id))).toEqual(new Set([ours.tenantId]));
  });

  it.each(['viewer', 'operator'])('is closed to %s', async (role) => {
    const { key } = await mesh.openTenant();
    const { access_token: token } = await mesh.login(await mesh.addPerson(key, role));
    expect((await mesh.replica.call('GET', '/api/v1/audit-events', { token })).status).toBe(403);
  });
});
