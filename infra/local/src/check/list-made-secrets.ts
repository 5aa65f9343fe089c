import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const script = 'infra/compose/make-secrets.js';
const made = '.signalbox/compose';

/** Runs the script that makes the secrets of docker-compose.yml, in a folder that goes again, and names what it made. */
export async function listMadeSecrets(root: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-check-'));
  try {
    await mkdir(dirname(join(folder, script)), { recursive: true });
    await copyFile(join(root, script), join(folder, script));
    await promisify(execFile)(process.execPath, [join(folder, script)]);
    return (await readdir(join(folder, made))).map((name) => `${made}/${name}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
