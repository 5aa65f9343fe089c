// `npm run bench:sdk`: what sending measurements costs an application, one by one, at once and in batches, near and far.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSignalbox, type SampleInput, type Signalbox } from '@signalbox/sdk';
import { forkFile } from './load/processes.ts';

const { values } = parseArgs({
  options: { help: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log(`npm run bench:sdk -- [--quick]

Sends samples with the SDK to an intake that acknowledges at once: one after the other, all at once over 32 sockets, and in
one batch, at 0, 1, 10 and 50 ms of added round trip; then single calls with and without kept connections; then what
monitor() adds to a call. A full run takes about a minute and writes bench/results/sdk.json. --quick writes nothing.`);
  process.exit(0);
}

interface Row {
  what: string;
  roundTripMs: number;
  samples: number;
  samplesPerSecond: number;
  cpuUsPerSample: number;
  requests: number;
  sockets: number;
}

const connectionsMax = 32;
const roundTrips = values.quick ? [0, 10] : [0, 1, 10, 50];
const rounds = values.quick ? 1 : 3;
const loadBefore = loadavg();
await using cleanUp = new AsyncDisposableStack();
const ingest = forkFile('ingest.ts');
cleanUp.defer(() => ingest.disconnect());
const ingestPort = await portOf(ingest);

const rows: Row[] = [];
for (const roundTripMs of roundTrips) {
  const distance = forkFile('distance.ts', [String(ingestPort), String(roundTripMs)]);
  const baseUrl = `http://127.0.0.1:${String(await portOf(distance))}`;
  const few = Math.max(50, Math.min(500, Math.round(2_000 / Math.max(1, roundTripMs))));
  const works: [string, number, (samples: SampleInput[]) => Promise<void>][] = [
    ['one after the other', few, (samples) => withClient(baseUrl, (client) => oneByOne(client, samples))],
    ['all at once', 1_000, (samples) => withClient(baseUrl, (client) => allAtOnce(client, samples))],
    ['one batch', 10_000, (samples) => withClient(baseUrl, (client) => asBatch(client, samples))],
    ['a new connection for each', Math.min(few, 200), (samples) => eachAlone(baseUrl, samples)],
  ];
  for (const [what, count, work] of works) {
    await work(samplesOf(Math.min(count, 50)));
    const measured: Row[] = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await measure(what, roundTripMs, count, work));
    measured.sort((one, other) => one.samplesPerSecond - other.samplesPerSecond);
    const median = measured[Math.floor(measured.length / 2)];
    if (median !== undefined) rows.push(median);
  }
  distance.disconnect();
}

print(rows);
const overhead = monitorOverhead();
console.log(`\nmonitor() adds ${overhead.toFixed(2)} µs to a call that does nothing`);
if (!values.quick) {
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  const machine = {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    node: process.version,
    loadBefore,
    loadAfter: loadavg(),
  };
  const facts = { at: new Date().toISOString(), machine, connectionsMax, rounds, rows, monitorUsPerCall: overhead };
  writeFileSync(join(results, 'sdk.json'), `${JSON.stringify(facts, null, 2)}\n`);
}

async function portOf(child: ChildProcess): Promise<number> {
  const [message] = (await once(child, 'message')) as [{ address: { port: number } }];
  return message.address.port;
}

async function countsOf(): Promise<{ requests: number; samples: number; sockets: number }> {
  const answer = once(ingest, 'message') as Promise<
    [{ counts: { requests: number; samples: number; sockets: number } }]
  >;
  ingest.send('counts');
  return (await answer)[0].counts;
}

function samplesOf(count: number): SampleInput[] {
  return Array.from({ length: count }, (_, index) => ({
    model_id: 'bench-model',
    model_type: 'tabular',
    latency: 10 + (index % 90),
    throughput: 100,
    resource_usage: { cpu_usage: 0.5, memory_usage: 0.4 },
    tags: { region: 'north', team: 'risk' },
  }));
}

async function withClient(baseUrl: string, work: (client: Signalbox) => Promise<void>): Promise<void> {
  await using client = createSignalbox({ baseUrl, apiKey: 'bench', connectionsMax });
  await work(client);
}

async function oneByOne({ metrics }: Signalbox, samples: SampleInput[]): Promise<void> {
  for (const sample of samples) await metrics.collectInferenceMetric(sample);
}

async function allAtOnce({ metrics }: Signalbox, samples: SampleInput[]): Promise<void> {
  await Promise.all(samples.map((sample) => metrics.collectInferenceMetric(sample)));
}

async function asBatch({ metrics }: Signalbox, samples: SampleInput[]): Promise<void> {
  const { success } = await metrics.collectInferenceMetricsBatch(samples);
  if (success !== samples.length) throw new Error(`${String(success)} of ${String(samples.length)} were stored`);
}

async function eachAlone(baseUrl: string, samples: SampleInput[]): Promise<void> {
  for (const sample of samples) await withClient(baseUrl, (client) => oneByOne(client, [sample]));
}

async function measure(
  what: string,
  roundTripMs: number,
  count: number,
  work: (samples: SampleInput[]) => Promise<void>,
): Promise<Row> {
  const samples = samplesOf(count);
  await countsOf();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work(samples);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const { samples: stored, requests, sockets } = await countsOf();
  if (stored !== count) throw new Error(`${what}: ${String(stored)} of ${String(count)} samples arrived`);
  const cpuUsPerSample = (user + system) / count;
  return { what, roundTripMs, samples: count, samplesPerSecond: count / seconds, cpuUsPerSample, requests, sockets };
}

/** What is recorded goes into a buffer whose flushes are not part of the call; those are measured above. */
function monitorOverhead(): number {
  const transport = { send: () => Promise.reject(new Error('nobody is there')), close: () => undefined };
  const { metrics } = createSignalbox({ baseUrl: 'http://127.0.0.1', apiKey: 'bench', transport });
  metrics.enableBuffering({ flushEveryMs: 3_600_000, flushItems: Number.MAX_SAFE_INTEGER, capacity: 1_000_000 });
  const bare = () => 1;
  const watched = metrics.monitor(bare, { model_id: 'bench-model', model_type: 'tabular' });
  const time = (call: () => number, calls: number) => {
    const startedAt = performance.now();
    for (let done = 0; done < calls; done += 1) call();
    return ((performance.now() - startedAt) * 1_000) / calls;
  };
  time(watched, 20_000);
  return time(watched, 100_000) - time(bare, 100_000);
}

function print(table: readonly Row[]): void {
  const head = ['', 'round trip', 'samples', 'samples/s', 'CPU µs/sample', 'requests', 'sockets'];
  console.log(head.map((title, index) => (index === 0 ? title.padEnd(28) : title.padStart(15))).join(''));
  for (const row of table) {
    const figures = [
      `${String(row.roundTripMs)} ms`,
      String(row.samples),
      row.samplesPerSecond.toFixed(0),
      row.cpuUsPerSample.toFixed(1),
      String(row.requests),
      String(row.sockets),
    ];
    console.log(row.what.padEnd(28) + figures.map((figure) => figure.padStart(15)).join(''));
  }
}
