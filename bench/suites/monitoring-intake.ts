// `npm run bench -- monitoring-intake`: what taking measurements in costs. Rows committed a second, time to the
// acknowledgement and CPU per row, by requests of 1, 100 and 1,000 rows, straight at the service and through the gateway,
// beside a bare COPY of the same rows and, where they are installed, InfluxDB and VictoriaMetrics.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signIdentity, IdentityKeys } from '@signalbox/identity';
import { startMesh, type MeshService } from '@signalbox/local';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Pool } from 'undici';
import { copyColumns, copyText, jsonBody, lineProtocol } from '../load/measurements.ts';
import { cpuMs, familyCpuMs } from '../load/processes.ts';
import { printGoal, writeResults } from '../load/report.ts';
import { startInfluxDb, startVictoriaMetrics, type LineStore } from '../peers/line-protocol.ts';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
  },
});
if (values.help) {
  console.log(`npm run bench -- monitoring-intake [--quick] [--seconds N] [--rounds N]

Sends the same samples to monitoring-ingest (straight and through the gateway), to InfluxDB and VictoriaMetrics (Debian's
packages influxdb and victoria-metrics; left out where they are not installed) and to Postgres by COPY. Three rounds of 2 s
take about three minutes and write bench/results/monitoring-intake.json. --quick: one round of 1 s, nothing is written.`);
  process.exit(0);
}
const windowMs = Number(values.seconds ?? (values.quick ? 1 : 2)) * 1_000;
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));

await using cleanUp = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});
const home = join(folder, 'mesh');
const mesh = cleanUp.use(
  await startMesh({
    home,
    overrides: {
      gateway: { LIMITS_FILE: join(import.meta.dirname, '../load', 'no-limits.json'), LOOP_DELAY_MS_MAX: '60000' },
    },
  }),
);
const secret = readFileSync(join(home, 'secrets', 'identity-monitoring-ingest'), 'utf8').trim();
const keys = IdentityKeys.parse(`monitoring-ingest:1:${secret}`);
const sql = new pg.Pool({ connectionString: mesh.postgresUrl, max: 4 });
cleanUp.defer(() => sql.end());
const service = serviceOf('monitoring-ingest');
const gateway = serviceOf('gateway');
const postgresPid = await postmaster();

/** Who takes rows in one way, and the processes that work for it. */
interface Target {
  what: string;
  rowsPerRequest: number;
  connections: number;
  /** Sends so many rows, and resolves when they are acknowledged. */
  open: () => { send: () => Promise<void> } & AsyncDisposable;
  /** The process that takes the rows in; null: only Postgres does. */
  pid: number | null;
  usesGateway?: boolean;
  usesPostgres?: boolean;
}

interface Row {
  what: string;
  rows_per_request: number;
  connections: number;
  rows_per_second: number;
  p50_ms: number;
  p99_ms: number;
  /** CPU µs per row; of a peer, it is what the peer takes. */
  service_us: number;
  postgres_us: number;
  gateway_us: number;
  generator_us: number;
}

let signed = { at: Number.NEGATIVE_INFINITY, target: '', header: '' };
function identity(target: string): string {
  const now = performance.now();
  if (now - signed.at > 5_000 || signed.target !== target) {
    const principal = { kind: 'api_key', principalId: 'key_bench', tenantId: 'tenant_bench', scopes: ['*'] } as const;
    const binding = { audience: 'monitoring-ingest', method: 'POST', path: target };
    signed = { at: now, target, header: signIdentity(keys, binding, { principal, requestId: 'req_bench' }) };
  }
  return signed.header;
}

function meshTarget(what: 'direct' | 'gateway', rowsPerRequest: number, connections: number): Target {
  const path = rowsPerRequest === 1 ? '/api/v1/metrics/inference' : '/api/v1/metrics/batch?results=rejected';
  const headers = (): Record<string, string> =>
    what === 'direct'
      ? { 'x-signalbox-identity': identity(path) }
      : { authorization: `Bearer ${String(mesh.adminKey)}` };
  return {
    ...{ what, rowsPerRequest, connections, pid: service.pid, usesGateway: what === 'gateway', usesPostgres: true },
    open: () =>
      poster(what === 'direct' ? service.url : mesh.gatewayUrl, connections, path, 201, () => ({
        body: jsonBody(rowsPerRequest),
        headers: { 'content-type': 'application/json', ...headers() },
      })),
  };
}

function peerTarget({ label, origin, path, pid }: LineStore, rowsPerRequest: number, connections: number): Target {
  return {
    ...{ what: label, rowsPerRequest, connections, pid },
    open: () => poster(origin, connections, path, 204, () => ({ body: lineProtocol(rowsPerRequest), headers: {} })),
  };
}

