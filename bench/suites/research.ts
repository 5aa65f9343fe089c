// What research costs beside its models: how many jobs over documents are done in a second by one worker, two and four; how long
// it takes to be accepted and to hear the first event; what a job with many sources takes of memory; what 500 idle listeners cost.
//
//   npm run bench -- research [--quick]
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMesh, type Mesh } from '@signalbox/local';
import { cpuMs } from '../load/processes.ts';
import { writeResults } from '../load/report.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const workerCounts = values.quick ? [1] : [1, 2, 4];
const [jobsPerRun, documentsPerRun] = values.quick ? [8, 4] : [40, 12];
const [sourcesOfLargeJob, listeners, listenedMs] = values.quick ? [40, 50, 3_000] : [200, 500, 20_000];

const subjects = 'harbour ferry storm lighthouse cargo crane tide pilot'.split(' ');

/** A document about one subject, of about 8 KB, that is no copy of another. */
function documentOf(n: number): string {
  const subject = subjects[n % subjects.length] ?? '';
  const sentences = Array.from(
    { length: 80 },
    (_, line) =>
      `In year ${String(1_000 + n)} the ${subject} of town ${String(n)} had ${String((n * 97 + line * 31) % 1_009)} visitors in week ${String(line)}.`,
  );
  return `# The ${subject} of town ${String(n)}\n\n${sentences.join(' ')}\n`;
}

const results: Record<string, unknown>[] = [];
for (const workers of workerCounts) {
  await using mesh = await openMesh(workers);
  const documents = await upload(mesh, documentsPerRun);
  await ended(mesh, await begin(mesh, documents));
  const accepted: number[] = [];
  const startedAt = performance.now();
  const ids: string[] = [];
  for (let count = 0; count < jobsPerRun; count += 1) {
    const from = performance.now();
    ids.push(await begin(mesh, documents));
    accepted.push(performance.now() - from);
  }
  for (const id of ids) await ended(mesh, id);
  const seconds = (performance.now() - startedAt) / 1_000;
  const row = {
    workers,
    jobs: jobsPerRun,
    jobs_per_second: round(jobsPerRun / seconds),
    ms_to_202: percentiles(accepted),
  };
  results.push(row);
  console.log(JSON.stringify(row));
}

await using mesh = await openMesh(1);
const documents = await upload(mesh, sourcesOfLargeJob);
const service = mesh.services['research-pipeline'];
if (service === undefined) throw new Error('there is no research-pipeline');

const firstEvents: number[] = [];
for (let count = 0; count < 10; count += 1) {
  const from = performance.now();
  const id = await begin(mesh, documents.slice(0, 2));
  const stream = await events(mesh, id);
  const reader = stream.body?.getReader();
  for (let text = ''; !text.includes('event: ');) {
    const part = await reader?.read();
    text += new TextDecoder().decode(part?.value as Uint8Array<ArrayBuffer> | undefined);
  }
  firstEvents.push(performance.now() - from);
  await reader?.cancel();
  await ended(mesh, id);
}

const restingBytes = residentBytes(service.pid);
let peakBytes = restingBytes;
const sampling = setInterval(() => {
  peakBytes = Math.max(peakBytes, residentBytes(service.pid));
}, 50);
const from = performance.now();
const large = await begin(mesh, documents, {
  sections: subjects,
  max_results: 50,
  budget: { max_sources: sourcesOfLargeJob },
});
await ended(mesh, large);
clearInterval(sampling);
const status = await (await ask(mesh, `/api/v1/research/${large}`)).text();
const { spent } = JSON.parse(status) as { spent: { sources: number } };
const largeJob = {
  sources: spent.sources,
  seconds: round((performance.now() - from) / 1_000),
  resident_mib_before: mebibytes(restingBytes),
  resident_mib_peak: mebibytes(peakBytes),
  status_bytes: Buffer.byteLength(status),
};
console.log(JSON.stringify({ ms_to_first_event: percentiles(firstEvents), large_job: largeJob }));

const waiting = await begin(mesh, documents.slice(0, 2), { pause_on_plan: true });
await sleep(1_000);
const idle = await costOf(mesh, service.pid);
const open = await Promise.all(Array.from({ length: listeners }, () => events(mesh, waiting)));
await sleep(1_000);
const listened = await costOf(mesh, service.pid);
for (const stream of open) await stream.body?.cancel();
const listening = { listeners, idle, with_listeners: listened };
console.log(JSON.stringify(listening));

if (!values.quick)
  writeResults('research', {
    throughput: results,
    ms_to_first_event: percentiles(firstEvents),
    large_job: largeJob,
    listening,
  });

function openMesh(workers: number): Promise<Mesh> {
  return startMesh({
    replicas: { 'research-pipeline': workers },
    overrides: {
      gateway: { LIMITS_DEFAULT_REQUESTS_PER_MINUTE: '1000000', LOOP_DELAY_MS_MAX: '60000' },
      'research-pipeline': { RESEARCH_RUNNING_PER_TENANT_MAX: '64', RESEARCH_CONCURRENCY: '2' },
    },
  });
}

async function ask(of: Mesh, path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(new URL(path, of.gatewayUrl), {
    ...init,
    headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${String(of.adminKey)}` },
  });
  if (!answer.ok) throw new Error(`${path} was answered with ${String(answer.status)}: ${await answer.text()}`);
  return answer;
}

function events(of: Mesh, id: string): Promise<Response> {
  return ask(of, `/api/v1/research/${id}/events`, { headers: { accept: 'text/event-stream' } });
}

async function upload(of: Mesh, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const form = new FormData();
    form.set('file', new Blob([documentOf(n)], { type: 'text/markdown' }), `${String(n)}.md`);
    const answer = await ask(of, '/api/v1/documents', { method: 'POST', body: form });
    ids.push(((await answer.json()) as { id: string }).id);
  }
  for (const id of ids) {
    const status = async () => ((await (await ask(of, `/api/v1/documents/${id}`)).json()) as { status: string }).status;
    while (['pending', 'processing'].includes(await status())) await sleep(100);
  }
  return ids;
}

async function begin(of: Mesh, documentIds: readonly string[], more: object = {}): Promise<string> {
  const answer = await ask(of, '/api/v1/research', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      topic: 'How many visitors did the harbour of the town have?',
      sources: ['documents'],
      document_ids: documentIds,
      ...more,
    }),
  });
  return ((await answer.json()) as { id: string }).id;
}

async function ended(of: Mesh, id: string): Promise<void> {
  for (;;) {
    const { status } = (await (await ask(of, `/api/v1/research/${id}`)).json()) as { status: string };
    if (status === 'completed') return;
    if (!['queued', 'running'].includes(status)) throw new Error(`${id} is ${status}`);
    await sleep(50);
  }
}

/** What the gateway and the service take while nothing happens. */
async function costOf(of: Mesh, pid: number): Promise<object> {
  const pids = { gateway: of.services['gateway']?.pid ?? 0, research: pid };
  const before = { gateway: cpuMs([pids.gateway]), research: cpuMs([pids.research]) };
  await sleep(listenedMs);
  return {
    gateway_cpu_percent: round((cpuMs([pids.gateway]) - before.gateway) / (listenedMs / 100)),
    research_cpu_percent: round((cpuMs([pids.research]) - before.research) / (listenedMs / 100)),
    gateway_resident_mib: mebibytes(residentBytes(pids.gateway)),
    research_resident_mib: mebibytes(residentBytes(pids.research)),
  };
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

function percentiles(times: readonly number[]): { p50: number; p95: number } {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): number => round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
  return { p50: at(0.5), p95: at(0.95) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
