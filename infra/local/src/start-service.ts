import { readFileSync } from 'node:fs';
import { startChild, type Child, type ChildExit } from './child.ts';
import { until } from './until.ts';

/** One process of the mesh. Replicas of a service are `gateway`, `gateway-2`, … */
export interface MeshService extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** Settles when the present process ends, asked or not. */
  readonly exited: Promise<ChildExit>;
  isRunning(): boolean;
  /** Sends a signal, and resolves at once. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal, and resolves when the process has ended of it. */
  kill(signal?: NodeJS.Signals): Promise<ChildExit>;
  /**
   * Starts it again on the same ports and waits until it is ready; when it still runs, it is stopped first. `changes`
   * to its environment stay.
   */
  restart(changes?: Readonly<Record<string, string>>): Promise<void>;
  /** Everything it wrote, its earlier lives included. */
  logs(): string;
  lastLines(count: number): string;
}

export interface StartServiceOptions {
  name: string;
  url: string;
  adminUrl: string;
  command: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  logFile: string;
  recordFolder: string;
  stopGraceMs: number;
  /** Gives up waiting for readiness at the first start. */
  signal: AbortSignal;
}

const readyTimeoutMs = 60_000;

/** Starts a service and waits until its admin port says that it is ready. Stops it again, and throws, when it does not. */
export async function startService(options: StartServiceOptions): Promise<MeshService> {
  const { name, url, adminUrl, logFile, stopGraceMs } = options;
  let env = options.env;
  const closing = new AbortController();
  const launch = async (signal: AbortSignal): Promise<Child> => {
    const started = await startChild({ ...options, env });
    try {
      await until(() => assertReady(adminUrl), {
        timeoutMs: readyTimeoutMs,
        giveUp: () => {
          signal.throwIfAborted();
          return started.isRunning() ? null : new Error(`${name} ended while starting`);
        },
      });
      return started;
    } catch (error) {
      const lines = started.lastLines(15);
      await started.stop({ graceMs: stopGraceMs });
      signal.throwIfAborted();
      const said = refusalIn(lines);
      if (said !== null) throw new Error(`${name} does not start: ${said}`, { cause: error });
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}. The last lines of ${logFile}:\n${lines}`, { cause: error });
    }
  };
  let child = await launch(options.signal);
  let restarting: Promise<unknown> = Promise.resolve();
  return {
    name,
    url,
    adminUrl,
    get pid() {
      return child.pid;
    },
    get exited() {
      return child.exited;
    },
    isRunning: () => child.isRunning(),
    signal: (signal) => {
      child.signal(signal);
    },
    kill(signal = 'SIGKILL') {
      child.signal(signal);
      return child.exited;
    },
    async restart(changes = {}) {
      closing.signal.throwIfAborted();
      env = { ...env, ...changes };
      await child.stop({ graceMs: stopGraceMs });
      const launched = launch(closing.signal);
      restarting = launched.catch(ignore);
      child = await launched;
    },
    logs: () => readFileSync(logFile, 'utf8'),
    lastLines: (count) => child.lastLines(count),
    async [Symbol.asyncDispose]() {
      closing.abort(new Error(`${name} has been stopped.`));
      await restarting;
      await child.stop({ graceMs: stopGraceMs });
    },
  };
}

/** What a service that would not start (a bad setting, mostly) said of it, among the last lines of its log. */
function refusalIn(lines: string): string | null {
  for (const line of lines.split('\n')) {
    if (!line.includes('"process.start_failed"')) continue;
    try {
      const { error } = JSON.parse(line) as { error?: { message?: unknown } };
      if (typeof error?.message === 'string') return error.message;
    } catch {
      // Cut off in the middle: then all of the lines are shown.
    }
  }
  return null;
}

function ignore(): void {
  // Whoever asked for the restart hears of it.
}

async function assertReady(adminUrl: string): Promise<void> {
  const answer = await fetch(`${adminUrl}/health/ready`, { signal: AbortSignal.timeout(3_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${adminUrl}/health/ready answers ${String(answer.status)}: ${text.slice(0, 500)}`);
}
