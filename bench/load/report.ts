import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Row } from './measure-targets.ts';
import type { Target } from '../target.ts';

const loadBefore = load();

export function printRows(rows: readonly Row[], targets: readonly Target[], connections: readonly number[]): void {
  for (const mode of ['json', 'sse'] as const) {
    for (const count of connections) {
      console.log(`\n${mode === 'json' ? 'JSON' : 'SSE, 50 chunks'}, ${String(count)} connections`);
      console.log(
        ['', 'requests/s', 'CPU ms/req', 'p50 ms', 'p99 ms', 'added p50', 'added p99', 'added TTFB p50']
          .map((title, index) => (index === 0 ? title.padEnd(34) : title.padStart(15)))
          .join(''),
      );
      for (const row of rows.filter((candidate) => candidate.mode === mode && candidate.connections === count)) {
        const label = targets.find(({ name }) => name === row.target)?.label ?? row.target;
        const figures = [
          row.requestsPerSecond.toFixed(0),
          ...[row.cpuMsPerRequest, row.p50, row.p99, row.addedP50, row.addedP99, row.addedFirstByteP50].map((figure) =>
            figure.toFixed(3),
          ),
        ];
        console.log(label.padEnd(34) + figures.map((figure) => figure.padStart(15)).join(''));
      }
    }
  }
}

/** Says whether a figure reached its goal; nothing where there is no figure. */
export function printGoal(what: string, reached: number | undefined, goal: number, isAtMost: boolean): void {
  if (reached === undefined || Number.isNaN(reached)) return;
  const met = isAtMost ? reached <= goal : reached >= goal;
  console.log(
    `${met ? 'reached    ' : 'not reached'}  ${what}: ${reached.toFixed(3)} (goal ${isAtMost ? '≤' : '≥'} ${String(goal)})`,
  );
}

/** Writes `bench/results/<name>.json`: the figures, the machine, and what else it was doing. */
export function writeResults(name: string, results: object): void {
  const folder = join(import.meta.dirname, '../results');
  mkdirSync(folder, { recursive: true });
  const machine = {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load_before: loadBefore,
    load_after: load(),
  };
  writeFileSync(
    join(folder, `${name}.json`),
    `${JSON.stringify({ at: new Date().toISOString(), machine, ...results }, null, 2)}\n`,
  );
}

function load(): string {
  return loadavg()
    .map((figure) => figure.toFixed(1))
    .join(', ');
}
