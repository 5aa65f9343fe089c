import { randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkBytes } from './check-bytes.ts';
import { away, checkedKey, damaged, hashIn, keyOf, sha256, type Storage } from './storage.ts';

/**
 * Keeps blobs in a folder, which every replica must see. A blob is written beside its place, brought to the disk, and then
 * moved there: nobody ever meets half of one.
 */
export function openVolume({ folder }: { folder: string }): Storage {
  const placeOf = (key: string): string => {
    const [tenant = '', use = '', hash = ''] = checkedKey(key).split('/');
    // Two characters of the hash between, so that no folder grows too long.
    return join(folder, tenant, use, hash.slice(0, 2), hash);
  };

  return {
    async put(owner, bytes, signal) {
      const key = keyOf(owner, bytes);
      const place = placeOf(key);
      return translated(async () => {
        signal?.throwIfAborted();
        if (await isThere(place, bytes.length)) return key;
        await mkdir(dirname(place), { recursive: true });
        const draft = `${place}.${randomUUID()}`;
        try {
          await write(draft, bytes);
          await rename(draft, place);
          await syncFolder(dirname(place));
        } catch (error) {
          await rm(draft, { force: true });
          throw error;
        }
        return key;
      }, signal);
    },
    get: (key, signal) =>
      translated(async () => {
        const bytes = await absentAsNull(readFile(placeOf(key), { signal }));
        if (bytes !== null && sha256(bytes) !== hashIn(key)) throw damaged(key);
        return bytes;
      }, signal),
    stream: (key, signal) =>
      translated(async () => {
        const file = await absentAsNull(open(placeOf(key), 'r'));
        if (file === null) return null;
        return checkBytes(key, createReadStream('', { fd: file, ...(signal === undefined ? {} : { signal }) }));
      }, signal),
    has: (key, signal) => translated(async () => (await absentAsNull(stat(placeOf(key)))) !== null, signal),
    delete: (key, signal) =>
      translated(async () => {
        await rm(placeOf(key), { force: true });
      }, signal),
    ping: (signal) =>
      translated(async () => {
        await mkdir(folder, { recursive: true });
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
      }, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function isThere(place: string, bytes: number): Promise<boolean> {
  return (await absentAsNull(stat(place)))?.size === bytes;
}

async function write(place: string, bytes: Buffer): Promise<void> {
  await using file = await open(place, 'wx', 0o600);
  await file.writeFile(bytes);
  await file.sync();
}

/** A name is as lasting as its folder. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

async function absentAsNull<Value>(found: Promise<Value>): Promise<Value | null> {
  try {
    return await found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Disk full, not mounted, not ours: to the caller all of that is a storage that is away. */
async function translated<Value>(work: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason as Error;
    throw typeof (error as NodeJS.ErrnoException).errno === 'number' ? away(error) : error;
  }
}
