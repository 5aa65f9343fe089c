import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { principalRestricted, rolesToScopes } from '@signalbox/contracts';
import { waitFor } from '@signalbox/test-kit';
import { startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

interface Told {
  principal_id: string;
  scopes: string[];
  at: string;
}

/** What was told of somebody, as it lies in the outbox until a service has taken it. */
async function toldOf(principalId: string): Promise<Told[]> {
  const { rows } = await mesh.replica.database.pool.query<{ message: string | { payload: Told } }>(
    `select message from outbox where name = $1`,
    [`${principalRestricted.name}.chat-router`],
  );
  return rows
    .map(({ message }) => (typeof message === 'string' ? (JSON.parse(message) as { payload: Told }) : message).payload)
    .filter((payload) => payload.principal_id === principalId);
}

describe('who may do less is told to those who work on their behalf (S14)', () => {
  it('a revoked key, once, with nothing left', async () => {
    const { key } = await mesh.openTenant();
    const body = { name: 'Test', scopes: ['chat:write'] };
    const made = (await mesh.replica.call('POST', '/api/v1/api-keys', { key, body })).body as { id: string };
    expect(await toldOf(made.id)).toEqual([]);
    for (let times = 0; times < 2; times += 1) {
      expect((await mesh.replica.call('DELETE', `/api/v1/api-keys/${made.id}`, { key })).status).toBe(204);
    }
    const told = await waitFor(async () => {
      const all = await toldOf(made.id);
      return all.length > 0 && all;
    });
    expect(told).toEqual([{ principal_id: made.id, scopes: [], at: expect.any(String) }]);
  });

  it('a person who is disabled or gets another role, and not one who changes a password', async () => {
    const { key } = await mesh.openTenant();
    const person = await mesh.addPerson(key, 'operator');
    const change = (body: object) => mesh.replica.call('PATCH', `/api/v1/users/${person.id}`, { key, body });
    await change({ password: 'another battery horse' });
    expect(await toldOf(person.id)).toEqual([]);
    await change({ role: 'viewer' });
    await change({ status: 'disabled' });
    expect((await toldOf(person.id)).map(({ scopes }) => scopes)).toEqual([[...rolesToScopes.viewer], []]);
  });
});