function poster(
  url: string,
  connections: number,
  path: string,
  taken: number,
  request: () => { body: string; headers: Record<string, string> },
): { send: () => Promise<void> } & AsyncDisposable {
  const pool = new Pool(url, { connections });
  return {
    async send() {
      const { statusCode, body } = await pool.request({ path, method: 'POST', ...request() });
      const text = await body.text();
      if (statusCode !== taken) throw new Error(`${url} answered ${String(statusCode)}: ${text}`);
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** The same rows by COPY on two connections, a commit for each thousand: what Postgres alone would take. */
async function copyTarget(): Promise<Target> {
  await sql.query('create table bench_copy (like monitoring_ingest.samples including defaults)');
  await sql.query('create index on bench_copy (tenant_id, model_id, time)');
  await sql.query('create index on bench_copy using brin (time)');
  const send = async (): Promise<void> => {
    const client = await sql.connect();
    const stream = client.query(copyFrom(`copy bench_copy (${copyColumns}) from stdin`));
    await new Promise<void>((resolve, reject) => {
      stream.once('finish', resolve).once('error', reject).end(copyText(1_000));
    });
    client.release();
  };
  return {
    ...{ what: 'bare COPY', rowsPerRequest: 1_000, connections: 2, pid: null, usesPostgres: true },
    open: () => ({ send, [Symbol.asyncDispose]: () => Promise.resolve() }),
  };
}

async function measure({ what, rowsPerRequest, connections, open, ...target }: Target): Promise<Row> {
  await using sender = open();
  const run = async (until: number): Promise<number[]> => {
    const times: number[] = [];
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        const from = performance.now();
        await sender.send();
        times.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: connections }, lane));
    return times.sort((one, other) => one - other);
  };
  await run(performance.now() + 500);
  const clocks = () => ({
    service: target.pid === null ? 0 : cpuMs([target.pid]),
    postgres: target.usesPostgres === true ? familyCpuMs(postgresPid) : 0,
    gateway: target.usesGateway === true ? cpuMs([gateway.pid]) : 0,
    generator: cpuMs([process.pid]),
  });
  const before = clocks();
  const from = performance.now();
  const times = await run(from + windowMs);
  const seconds = (performance.now() - from) / 1_000;
  const after = clocks();
  const rows = times.length * rowsPerRequest;
  const us = (clock: keyof typeof before): number => ((after[clock] - before[clock]) * 1_000) / rows;
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    ...{ what, rows_per_request: rowsPerRequest, connections, rows_per_second: rows / seconds },
    ...{ p50_ms: at(0.5), p99_ms: at(0.99), service_us: us('service'), postgres_us: us('postgres') },
    ...{ gateway_us: us('gateway'), generator_us: us('generator') },
  };
}

/** Of rows a second and times the median of the rounds, of CPU the least: whatever else runs can only add to it. */
function summed(rowsOfTarget: readonly Row[]): Row {
  const sorted = (of: keyof Row): number[] => rowsOfTarget.map((row) => Number(row[of])).sort((a, b) => a - b);
  const median = (of: keyof Row): number => rounded(sorted(of)[Math.floor(rowsOfTarget.length / 2)] ?? 0);
  const least = (of: keyof Row): number => rounded(sorted(of)[0] ?? 0);
  const [first] = rowsOfTarget;
  if (first === undefined) throw new TypeError('a target without a round');
  return {
    ...first,
    ...{ rows_per_second: Math.round(median('rows_per_second')), p50_ms: median('p50_ms'), p99_ms: median('p99_ms') },
    ...{ service_us: least('service_us'), postgres_us: least('postgres_us') },
    ...{ gateway_us: least('gateway_us'), generator_us: least('generator_us') },
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function serviceOf(name: string): MeshService {
  const found = mesh.services[name];
  if (found === undefined) throw new Error(`the mesh has no ${name}`);
  return found;
}

async function postmaster(): Promise<number> {
  const { rows } = await sql.query<{ pid: number }>('select pg_backend_pid() as pid');
  const status = readFileSync(`/proc/${String(rows[0]?.pid)}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

function print(row: Row): void {
  const figures = [
    ...[String(row.rows_per_request), row.rows_per_second.toFixed(0), row.p50_ms.toFixed(1), row.p99_ms.toFixed(1)],
    ...[row.service_us, row.postgres_us, row.gateway_us, row.generator_us].map((us) => us.toFixed(1)),
  ];
  console.log(row.what.padEnd(20) + figures.map((figure) => figure.padStart(13)).join(''));
}

const port = 20_000 + (process.pid % 10_000);
const influx = await startInfluxDb(join(folder, 'influxdb'), port, port + 1);
const victoria = await startVictoriaMetrics(join(folder, 'victoria-metrics'), port + 2);
const peers: LineStore[] = [];
for (const [name, peer] of [
  ['InfluxDB', influx],
  ['VictoriaMetrics', victoria],
] as const) {
  if (peer === null) console.log(`${name} is not installed and left out.`);
  else peers.push(cleanUp.use(peer));
}

const targets = [
  await copyTarget(),
  ...(
    [
      [1_000, 8],
      [100, 16],
      [1, 64],
    ] as const
  ).flatMap(([rows, connections]) => [
    meshTarget('direct', rows, connections),
    meshTarget('gateway', rows, connections),
    ...peers.map((peer) => peerTarget(peer, rows, connections)),
  ]),
];
const measured = new Map(targets.map((target) => [target, [] as Row[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const [target, found] of measured) found.push(await measure(target));
}
const rows = [...measured.values()].map(summed);

const titles = [
  'rows/request',
  'rows/s',
  'p50 ms',
  'p99 ms',
  'service µs',
  'Postgres µs',
  'gateway µs',
  'generator µs',
];
console.log(''.padEnd(20) + titles.map((title) => title.padStart(13)).join(''));
for (const row of rows) print(row);
for (const [perRequest, goal] of [
  [1_000, 80_000],
  [100, 40_000],
  [1, 5_000],
] as const) {
  const direct = rows.find((row) => row.what === 'direct' && row.rows_per_request === perRequest);
  printGoal(`rows/s, direct, ${String(perRequest)} in a request`, direct?.rows_per_second, goal, false);
}
if (!values.quick) writeResults('monitoring-intake', { rounds, window_ms: windowMs, rows });
