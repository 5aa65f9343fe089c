import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { startChild } from './child.ts';
import type { RedisBinary } from './find-redis.ts';
import { freePort } from './free-ports.ts';
import { runStoreServer, type StoreServer } from './store-server.ts';

export interface StartRedisOptions {
  binary: RedisBinary;
  /** Data lives here; made when absent. */
  folder: string;
  logFile: string;
  recordFolder?: string;
  password?: string;
  /** Over the defaults: nothing is evicted and writes are on disk within a second, as a queue needs it. */
  config?: Readonly<Record<string, string>>;
  name?: string;
  /** `false`: the folder goes when the server is disposed of. Default `true`. */
  keepData?: boolean;
}

export async function startRedis(options: StartRedisOptions): Promise<StoreServer> {
  const { binary, folder, logFile, recordFolder, password, name = 'redis', keepData = true } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const config: Record<string, string> = {
    'maxmemory-policy': 'noeviction',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    ...options.config,
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    daemonize: 'no',
    ...(password === undefined ? {} : { requirepass: password }),
  };
  return runStoreServer({
    url:
      password === undefined ? `redis://127.0.0.1:${String(port)}` : `redis://:${password}@127.0.0.1:${String(port)}`,
    port,
    stopGraceMs: 3_000,
    remove: keepData ? [] : [folder],
    start: () =>
      startChild({
        name,
        command: binary.path,
        args: Object.entries(config).flatMap(([key, value]) => [`--${key}`, value]),
        cwd: folder,
        env: { ...process.env, ...(binary.libraryPath === '' ? {} : { LD_LIBRARY_PATH: binary.libraryPath }) },
        logFile,
        ...(recordFolder === undefined ? {} : { recordFolder }),
      }),
    ping: () => ping(port, password),
  });
}

/** Resolves when Redis answers, its data loaded. */
async function ping(port: number, password: string | undefined): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
  try {
    await once(socket, 'connect');
    socket.write(password === undefined ? 'PING\r\n' : `AUTH ${password}\r\nPING\r\n`);
    let answer = '';
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes('+PONG')) return;
      if (answer.includes('-LOADING')) break;
    }
    throw new Error(`Redis does not answer: ${answer.trim()}`);
  } finally {
    socket.destroy();
  }
}
