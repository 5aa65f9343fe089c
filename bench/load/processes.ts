import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadResult } from './generator.ts';

const ticksPerSecond = 100;

/** CPU time that these processes have used so far, user and system together, in milliseconds (Linux' /proc). */
export function cpuMs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields[userTicks]) + Number(fields[systemTicks]);
  }
  return (ticks * 1000) / ticksPerSecond;
}

/** As `cpuMs`, of a process and its children: those that run, and those that have ended meanwhile. */
export function familyCpuMs(pid: number): number {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    .trim()
    .split(/\s+/);
  const running = children.filter((child) => child !== '').map(Number);
  const ticks = (of: number, fields: readonly number[]): number => {
    try {
      const stat = statFields(of);
      return fields.reduce((sum, field) => sum + Number(stat[field]), 0);
    } catch (error) {
      // It has ended since it was listed.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH')
        return 0;
      throw error;
    }
  };
  const own = ticks(pid, [userTicks, systemTicks, userTicksOfEnded, systemTicksOfEnded]);
  const theirs = running.reduce((sum, child) => sum + ticks(child, [userTicks, systemTicks]), 0);
  return ((own + theirs) * 1_000) / ticksPerSecond;
}

// Places behind the command in /proc/PID/stat.
const userTicks = 11;
const systemTicks = 12;
const userTicksOfEnded = 13;
const systemTicksOfEnded = 14;

function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Forks one of our own files as a process of its own, with this process' Node and conditions. */
export function forkFile(file: string, args: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

export interface Measured extends LoadResult {
  /** CPU of the target's processes per request, in milliseconds: what the hop itself costs. */
  cpuMsPerRequest: number;
}

/** Runs one load order in a fresh generator and reads the target's CPU clock at both ends of the measured window. */
export async function measure(order: LoadOrder, targetPids: readonly number[]): Promise<Measured> {
  const child = forkFile('generator.ts');
  let before = 0;
  let after = 0;
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.on('message', (message: { kind: string; result?: LoadResult }) => {
      if (message.kind === 'measuring') before = cpuMs(targetPids);
      else if (message.kind === 'measured') after = cpuMs(targetPids);
      else if (message.result !== undefined) resolve(message.result);
    });
    child.on('exit', (code) => {
      reject(new Error(`the load generator ended early with code ${String(code)}`));
    });
  });
  child.send(order);
  const measured = await result;
  child.disconnect();
  await once(child, 'exit');
  return { ...measured, cpuMsPerRequest: (after - before) / measured.requests };
}
