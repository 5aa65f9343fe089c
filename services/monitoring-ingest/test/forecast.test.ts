import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aCaller, startTestService, type TestService } from './harness.ts';
import { aSample, storeSamples } from './stored-samples.ts';

const hourMs = 3_600_000;
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const hour = Math.floor(Date.now() / hourMs) * hourMs;

/** Five days of one sample an hour: 100 ms by day and night, more at noon, and 2 ms more each hour. */
async function rising() {
  const caller = aCaller();
  const samples = Array.from({ length: 5 * 24 }, (_, index) => {
    const time = hour - (index + 1) * hourMs;
    const noon = new Date(time).getUTCHours() === 12 ? 500 : 0;
    return aSample(time + 1, { latency_ms: 1_000 + noon - 2 * index });
  });
  await storeSamples(service.db, caller.principal.tenantId, samples);
  return caller;
}
const path = '/api/v1/forecast?metric=latency_ms&model_id=m&history_days=6';

describe('GET /api/v1/forecast (B-22)', () => {
  it('says when a series that rises is beyond a threshold, and between which moments that lies', async () => {
    const caller = await rising();
    const { status, body } = await service.get(`${path}&threshold=1200`, caller);
    expect([status, body['outcome'], body['method'], body['buckets']]).toEqual([
      ...[200, 'expected', 'seasonal_sen_slope', 120],
    ]);
    expect(body['slope_per_hour']).toBeCloseTo(2, 6);
    expect(body['level']).toBeCloseTo(1_001, 3);
    // 199 ms at 2 ms an hour.
    const at = Date.parse(String(body['reaches_at']));
    expect(Math.abs(at - (hour + 99.5 * hourMs))).toBeLessThan(60_000);
    expect(Date.parse(String(body['earliest']))).toBeLessThanOrEqual(at);
    expect(Date.parse(String(body['latest']))).toBeGreaterThanOrEqual(at);
    expect(body['p_value']).toBeLessThan(0.001);
  });

  it('says why there is no such moment', async () => {
    const caller = await rising();
    const outcome = async (query: string) => (await service.get(path + query, caller)).body['outcome'];
    expect(await outcome('&threshold=900')).toBe('reached');
    expect(await outcome('&threshold=900&comparator=%3C')).toBe('moving_away');
    expect(await outcome('&threshold=100000')).toBe('beyond_horizon');
    expect(await outcome('&threshold=1200&horizon_days=4')).toBe('beyond_horizon');
    const nobody = aCaller();
    const empty = await service.get(`${path}&threshold=1`, nobody);
    expect(empty.body).toMatchObject({ outcome: 'insufficient_data', buckets: 0, level: null, reaches_at: null });
    const flat = Array.from({ length: 48 }, (_, index) => aSample(hour - (index + 1) * hourMs, { latency_ms: 5 }));
    await storeSamples(service.db, nobody.principal.tenantId, flat);
    expect((await service.get(`${path}&threshold=9`, nobody)).body).toMatchObject({ outcome: 'no_trend', level: 5 });
  });

  it('refuses what would be too many buckets, and a threshold that is none', async () => {
    const refused = await service.get('/api/v1/forecast?metric=latency_ms&threshold=1&step=5m&history_days=30');
    expect([refused.status, refused.body['errors']]).toEqual([400, [expect.objectContaining({ path: 'step' })]]);
    expect((await service.get('/api/v1/forecast?metric=latency_ms&threshold=soon')).status).toBe(400);
  });
});
