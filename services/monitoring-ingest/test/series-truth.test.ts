import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, type TestDatabase } from '@signalbox/test-kit';
import fc from 'fast-check';
import { sql } from 'kysely';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import { rollUp } from '../src/rollups/roll-up.ts';
import { sketchRelativeError } from '../src/rollups/sketch.ts';
import { count, type CountedCell } from '../src/series/query-series.ts';
import type { SampleFilter } from '../src/series/sample-filter.ts';
import type { Segmentation } from '../src/series/series-store.ts';
import { aSample, storeSamples, type StoredSample } from './stored-samples.ts';

const start = Date.parse('2026-03-01T00:00:00Z');
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const end = start + 3 * dayMs;

let database: TestDatabase;
let db: Database<Schema>;
beforeAll(async () => {
  database = await createTestDatabase({ service: 'monitoring-ingest', migrations });
  db = openDatabase<Schema>({
    url: database.url,
    applicationName: 'test',
    logger: createLogger({ service: 'monitoring-ingest', level: 'silent' }),
  });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function rollAll(now = end + dayMs): Promise<number> {
  let rolled = 0;
  for (let more = 1; more > 0;) {
    more = await rollUp(db.db, new Date(now));
    rolled += more;
  }
  return rolled;
}

const valueOf: Readonly<Record<string, (sample: StoredSample) => number | null>> = {
  requests: () => 1,
  latency_ms: ({ latency_ms: value }) => value,
  throughput: ({ throughput }) => throughput,
  error_rate: ({ error_rate: value }) => value,
  gpu_memory: ({ gpu_memory: value }) => value,
  cost_usd: ({ cost_nanos: nanos }) => (nanos === null ? null : nanos / 1e9),
};

interface Question {
  metric: string;
  from: number;
  to: number;
  stepMs: number | null;
  filter: Omit<SampleFilter, 'tenantId'>;
  segmentBy: Segmentation | undefined;
}

/** The same question, answered by going over all samples. */
function bruteForce(samples: readonly StoredSample[], question: Question): Map<string, number[]> {
  const { metric, from, to, stepMs, filter, segmentBy } = question;
  const cells = new Map<string, number[]>();
  for (const sample of samples) {
    const value = valueOf[metric]?.(sample) ?? null;
    if (value === null || sample.time < from || sample.time >= to) continue;
    if (filter.modelId !== undefined && sample.model_id !== filter.modelId) continue;
    if (filter.modelVersion !== undefined && sample.model_version !== filter.modelVersion) continue;
    if (filter.environment !== undefined && sample.environment !== filter.environment) continue;
    if (filter.tag !== undefined && sample.tags?.[filter.tag.name] !== filter.tag.value) continue;
    const segment =
      segmentBy === undefined
        ? ''
        : typeof segmentBy === 'object'
          ? (sample.tags?.[segmentBy.tag] ?? '')
          : (sample[segmentBy] ?? '');
    const at = stepMs === null ? 0 : Math.floor(sample.time / stepMs) * stepMs;
    const key = `${segment}@${String(at)}`;
    cells.set(key, [...(cells.get(key) ?? []), value]);
  }
  return cells;
}

function expectSame(counted: readonly CountedCell[], expected: Map<string, number[]>): void {
  const keyOf = ({ segment, at }: CountedCell) => `${segment}@${String(at)}`;
  expect(counted.map(keyOf).sort()).toEqual([...expected.keys()].sort());
  for (const cell of counted) {
    const values = [...(expected.get(keyOf(cell)) ?? [])].sort((one, other) => one - other);
    const sum = values.reduce((total, value) => total + value, 0);
    expect([cell.count, cell.min, cell.max]).toEqual([values.length, values[0], values.at(-1)]);
    expect(Math.abs(cell.sum - sum)).toBeLessThanOrEqual(Math.abs(sum) * 1e-9);
    for (const [percent, quantile] of [
      [50, cell.p50],
      [95, cell.p95],
      [99, cell.p99],
    ] as const) {
      const exact = values[Math.ceil((percent * values.length) / 100) - 1] ?? Number.NaN;
      expect(Math.abs((quantile ?? Number.NaN) - exact)).toBeLessThanOrEqual(exact * (sketchRelativeError + 1e-9));
    }
  }
}

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { freq: 3 });

const anySample: fc.Arbitrary<StoredSample> = fc.record({
  // Many in the same minutes, and some at every edge.
  time: fc.oneof(
    fc.integer({ min: start, max: start + 3 * minuteMs }),
    fc.integer({ min: start, max: end - 1 }),
    fc.integer({ min: 0, max: 71 }).map((hour) => start + hour * hourMs),
    fc.integer({ min: 1, max: 72 }).map((hour) => start + hour * hourMs - 1),
  ),
  model_id: fc.constantFrom('one', 'other'),
  model_version: maybe(fc.constantFrom('1', '2')),
  environment: maybe(fc.constantFrom('prod', 'dev')),
  latency_ms: fc.double({ min: 1e-3, max: 8e7, noNaN: true }),
  throughput: maybe(fc.double({ min: 1e-300, max: 1e289, noNaN: true })),
  error_rate: maybe(fc.constantFrom(0, 0, 0, 1, 0.25)),
  gpu_memory: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
  cost_nanos: maybe(fc.nat(1_000_000_000)),
  prediction: maybe(fc.constantFrom('yes', 'no')),
  tags: maybe(fc.record({ region: fc.constantFrom('eu', 'us') }, { requiredKeys: [] })),
});

const anyQuestion: fc.Arbitrary<Question> = fc
  .record({
    metric: fc.constantFrom(...Object.keys(valueOf)),
    from: fc.integer({ min: start - hourMs, max: end }),
    length: fc.oneof(fc.integer({ min: 1, max: 2 * hourMs }), fc.integer({ min: 1, max: 3 * dayMs })),
    stepMs: fc.constantFrom(null, 30_000, 90_000, minuteMs, 5 * minuteMs, hourMs, 7 * hourMs, dayMs),
    modelId: fc.option(fc.constantFrom('one', 'other'), { nil: undefined }),
    modelVersion: fc.option(fc.constantFrom('1', '2'), { nil: undefined, freq: 4 }),
    environment: fc.option(fc.constantFrom('prod', 'dev'), { nil: undefined, freq: 4 }),
    tag: fc.option(fc.constant({ name: 'region', value: 'eu' }), { nil: undefined, freq: 6 }),
    segmentBy: fc.option(fc.constantFrom<Segmentation>('model_id', 'model_version', 'environment', { tag: 'region' }), {
      nil: undefined,
    }),
  })
  .map(({ metric, from, length, stepMs, segmentBy, ...filter }) => {
    // As the routes ask: whole buckets.
    const edge = (at: number, round: (value: number) => number) => (stepMs === null ? at : round(at / stepMs) * stepMs);
    return { metric, from: edge(from, Math.floor), to: edge(from + length, Math.ceil), stepMs, filter, segmentBy };
  });

async function ask(tenantId: string, { metric, from, to, stepMs, filter, segmentBy }: Question) {
  return count(db.db, {
    filter: { tenantId, ...filter },
    metrics: [metric],
    span: { from, to },
    stepMs,
    quantiles: true,
    segmentBy,
    segmentsMax: 100,
  });
}

describe('what is charted and summed up (MX-2, MX-3, MX-4)', () => {
  it('is what a count over all rows gives, whatever of them is rolled up, and whatever comes late', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anySample, { maxLength: 60 }),
        fc.array(anySample, { maxLength: 10 }),
        fc.integer({ min: start, max: end + dayMs }),
        fc.array(anyQuestion, { minLength: 4, maxLength: 4 }),
        async (early, late, rolledAt, questions) => {
          const tenantId = newId('tenant');
          await storeSamples(db, tenantId, early);
          // Perhaps in the middle of it all: then some minutes are rolled up, and hours and days are not.
          await rollAll(rolledAt);
          await storeSamples(db, tenantId, late);
          const samples = [...early, ...late];
          for (const question of questions) {
            expectSame((await ask(tenantId, question)).cells, bruteForce(samples, question));
          }
          await rollAll();
          for (const question of questions) {
            expectSame((await ask(tenantId, question)).cells, bruteForce(samples, question));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is the same from rollups alone: merging sketches of minutes and hours gives the sketch of the whole', async () => {
    const tenantId = newId('tenant');
    const samples = fc.sample(anySample, { numRuns: 2_000, seed: 4 });
    await storeSamples(db, tenantId, samples);
    await rollAll();
    const days: Question = {
      metric: 'latency_ms',
      from: start,
      to: end,
      stepMs: dayMs,
      filter: {},
      segmentBy: undefined,
    };
    const merged = await ask(tenantId, days);
    expect(merged.resolution).toBe('1d');
    await sql`delete from samples where tenant_id = ${tenantId}`.execute(db.db);
    expect(await ask(tenantId, days)).toEqual(merged);
    expectSame(merged.cells, bruteForce(samples, days));
    const { rows } = await sql<{ whole: boolean }>`
      select (select array_agg(key order by key) from (
          select key, sum(n) from rollups_1m, unnest(keys, counts) as bin (key, n)
          where tenant_id = ${tenantId} and metric = 'latency_ms' and model_id = 'one' and model_version = '1'
            and environment = 'prod' and bucket < ${new Date(start + dayMs)} group by key
        ) as minutes) = keys as whole
      from rollups_1d where tenant_id = ${tenantId} and metric = 'latency_ms' and model_id = 'one'
        and model_version = '1' and environment = 'prod' and bucket = ${new Date(start)}`.execute(db.db);
    expect(rows).toEqual([{ whole: true }]);
  });

  it('rolls the minute of a late row up again, and no other', async () => {
    const tenantId = newId('tenant');
    await storeSamples(
      db,
      tenantId,
      Array.from({ length: 10 }, (_, index) => aSample(start + index * minuteMs)),
    );
    await rollAll();
    const versions = async () =>
      (
        await sql<{ bucket: Date; xmin: string }>`
          select bucket, xmin::text from rollups_1m
          where tenant_id = ${tenantId} and metric = 'requests' order by bucket`.execute(db.db)
      ).rows;
    const before = await versions();
    await storeSamples(db, tenantId, [aSample(start + 4 * minuteMs + 30_000)]);
    // The minute, its hour and its day.
    expect(await rollAll()).toBe(3);
    const after = await versions();
    expect(
      after.filter(({ xmin }, index) => xmin !== before[index]?.xmin).map(({ bucket }) => bucket.getTime()),
    ).toEqual([start + 4 * minuteMs]);
  });

  it('keeps what was rolled up of a minute whose rows are gone', async () => {
    const tenantId = newId('tenant');
    await storeSamples(db, tenantId, [aSample(start), aSample(start)]);
    await rollAll();
    await sql`delete from samples where tenant_id = ${tenantId}`.execute(db.db);
    await sql`insert into dirty_minutes values (${tenantId}, 'm', ${new Date(start)})`.execute(db.db);
    await rollAll();
    const question: Question = {
      metric: 'requests',
      from: start,
      to: end,
      stepMs: hourMs,
      filter: {},
      segmentBy: undefined,
    };
    expect((await ask(tenantId, question)).cells).toMatchObject([{ at: start, count: 2 }]);
  });

  it('counts every row once when two processes roll up at once', async () => {
    const tenantId = newId('tenant');
    const samples = fc.sample(anySample, { numRuns: 500, seed: 5 });
    await storeSamples(db, tenantId, samples);
    await Promise.all([rollAll(), rollAll(), rollAll()]);
    await rollAll();
    const question: Question = {
      metric: 'requests',
      from: start,
      to: end,
      stepMs: minuteMs,
      filter: {},
      segmentBy: 'model_id',
    };
    expectSame((await ask(tenantId, question)).cells, bruteForce(samples, question));
  });

  it("never counts another tenant's rows", async () => {
    const [one, other] = [newId('tenant'), newId('tenant')];
    await storeSamples(db, one, [aSample(start)]);
    await storeSamples(db, other, [aSample(start), aSample(start)]);
    const question: Question = {
      metric: 'requests',
      from: start,
      to: end,
      stepMs: null,
      filter: {},
      segmentBy: undefined,
    };
    expect((await ask(one, question)).cells).toMatchObject([{ count: 1 }]);
    await rollAll();
    expect((await ask(one, question)).cells).toMatchObject([{ count: 1 }]);
    expect((await ask(other, question)).cells).toMatchObject([{ count: 2 }]);
  });
});
