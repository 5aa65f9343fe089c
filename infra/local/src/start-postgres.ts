import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startChild } from './child.ts';
import { freePort } from './free-ports.ts';
import { findPostgres } from './find-postgres.ts';
import { commandLine } from './process-identity.ts';
import { runStoreServer, type StoreServer } from './store-server.ts';

export interface StartPostgresOptions {
  /** Data lives here, or (as root, when others cannot reach this folder) where `postgresFolder` says. */
  folder: string;
  logFile: string;
  recordFolder?: string;
  /** Of the superuser `postgres`. Absent: every local connection is trusted, which only a test may want. */
  password?: string;
  /** `false` for data that a test throws away: it survives the death of the server, but not that of the machine. */
  durable: boolean;
  config?: Readonly<Record<string, string>>;
  name?: string;
  /** `false`: the folder goes when the server is disposed of. Default `true`. */
  keepData?: boolean;
}

/** Starts a real Postgres on a free port; makes the data folder on the first call. The url is the superuser's. */
export async function startPostgres(options: StartPostgresOptions): Promise<StoreServer> {
  const { logFile, recordFolder, password, durable, name = 'postgres', keepData = true } = options;
  const postgres = findPostgres(options.folder);
  const data = join(postgres.folder, 'data');
  const env = { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C', TZ: 'UTC' };
  if (!existsSync(data)) await initialise({ postgres, data, password, durable, env, logFile });
  const port = await freePort();
  const config = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...options.config,
  };
  const credentials = password === undefined ? 'postgres' : `postgres:${password}`;
  const url = `postgres://${credentials}@127.0.0.1:${String(port)}/postgres`;

  return runStoreServer({
    url,
    port,
    stopGraceMs: 5_000,
    remove: keepData ? [] : [postgres.folder, options.folder],
    start: () => {
      removeStaleLock(data);
      return startChild({
        name,
        command: join(postgres.binaries, 'postgres'),
        args: [
          ...['-D', data, '-p', String(port)],
          ...Object.entries(config).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
        ],
        cwd: postgres.folder,
        env,
        logFile,
        stopSignal: 'SIGINT',
        ...(recordFolder === undefined ? {} : { recordFolder }),
        ...(postgres.user === null ? {} : { user: postgres.user }),
      });
    },
    ping: () => ping(url),
    // After kill -9 its old children hold the shared memory for a moment.
    mayStartAgain: (lastLines) => lastLines.includes('pre-existing shared memory'),
  });
}

async function initialise(options: {
  postgres: ReturnType<typeof findPostgres>;
  data: string;
  password: string | undefined;
  durable: boolean;
  env: NodeJS.ProcessEnv;
  logFile: string;
}): Promise<void> {
  const { postgres, data, password, durable, env, logFile } = options;
  // A start that is killed in the middle leaves a folder under this name, and the next start begins anew.
  const unfinished = `${data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const passwordFile = join(postgres.folder, 'password');
  writeFileSync(passwordFile, `${password ?? ''}\n`, { mode: 0o600 });
  if (postgres.user !== null) {
    chownSync(unfinished, postgres.user.uid, postgres.user.gid);
    chownSync(passwordFile, postgres.user.uid, postgres.user.gid);
  }
  try {
    const child = await startChild({
      name: 'initdb',
      command: join(postgres.binaries, 'initdb'),
      args: [
        `--pgdata=${unfinished}`,
        '--username=postgres',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        ...(password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`]),
        ...(durable ? [] : ['--no-sync']),
      ],
      cwd: postgres.folder,
      env,
      logFile,
      ...(postgres.user === null ? {} : { user: postgres.user }),
    });
    const { code } = await child.exited;
    if (code !== 0) throw new Error(`The folder for Postgres' data could not be made:\n${child.lastLines(5)}`);
    renameSync(unfinished, data);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Postgres sees through the lock of a dead process, but not once the number has passed to a stranger. */
function removeStaleLock(data: string): void {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const holder = Number.isInteger(pid) ? commandLine(pid) : null;
  if (holder !== null && !holder.includes(data)) rmSync(file);
}

async function ping(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}
