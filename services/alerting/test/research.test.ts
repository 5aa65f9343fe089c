import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { researchFinished, type ResearchFinished } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { waitFor } from '@signalbox/test-kit';
import { aCaller, startTestService, type TestService } from './harness.ts';
import { tellEvent } from './tell-event.ts';

const prefix = `test-research-${newId('req')}`;
let service: TestService;
beforeAll(async () => {
  service = await startTestService({ prefix });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

type Json = Record<string, unknown>;
const as = (caller: CallerIdentity): CallerIdentity => ({ ...caller, requestId: newId('req') });

async function tell(caller: CallerIdentity, finished: Pick<ResearchFinished, 'status'> & Partial<ResearchFinished>) {
  const { tenantId } = caller.principal;
  const jobId = newId('job');
  const facts = { job_id: jobId, tenant_id: tenantId, topic: 'Tides', error: null, ...finished };
  const seen = () =>
    service.query<{ n: string }>("select count(*) as n from @inbox where consumer = 'research.finished.alerting'");
  const before = Number((await seen())[0]?.n);
  await tellEvent(prefix, researchFinished, facts, caller, `evt_${jobId}`);
  // One after the other, as they ended: what is in a row is told in a row.
  await waitFor(async () => (Number((await seen())[0]?.n) > before ? true : null), { timeoutMs: 20_000 });
}

const untilAlert = (caller: CallerIdentity, name: string, state: string): Promise<Json> =>
  waitFor(
    async () => {
      const { body } = await service.get(`/api/v1/alerts?limit=100&name=${name}`, as(caller));
      return (body['data'] as Json[]).find((alert) => alert['state'] === state) ?? null;
    },
    { timeoutMs: 20_000 },
  );

describe('research that fails (OD-12, CR-3)', () => {
  it('is an alert by a rule of its own, that names the topic and why, and ends with the next that succeeds', async () => {
    const caller = aCaller();
    const rule = {
      name: 'AnyResearchFailed',
      condition: { kind: 'signal', signal: 'research', states: ['failed'] },
      severity: 'low',
      annotations: { summary: 'Research on {{ labels.topic }} failed: {{ labels.error }} ({{ labels.job_id }})' },
    };
    expect((await service.post('/api/v1/alert-rules', rule, { caller: as(caller) })).status).toBe(201);
    await tell(caller, { status: 'failed', job_id: 'job_1', topic: 'Tides', error: 'No source could be read.' });
    expect(await untilAlert(caller, 'AnyResearchFailed', 'firing')).toMatchObject({
      message: 'Research on Tides failed: No source could be read. (job_1)',
      labels: { subject: 'research' },
    });
    // The next one is the same alert, whatever it was about.
    await tell(caller, { status: 'failed', job_id: 'job_2', topic: 'Moons', error: 'Too late.' });
    await waitFor(async () =>
      (await untilAlert(caller, 'AnyResearchFailed', 'firing'))['message'] ===
      'Research on Moons failed: Too late. (job_2)'
        ? true
        : null,
    );
    await tell(caller, { status: 'completed' });
    await untilAlert(caller, 'AnyResearchFailed', 'resolved');
    const { body } = await service.get('/api/v1/alerts?limit=100&name=AnyResearchFailed', as(caller));
    expect(body['data']).toHaveLength(1);
  });

  it('rings by itself at three in a row; one that was cancelled says nothing either way', async () => {
    const caller = aCaller();
    await tell(caller, { status: 'failed' });
    await tell(caller, { status: 'completed' });
    await tell(caller, { status: 'failed' });
    await tell(caller, { status: 'failed' });
    const { body } = await service.get('/api/v1/alerts?limit=100&name=ResearchFailing', as(caller));
    expect(body['data']).toEqual([]);
    await tell(caller, { status: 'cancelled' });
    await tell(caller, { status: 'failed', error: 'The budget was used up.' });
    expect(await untilAlert(caller, 'ResearchFailing', 'firing')).toMatchObject({ severity: 'high', value: 3 });
  });
});
