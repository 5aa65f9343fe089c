import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Tell } from './tell.ts';

export interface RedisBinary {
  path: string;
  /** What it needs in LD_LIBRARY_PATH; empty when the system's own libraries do. */
  libraryPath: string;
}

const run = promisify(execFile);

const advice =
  process.platform === 'darwin'
    ? 'Install it with `brew install redis`'
    : 'Install redis-server (or valkey-server) 6.2 or later with your package manager';
const adviceForAll = `${advice}, or run one in Docker (\`docker run -d -p 127.0.0.1:6379:6379 redis:8 redis-server --appendonly yes\`) and set REDIS_QUEUE_URL and REDIS_CACHE_URL to it.`;

/**
 * Finds a Redis: the one that `SIGNALBOX_REDIS_SERVER` names, else on PATH, else what an earlier call fetched into `toolsFolder`, else on Debian and Ubuntu it fetches the
 * distribution's packages there, which needs no root and changes nothing in the system.
 */
export async function findRedis(toolsFolder: string, env: NodeJS.ProcessEnv, tell: Tell): Promise<RedisBinary> {
  const found = findInstalledRedis(env) ?? fetchedRedis(toolsFolder);
  if (found !== null) return found;
  const path = env['PATH'] ?? '';
  if (!isOnPath('apt-get', path) || !isOnPath('dpkg-deb', path)) {
    throw new Error(`No redis-server or valkey-server of version 6.2 or later is on PATH. ${adviceForAll}`);
  }
  tell('Fetching redis-server from the distribution');
  try {
    await fetchRedis(toolsFolder);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
    throw new Error(`redis-server could not be fetched (${reason}). ${adviceForAll}`, { cause: error });
  }
  const fetched = fetchedRedis(toolsFolder);
  if (fetched === null) throw new Error(`The redis-server that was fetched does not run here. ${adviceForAll}`);
  return fetched;
}

/** A Redis that needs no fetching: the one that `SIGNALBOX_REDIS_SERVER` names, else one of 6.2 or later on PATH. */
export function findInstalledRedis(env: NodeJS.ProcessEnv): RedisBinary | null {
  const named = env['SIGNALBOX_REDIS_SERVER'] ?? '';
  if (named !== '') return { path: named, libraryPath: env['SIGNALBOX_REDIS_LIBRARY_PATH'] ?? '' };
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    for (const name of ['redis-server', 'valkey-server']) {
      const binary = { path: join(folder, name), libraryPath: '' };
      if (isExecutable(binary.path) && isRecent(binary)) return binary;
    }
  }
  return null;
}

function fetchedRedis(toolsFolder: string): RedisBinary | null {
  const root = join(toolsFolder, 'redis');
  const path = join(root, 'usr/bin/redis-server');
  if (!existsSync(path)) return null;
  const folders = ['usr/lib', 'lib'].flatMap((name) => {
    const folder = join(root, name);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((entry) => entry.endsWith('-linux-gnu'))
      .map((entry) => join(folder, entry));
  });
  const binary = { path, libraryPath: folders.join(delimiter) };
  return isRecent(binary) ? binary : null;
}

async function fetchRedis(toolsFolder: string): Promise<void> {
  const work = join(toolsFolder, `redis.${String(process.pid)}`);
  const packages = join(work, 'packages');
  const root = join(work, 'root');
  mkdirSync(packages, { recursive: true });
  mkdirSync(root);
  try {
    try {
      await download(packages, []);
    } catch {
      // The system's package lists are empty or old, and only root may renew them: use lists of our own.
      const own = ['lists/partial', 'cache/archives/partial'].map((name) => join(work, 'apt', name));
      for (const folder of own) mkdirSync(folder, { recursive: true });
      const options = [
        `Dir::State::lists=${join(work, 'apt/lists')}`,
        `Dir::Cache=${join(work, 'apt/cache')}`,
        'Debug::NoLocking=1',
        'APT::Sandbox::User=root',
        'Acquire::Retries=2',
      ].flatMap((option) => ['-o', option]);
      await run('apt-get', [...options, 'update', '-qq'], { cwd: packages });
      await download(packages, options);
    }
    for (const file of readdirSync(packages).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(packages, file), root]);
    }
    rmSync(join(toolsFolder, 'redis'), { recursive: true, force: true });
    renameSync(root, join(toolsFolder, 'redis'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Downloads the server and those of its libraries that are not installed. */
async function download(folder: string, options: readonly string[]): Promise<void> {
  const { stdout } = await run('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n'], {
    maxBuffer: 16 * 2 ** 20,
  });
  const installed = new Set(
    stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0] ?? ''] : [])),
  );
  const wanted = new Set(['redis-server', 'redis-tools']);
  for (const name of wanted) {
    for (const dependency of await dependenciesOf(name, options)) {
      // The rest (adduser, init scripts) is for a server that the system runs.
      if (/^(redis|lib|lua)/.test(dependency) && !installed.has(dependency)) wanted.add(dependency);
    }
  }
  await run('apt-get', [...options, '-o', 'APT::Sandbox::User=root', 'download', '-qq', ...wanted], { cwd: folder });
}

/** Of alternatives the first one. */
async function dependenciesOf(name: string, options: readonly string[]): Promise<string[]> {
  const { stdout } = await run('apt-cache', [...options, 'depends', '--important', name]);
  const dependencies: string[] = [];
  let inAlternative = false;
  for (const [, bar, dependency = ''] of stdout.matchAll(/^ (\|?) ?(?:Pre)?Depends: (\S+)$/gm)) {
    if (!inAlternative && !dependency.startsWith('<')) dependencies.push(dependency);
    inAlternative = bar === '|';
  }
  return dependencies;
}

function isRecent({ path, libraryPath }: RedisBinary): boolean {
  try {
    const env = libraryPath === '' ? process.env : { ...process.env, LD_LIBRARY_PATH: libraryPath };
    const output = execFileSync(path, ['--version'], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [, major, minor] = /\bv=(\d+)\.(\d+)/.exec(output) ?? [];
    return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2);
  } catch {
    return false; // It cannot even say its version: no server for us.
  }
}

function isOnPath(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
