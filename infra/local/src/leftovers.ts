import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './process-identity.ts';

interface Leftover {
  pid: number;
  identity: string;
  stopSignal: NodeJS.Signals;
}

/**
 * Ends what an earlier run, killed before it could stop its children, left running; gives their names. A process that
 * merely got the same number is told apart by the moment of its start, and left alone.
 */
export async function endLeftovers(recordFolder: string): Promise<string[]> {
  if (!existsSync(recordFolder)) return [];
  const files = readdirSync(recordFolder).filter((name) => name.endsWith('.json'));
  const ended: string[] = [];
  await Promise.all(
    files.map(async (name) => {
      const leftover = readRecord(join(recordFolder, name));
      if (leftover !== null && (await end(leftover))) ended.push(name.slice(0, -'.json'.length));
      rmSync(join(recordFolder, name), { force: true });
    }),
  );
  return ended;
}

async function end({ pid, identity, stopSignal }: Leftover): Promise<boolean> {
  const isThere = () => processIdentity(pid) === identity;
  if (!isThere()) return false;
  process.kill(pid, 'SIGCONT');
  process.kill(pid, stopSignal);
  const deadline = performance.now() + 4_000;
  while (isThere() && performance.now() < deadline) await sleep(50);
  while (isThere()) {
    process.kill(pid, 'SIGKILL');
    await sleep(50);
  }
  return true;
}

function readRecord(file: string): Leftover | null {
  try {
    const { pid, identity, stopSignal } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Leftover>;
    if (pid === undefined || !identity || stopSignal === undefined) return null;
    return { pid, identity, stopSignal };
  } catch {
    return null; // Cut off in the middle of writing: the keeper has ended that process.
  }
}
