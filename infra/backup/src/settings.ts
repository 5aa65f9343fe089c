import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from '@signalbox/config';
import { createVault, VaultKeys, type Vault } from '@signalbox/vault';
import { z } from 'zod';

const Environment = z.object({
  DATABASE_URL: z.url(),
  BACKUP_KEYS: z.string(),
  BACKUP_FOLDER: z.string().default('backups'),
});

export interface Settings {
  url: string;
  vault: Vault;
  folder: string;
}

/** Reads the settings. Throws `ConfigError`, which prints no value; keys that cannot be read throw as well. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { DATABASE_URL: url, BACKUP_KEYS: keys, BACKUP_FOLDER: folder } = parseEnv(Environment, env);
  return { url, vault: createVault(VaultKeys.parse(keys)), folder };
}

const copyName = /^signalbox-[\dTZ-]+\.backup$/;

/** A name that sorts by when the copy was made. */
export function nameOfCopy(madeAt: Date): string {
  return `signalbox-${madeAt.toISOString().replaceAll(/[:.]/g, '-')}.backup`;
}

/** The newest copy in a folder. Throws where there is none. */
export async function newestCopy(folder: string): Promise<string> {
  const newest = (await readdir(folder))
    .filter((name) => copyName.test(name))
    .sort()
    .at(-1);
  if (newest === undefined) throw new Error(`${folder} holds no copy`);
  return join(folder, newest);
}

/** When a copy was made, by its name. */
export function madeAtOf(file: string): Date {
  const match = /signalbox-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.backup$/.exec(file);
  if (match === null) throw new Error(`${file} is not named as copies are`);
  return new Date(`${match[1] ?? ''}T${match[2] ?? ''}:${match[3] ?? ''}:${match[4] ?? ''}.${match[5] ?? ''}Z`);
}
