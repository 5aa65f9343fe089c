import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import pg from 'pg';
import { agrees, goldenFigures } from '../../services/monitoring-ingest/test/drift-golden.ts';
import { lehmer, normal } from '../../services/monitoring-ingest/test/drift-simulation.ts';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

let opened: OpenedMesh;
beforeAll(async () => {
  opened = await openMesh({ limits: wideLimits });
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
});

const random = lehmer(2_026);
const hourMs = 3_600_000;
const hour = (ago: number) => new Date((Math.floor(Date.now() / hourMs) - ago) * hourMs);
const windowOf = (ago: number) => ({ from: hour(ago).toISOString(), to: hour(ago - 1).toISOString() });

async function send(modelId: string, ago: number, count: number, shift: number): Promise<void> {
  const items = Array.from({ length: count }, (_, index) => ({
    model_id: modelId,
    model_type: 'tabular',
    request_id: `${String(ago)}-${String(index)}`,
    timestamp: new Date(hour(ago).getTime() + (index * hourMs) / count).toISOString(),
    latency: 20,
    features: { income: normal(random) + shift, region: random() < 0.6 ? 'north' : 'south' },
    embedding: [normal(random) + shift, normal(random) + shift],
  }));
  expect((await opened.ask('/api/v1/metrics/batch', { body: { items } })).body).toMatchObject({ accepted: count });
}

const run = async (modelId: string, ago: number) =>
  (await opened.ask(`/api/v1/models/${encodeURIComponent(modelId)}/drift/run`, { body: { window: windowOf(ago) } }))
    .body;

describe('drift through the gateway (MX-7)', () => {
  it('compares samples as the sample file says, to 1e-9', async () => {
    // One figure of each method and kind: the service's own test asks for all.
    const figures = goldenFigures().filter((_, index) => index % 7 === 0);
    const wrong: string[] = [];
    for (const { name, request, of, expected } of figures) {
      const { status, body } = await opened.ask('/api/v1/drift/compare', { body: request });
      if (status !== 200 || !agrees(body[of] as number, expected)) wrong.push(name);
    }
    expect(wrong).toEqual([]);
    const { body } = await opened.ask('/api/v1/drift/methods');
    expect((body['data'] as unknown[]).length).toBeGreaterThanOrEqual(10);
  });

  it('gives a model whose inputs shift a drift verdict, and one whose inputs do not shift none', async () => {
    for (const [modelId, shift] of [
      ['credit/shifted', 0.6],
      ['credit/steady', 0],
    ] as const) {
      await send(modelId, 9, 800, 0);
      const frozen = await opened.ask('/api/v1/drift/references', {
        body: { model_id: modelId, window: windowOf(9), is_scheduled: false },
      });
      expect([frozen.status, frozen.body]).toMatchObject([201, { version: 1, rows: 800 }]);
      await send(modelId, 8, 500, shift);
      await send(modelId, 7, 500, shift);
    }
    expect(await run('credit/steady', 8)).toMatchObject({ outcome: 'no_drift', state: 'stable' });
    expect(await run('credit/steady', 7)).toMatchObject({ outcome: 'no_drift', state: 'stable', drifting_columns: [] });
    expect(await run('credit/shifted', 8)).toMatchObject({ outcome: 'drift', state: 'suspected' });
    const verdict = await run('credit/shifted', 7);
    expect(verdict).toMatchObject({ outcome: 'drift', state: 'drifting' });
    expect(verdict['drifting_columns']).toEqual(['embedding', 'feature:income']);
    const checks = verdict['checks'] as { column: string; check: string; bins: { contribution: number }[] }[];
    const income = checks.find(({ column, check }) => column === 'feature:income' && check === 'distribution');
    expect(income?.bins[0]?.contribution).toBeGreaterThan(0);

    const read = await opened.ask(`/api/v1/drift/verdicts/${String(verdict['id'])}`);
    expect(read.body).toEqual(verdict);
    const listed = await opened.ask('/api/v1/drift/verdicts?state=drifting');
    expect((listed.body['data'] as { model_id: string }[]).map(({ model_id: id }) => id)).toEqual(['credit/shifted']);
  });

  it('judges by itself, over the queue, the window that is due', async () => {
    await send('credit/scheduled', 2, 300, 0);
    await send('credit/scheduled', 1, 300, 0);
    const { body } = await opened.ask('/api/v1/drift/references', {
      body: { model_id: 'credit/scheduled', window: windowOf(2) },
    });
    const sql = new pg.Client(opened.mesh.postgresUrl);
    await sql.connect();
    try {
      const due = 'update monitoring_ingest.drift_references set next_run_at = $1 where id = $2';
      await sql.query(due, [new Date(hour(0).getTime() - 1), body['id']]);
    } finally {
      await sql.end();
    }
    const verdicts = await waitFor(
      async () => {
        const found = await opened.ask('/api/v1/drift/verdicts?model_id=credit%2Fscheduled');
        const data = found.body['data'] as Record<string, unknown>[];
        return data.length > 0 ? data : null;
      },
      { timeoutMs: 40_000 },
    );
    expect(verdicts[0]).toMatchObject({ reference_id: body['id'], outcome: 'no_drift', rows: 300 });
  });
});
