import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallerIdentity } from '@signalbox/identity';
import { createEmitter } from '@signalbox/queue';
import type { SimulatedProvider } from '@signalbox/test-kit';
import { submitResearch } from '../src/jobs/submit-research.ts';
import { identityKeys, startTestService, testConfig, testEnvironment, type TestService } from './harness.ts';
import { jobIn, researcher, uploadNotes } from './research-world.ts';
import { simulateWriter } from './simulated-writer.ts';

const boundaries = ['plan', 'search', 'fetch', 'rank', 'outline', 'write', 'verify', 'analyse', 'render', 'publish'];
const input = {
  topic: 'What do honey bees need to survive the winter?',
  sources: ['documents' as const],
  model: 'writer',
};

describe('a worker that is killed with SIGKILL (CR-1, R3)', () => {
  const owned = new AsyncDisposableStack();
  const prefix = `crash-${randomUUID()}`;
  let model: SimulatedProvider;
  let caller: CallerIdentity;
  let first: TestService;
  const jobs = new Map<string, string>();

  beforeAll(async () => {
    model = owned.use(await simulateWriter());
    caller = researcher();
    first = owned.use(await startTestService({ prefix }));
    await uploadNotes(first, caller);
    const found = async () => (await first.get('/api/v1/documents?status=completed', caller)).body['data'] as unknown[];
    while ((await found()).length < 3) await first.get('/api/v1/documents', caller);
    await first.stop();
    for (const stage of boundaries) jobs.set(stage, await dieAfter(`mark/${stage}`));
  }, 240_000);
  afterAll(() => owned.disposeAsync());

  /** Has a service of its own take up a job and die at that step. */
  async function dieAfter(step: string): Promise<string> {
    const emitter = createEmitter({ service: 'research-pipeline', identityKeys });
    const { job } = await submitResearch(
      { db: first.db.db, emitter, nudgeRelay: () => undefined, queuedMax: 100, keptForDays: 1 },
      caller,
      { input, idempotencyKey: null },
    );
    const child = spawn(
      process.execPath,
      ['--conditions=@signalbox/source', '--no-warnings', join(import.meta.dirname, 'dying-worker.ts')],
      {
        env: {
          ...testEnvironment(first.database.url),
          CHAT_ROUTER_URL: new URL(model.url).origin,
          // Those that died before are not to be taken up yet.
          RESEARCH_LEASE_MS: '600000',
          RESEARCH_RUNNING_PER_TENANT_MAX: '100',
          DIE_AFTER: step,
          QUEUE_PREFIX: prefix,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([step, code, signal]).toEqual([step, null, 'SIGKILL']);
    return job.id;
  }

  it('is replaced at every boundary of stages: one report, the same as without it, and no call is paid for twice', async () => {
    const config = testConfig(first.database.url);
    await first.query(`update @research_jobs set lease_until = now() - interval '1 s' where lease_until is not null`);
    await using second = await startTestService({
      prefix,
      database: first.database,
      config: {
        chatRouterUrl: new URL(model.url).origin,
        jobs: { ...config.jobs, runningPerTenantMax: 100 },
      },
    });
    const undisturbed = await second.post('/api/v1/research', input, { caller });
    const expected = await reportOf(second, String(undisturbed.body['id']));
    expect(expected['sections']).not.toEqual([]);
    for (const [stage, id] of jobs) {
      const job = await jobIn(second, caller, id, 'completed', 'completed_partial', 'failed');
      expect([stage, job['status'], job['workers']]).toEqual([stage, 'completed', 2]);
      expect([stage, await reportOf(second, id)]).toEqual([stage, expected]);
    }
    const keys = model.requests.map(({ headers }) => String(headers['idempotency-key']));
    expect(keys.length).toBeGreaterThan(boundaries.length * 3);
    expect(new Set(keys).size).toBe(keys.length);
  }, 120_000);

  it('gives a job up that one worker after another dies at, with the reason, and takes it up again when it is asked to', async () => {
    await using second = await startTestService({ prefix, database: first.database });
    const { body } = await second.post(
      '/api/v1/research',
      { ...input, model: undefined, pause_on_plan: true },
      { caller },
    );
    const id = String(body['id']);
    await jobIn(second, caller, id, 'waiting_for_approval');
    await first.query(
      `update @research_jobs set status = 'running', lost_leases = 2, lease_until = now() - interval '1 s',
         touched_at = now() - interval '1 minute' where id = $1`,
      [id],
    );
    const failed = await jobIn(second, caller, id, 'failed', 'completed');
    expect(failed).toMatchObject({
      status: 'failed',
      error: { code: 'INTERNAL', message: expect.stringContaining('lost') },
    });
    expect((await second.post(`/api/v1/research/${id}/retry`, undefined, { caller })).status).toBe(202);
    expect(await jobIn(second, caller, id, 'waiting_for_approval')).toMatchObject({ run: 2, error: null });
  });

  /** What a report says, without whose it is and when it was asked for. */
  async function reportOf(service: TestService, id: string): Promise<Record<string, unknown>> {
    await jobIn(service, caller, id, 'completed');
    const { body } = await service.get(`/api/v1/research/${id}/report.json`, caller);
    const { job_id: _id, as_of: _asOf, ...report } = body;
    return report;
  }
});
