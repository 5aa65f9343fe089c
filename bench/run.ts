// `npm run bench`: what our hops cost, side by side with peers, in one run on this machine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts, startMesh, type Mesh } from '@signalbox/local';
import { measureTargets, tabulate, type Effort, type Row } from './gateway-overhead.ts';
import { forkFile } from './load/processes.ts';
import { startNginx } from './peers/nginx.ts';
import { startPortkey } from './peers/portkey.ts';
import type { Target } from './target.ts';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
});
if (values.help) {
  console.log(`npm run bench -- [--quick] [--only NAME]…

Measures added latency, CPU per request and requests per second of: upstream, nginx (if installed), gateway,
mesh (gateway + chat-router), portkey (installed from npm on demand). JSON and SSE, at 1, 10 and 64 connections.
A full run takes about six minutes and writes bench/results/gateway-overhead.json. --quick: one short round of each,
for a look; nothing is written.`);
  process.exit(0);
}

const effort: Effort = values.quick
  ? { rounds: 1, heatMs: 4_000, warmUpMs: 300, measureMs: 1_000, connections: [1, 10, 64] }
  : { rounds: 5, heatMs: 6_000, warmUpMs: 300, measureMs: 1_200, connections: [1, 10, 64] };

const checkout = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const peersFolder = join(checkout, '.signalbox/bench');
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});

const upstream = await startUpstream(cleanUp);
const [nginxPort, portkeyPort] = (await freePorts(2)) as [number, number];
const providersFile = join(folder, 'providers.yaml');
writeFileSync(
  providersFile,
  JSON.stringify({
    providers: [
      {
        name: 'bench',
        kind: 'openai_compatible',
        base_url: new URL('/v1', upstream.origin).href,
        models: ['bench-model'],
      },
    ],
  }),
);

