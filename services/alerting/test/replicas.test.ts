import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startHttpSink, waitFor } from '@signalbox/test-kit';
import { VaultKeys } from '@signalbox/vault';
import { startTestService } from './harness.ts';

const vaultKeys = VaultKeys.parse(`1:${randomBytes(32).toString('base64url')}`);
const configuration = `
route:
  receiver: hook
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: hook
    channel_configs:
      - channel: '*'
`;

describe('two replicas (MX-13)', () => {
  it('tell every alert exactly once between them, and every end', async () => {
    await using hook = await startHttpSink();
    await using one = await startTestService({ config: { vaultKeys } });
    await using other = await startTestService({ database: one.database, config: { vaultKeys } });
    const caller = { ...one.caller, requestId: newId('req') };
    const settings = { url: hook.url };
    const rateLimit = { messages: 1_000, window_seconds: 60 };
    const made = await one.post('/api/v1/channels', { name: 'hook', kind: 'webhook', settings, rate_limit: rateLimit });
    expect(made.status).toBe(201);
    const put = { method: 'PUT', caller };
    expect((await one.post('/api/v1/alerting-configuration', { original: configuration }, put)).status).toBe(200);
    const alerts = (endsAt?: string) =>
      Array.from({ length: 40 }, (_, index) => ({ labels: { alertname: 'Many', index: String(index) }, endsAt }));
    for (const [index, alert] of alerts().entries()) {
      const service = index % 2 === 0 ? one : other;
      await service.post('/alertmanager/api/v2/alerts', [alert], { caller: { ...caller, requestId: newId('req') } });
    }
    const told = (status: string) =>
      hook.accepted.flatMap(({ body }) =>
        body['status'] === status ? (body['alerts'] as { fingerprint: string }[]) : [],
      );
    await waitFor(() => told('firing').length >= 40, { timeoutMs: 30_000, what: 'all alerts' });
    await one.post('/alertmanager/api/v2/alerts', alerts(new Date().toISOString()), {
      caller: { ...caller, requestId: newId('req') },
    });
    await waitFor(() => told('resolved').length >= 40, { timeoutMs: 30_000, what: 'all ends' });
    for (const status of ['firing', 'resolved']) {
      const fingerprints = told(status).map(({ fingerprint }) => fingerprint);
      expect([fingerprints.length, new Set(fingerprints).size]).toEqual([40, 40]);
    }
    const ids = hook.requests.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
