// `npm run bench -- alerting`: what alerting costs. How long from a bad measurement, and from a posted alert, until somebody
// has heard of it; alerts taken in a second over Alertmanager's API, beside Debian's Alertmanager where it is installed; a
// thousand rules over a thousand series; lists of a hundred thousand alerts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IdentityKeys, signIdentity } from '@signalbox/identity';
import { startMesh, type MeshService } from '@signalbox/local';
import pg from 'pg';
import { Pool } from 'undici';
import { cpuMs, familyCpuMs } from '../load/processes.ts';
import { printGoal, writeResults } from '../load/report.ts';
import { startAlertmanagerPeer } from '../peers/alertmanager.ts';

const { values } = parseArgs({
  options: { help: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log(`npm run bench -- alerting [--quick]

Measures a whole mesh: event to delivery, alerts/s over Alertmanager's API v2 (beside Debian's prometheus-alertmanager, left out
where it is not installed), 1,000 rules over 1,000 series, and lists of 100,000 alerts. Takes about two minutes and writes
bench/results/alerting.json. --quick: fewer of each, nothing is written.`);
  process.exit(0);
}
const events = values.quick ? 20 : 100;
const windowMs = values.quick ? 1_000 : 4_000;
const series = 1_000;

await using cleanUp = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Whoever is told: the moment at which each message came, by what stands in it. */
const heard = new Map<string, number>();
let onHeard = (): void => undefined;
const sink = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const at = performance.now();
    for (const [marker] of Buffer.concat(chunks)
      .toString('utf8')
      .matchAll(/marker-\d+/g)) {
      if (!heard.has(marker)) heard.set(marker, at);
    }
    response.end('ok');
    onHeard();
  });
});
await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
cleanUp.defer(() => {
  sink.closeAllConnections();
  sink.close();
});

const home = join(folder, 'mesh');
const mesh = cleanUp.use(
  await startMesh({
    home,
    overrides: {
      gateway: { LIMITS_FILE: join(import.meta.dirname, '../load', 'no-limits.json'), LOOP_DELAY_MS_MAX: '60000' },
      alerting: { OUTBOUND_ALLOW: '127.0.0.0/8' },
    },
  }),
);
const alerting = serviceOf('alerting');
const secret = readFileSync(join(home, 'secrets', 'identity-alerting'), 'utf8').trim();
const keys = IdentityKeys.parse(`alerting:1:${secret}`);
const sql = new pg.Pool({ connectionString: mesh.postgresUrl, max: 2 });
cleanUp.defer(() => sql.end());
const postgresPid = await postmaster();
const { tenant_id: tenantId } = (await ask('GET', '/api/v1/users/me')) as { tenant_id: string };

await ask('PUT', '/api/v1/alerting-configuration', {
  original:
    "route: { receiver: all, group_by: ['...'], group_wait: 0s, group_interval: 1s }\n" +
    "receivers: [{ name: all, channel_configs: [{ channel: '*' }] }]\n",
});
const channel = (await ask('POST', '/api/v1/channels', {
  ...{ name: 'sink', kind: 'webhook', rate_limit: { messages: 1_000, window_seconds: 1 } },
  settings: { url: `http://127.0.0.1:${String((sink.address() as AddressInfo).port)}` },
})) as { id: string };

const results: Record<string, unknown> = {};

// 1. From an event to whoever hears of it.
let markers = 0;
async function untilHeard(send: (marker: string) => Promise<unknown>): Promise<number> {
  markers += 1;
  const marker = `marker-${String(markers)}`;
  const from = performance.now();
  await send(marker);
  await new Promise<void>((resolve) => {
    onHeard = () => {
      if (heard.has(marker)) resolve();
    };
    onHeard();
  });
  return (heard.get(marker) ?? 0) - from;
}
for (const [what, send] of [
  [
    'bad measurement → delivery',
    (marker: string) =>
      ask('POST', '/api/v1/metrics/inference', {
        ...{ model_id: marker, model_type: 'llm', request_id: marker, latency: 60_000 },
      }),
  ],
  [
    'posted alert → delivery',
    (marker: string) =>
      ask('POST', '/alertmanager/api/v2/alerts', [{ labels: { alertname: 'Bench', instance: marker } }]),
  ],
] as const) {
  for (let warm = 0; warm < 5; warm += 1) await untilHeard(send);
  const times: number[] = [];
  for (let event = 0; event < events; event += 1) times.push(await untilHeard(send));
  times.sort((one, other) => one - other);
  const [p50, p99] = [at(times, 0.5), at(times, 0.99)];
  console.log(`${what}: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, of ${String(events)}`);
  printGoal(`p99 of ${what}, ms`, p99, 2_000, true);
  results[what] = { events, p50_ms: Math.round(p50), p99_ms: Math.round(p99) };
}
await ask('DELETE', `/api/v1/channels/${channel.id}`);

