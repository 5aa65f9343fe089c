// What chat-router alone costs: bytes through and translated, beside Portkey and the bare upstream, in one run.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { IdentityKeys, identityHeader, signIdentity } from '@signalbox/identity';
import { freePorts, services, startMesh } from '@signalbox/local';
import { requestBody } from '../load/answers.ts';
import { buildMesh } from '../load/build-mesh.ts';
import type { Mode } from '../load/generator.ts';
import { measureTargets, tabulate, type Effort } from '../load/measure-targets.ts';
import { measure, type Measured } from '../load/processes.ts';
import { printGoal, printRows, writeResults } from '../load/report.ts';
import { slopeOf } from '../load/slope.ts';
import { startUpstream } from '../load/start-upstream.ts';
import { startPortkey } from '../peers/portkey.ts';
import type { Target } from '../target.ts';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    soak: { type: 'string', default: '0' },
  },
});
const soakMinutes = Number(values.soak);
if (values.help || !(soakMinutes >= 0)) {
  console.log(`npm run bench -- chat-router [--quick] [--soak MINUTES]

Measures chat-router alone, asked as the gateway asks it: bytes passed through and answers translated from Anthropic's
dialect, JSON and SSE, at 1, 16, 64 and 256 connections, beside the bare upstream and Portkey; then a hit in the cache, and
an open breaker. Every request goes through a budget and into the ledger. About eight minutes; writes
bench/results/chat-router.json. --quick: one short round, nothing is written. --soak 10: instead, ten minutes of streams
and ten of streams whose client leaves, with the slope of the memory; writes bench/results/chat-router-memory.json.`);
  process.exit(values.help ? 0 : 2);
}

const effort: Effort = values.quick
  ? { rounds: 1, heatMs: 4_000, warmUpMs: 300, measureMs: 1_000, connections: [1, 16, 64, 256] }
  : { rounds: 5, heatMs: 8_000, warmUpMs: 300, measureMs: 1_500, connections: [1, 16, 64, 256] };

const audience = 'chat-router';
const path = '/v1/chat/completions';
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => {
  rmSync(folder, { recursive: true, force: true });
});

const upstream = cleanUp.use(await startUpstream());
const providersFile = join(folder, 'providers.yaml');
const provider = (name: string, kind: string, base: string) => ({
  name,
  kind,
  base_url: new URL(base, upstream.origin).href,
  models: ['bench-model'],
  ...(kind === 'anthropic' ? { api_key_env: 'BENCH_API_KEY' } : {}),
});
writeFileSync(
  providersFile,
  JSON.stringify({
    providers: [
      provider('through', 'openai_compatible', '/v1'),
      provider('translated', 'anthropic', '/'),
      provider('broken', 'openai_compatible', '/broken/v1'),
    ],
  }),
);
const identityText = services.map(({ name }) => `${name}:k1:${randomBytes(32).toString('base64url')}`).join(',');
buildMesh();
const mesh = cleanUp.use(
  await startMesh({
    from: 'dist',
    home: join(folder, 'mesh'),
    overrides: {
      [audience]: { PROVIDERS_FILE: providersFile, IDENTITY_KEYS: identityText, BENCH_API_KEY: 'nobody-checks-this' },
      gateway: { IDENTITY_KEYS: identityText },
    },
  }),
);
const service = mesh.services[audience];
if (service === undefined) throw new Error('there is no chat-router');
const chatRouter = service;

const tenantId = 'tenant_bench';
const signer = { identityKeys: identityText, audience, tenantId };

function sign(target: string): string {
  const scopes = ['chat:write', 'budgets:write'];
  return signIdentity(
    IdentityKeys.parse(identityText),
    { audience, method: 'POST', path: target },
    {
      principal: { kind: 'api_key', principalId: 'key_bench', tenantId, scopes },
      requestId: `req_${randomBytes(8).toString('hex')}`,
    },
  );
}

const budget = await fetch(new URL('/api/v1/budgets', chatRouter.url), {
  method: 'POST',
  headers: { 'content-type': 'application/json', [identityHeader]: sign('/api/v1/budgets') },
  body: JSON.stringify({ name: 'bench', scope: { kind: 'tenant' }, period: 'month', hard_tokens: 1_000_000_000_000 }),
});
if (budget.status !== 201) throw new Error(`no budget for the benchmark: ${await budget.text()}`);