const targets: Target[] = [upstream];
const wanted = (name: string) => values.only.length === 0 || values.only.includes(name);
if (wanted('nginx')) {
  const nginx = await startNginx(join(folder, 'nginx'), new URL(upstream.origin), nginxPort);
  if (nginx === null) console.log('nginx is not installed: its line is left out (apt-get install nginx-light)');
  else targets.push(cleanUp.use(nginx));
}
if (wanted('gateway') || wanted('mesh')) {
  build();
  // The stores wait for the disk here as they do in earnest: a usage row is durable before the answer ends.
  const mesh = cleanUp.use(
    await startMesh({
      from: 'dist',
      home: join(folder, 'mesh'),
      gatewayReplicas: 2,
      overrides: {
        'chat-router': { PROVIDERS_FILE: providersFile },
        // Limits are kept, and never met; nor is anything turned away because this machine is busy with measuring.
        gateway: { LIMITS_DEFAULT_REQUESTS_PER_MINUTE: '1000000', LOOP_DELAY_MS_MAX: '60000' },
        // The second replica has the upstream in the place of chat-router: the gateway's hop alone.
        'gateway-2': { CHAT_ROUTER_URL: upstream.origin },
      },
    }),
  );
  const key = await createKey(mesh);
  const ofMesh = (name: string, label: string, url: string | undefined, services: string[]): Target => ({
    name,
    label,
    origin: String(url),
    headers: { authorization: `Bearer ${key}` },
    model: 'bench-model',
    pids: () => services.map((service) => mesh.services[service]?.pid ?? 0),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  if (wanted('gateway')) targets.push(ofMesh('gateway', 'our gateway alone', mesh.gatewayUrls[1], ['gateway-2']));
  if (wanted('mesh'))
    targets.push(ofMesh('mesh', 'our gateway + chat-router', mesh.gatewayUrls[0], ['gateway', 'chat-router']));
}
if (wanted('portkey'))
  targets.push(cleanUp.use(await startPortkey(join(peersFolder, 'portkey'), new URL(upstream.origin), portkeyPort)));

const loadBefore = load();
const rounds = await measureTargets(targets, effort, (line) => {
  console.log(line);
});
const rows = tabulate(rounds, 'upstream');
print(rows, targets);
compareWithTheGoals(rows);
if (!values.quick && values.only.length === 0) {
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(
    join(results, 'gateway-overhead.json'),
    `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), effort, rows }, null, 2)}\n`,
  );
}

/** Our own processes run what is built, as they do in production; turbo knows what is stale. */
function build(): void {
  execFileSync(join(checkout, 'node_modules/.bin/turbo'), ['run', 'build', '--output-logs=errors-only'], {
    cwd: checkout,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function startUpstream(stack: AsyncDisposableStack): Promise<Target> {
  const child = forkFile('upstream.ts');
  const port = await new Promise<number>((done) => {
    child.once('message', (message: { address: { port: number } }) => {
      done(message.address.port);
    });
  });
  stack.defer(() => {
    child.disconnect();
  });
  return {
    name: 'upstream',
    label: 'the upstream alone',
    origin: `http://127.0.0.1:${String(port)}`,
    headers: {},
    model: 'bench-model',
    pids: () => [child.pid ?? 0],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function createKey(mesh: Mesh): Promise<string> {
  const answer = await fetch(new URL('/api/v1/api-keys', mesh.gatewayUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${String(mesh.adminKey)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', scopes: ['chat:write'], limits: { requests_per_minute: 1_000_000 } }),
  });
  const body = (await answer.json()) as { key?: string };
  if (body.key === undefined) throw new Error(`no key for the benchmark: ${JSON.stringify(body)}`);
  return body.key;
}

function print(table: readonly Row[], all: readonly Target[]): void {
  for (const mode of ['json', 'sse'] as const) {
    for (const connections of effort.connections) {
      console.log(`\n${mode === 'json' ? 'JSON' : 'SSE, 50 chunks'}, ${String(connections)} connections`);
      console.log(
        ['', 'requests/s', 'CPU ms/req', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'added TTFB p50']
          .map((title, index) => (index === 0 ? title.padEnd(30) : title.padStart(15)))
          .join(''),
      );
      for (const row of table.filter((candidate) => candidate.mode === mode && candidate.connections === connections)) {
        const label = all.find(({ name }) => name === row.target)?.label ?? row.target;
        const figures = [
          row.requestsPerSecond.toFixed(0),
          ...[row.cpuMsPerRequest, row.p50, row.p99, row.addedP50, row.addedP99, row.addedFirstByteP50].map((figure) =>
            figure.toFixed(3),
          ),
        ];
        console.log(label.padEnd(30) + figures.map((figure) => figure.padStart(15)).join(''));
      }
    }
  }
}

/** What else the machine was doing, so that a reader knows what the figures are worth. */
function load(): string {
  return loadavg()
    .map((figure) => figure.toFixed(1))
    .join(', ');
}

function compareWithTheGoals(table: readonly Row[]): void {
  const find = (target: string, mode: string, connections: number) =>
    table.find((row) => row.target === target && row.mode === mode && row.connections === connections);
  const line = (what: string, reached: number | undefined, goal: number, isAtMost: boolean) => {
    if (reached === undefined || Number.isNaN(reached)) return;
    const met = isAtMost ? reached <= goal : reached >= goal;
    console.log(
      `${met ? 'reached    ' : 'not reached'}  ${what}: ${reached.toFixed(3)} (goal ${isAtMost ? '≤' : '≥'} ${String(goal)})`,
    );
  };
  console.log('\nGoals for gateway + chat-router');
  for (const connections of effort.connections) {
    line(
      `CPU ms per JSON request at ${String(connections)} connections`,
      find('mesh', 'json', connections)?.cpuMsPerRequest,
      0.6,
      true,
    );
  }
  line('added p50 ms at one connection, JSON', find('mesh', 'json', 1)?.addedP50, 1.5, true);
  line(
    'added time to first byte of a stream, p50 ms at one connection',
    find('mesh', 'sse', 1)?.addedFirstByteP50,
    1.5,
    true,
  );
  for (const mode of ['json', 'sse']) {
    for (const connections of effort.connections) {
      const ours = find('mesh', mode, connections)?.requestsPerSecond;
      const theirs = find('portkey', mode, connections)?.requestsPerSecond;
      if (ours !== undefined && theirs !== undefined && theirs > 0)
        line(`requests/s over Portkey's, ${mode} at ${String(connections)}`, ours / theirs, 3, false);
    }
  }
}

function machine(): object {
  return {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load_before: loadBefore,
    load_after: load(),
  };
}
