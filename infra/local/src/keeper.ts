import { spawn, type ChildProcess } from 'node:child_process';

/**
 * Outlives this process by a moment, so that `kill -9` on us orphans nothing: a shell that reads which processes are
 * ours and, when its input ends without them gone, stops them. It sits in a session of its own, out of Ctrl-C's way.
 */
const script = `
trap '' INT TERM HUP
kept=""
while read -r verb pid signal; do
  rest=""
  for entry in $kept; do [ "\${entry%%:*}" = "$pid" ] || rest="$rest $entry"; done
  kept="$rest"
  [ "$verb" = keep ] && kept="$kept $pid:$signal"
done
[ -z "$kept" ] && exit 0
for entry in $kept; do kill -CONT "\${entry%%:*}"; kill "-\${entry##*:}" "\${entry%%:*}"; done 2>/dev/null
waited=0
while [ $waited -lt 50 ]; do
  alive=""
  for entry in $kept; do kill -0 "\${entry%%:*}" && alive=yes; done 2>/dev/null
  [ -z "$alive" ] && exit 0
  sleep 0.1
  waited=$((waited + 1))
done
for entry in $kept; do kill -KILL "\${entry%%:*}"; done 2>/dev/null
`;

/** Of one process: which children must not outlive it. The shell exists only while there are any. */
export class Keeper {
  #shell: ChildProcess | null = null;
  readonly #kept = new Set<number>();

  /** From now on `pid` gets `signal` (and SIGKILL five seconds later) should this process vanish. */
  keep(pid: number, signal: 'TERM' | 'INT' | 'KILL'): void {
    this.#kept.add(pid);
    this.#shell ??= this.#open();
    this.#shell.stdin?.write(`keep ${String(pid)} ${signal}\n`);
  }

  /** Called when `pid` has ended: the number may belong to a stranger soon. */
  forget(pid: number): void {
    if (!this.#kept.delete(pid)) return;
    this.#shell?.stdin?.write(`forget ${String(pid)}\n`);
    if (this.#kept.size > 0) return;
    this.#shell?.stdin?.end();
    this.#shell = null;
  }

  #open(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
    // Without a shell there is still the record of every process on disk, which the next start reads.
    shell.on('error', () => (this.#shell = null));
    shell.stdin.on('error', () => (this.#shell = null));
    shell.unref();
    (shell.stdin as unknown as { unref(): void }).unref();
    return shell;
  }
}