// 2. Alerts over Alertmanager's API, 64 in a request, as Prometheus sends them.
const perRequest = 64;
const connections = 8;
const port = 20_000 + (process.pid % 10_000);
const peer = await startAlertmanagerPeer(join(folder, 'alertmanager'), port);
if (peer === null) console.log('prometheus-alertmanager is not installed and left out.');
else cleanUp.use(peer);
let batches = 0;
const batch = (isFresh: boolean): string => {
  batches += 1;
  const first = isFresh ? batches * perRequest : (batches % 100) * perRequest;
  const alerts = Array.from({ length: perRequest }, (_, index) => ({
    labels: { alertname: 'Load', severity: 'low', instance: `${isFresh ? 'new' : 'known'}-${String(first + index)}` },
    annotations: { summary: 'It is loaded.' },
  }));
  return JSON.stringify(alerts);
};
const ours = '/alertmanager/api/v2/alerts';
const intakes = [
  {
    label: 'ours, straight at the service',
    origin: alerting.url,
    path: ours,
    headers: (): Record<string, string> => ({ 'x-signalbox-identity': identity(ours) }),
    cpu: () => cpuMs([alerting.pid]),
    store: () => familyCpuMs(postgresPid),
  },
  ...(peer === null
    ? []
    : [
        {
          ...{ label: peer.label, origin: peer.origin, path: peer.path },
          headers: (): Record<string, string> => ({}),
          cpu: () => cpuMs([peer.pid]),
          store: () => 0,
        },
      ]),
];
// One group takes them all: what is measured is taking them in.
await ask('PUT', '/api/v1/alerting-configuration', {
  original: 'route: { receiver: all, group_by: [alertname] }\nreceivers: [{ name: all }]\n',
});
const intakeRows = [];
for (const isFresh of [true, false]) {
  for (const { label, origin, path, headers, cpu, store } of intakes) {
    const pool = new Pool(origin, { connections });
    cleanUp.defer(() => pool.close());
    const run = async (until: number): Promise<number[]> => {
      const times: number[] = [];
      const lane = async (): Promise<void> => {
        while (performance.now() < until) {
          const from = performance.now();
          const { statusCode, body } = await pool.request({
            ...{ path, method: 'POST', body: batch(isFresh) },
            headers: { 'content-type': 'application/json', ...headers() },
          });
          const text = await body.text();
          if (statusCode !== 200) throw new Error(`${origin} answered ${String(statusCode)}: ${text}`);
          times.push(performance.now() - from);
        }
      };
      await Promise.all(Array.from({ length: connections }, lane));
      return times.sort((one, other) => one - other);
    };
    await run(performance.now() + 500);
    const before = { service: cpu(), postgres: store() };
    const from = performance.now();
    const times = await run(from + windowMs);
    const count = times.length * perRequest;
    const perSecond = (count * 1_000) / (performance.now() - from);
    const row = {
      ...{ what: label, alerts: isFresh ? 'new' : 'known', alerts_per_second: Math.round(perSecond) },
      ...{ p50_ms: Math.round(at(times, 0.5)), p99_ms: Math.round(at(times, 0.99)) },
      service_us: Math.round(((cpu() - before.service) * 1_000) / count),
      postgres_us: Math.round(((store() - before.postgres) * 1_000) / count),
    };
    intakeRows.push(row);
    console.log(
      `${label}, ${row.alerts} alerts: ${String(row.alerts_per_second)}/s, p50 ${String(row.p50_ms)} ms, p99 ` +
        `${String(row.p99_ms)} ms; µs per alert: service ${String(row.service_us)}, Postgres ${String(row.postgres_us)}`,
    );
  }
}
results['intake'] = { per_request: perRequest, connections, window_ms: windowMs, rows: intakeRows };

