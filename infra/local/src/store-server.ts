import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import type { Child, ChildExit } from './child.ts';
import { until } from './until.ts';

/** A store of our own on a free port: it can be killed, frozen and started again, as the worst day would. */
export interface StoreServer extends AsyncDisposable {
  /** Stays the same over `restart`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the present process ends, asked or not. */
  readonly exited: Promise<ChildExit>;
  lastLines(count: number): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same port and the same data; stops it first when it runs. */
  restart(): Promise<void>;
}

export interface StoreServerOptions {
  url: string;
  port: number;
  start: () => Promise<Child>;
  /** Rejects as long as the server does not answer. */
  ping: () => Promise<unknown>;
  /** Whether a start that ended at once, with these last lines, is worth another try. */
  mayStartAgain?: (lastLines: string) => boolean;
  stopGraceMs: number;
  /** Folders that go with the server. */
  remove: readonly string[];
}

const startTimeoutMs = 30_000;

export async function runStoreServer({
  url,
  port,
  start,
  ping,
  mayStartAgain = () => false,
  stopGraceMs,
  remove,
}: StoreServerOptions): Promise<StoreServer> {
  const launch = async (): Promise<Child> => {
    let launched = await start();
    try {
      await until(
        async () => {
          if (!launched.isRunning()) launched = await start();
          await ping();
        },
        {
          timeoutMs: startTimeoutMs,
          giveUp: () =>
            launched.isRunning() || mayStartAgain(launched.lastLines(20))
              ? null
              : new Error(
                  `${launched.name} ended while starting. The last lines of ${launched.logFile}:\n${launched.lastLines(5)}`,
                ),
        },
      );
      return launched;
    } catch (error) {
      await launched.stop({ graceMs: stopGraceMs });
      throw error;
    }
  };
  let child = await launch();
  let closed = false;
  let restarting: Promise<unknown> = Promise.resolve();
  const signalAll = (signal: NodeJS.Signals) => {
    // The parent first: it forks no more, so that the list of its children is complete.
    const pids = child.isRunning() ? childrenOf(child.pid) : [];
    child.signal(signal);
    for (const pid of pids) signalIfThere(pid, signal);
  };
  const stop = async () => {
    signalAll('SIGCONT');
    await child.stop({ graceMs: stopGraceMs });
  };
  return {
    url,
    port,
    get pid() {
      return child.pid;
    },
    get exited() {
      return child.exited;
    },
    lastLines: (count) => child.lastLines(count),
    async kill() {
      signalAll('SIGKILL');
      await child.exited;
    },
    freeze() {
      signalAll('SIGSTOP');
    },
    thaw() {
      signalAll('SIGCONT');
    },
    async restart() {
      await stop();
      if (closed) throw new Error(`The server at port ${String(port)} has been stopped.`);
      const launched = launch();
      restarting = launched.catch(ignore);
      child = await launched;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await restarting;
      await stop();
      for (const folder of remove) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ignore(): void {
  // Whoever asked for the restart hears of it.
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function childrenOf(parent: number): number[] {
  return process.platform === 'linux' ? childrenAccordingToProc(parent) : childrenAccordingToPs(parent);
}

function childrenAccordingToProc(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parentOfIt = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return parentOfIt === parent ? [Number(name)] : [];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

function childrenAccordingToPs(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, parentOfIt]) => (parentOfIt === parent ? [pid] : []));
}
