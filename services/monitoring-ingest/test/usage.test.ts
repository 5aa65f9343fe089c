import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { usageRecorded, type UsageRecord } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { createEmitter, createQueues, type Queues } from '@signalbox/queue';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { testStore, waitFor } from '@signalbox/test-kit';
import { aCaller, identityKeys, startTestService, type TestService } from './harness.ts';

const prefix = `test-${randomBytes(6).toString('hex')}`;
const logger = createLogger({ service: 'test', level: 'silent' });
let service: TestService;
let queues: Queues;
beforeAll(async () => {
  service = await startTestService({ prefix });
  queues = createQueues({
    redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
    service: 'chat-router',
    identityKeys,
    logger,
    metrics: createMetrics({ service: 'test' }),
    prefix,
  });
  await waitFor(async () => {
    await queues.ping();
    return true;
  });
});
afterAll(async () => {
  await queues[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

function aRecord(tenantId: string, more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: newId('usage'),
    at: new Date(Date.now() - 1_000).toISOString(),
    tenant_id: tenantId,
    principal_id: newId('key'),
    request_id: newId('req'),
    provider: 'openai',
    model: 'openai/gpt-5',
    requested_model: 'fast',
    outcome: 'ok',
    streamed: true,
    prompt_tokens: 11,
    completion_tokens: 5,
    cached_tokens: null,
    reasoning_tokens: null,
    cache_write_tokens: null,
    cost_usd: '0.000077500',
    cost_basis: null,
    charged_tokens: null,
    price_version: null,
    system: null,
    tags: { team: 'a' },
    attempts: 1,
    estimated_prompt_tokens: null,
    estimate_method: null,
    latency_ms: 250.5,
    first_token_ms: 80,
    ...more,
  };
}

/** What chat-router's relay does with its outbox; the message for monitoring-ingest alone. */
async function tell(tenantId: string, records: UsageRecord[]): Promise<void> {
  const principal = { kind: 'service', principalId: 'chat-router', tenantId, scopes: [] } as const;
  const emitter = createEmitter({ service: 'chat-router', identityKeys });
  const rows = emitter.outboxRows(usageRecorded, { records }, { principal, requestId: newId('req') });
  await queues.publish(rows.filter(({ name }) => name === 'usage.recorded.monitoring-ingest'));
}

const samplesOf = (tenantId: string) =>
  service.query('select * from @samples where tenant_id = $1 order by latency_ms', [tenantId]);

describe('usage that chat-router tells of', () => {
  it('becomes a sample of the model that answered, with its tokens, its time and its exact cost', async () => {
    const { tenantId } = aCaller().principal;
    const record = aRecord(tenantId);
    await tell(tenantId, [record]);
    const [sample] = await waitFor(async () => {
      const rows = await samplesOf(tenantId);
      return rows.length > 0 ? rows : null;
    });
    expect(sample).toMatchObject({
      time: new Date(record.at),
      model_id: 'openai/gpt-5',
      model_type: 'llm',
      request_id: record.id,
      latency_ms: 250.5,
      time_to_first_token_ms: 80,
      input_tokens: '11',
      output_tokens: '5',
      cost_nanos: '77500',
      error_rate: 0,
      source: 'usage',
      tags: { team: 'a', request_id: record.request_id, provider: 'openai', outcome: 'ok', streamed: 'true' },
    });
  });

  it('is one sample for each call however often it is told, and only of the tenant whose message it is', async () => {
    const { tenantId } = aCaller().principal;
    const stranger = aRecord(aCaller().principal.tenantId);
    const records = [
      aRecord(tenantId, { latency_ms: 1 }),
      // The same request, which was tried again with the same model.
      aRecord(tenantId, { latency_ms: 2, outcome: 'failed', cost_usd: null, prompt_tokens: null }),
      aRecord(tenantId, { latency_ms: 3, outcome: 'aborted' }),
      stranger,
    ];
    await tell(tenantId, records);
    await tell(tenantId, records);
    await tell(tenantId, [aRecord(tenantId, { latency_ms: 4 })]);
    await waitFor(async () => (await samplesOf(tenantId)).length >= 4);
    const rows = await samplesOf(tenantId);
    expect(rows.map((row) => [row['latency_ms'], row['error_rate'], row['cost_nanos']])).toEqual([
      [1, 0, '77500'],
      [2, 1, null],
      [3, null, '77500'],
      [4, 0, '77500'],
    ]);
    expect(await samplesOf(stranger.tenant_id)).toEqual([]);
  });
});