// 3. A thousand rules, each over a series of its own.
const models = Array.from({ length: series }, (_, index) => `series-${String(index)}`);
const sample = (model: string, round: number) => ({
  ...{ model_id: model, model_type: 'tabular', request_id: `${model}-${String(round)}`, latency: 5 },
});
const yaml = JSON.stringify({
  rules: models.map((model) => ({
    name: model,
    condition: { kind: 'series', metric: 'latency_ms', model_id: model, comparator: '>', threshold: 100 },
    interval: '1d',
  })),
});
await ask('PUT', '/api/v1/alert-rules', { yaml });
await untilEvaluated(new Date(0));
const rounds: number[] = [];
for (let round = 0; round < 3; round += 1) {
  const since = (await sql.query<{ now: Date }>('select now() as now')).rows[0]?.now ?? new Date();
  const from = performance.now();
  await ask('POST', '/api/v1/metrics/batch', { items: models.map((model) => sample(model, round)) });
  await untilEvaluated(since);
  rounds.push(performance.now() - from);
}
const evaluated = at(
  rounds.sort((one, other) => one - other),
  0.5,
);
console.log(
  `1,000 rules over 1,000 series, from the measurements to the last evaluation: ${(evaluated / 1_000).toFixed(2)} s`,
);
results['rules'] = { rules: series, series, seconds: Math.round(evaluated / 10) / 100 };

async function untilEvaluated(since: Date): Promise<void> {
  for (;;) {
    const { rows } = await sql.query<{ waiting: string }>(
      `select count(*) as waiting from alerting.rules
       where tenant_id = $1 and name like 'series-%' and (last_slot is null or last_slot < $2)`,
      [tenantId, since],
    );
    if (rows[0]?.waiting === '0') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// 4. Lists of a hundred thousand alerts.
await sql.query('delete from alerting.alerts');
await sql.query(
  `insert into alerting.alerts (tenant_id, fingerprint, id, name, model_id, alert_type, severity, labels, annotations,
     generator_url, state, episode, count, starts_at, ends_at, timeout, held_until_clear, transitions, flapping, no_data,
     updated_at)
   select $1, lpad(to_hex(n), 16, '0'), 'alert_' || lpad(n::text, 26, '0'), 'Alert' || n % 50, 'model-' || n % 1000,
     'latency', (array['low', 'medium', 'high', 'critical'])[1 + n % 4],
     jsonb_build_object('alertname', 'Alert' || n % 50, 'instance', 'i-' || n), '{}', '',
     (array['firing', 'resolved', 'resolved', 'resolved', 'resolved'])[1 + n % 5], 1, 1,
     now() - n * interval '10 seconds', now() + interval '1 day', false, false, '{}', false, false, now()
   from generate_series(1, 100000) n`,
  [tenantId],
);
await sql.query('vacuum analyze alerting.alerts');
const lists: Record<string, number> = {};
for (const path of [
  '/api/v1/alerts?limit=100',
  '/api/v1/alerts?limit=100&model_id=model-7',
  '/api/v1/alerts?limit=100&severity=critical',
  '/api/v1/alerts?limit=100&state=firing',
  '/api/v1/alerts?limit=100&resolved=false&severity=low',
  '/api/v1/alerts?limit=100&model_id=model-7&state=resolved&severity=critical',
  '/api/v1/alerts?limit=100&name=Alert49',
  '/api/v1/alerts?limit=100&alert_type=nothing',
  '/alertmanager/api/v2/alerts?filter=instance%3D%22i-5%22',
  '/alertmanager/api/v2/alerts?filter=alertname%3D%22Alert45%22',
]) {
  const times: number[] = [];
  for (let time = 0; time < 7; time += 1) {
    const from = performance.now();
    await ask('GET', path);
    times.push(performance.now() - from);
  }
  lists[path] = Math.round(
    at(
      times.sort((one, other) => one - other),
      0.5,
    ),
  );
  printGoal(`ms, ${path}`, lists[path], 200, true);
}
results['lists_of_100000_ms'] = lists;
if (!values.quick) writeResults('alerting', results);

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function identity(path: string): string {
  const principal = { kind: 'api_key', principalId: 'key_bench', tenantId, scopes: ['*'] } as const;
  return signIdentity(keys, { audience: 'alerting', method: 'POST', path }, { principal, requestId: 'req_bench' });
}

async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(new URL(path, mesh.gatewayUrl), {
    method,
    headers: { authorization: `Bearer ${String(mesh.adminKey)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${String(answer.status)} ${text}`);
  return text === '' ? null : JSON.parse(text);
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
