import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAccessHarness, type AccessHarness } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const body = { name: 'Once', scopes: ['chat:write'] };
const create = (key: string, idempotencyKey: string, input: object = body) =>
  mesh.replica.call('POST', '/api/v1/api-keys', {
    key,
    body: input,
    headers: { 'idempotency-key': idempotencyKey },
  });
const keysOf = async (key: string): Promise<{ name: string }[]> =>
  (await mesh.replica.call('GET', '/api/v1/api-keys?limit=100', { key })).body.data;

describe('making an API key once (B-15, R16)', () => {
  it('makes one key for 20 equal requests at once, and tells each of them the key', async () => {
    const { key } = await mesh.openTenant();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(key, 'at-once')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ body: made }) => made.key as string)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(19);
    expect((await keysOf(key)).filter(({ name }) => name === 'Once')).toHaveLength(1);
    const works = await mesh.replica.call('GET', '/api/v1/users/me', { key: answers[7]?.body.key });
    expect(works.status).toBe(200);
    const { body: audited } = await mesh.replica.call('GET', '/api/v1/audit-events?limit=100', { key });
    const targets = (audited.data as { action: string; target: string }[])
      .filter(({ action }) => action === 'api_key.created')
      .map(({ target }) => target);
    expect(targets.filter((target) => target === answers[0]?.body.id).length).toBeLessThanOrEqual(1);
  });

  it('refuses the same key for another request with 422', async () => {
    const { key } = await mesh.openTenant();
    await create(key, 'reused');
    const other = await create(key, 'reused', { ...body, name: 'Another' });
    expect([other.status, other.body.error_code]).toEqual([422, 'UNPROCESSABLE']);
    expect((await keysOf(key)).filter(({ name }) => name === 'Another')).toEqual([]);
  });

  it('names the header when it is no key', async () => {
    const { key } = await mesh.openTenant();
    const refused = await create(key, 'two words');
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  it("is the caller's own: another principal and another tenant get keys of their own (S15)", async () => {
    const [one, two] = [await mesh.openTenant(), await mesh.openTenant()];
    const first = await create(one.key, 'shared', { ...body, scopes: ['*'] });
    const colleague = await create(first.body.key, 'shared', { ...body, scopes: ['*'] });
    const stranger = await create(two.key, 'shared', { ...body, scopes: ['*'] });
    const ids = [first, colleague, stranger].map(({ body: made }) => made.id as string);
    expect(new Set(ids).size).toBe(3);
  });

  it('is over after 24 hours, and a request that was refused leaves its key free', async () => {
    const { key } = await mesh.openTenant();
    expect((await create(key, 'later', { ...body, name: '' })).status).toBe(400);
    const first = await create(key, 'later');
    expect(first.status).toBe(201);
    mesh.passSeconds(86_399);
    expect((await create(key, 'later')).body.id).toBe(first.body.id);
    mesh.passSeconds(2);
    const second = await create(key, 'later');
    expect([second.status, second.body.id === first.body.id]).toEqual([201, false]);
  });

  it('keeps the key in an envelope alone: no row and no log shows it (S23)', async () => {
    const { key } = await mesh.openTenant();
    const { body: made } = await create(key, 'sealed');
    const { rows } = await mesh.replica.database.pool.query(
      'select row_to_json(r)::text as row from api_key_replays r',
    );
    expect(rows.length).toBeGreaterThan(0);
    const secret = (made.key as string).slice((made.hint as string).length);
    expect(JSON.stringify([rows, mesh.logged])).not.toContain(secret);
  });

  it('without keys to seal with makes no second key, and says that the first cannot be shown', async () => {
    await using bare = await mesh.startReplica({ vaultKeys: null });
    const { key } = await mesh.openTenant();
    const call = () => bare.call('POST', '/api/v1/api-keys', { key, body, headers: { 'idempotency-key': 'unsealed' } });
    expect((await call()).status).toBe(201);
    expect(await call()).toMatchObject({ status: 409, body: { error_code: 'CONFLICT' } });
  });
});
