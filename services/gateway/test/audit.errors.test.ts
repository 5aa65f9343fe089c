import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('reading the audit log: what is refused (OD-14)', () => {
  it.each(['action=nothing.happened', 'limit=0', 'cursor=abc', 'tenant_id=tenant_1', `actor=${'a'.repeat(65)}`])(
    'refuses ?%s',
    async (query) => {
      const answer = await mesh.replica.call('GET', `/api/v1/audit-events?${query}`, { key: mesh.adminKey });
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toHaveLength(1);
    },
  );

  it('asks for credentials', async () => {
    expect((await mesh.replica.call('GET', '/api/v1/audit-events')).status).toBe(401);
  });
});
