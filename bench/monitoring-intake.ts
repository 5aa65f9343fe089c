// What taking measurements in costs: rows committed a second, time to the acknowledgement and CPU per row, by requests of
// 1, 100 and 1,000 rows, straight at the service and through the gateway, beside a bare COPY of the same rows.
//
//   node --conditions=@signalbox/source bench/monitoring-intake.ts [--seconds 4]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signIdentity, IdentityKeys } from '@signalbox/identity';
import { startMesh } from '@signalbox/local';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Pool } from 'undici';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' } } });
const windowMs = Number(values.seconds) * 1_000;
const path = '/api/v1/metrics/batch?results=rejected';
const single = '/api/v1/metrics/inference';

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
      gateway: { LIMITS_FILE: join(import.meta.dirname, 'load', 'no-limits.json'), LOOP_DELAY_MS_MAX: '60000' },
    },
  }),
);
const secret = readFileSync(join(home, 'secrets', 'identity-monitoring-ingest'), 'utf8').trim();
const keys = IdentityKeys.parse(`monitoring-ingest:1:${secret}`);
const sql = new pg.Pool({ connectionString: mesh.postgresUrl, max: 4 });
cleanUp.defer(() => sql.end());
const service = mesh.services['monitoring-ingest'];
if (service === undefined) throw new Error('the mesh has no monitoring-ingest');
const servicePid = service.pid;

