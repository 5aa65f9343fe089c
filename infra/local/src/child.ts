import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keeper } from './keeper.ts';
import { processIdentity } from './process-identity.ts';

export interface ChildOptions {
  /** Shown in messages; also the name of the record in `recordFolder`. */
  name: string;
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Both outputs are appended here. */
  logFile: string;
  /** Where the process is written down, so that a later run can end what a killed run left behind. */
  recordFolder?: string;
  /** What makes it end in good order. */
  stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL';
  /** Run as somebody else; only root can. */
  user?: { uid: number; gid: number };
}

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One process that we started, and nobody else's. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<ChildExit>;
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end, and after `graceMs` makes it. Resolves when it is gone. */
  stop(options: { graceMs: number }): Promise<void>;
  /** The last lines that it wrote. */
  lastLines(count: number): string;
}

const keeper = new Keeper();
const logBytesMax = 10 * 1024 * 1024;

/** Starts a process in a session of its own (Ctrl-C reaches us, and we stop it in order). Throws when it cannot be run. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, logFile, recordFolder, stopSignal = 'SIGTERM', user } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  rotate(logFile);
  const log = openSync(logFile, 'a', 0o600);
  const logStart = statSync(logFile).size;
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
    ...(user ?? {}),
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      reject(new Error(`${name} cannot be run (${options.command}): ${error.message}`, { cause: error }));
    });
  });
  const pid = child.pid ?? 0;
  const record = recordFolder === undefined ? null : join(recordFolder, `${name}.json`);
  if (recordFolder !== undefined && record !== null) {
    mkdirSync(recordFolder, { recursive: true });
    writeFileSync(record, JSON.stringify({ pid, identity: processIdentity(pid), stopSignal }));
  }
  keeper.keep(pid, stopSignal.slice(3) as 'TERM' | 'INT' | 'KILL');

  let running = true;
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => {
      running = false;
      keeper.forget(pid);
      if (record !== null) rmSync(record, { force: true });
      resolve({ code, signal });
    });
  });

  return {
    name,
    pid,
    logFile,
    exited,
    isRunning: () => running,
    signal: (signal) => {
      if (running) child.kill(signal);
    },
    async stop({ graceMs }) {
      if (!running) return;
      child.kill(stopSignal);
      // A frozen process does not hear a signal before it is thawed.
      child.kill('SIGCONT');
      const timer = new AbortController();
      await Promise.race([exited, sleep(graceMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
      child.kill('SIGKILL');
      await exited;
    },
    lastLines: (count) =>
      readFileSync(logFile).subarray(logStart).toString().trimEnd().split('\n').slice(-count).join('\n'),
  };
}

function rotate(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) renameSync(logFile, `${logFile}.1`);
}
