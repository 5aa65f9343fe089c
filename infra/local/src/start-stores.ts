import { once } from 'node:events';
import { connect } from 'node:net';
import { findRedis, type RedisBinary } from './find-redis.ts';
import type { Home } from './home.ts';
import { ensureSecret } from './secrets.ts';
import { ChromaUnavailable, startChroma } from './start-chroma.ts';
import { startPostgres } from './start-postgres.ts';
import { startRedis } from './start-redis.ts';
import type { StoreServer } from './store-server.ts';
import type { Tell } from './tell.ts';

export interface StoreUrls {
  /** A superuser's. */
  postgresUrl?: string | undefined;
  redisQueueUrl?: string | undefined;
  redisCacheUrl?: string | undefined;
  /** `null`: the mesh is to run without. */
  chromaUrl?: string | null | undefined;
}

export interface StartStoresOptions extends StoreUrls {
  home: Home;
  /** Where Redis is fetched to when the machine has none. */
  toolsFolder: string;
  /** Says where programs are. */
  env: NodeJS.ProcessEnv;
  /** Whether data outlives a crash of the machine, and this run. */
  keepData: boolean;
  /** `false`: every local connection to our own stores is trusted. */
  passwords: boolean;
  tell: Tell;
}

export interface Stores extends AsyncDisposable {
  postgresUrl: string;
  redisQueueUrl: string;
  redisCacheUrl: string;
  chromaUrl: string | null;
  /** The program that our own Redis runs, or would. */
  redisBinary: RedisBinary | null;
  /** Those that are ours; the others run elsewhere and are left alone. */
  servers: { postgres?: StoreServer; redis?: StoreServer; chroma?: StoreServer };
}

/** Starts the stores that no url is given for, all at once. What has started is stopped when another one cannot. */
export async function startStores(options: StartStoresOptions): Promise<Stores> {
  const { home, toolsFolder, keepData, passwords, tell } = options;
  const place = (name: string) => ({
    folder: home.data(name),
    logFile: home.logFile(name),
    recordFolder: home.processes,
    keepData,
  });
  const password = (name: string) => (passwords ? { password: ensureSecret(home.secrets, `${name}-password`) } : {});

  const servers: Stores['servers'] = {};
  let redisBinary: RedisBinary | null = null;
  const startedOrFailed = await Promise.allSettled([
    options.postgresUrl === undefined
      ? tell.timing('Postgres is ready', async () => {
          servers.postgres = await startPostgres({ ...place('postgres'), ...password('postgres'), durable: keepData });
        })
      : null,
    options.redisQueueUrl === undefined || options.redisCacheUrl === undefined
      ? tell.timing('Redis is ready', async () => {
          redisBinary = await findRedis(toolsFolder, options.env, tell);
          servers.redis = await startRedis({ ...place('redis'), ...password('redis'), binary: redisBinary });
        })
      : null,
    options.chromaUrl === undefined
      ? tell
          .timing('Chroma is ready', async () => {
            servers.chroma = await startChroma(place('chroma'));
          })
          .catch((error: unknown) => {
            if (!(error instanceof ChromaUnavailable)) throw error;
            tell(`${error.message} Until then retrieval is lexical`);
          })
      : null,
    assertReachable('REDIS_QUEUE_URL', options.redisQueueUrl),
    assertReachable('REDIS_CACHE_URL', options.redisCacheUrl),
    assertReachable('CHROMA_URL', options.chromaUrl ?? undefined),
  ]);

  const dispose = async () => {
    await Promise.all(Object.values(servers).map((server) => server[Symbol.asyncDispose]()));
  };
  const failures = startedOrFailed.flatMap((outcome) =>
    outcome.status === 'rejected' ? [asError(outcome.reason)] : [],
  );
  if (failures.length > 0) {
    await dispose();
    throw new Error(failures.map(({ message }) => message).join('\n'), { cause: failures[0] });
  }
  const ownRedis = servers.redis?.url ?? '';
  return {
    postgresUrl: options.postgresUrl ?? servers.postgres?.url ?? '',
    // Two databases of one Redis.
    redisQueueUrl: options.redisQueueUrl ?? `${ownRedis}/0`,
    redisCacheUrl: options.redisCacheUrl ?? `${ownRedis}/1`,
    chromaUrl: options.chromaUrl === undefined ? (servers.chroma?.url ?? null) : options.chromaUrl,
    redisBinary,
    servers,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Fails early, with the name of the variable, for an address where nothing listens. */
async function assertReachable(variable: string, url: string | undefined): Promise<void> {
  if (url === undefined) return;
  const { hostname, port, protocol } = URL.parse(url) ?? {};
  const defaultPort = { 'redis:': 6379, 'rediss:': 6379, 'http:': 80, 'https:': 443 }[protocol ?? ''];
  if (hostname === undefined || defaultPort === undefined)
    throw new Error(`${variable} is not the address of such a store.`);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort, timeout: 5_000 });
  socket.on('timeout', () => socket.destroy(new Error('no answer within 5 s')));
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new Error(`${variable} points at ${hostname}:${port ?? ''}, and nothing can be reached there.`, {
      cause: error,
    });
  } finally {
    socket.destroy();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
