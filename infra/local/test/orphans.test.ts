import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endLeftovers } from '../src/leftovers.ts';
import { takeLock } from '../src/lock.ts';
import { childrenOf } from '../src/store-server.ts';
import { goneOf, isThere } from './processes.ts';

/** A parent that starts a child (which ignores SIGTERM when `deaf`), prints its number and waits. */
const parent = `
import { startChild } from ${JSON.stringify(join(import.meta.dirname, '../src/child.ts'))};
import { takeLock } from ${JSON.stringify(join(import.meta.dirname, '../src/lock.ts'))};
const [folder, deaf] = process.argv.slice(1);
takeLock(folder + '/lock');
const child = await startChild({
  name: 'child', command: '/bin/sh', args: ['-c', (deaf ? "trap '' TERM; " : '') + 'while :; do sleep 1; done'],
  env: process.env, cwd: folder, logFile: folder + '/child.log', recordFolder: folder + '/processes',
});
console.log(child.pid);
setInterval(() => {}, 1000);
`;

describe('a process that we started', () => {
  let folder: string;
  const started: number[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-orphans-'));
  });
  afterEach(async () => {
    // A test that failed half-way leaves no orphans of its own either.
    for (const pid of started.splice(0)) if (isThere(pid)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  async function startParent(...flags: string[]) {
    const process_ = spawn(process.execPath, ['--input-type=module-typescript', '-e', parent, folder, ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'] },
    });
    const [line] = (await once(process_.stdout, 'data')) as [Buffer];
    const childPid = Number(line.toString());
    started.push(process_.pid ?? 0, childPid);
    return { parent: process_, childPid };
  }

  it('does not outlive us, even when we are killed', async () => {
    const { parent, childPid } = await startParent();
    expect(isThere(childPid)).toBe(true);
    parent.kill('SIGKILL');
    await goneOf(childPid);
  });

  it('is killed when it does not hear that it should end', async () => {
    const { parent, childPid } = await startParent('deaf');
    parent.kill('SIGKILL');
    await goneOf(childPid, 15_000);
  });

  it('is ended by the next start when everything of ours was killed at once', async () => {
    const { parent, childPid } = await startParent();
    const parentPid = parent.pid ?? 0;
    // Its children are ours and the shell that keeps watch.
    const keepers = childrenOf(parentPid).filter((pid) => pid !== childPid);
    for (const pid of [...keepers, parentPid]) process.kill(pid, 'SIGKILL');
    await goneOf(parent.pid ?? 0);
    expect(isThere(childPid)).toBe(true);
    expect(await endLeftovers(join(folder, 'processes'))).toEqual(['child']);
    expect(isThere(childPid)).toBe(false);
    expect(await endLeftovers(join(folder, 'processes'))).toEqual([]);
  });

  it('is not mistaken for a stranger who got its number', async () => {
    const { parent, childPid } = await startParent();
    const record = join(folder, 'processes/child.json');
    const forged = JSON.parse(await readFile(record, 'utf8')) as { identity: string };
    await writeFile(record, JSON.stringify({ ...forged, identity: `${forged.identity}0` }));
    expect(await endLeftovers(join(folder, 'processes'))).toEqual([]);
    expect(isThere(childPid)).toBe(true);
    parent.kill('SIGKILL');
    await goneOf(childPid);
  });

  it('holds a lock that another cannot take while it lives, and can when it has been killed', async () => {
    const { parent } = await startParent();
    expect(takeLock(join(folder, 'lock'))).toEqual({ heldBy: parent.pid });
    parent.kill('SIGKILL');
    await goneOf(parent.pid ?? 0);
    const lock = takeLock(join(folder, 'lock'));
    expect(takeLock(join(folder, 'lock'))).toEqual({ heldBy: process.pid });
    if ('release' in lock) lock.release();
    expect(takeLock(join(folder, 'lock'))).toHaveProperty('release');
  });
});
