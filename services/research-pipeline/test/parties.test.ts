import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PartyResolution, PartyReview } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { aCaller, startTestService, type TestService } from './harness.ts';

const scopes = ['documents:read', 'documents:write'];

describe('parties (LA-26)', () => {
  const owned = new AsyncDisposableStack();
  let service: TestService;
  beforeAll(async () => {
    service = owned.use(await startTestService());
  });
  afterAll(() => owned.disposeAsync());

  const someone = (): CallerIdentity => aCaller({ scopes });

  async function resolve(body: Record<string, unknown>, caller: CallerIdentity): Promise<PartyResolution> {
    const answer = await service.post('/api/v1/parties/resolve', body, { caller });
    const resolution = answer.body as unknown as PartyResolution;
    expect([answer.status, answer.body]).toEqual([resolution.matched ? 200 : 201, expect.anything()]);
    return resolution;
  }

  async function reviews(caller: CallerIdentity, query = ''): Promise<PartyReview[]> {
    return (await service.get(`/api/v1/party-reviews${query}`, caller)).body['data'] as PartyReview[];
  }

  const decide = (id: string, decision: string, caller: CallerIdentity) =>
    service.post(`/api/v1/party-reviews/${id}/decide`, { decision }, { caller });

  it('are taken in once, and found again by name, by tax id, and by what was learnt since', async () => {
    const caller = someone();
    const first = await resolve({ name: 'Acme Supplies, Inc.' }, caller);
    expect(first).toMatchObject({ matched: false, tier: 'new', confidence: 0, review_id: null });
    const again = await resolve({ name: 'SUPPLIES ACME', tax_id: 'us 12-3456789', address: '1 High Street' }, caller);
    expect(again).toMatchObject({ matched: true, tier: 'name', confidence: 1, party: { id: first.party.id } });
    expect(again.party).toMatchObject({ name: 'Acme Supplies, Inc.', tax_id: 'US123456789', address: '1 High Street' });
    const renamed = await resolve({ name: 'Something Else Entirely', tax_id: 'US-12.345.6789' }, caller);
    expect(renamed).toMatchObject({ matched: true, tier: 'tax_id', party: { id: first.party.id } });
    expect(await resolve({ name: 'Acme Suplies' }, caller)).toMatchObject({ tier: 'fuzzy_name', confidence: 0.9231 });
    const { body } = await service.get('/api/v1/parties?name=acme+supplies', caller);
    expect(body['data']).toEqual([again.party]);
    expect((await service.get(`/api/v1/parties/${first.party.id}`, caller)).body).toEqual(again.party);
  });

  it('that are only alike stay two and wait for a person, who makes them one', async () => {
    const caller = someone();
    const there = await resolve({ name: 'Contoso Pharmaceuticals' }, caller);
    const like = await resolve({ name: 'Contoso Pharma' }, caller);
    expect([like.matched, like.party.id === there.party.id]).toEqual([false, false]);
    const [review] = await reviews(caller, '?status=pending');
    expect(review).toMatchObject({ id: like.review_id, status: 'pending', party: like.party, candidate: there.party });
    expect(review?.score).toBeLessThan(0.8);

    const decided = await decide(String(like.review_id), 'same', caller);
    expect([decided.status, decided.body]).toMatchObject([
      200,
      { status: 'same', decided_by: caller.principal.principalId, party: { merged_into: there.party.id } },
    ]);
    expect((await decide(String(like.review_id), 'same', caller)).status).toBe(200);
    expect((await decide(String(like.review_id), 'different', caller)).status).toBe(409);
    expect(await reviews(caller, '?status=pending')).toEqual([]);
    // What is merged is no party of its own any more, but another name of what it became.
    expect(await resolve({ name: 'contoso pharma' }, caller)).toMatchObject({
      tier: 'name',
      party: { id: there.party.id },
    });
    const { body } = await service.get('/api/v1/parties', caller);
    expect((body['data'] as { id: string }[]).map(({ id }) => id)).toEqual([there.party.id]);
    const outbox = await service.query(
      `select from @outbox where name = 'audit.record' and message::text like '%party_review.decided%'`,
    );
    expect(outbox.length).toBeLessThanOrEqual(1);
  });

  it('of one name and two tax ids are two', async () => {
    const caller = someone();
    const one = await resolve({ name: 'Acme', tax_id: '111111111' }, caller);
    const two = await resolve({ name: 'Acme', tax_id: '222222222' }, caller);
    expect([two.matched, two.party.id === one.party.id, two.review_id === null]).toEqual([false, false, false]);
    // Without a tax id it is the one that was there first, each time.
    for (let round = 0; round < 3; round += 1) {
      expect(await resolve({ name: 'acme' }, caller)).toMatchObject({ party: { id: one.party.id }, tier: 'name' });
    }
  });

  it('that thirty documents name at the same time are one (R16)', async () => {
    const caller = someone();
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, index) => resolve({ name: index % 2 === 0 ? 'Fabrikam AG' : 'FABRIKAM' }, caller)),
    );
    expect(new Set(all.map(({ party }) => party.id)).size).toBe(1);
    expect(all.filter(({ matched }) => !matched)).toHaveLength(1);
  });

  it('that are written alike are remembered by what is compared, as long as it still holds (LA-4)', async () => {
    const caller = someone();
    const { party } = await resolve({ name: 'Wide World Importers' }, caller);
    const counted = async (what: 'hits' | 'misses'): Promise<number> => {
      const text = await (await fetch(`${service.adminUrl}/metrics`)).text();
      return Number(new RegExp(`cache_${what}_total\\{[^}]*entity_match[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0);
    };
    const alike = { tier: 'fuzzy_name', confidence: 0.95, party: { id: party.id } };
    expect(await resolve({ name: 'Wide World Importer' }, caller)).toMatchObject(alike);
    const before = await counted('hits');
    // The order of words and the legal form are nothing that is compared.
    expect(await resolve({ name: 'IMPORTER, Wide World Ltd.' }, caller)).toMatchObject(alike);
    expect(await counted('hits')).toBe(before + 1);
    // Another tax id is another question; and once the party has one, the first answer to a third one does not hold.
    await resolve({ name: 'Wide World Importer', tax_id: 'AAAA1111' }, caller);
    await resolve({ name: 'Wide World Importers', tax_id: 'AAAA1111' }, caller);
    expect(await resolve({ name: 'Wide World Importer', tax_id: 'BBBB2222' }, caller)).toMatchObject({
      matched: false,
      review_id: expect.any(String),
    });
    const stranger = await resolve({ name: 'Wide World Importer' }, someone());
    expect(stranger.matched).toBe(false);
  });

  it('of another tenant are as absent as those that never were (S15)', async () => {
    const [caller, stranger] = [someone(), someone()];
    const { party } = await resolve({ name: 'Adventure Works Cycles' }, caller);
    const like = await resolve({ name: 'Adventure Works' }, caller);
    const never = party.id.replace(/.{6}$/, '000000');
    const answers = await Promise.all([party.id, never].map((id) => service.get(`/api/v1/parties/${id}`, stranger)));
    expect(answers.map(({ status, body }) => [status, body['detail']])).toEqual([
      [404, 'There is no such party.'],
      [404, 'There is no such party.'],
    ]);
    expect((await decide(String(like.review_id), 'same', stranger)).status).toBe(404);
    expect(await reviews(stranger)).toEqual([]);
    expect(await resolve({ name: 'Adventure Works Cycles' }, stranger)).toMatchObject({ matched: false });
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'A', tax_id: 5 }, 'tax_id'],
    [{ name: 'A', tenant_id: 'x' }, 'tenant_id'],
  ])('are not told by %j', async (body, path) => {
    const answer = await service.post('/api/v1/parties/resolve', body, { caller: someone() });
    expect([answer.status, answer.body['errors']]).toMatchObject([400, [{ path }]]);
  });

  it('are told of names in any script, and of names that are all punctuation', async () => {
    const caller = someone();
    const { party } = await resolve({ name: '株式会社トヨタ' }, caller);
    expect(await resolve({ name: '株式会社トヨタ' }, caller)).toMatchObject({ party: { id: party.id }, tier: 'name' });
    const odd = await resolve({ name: '!!!' }, caller);
    const odder = await resolve({ name: '???' }, caller);
    expect(odder.party.id).not.toBe(odd.party.id);
  });
});
