import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../target.ts';
import { stopping, until200 } from './peer.ts';

const pinned = { '@portkey-ai/gateway': '1.15.2' };
const overrides = { hono: '4.9.7', '@hono/node-server': '1.13.5' };

// Portkey listens on every interface and has no setting for it; the benchmark keeps it on loopback.
const stayLocal = `import net from 'node:net';
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const done = rest.find((argument) => typeof argument === 'function');
  const number = typeof port === 'object' ? port.port : port;
  return listen.call(this, { port: Number(number), host: '127.0.0.1' }, done);
};
`;

/**
 * Portkey's open gateway, from npm, pinned: a fresh install of 1.15.2 answers streams with 500 unless two of its
 * dependencies are held back. It is installed outside this repository's dependencies, on demand.
 */
export async function startPortkey(folder: string, upstream: URL, port: number): Promise<Target> {
  mkdirSync(folder, { recursive: true });
  const root = join(folder, 'node_modules/@portkey-ai/gateway');
  if (!existsSync(join(root, 'build/start-server.js'))) {
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'peer', private: true, dependencies: { ...pinned, ...overrides }, overrides }),
    );
    const install = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (install.status !== 0) throw new Error(`Portkey could not be installed: ${install.stderr.slice(0, 500)}`);
  }
  writeFileSync(join(folder, 'stay-local.mjs'), stayLocal);
  const child = spawn(
    process.execPath,
    ['--import', join(folder, 'stay-local.mjs'), 'build/start-server.js', '--headless', `--port=${String(port)}`],
    // It writes a line to stderr that means nothing to anybody here.
    { cwd: root, stdio: 'ignore' },
  );
  const origin = `http://127.0.0.1:${String(port)}`;
  await until200(`${origin}/`, 'Portkey');
  return {
    name: 'portkey',
    label: `Portkey gateway ${pinned['@portkey-ai/gateway']}`,
    origin,
    headers: {
      authorization: 'Bearer nobody-checks-this',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': new URL('/v1', upstream).href,
    },
    model: 'bench-model',
    pids: () => [child.pid ?? 0],
    ...stopping(child),
  };
}
