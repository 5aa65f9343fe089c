import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { processIdentity } from './process-identity.ts';

interface Owner {
  pid: number;
  identity: string | null;
}

/**
 * Takes the lock for this process, until `release` or its death, whatever kills it. Gives the number of the process
 * that holds it instead, when one does.
 */
export function takeLock(file: string): { release: () => void } | { heldBy: number } {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${String(process.pid)}`;
  const me: Owner = { pid: process.pid, identity: processIdentity(process.pid) };
  writeFileSync(mine, JSON.stringify(me));
  try {
    for (;;) {
      try {
        // Either the whole lock is there or nothing.
        linkSync(mine, file);
        return {
          release: () => {
            rmSync(file, { force: true });
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = readOwner(file);
      if (owner !== null && isAlive(owner)) return { heldBy: owner.pid };
      removeStale(file, mine);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Moves a dead owner's lock away; puts it back when another process has taken the lock between the look and the move. */
function removeStale(file: string, mine: string): void {
  const stale = `${mine}.stale`;
  try {
    renameSync(file, stale);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const owner = readOwner(stale);
  if (owner !== null && isAlive(owner)) renameSync(stale, file);
  rmSync(stale, { force: true });
}

function readOwner(file: string): Owner | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function isAlive({ pid, identity }: Owner): boolean {
  return identity !== null && processIdentity(pid) === identity;
}