const { rows: backends } = await sql.query<{ pid: number }>('select pg_backend_pid() as pid');
const [, postmaster = ''] =
  /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${String(backends[0]?.pid)}/status`, 'utf8')) ?? [];

interface Row {
  what: string;
  rowsPerRequest: number;
  rowsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  serviceUs: number;
  postgresUs: number;
}

let made = 0;
function aRow(): string {
  made += 1;
  return `{"model_id":"model-${String(made % 10)}","model_type":"tabular","request_id":"request-${String(made)}","latency":${String(50 + (made % 400))}.5,"throughput":3.5,"error_rate":0,"resource_usage":{"gpu_memory":0.5,"cpu_usage":0.25,"memory_usage":0.75},"tags":{"region":"eu","team":"a","pod":"p-7","build":"1234"}}`;
}

function bodyOf(rows: number): string {
  if (rows === 1) return aRow();
  return `{"items":[${Array.from({ length: rows }, aRow).join(',')}]}`;
}

let signed = { at: 0, header: '' };
function identity(target: string): string {
  const now = performance.now();
  if (now - signed.at > 5_000 || signed.header === '') {
    const principal = { kind: 'api_key', principalId: 'key_bench', tenantId: 'tenant_bench', scopes: ['*'] } as const;
    const binding = { audience: 'monitoring-ingest', method: 'POST', path: target };
    signed = { at: now, header: signIdentity(keys, binding, { principal, requestId: 'req_bench' }) };
  }
  return signed.header;
}

async function load(what: string, url: string, rows: number, connections: number): Promise<Row> {
  await using pool = disposable(new Pool(url, { connections }));
  const direct = url === service?.url;
  const target = rows === 1 ? single : path;
  const bodies = Array.from({ length: 64 }, () => null as string | null);
  signed = { at: 0, header: '' };
  const times: number[] = [];
  let stored = 0;
  let until = performance.now() + 1_000;
  const lane = async (record: boolean): Promise<void> => {
    while (performance.now() < until) {
      const body = bodies.pop() ?? bodyOf(rows);
      const from = performance.now();
      const answer = await pool.value.request({
        path: target,
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          ...(direct
            ? { 'x-signalbox-identity': identity(target) }
            : { authorization: `Bearer ${String(mesh.adminKey)}` }),
        },
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 201) throw new Error(`${what} answered ${String(answer.statusCode)}: ${text}`);
      if (record) {
        times.push(performance.now() - from);
        stored += rows;
      }
    }
  };
  const run = (record: boolean) => Promise.all(Array.from({ length: connections }, () => lane(record)));
  await run(false);
  until = performance.now() + windowMs;
  const before = { service: cpuMs([servicePid]), postgres: cpuMs(postgresPids()) };
  const from = performance.now();
  await run(true);
  const seconds = (performance.now() - from) / 1_000;
  const serviceUs = ((cpuMs([servicePid]) - before.service) * 1_000) / stored;
  const postgresUs = ((cpuMs(postgresPids()) - before.postgres) * 1_000) / stored;
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    what,
    rowsPerRequest: rows,
    rowsPerSecond: stored / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    serviceUs,
    postgresUs,
  };
}

/** The same rows by COPY on two connections, a commit for each thousand: what Postgres alone would take. */
async function copy(): Promise<Row> {
  await sql.query('create table bench_copy (like monitoring_ingest.samples including defaults)');
  await sql.query('create index on bench_copy (tenant_id, model_id, time)');
  await sql.query('create index on bench_copy using brin (time)');
  const line = `${new Date().toISOString()}\ttenant_bench\tmodel-3\trequest-12345678\ttabular\t50.5\t3.5\t0\t0.5\t0.25\t0.75\t{"region":"eu","team":"a","pod":"p-7","build":"1234"}\tbatch\n`;
  const bytes = Buffer.from(line.repeat(1_000));
  const until = performance.now() + windowMs;
  const before = cpuMs(postgresPids());
  const from = performance.now();
  let stored = 0;
  await Promise.all(
    [1, 2].map(async () => {
      const client = await sql.connect();
      while (performance.now() < until) {
        const stream = client.query(
          copyFrom(
            'copy bench_copy (time, tenant_id, model_id, request_id, model_type, latency_ms, throughput, error_rate, gpu_memory, cpu_usage, memory_usage, tags, source) from stdin',
          ),
        );
        await new Promise<void>((resolve, reject) => {
          stream.once('finish', resolve).once('error', reject).end(bytes);
        });
        stored += 1_000;
      }
      client.release();
    }),
  );
  const seconds = (performance.now() - from) / 1_000;
  const postgresUs = ((cpuMs(postgresPids()) - before) * 1_000) / stored;
  return {
    what: 'bare COPY',
    rowsPerRequest: 1_000,
    rowsPerSecond: stored / seconds,
    p50Ms: 0,
    p99Ms: 0,
    serviceUs: 0,
    postgresUs,
  };
}

/** CPU time that processes have used so far, in milliseconds (Linux' /proc). */
function cpuMs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 10;
}

/** The server's process and what it has started; those that end meanwhile count no more. */
function postgresPids(): number[] {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(/\s+/);
  return [postmaster, ...children].map(Number);
}

function disposable(pool: Pool): AsyncDisposable & { value: Pool } {
  return { value: pool, [Symbol.asyncDispose]: () => pool.close() };
}

console.log(`load ${loadavg()[0]?.toFixed(1) ?? ''}, ${String(availableParallelism())} cores`);
console.log('what           rows/request   rows/s    p50 ms   p99 ms   service µs/row   Postgres µs/row');
const print = (row: Row): void => {
  const cells = [
    row.what.padEnd(14),
    String(row.rowsPerRequest).padStart(12),
    row.rowsPerSecond.toFixed(0).padStart(9),
    row.p50Ms.toFixed(1).padStart(9),
    row.p99Ms.toFixed(1).padStart(9),
    row.serviceUs.toFixed(1).padStart(16),
    row.postgresUs.toFixed(1).padStart(17),
  ];
  console.log(cells.join(' '));
};
print(await copy());
for (const [rows, connections] of [
  [1_000, 8],
  [100, 16],
  [1, 64],
] as const) {
  print(await load('direct', service.url, rows, connections));
  print(await load('gateway', mesh.gatewayUrl, rows, connections));
}
console.log(`load ${loadavg()[0]?.toFixed(1) ?? ''}`);
