import { requestBody } from './answers.ts';
import { measure, type Measured } from './processes.ts';
import type { Target } from '../target.ts';

export interface Round {
  target: string;
  mode: 'json' | 'sse';
  connections: number;
  measured: Measured;
}

export interface Effort {
  rounds: number;
  /** Each target answers for so long, in each mode, before anything is measured: code that runs for the first time is slow. */
  heatMs: number;
  warmUpMs: number;
  measureMs: number;
  connections: readonly number[];
}

/**
 * Measures every target in turn, several rounds of each, the order turned by one in every round: what else the machine
 * does then falls on all of them alike. Throws at the first wrong answer, since a fast wrong answer is no figure.
 */
export async function measureTargets(
  targets: readonly Target[],
  effort: Effort,
  tell: (line: string) => void,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (const mode of ['json', 'sse'] as const) {
    for (const target of targets) {
      await measureOne(target, mode, 16, { warmUpMs: 0, measureMs: effort.heatMs });
      tell(`${mode} ${target.name} is warm`);
    }
    for (const connections of effort.connections) {
      for (let round = 0; round < effort.rounds; round += 1) {
        const first = round % targets.length;
        for (const target of [...targets.slice(first), ...targets.slice(0, first)]) {
          const measured = await measureOne(target, mode, connections, effort);
          rounds.push({ target: target.name, mode, connections, measured });
          const speed = `${measured.requestsPerSecond.toFixed(0)} requests/s`;
          tell(`${mode} ×${String(connections)} round ${String(round + 1)} ${target.name}: ${speed}`);
        }
      }
    }
  }
  return rounds;
}

async function measureOne(
  target: Target,
  mode: 'json' | 'sse',
  connections: number,
  windows: Pick<Effort, 'warmUpMs' | 'measureMs'>,
): Promise<Measured> {
  const measured = await measure(
    {
      origin: target.origin,
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json', ...target.headers },
      signer: target.signer,
      body: requestBody(target.model, mode === 'sse'),
      mode,
      connections,
      warmUpMs: windows.warmUpMs,
      measureMs: windows.measureMs,
    },
    target.pids(),
  );
  if (measured.wrong > 0) {
    throw new Error(
      `${target.label}: ${String(measured.wrong)} wrong answers, the first: ${String(measured.firstWrong)}`,
    );
  }
  // A window in which nothing was finished says that the machine was elsewhere.
  return measured.requests === 0 ? measureOne(target, mode, connections, windows) : measured;
}

export interface Row {
  target: string;
  mode: 'json' | 'sse';
  connections: number;
  requestsPerSecond: number;
  p50: number;
  p99: number;
  firstByteP50: number;
  cpuMsPerRequest: number;
  /** Against the upstream alone, in the same run. */
  addedP50: number;
  addedP99: number;
  addedFirstByteP50: number;
}

/**
 * The median of each figure over the rounds, and what each target adds to the upstream alone. Of CPU the least: what else
 * the machine does can only add to it.
 */
export function tabulate(rounds: readonly Round[], floor: string): Row[] {
  const groups = new Map<string, Round[]>();
  for (const round of rounds) {
    const key = `${round.mode} ${String(round.connections)} ${round.target}`;
    groups.set(key, [...(groups.get(key) ?? []), round]);
  }
  const rows = [...groups.values()].flatMap((group): Row[] => {
    const [first] = group;
    if (first === undefined) return [];
    const middle = (figure: (measured: Measured) => number) => median(group.map((round) => figure(round.measured)));
    return [
      {
        target: first.target,
        mode: first.mode,
        connections: first.connections,
        requestsPerSecond: middle((measured) => measured.requestsPerSecond),
        p50: middle((measured) => measured.latencyMs.p50),
        p99: middle((measured) => measured.latencyMs.p99),
        firstByteP50: middle((measured) => measured.firstByteMs.p50),
        cpuMsPerRequest: Math.min(...group.map((round) => round.measured.cpuMsPerRequest)),
        addedP50: 0,
        addedP99: 0,
        addedFirstByteP50: 0,
      },
    ];
  });
  for (const row of rows) {
    const base = rows.find(
      (other) => other.target === floor && other.mode === row.mode && other.connections === row.connections,
    );
    if (base === undefined) continue;
    row.addedP50 = row.p50 - base.p50;
    row.addedP99 = row.p99 - base.p99;
    row.addedFirstByteP50 = row.firstByteP50 - base.firstByteP50;
  }
  return rows;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
