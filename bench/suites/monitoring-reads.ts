// What reading costs monitoring-ingest: charts and sums over many rows, before and after these are rolled up, and exports
// of all of them, with the memory of the process and what comes in meanwhile.
//
//   npm run bench -- monitoring-reads [--rows 1000000] [--rolled-only]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMesh, type Mesh } from '@signalbox/local';
import pg from 'pg';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, 'rolled-only': { type: 'boolean', default: false } },
});
const rows = Number(values.rows);
const hourMs = 3_600_000;
const from = Math.floor(Date.now() / hourMs) * hourMs - 12 * hourMs;
const to = from + 10 * hourMs;
const span = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;

await using cleanUp = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});
const mesh = cleanUp.use(
  await startMesh({
    home: join(folder, 'mesh'),
    overrides: { gateway: { LIMITS_DEFAULT_REQUESTS_PER_MINUTE: '1000000', LOOP_DELAY_MS_MAX: '60000' } },
  }),
);
const { pid } = serviceOf(mesh);
const sql = new pg.Pool({ connectionString: mesh.postgresUrl, max: 2 });
cleanUp.defer(() => sql.end());
const authorization = `Bearer ${String(mesh.adminKey)}`;
const me = (await (await ask('/api/v1/users/me')).json()) as { tenant_id: string };

await timed(`${String(rows)} rows over ten hours, put in by SQL`, () =>
  sql.query(
    `insert into monitoring_ingest.samples (time, tenant_id, model_id, request_id, model_type, latency_ms, error_rate,
        cpu_usage, tags, source, seq)
      select $2::timestamptz + (n::float8 / $3::float8) * interval '10 hours', $1, 'model-' || n % 10, 'request-' || n,
        'tabular', 50 + 400 * random(), (n % 20 = 0)::integer, random(), '{"region": "eu", "team": "a"}', 'api',
        nextval('monitoring_ingest.row_seq')
      from generate_series(1, $3::bigint) as n`,
    [me.tenant_id, new Date(from), rows],
  ),
);
await sql.query('vacuum analyze monitoring_ingest.samples');

// What is marked and not yet rolled up is counted from the rows.
const mark = `insert into monitoring_ingest.dirty_minutes
  select distinct tenant_id, model_id, date_trunc('minute', time, 'UTC') from monitoring_ingest.samples`;
const summary = () => ask('/api/v1/summary?since_hours=13').then((answer) => answer.json());
await sql.query(mark);
// Of many millions of rows at once this is no question of seconds any more.
if (!values['rolled-only']) await timed('the summary while it is being rolled up', summary);
await timed('all is rolled up', async () => {
  for (let waiting = true; waiting;) {
    const { rows: found } = await sql.query<{ waiting: boolean }>(
      `select exists (select from monitoring_ingest.dirty_minutes)
        or exists (select from monitoring_ingest.dirty_buckets where resolution = '1h') as waiting`,
    );
    waiting = found[0]?.waiting === true;
  }
});
await timed('the summary from rollups', summary);
await timed('the summary from rollups, once more', summary);
await timed('p95 by 5 minutes and model, from rollups', () =>
  ask(`/api/v1/metrics/series?metric=latency_ms&aggregate=p95&step=5m&segment_by=model_id&${span}`).then((answer) =>
    answer.json(),
  ),
);
await timed('p95 by 5 minutes and region, from rows', () =>
  ask(`/api/v1/metrics/series?metric=latency_ms&aggregate=p95&step=5m&segment_by=tag:region&${span}`).then((answer) =>
    answer.json(),
  ),
);

for (const format of values['rolled-only'] ? [] : ['csv', 'ndjson', 'json']) {
  const before = residentMiB();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentMiB());
  }, 20);
  const intake = startIntake();
  let bytes = 0;
  const started = performance.now();
  const answer = await ask(`/api/v1/metrics/export?format=${format}&${span}`);
  for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(watch);
  const waits = (await intake()).sort((one, other) => one - other);
  console.log(
    `export ${format}: ${(bytes / 2 ** 20).toFixed(0)} MiB in ${seconds.toFixed(1)} s, ` +
      `${(rows / seconds).toFixed(0)} rows/s; memory of the process ${before.toFixed(0)} MiB before, ${most.toFixed(0)} MiB at most; ` +
      `${String(waits.length)} samples sent meanwhile, each answered in ${median(waits).toFixed(0)} ms (median), ` +
      `${(waits[Math.ceil(0.99 * waits.length) - 1] ?? 0).toFixed(0)} ms (p99)`,
  );
}

/** Sends one sample after the other until it is told to end, and gives how long each took in ms. */
function startIntake(): () => Promise<number[]> {
  const waits: number[] = [];
  let goesOn = true;
  const sending = (async () => {
    while (goesOn) {
      const started = performance.now();
      const answer = await fetch(new URL('/api/v1/metrics/inference', mesh.gatewayUrl), {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ model_id: 'meanwhile', model_type: 'other', latency: 1 },
          request_id: `meanwhile-${String(performance.now())}`,
        }),
      });
      await answer.arrayBuffer();
      if (answer.status !== 201) throw new Error(`intake answered ${String(answer.status)}`);
      waits.push(performance.now() - started);
    }
  })();
  return async () => {
    goesOn = false;
    await sending;
    return waits;
  };
}

async function ask(path: string): Promise<Response> {
  const answer = await fetch(new URL(path, mesh.gatewayUrl), { headers: { authorization } });
  if (!answer.ok) throw new Error(`${path}: ${String(answer.status)} ${await answer.text()}`);
  return answer;
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - started) / 1_000).toFixed(2)} s`);
}

function residentMiB(): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function serviceOf({ services }: Mesh): { pid: number } {
  const service = services['monitoring-ingest'];
  if (service === undefined) throw new Error('monitoring-ingest does not run');
  return service;
}