const ours = (name: string, label: string, model: string): Target => ({
  name,
  label,
  origin: chatRouter.url,
  headers: {},
  signer,
  model,
  pids: () => [chatRouter.pid],
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
const through = ours('through', 'chat-router, bytes through', 'through/bench-model');
const translated = ours('translated', 'chat-router, translated', 'translated/bench-model');

if (soakMinutes > 0) await soak();
else await measureAll();

async function measureAll(): Promise<void> {
  const [port = 0] = await freePorts(1);
  const portkey = cleanUp.use(
    await startPortkey(join(import.meta.dirname, '../../.signalbox/bench/portkey'), new URL(upstream.origin), port),
  );
  const portkeyTranslated: Target = {
    ...portkey,
    name: 'portkey-translated',
    label: `${portkey.label}, translated`,
    headers: { ...portkey.headers, 'x-portkey-provider': 'anthropic' },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const targets = [upstream, through, portkey, translated, portkeyTranslated];
  const rounds = await measureTargets(targets, effort, (line) => {
    console.log(line);
  });
  const rows = tabulate(rounds, 'upstream');
  printRows(rows, targets, effort.connections);
  const hits = await measureHits();
  const refusals = await measureRefusals();
  const row = (target: string, mode: string, connections: number) =>
    rows.find((one) => one.target === target && one.mode === mode && one.connections === connections);
  console.log('\nGoals for chat-router alone, with ledger and budget');
  for (const count of effort.connections) {
    const at = `at ${String(count)} connections`;
    printGoal(`CPU ms per JSON request ${at}`, row('through', 'json', count)?.cpuMsPerRequest, 0.35, true);
    printGoal(`CPU ms per stream passed through ${at}`, row('through', 'sse', count)?.cpuMsPerRequest, 0.3, true);
    printGoal(`CPU ms per stream translated ${at}`, row('translated', 'sse', count)?.cpuMsPerRequest, 0.6, true);
  }
  printGoal('added time to first token, p50 ms', row('through', 'sse', 1)?.addedFirstByteP50, 1, true);
  printGoal('hit in the cache, p99 ms', hits.latencyMs.p99, 2, true);
  printGoal('open breaker, p99 ms', refusals.latencyMs.p99, 2, true);
  if (!values.quick) writeResults('chat-router', { effort, rows, hits, refusals });
}

/** A question without chance in it, which was answered before; nobody but the cache is asked. */
async function measureHits(): Promise<Measured> {
  const body = requestBody(through.model, false, { temperature: 0 });
  await run('json', body, 200);
  const before = await upstream.asked();
  const measured = await run('json', body, effort.measureMs);
  if ((await upstream.asked()) !== before) throw new Error('the provider was asked for what is in the cache');
  console.log(
    `\nA hit in the cache: p50 ${measured.latencyMs.p50.toFixed(2)} ms, p99 ${measured.latencyMs.p99.toFixed(2)} ms`,
  );
  return measured;
}

/** A provider that fails until its breaker opens, and is then left alone. */
async function measureRefusals(): Promise<Measured> {
  const body = requestBody('broken/bench-model', false);
  for (let tries = 0; tries < 20; tries += 1) {
    const answer = await fetch(new URL(path, chatRouter.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [identityHeader]: sign(path) },
      body,
    });
    await answer.arrayBuffer();
  }
  const before = await upstream.asked();
  const measured = await run('refused', body, effort.measureMs);
  if ((await upstream.asked()) !== before) throw new Error('the provider was asked although its breaker is open');
  console.log(
    `An open breaker: p50 ${measured.latencyMs.p50.toFixed(2)} ms, p99 ${measured.latencyMs.p99.toFixed(2)} ms`,
  );
  return measured;
}

async function run(mode: Mode, body: string, measureMs: number, connections = 1): Promise<Measured> {
  const headers = { 'content-type': 'application/json' };
  const measured = await measure(
    { origin: chatRouter.url, path, headers, signer, body, mode, connections, warmUpMs: 200, measureMs },
    [chatRouter.pid],
  );
  if (measured.wrong > 0) throw new Error(`${String(measured.wrong)} wrong answers: ${String(measured.firstWrong)}`);
  return measured;
}

/** Memory over long runs: what grows with the number of streams would show as a slope. */
async function soak(): Promise<void> {
  const results = [];
  for (const mode of ['sse', 'left'] as const) {
    const samples: { minute: number; mebibytes: number }[] = [];
    let streams = 0;
    const from = performance.now();
    while (performance.now() - from < soakMinutes * 60_000) {
      streams += (await run(mode, requestBody(through.model, true), 8_000, 16)).requests;
      await sleep(500);
      const status = readFileSync(`/proc/${String(chatRouter.pid)}/status`, 'utf8');
      const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
      samples.push({ minute: (performance.now() - from) / 60_000, mebibytes: kibibytes / 1024 });
    }
    // The heap finds its size in the first minutes.
    const settled = samples.filter(({ minute }) => minute > soakMinutes / 3);
    const { slope, standardError } = slopeOf(settled.map(({ minute, mebibytes }) => [minute, mebibytes]));
    const what = mode === 'sse' ? 'whole streams' : 'streams whose client left';
    console.log(
      `${String(streams)} ${what} in ${String(soakMinutes)} minutes: RSS ${slope.toFixed(2)} ± ${(2 * standardError).toFixed(2)} MiB per minute, ` +
        `${String(Math.round(samples.at(-1)?.mebibytes ?? 0))} MiB at the end`,
    );
    results.push({ mode, streams, slope, standardError, samples });
  }
  if (!values.quick) writeResults('chat-router-memory', { soakMinutes, results });
}
