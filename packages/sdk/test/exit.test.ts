import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { problem, startWireServer, storeBatch } from './wire-server.ts';

async function run(...args: string[]): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  const program = join(import.meta.dirname, 'programs/ending.ts');
  const child = spawn(process.execPath, ['--conditions=@signalbox/source', program, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, signal: signal as string | null, stderr };
}

describe('a program that ends (MX-23)', () => {
  it('first sends what is buffered, without being asked to, and is kept alive by nothing else', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored));
    expect(await run('by itself', server.url)).toMatchObject({ code: 0, stderr: '' });
    expect(stored.size).toBe(3);
    expect(server.requests).toHaveLength(1);
  });

  it('ends all the same when the server is away, after one try', async () => {
    await using server = await startWireServer(problem(503, 'SERVICE_UNAVAILABLE'));
    expect(await run('by itself', server.url)).toMatchObject({ code: 0, stderr: '' });
    expect(server.requests).toHaveLength(1);
  });

  it.each(['process.exit', 'SIGKILL'])('leaves to the next what it could not send, on the disk: %s', async (way) => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-exit-'));
    try {
      const stored = new Map<string, unknown>();
      await using server = await startWireServer(storeBatch(stored));
      const spoolPath = join(folder, 'samples.ndjson');
      await run(way, server.url, spoolPath);
      expect(stored.size).toBe(0);
      expect(await run('by itself', server.url, spoolPath)).toMatchObject({ code: 0, stderr: '' });
      expect(stored.size).toBe(6);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('dies of a rejection that nobody handles, as it would without monitor() (MX-25)', async () => {
    await using server = await startWireServer(storeBatch(new Map()));
    const { code, stderr } = await run('unhandled', server.url);
    expect(code).toBe(1);
    expect(stderr).toContain('nobody handles this');
  });
});
