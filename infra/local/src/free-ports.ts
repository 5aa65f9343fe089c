import { createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS take the ports of outgoing connections: a port that was free a moment ago
 * cannot become the far end of somebody's connection before our server listens on it.
 */
const firstPort = 20_000;
const portCount = 12_000;
const handedOut = new Set<number>();

/** Finds `count` ports on 127.0.0.1 that nothing listens on; never the same one twice in one process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  // Processes that look at the same time start looking in different places.
  let candidate = (process.pid * 97 + handedOut.size + Math.floor(Math.random() * portCount)) % portCount;
  for (let tries = 0; ports.length < count && tries < portCount; tries += 1) {
    const port = firstPort + candidate;
    candidate = (candidate + 1) % portCount;
    if (handedOut.has(port) || !(await isPortFree(port))) continue;
    handedOut.add(port);
    ports.push(port);
  }
  if (ports.length < count)
    throw new Error(`No free port between ${String(firstPort)} and ${String(firstPort + portCount)}.`);
  return ports;
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
