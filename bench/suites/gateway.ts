// What both hops cost, side by side with peers, in one run on this machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts, startMesh, type Mesh } from '@signalbox/local';
import { measureTargets, tabulate, type Effort, type Row } from '../load/measure-targets.ts';
import { buildMesh } from '../load/build-mesh.ts';
import { printGoal, printRows, writeResults } from '../load/report.ts';
import { startUpstream } from '../load/start-upstream.ts';
import { startNginx } from '../peers/nginx.ts';
import { startPortkey } from '../peers/portkey.ts';
import type { Target } from '../target.ts';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
});
if (values.help) {
  console.log(`npm run bench -- gateway [--quick] [--only NAME]…

Measures added latency, CPU per request and requests per second of: upstream, nginx (if installed), gateway,
mesh (gateway + chat-router), portkey (installed from npm on demand). JSON and SSE, at 1, 10 and 64 connections.
A full run takes about six minutes and writes bench/results/gateway-overhead.json. --quick: one short round of each,
for a look; nothing is written.`);
  process.exit(0);
}

const effort: Effort = values.quick
  ? { rounds: 1, heatMs: 4_000, warmUpMs: 300, measureMs: 1_000, connections: [1, 10, 64] }
  : { rounds: 5, heatMs: 6_000, warmUpMs: 300, measureMs: 1_200, connections: [1, 10, 64] };

const checkout = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const peersFolder = join(checkout, '.signalbox/bench');
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});

const upstream = cleanUp.use(await startUpstream());
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
  buildMesh();
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

const rounds = await measureTargets(targets, effort, (line) => {
  console.log(line);
});
const rows = tabulate(rounds, 'upstream');
printRows(rows, targets, effort.connections);
compareWithTheGoals(rows);
if (!values.quick && values.only.length === 0) writeResults('gateway-overhead', { effort, rows });

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

function compareWithTheGoals(table: readonly Row[]): void {
  const find = (target: string, mode: string, connections: number) =>
    table.find((row) => row.target === target && row.mode === mode && row.connections === connections);
  console.log('\nGoals for gateway + chat-router');
  for (const connections of effort.connections) {
    printGoal(
      `CPU ms per JSON request at ${String(connections)} connections`,
      find('mesh', 'json', connections)?.cpuMsPerRequest,
      0.6,
      true,
    );
  }
  printGoal('added p50 ms at one connection, JSON', find('mesh', 'json', 1)?.addedP50, 1.5, true);
  printGoal(
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
        printGoal(`requests/s over Portkey's, ${mode} at ${String(connections)}`, ours / theirs, 3, false);
    }
  }
}
