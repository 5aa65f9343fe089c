import { newId } from '@signalbox/ids';
import { handleOnce } from '@signalbox/postgres';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unknownUsage } from '../src/usage/token-usage.ts';
import { addToUsageByDay, insertUsageRecords, listUsageByDay, takeUntold } from '../src/usage/usage-store.ts';
import { usageRecordOf } from '../src/usage/usage-record.ts';
import { startTestRouter, type TestRouter } from './harness.ts';

let router: TestRouter;
beforeAll(async () => {
  router = await startTestRouter();
  // What is put into the ledger here is not to be told of by the service.
  await router.stop();
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
});

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const aRecord = (tenantId: string, startedAt = new Date()) =>
  usageRecordOf(
    {
      tenantId,
      principalId: newId('key'),
      requestId: newId('req'),
      target: { provider: 'sim', model: 'small' },
      requestedModel: 'small',
      streamed: false,
      startedAt,
    },
    {
      outcome: 'ok',
      usage: { ...unknownUsage, promptTokens: 7, completionTokens: 3 },
      latencyMs: 12.3456,
      firstTokenMs: null,
    },
  );
const untold = (count = 100) => router.db.db.transaction().execute((trx) => takeUntold(trx, count));

describe('the ledger’s tables', () => {
  it('hold a record as it was given', async () => {
    const record = aRecord(newId('tenant'));
    await insertUsageRecords(router.db.pool, [{ record, traceparent }]);
    expect(await router.ledger(record.request_id)).toEqual([record]);
    expect(await untold()).toEqual([{ record, traceparent }]);
  });

  it('take no record twice and tell of none twice, even when the statement is repeated after it was told', async () => {
    const batch = [aRecord(newId('tenant')), aRecord(newId('tenant'))].map((record) => ({ record, traceparent }));
    await insertUsageRecords(router.db.pool, batch);
    await insertUsageRecords(router.db.pool, batch);
    expect(await untold()).toHaveLength(2);
    await insertUsageRecords(router.db.pool, batch);
    expect(await untold()).toEqual([]);
  });

  it('give back what was taken by somebody who died over it, and give nothing to two', async () => {
    const batch = Array.from({ length: 10 }, () => ({ record: aRecord(newId('tenant')), traceparent }));
    await insertUsageRecords(router.db.pool, batch);
    const died = router.db.db.transaction().execute(async (trx) => {
      await takeUntold(trx, 10);
      throw new Error('died');
    });
    await expect(died).rejects.toThrow('died');
    const taken = (await Promise.all([untold(6), untold(6), untold(6)])).flat();
    expect(taken.map(({ record }) => record.id).sort()).toEqual(batch.map(({ record }) => record.id).sort());
  });

  it('sum a message up once, by the UTC day, however often it comes', async () => {
    const tenantId = newId('tenant');
    const records = [
      aRecord(tenantId, new Date('2026-03-01T23:59:59.999Z')),
      aRecord(tenantId, new Date('2026-03-02T00:00:00.000Z')),
      aRecord(tenantId, new Date('2026-03-02T12:00:00.000Z')),
    ];
    const messageId = newId('evt');
    const consume = () =>
      handleOnce(router.db.db, 'usage.recorded.chat-router', messageId, (trx) => addToUsageByDay(trx, records));
    await Promise.all([consume(), consume(), consume()]);
    await consume();
    const page = { after: null, backwards: false, limit: 10 };
    expect(await listUsageByDay(router.db.db, tenantId, page)).toEqual([
      { day: '2026-03-02', model: 'sim/small', requests: 2, prompt_tokens: 14, completion_tokens: 6 },
      { day: '2026-03-01', model: 'sim/small', requests: 1, prompt_tokens: 7, completion_tokens: 3 },
    ]);
    const older = { after: { day: '2026-03-02', model: 'sim/small' }, backwards: false, limit: 10 };
    expect((await listUsageByDay(router.db.db, tenantId, older)).map(({ day }) => day)).toEqual(['2026-03-01']);
    const newer = { after: { day: '2026-03-01', model: 'sim/small' }, backwards: true, limit: 10 };
    expect((await listUsageByDay(router.db.db, tenantId, newer)).map(({ day }) => day)).toEqual(['2026-03-02']);
  });
});
