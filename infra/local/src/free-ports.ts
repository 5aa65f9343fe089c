import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Below the range from which Linux and macOS take the ports of outgoing connections: a port that was free a moment ago
 * cannot become the far end of somebody's connection before our server listens on it.
 */
const firstPort = 20_000;
const portCount = 12_000;
const handedOut = new Set<number>();
/** A port is taken some time before anything listens on it: a file for each says which process of this user will. */
const reservations = join(tmpdir(), `signalbox-ports-${String(process.getuid?.() ?? 0)}`);

/** Finds `count` ports on 127.0.0.1 that nothing listens on, and that no other process which is there was given. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  // Processes that look at the same time start looking in different places.
  let candidate = (process.pid * 97 + handedOut.size + Math.floor(Math.random() * portCount)) % portCount;
  for (let tries = 0; ports.length < count && tries < portCount; tries += 1) {
    const port = firstPort + candidate;
    candidate = (candidate + 1) % portCount;
    if (handedOut.has(port) || !(await isPortFree(port)) || !reserve(port)) continue;
    handedOut.add(port);
    ports.push(port);
  }
  if (ports.length < count)
    throw new Error(`No free port between ${String(firstPort)} and ${String(firstPort + portCount)}.`);
  return ports;
}

/** False when another process that is there has it. */
function reserve(port: number): boolean {
  mkdirSync(reservations, { recursive: true });
  const file = join(reservations, String(port));
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (isThere(Number(readFileSync(file, 'utf8')))) return false;
      rmSync(file, { force: true });
    }
  }
  return false;
}

function isThere(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Whether a server could listen on 127.0.0.1:`port` now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
