import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startRedisServer, waitFor } from '@signalbox/test-kit';
import { sql } from 'kysely';
import { openMesh, type Mesh } from './mesh.ts';

describe('a worker that is killed in the middle of a job (R3)', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function startChild(mesh: Mesh, redisUrl: string): void {
    const child = spawn(
      process.execPath,
      ['--conditions=@signalbox/source', join(import.meta.dirname, 'crash-worker.ts')],
      {
        env: { DATABASE_URL: mesh.test.url, REDIS_URL: redisUrl, PREFIX: mesh.prefix, HANGING_STARTS: '2' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    children.push(child);
  }

  async function startsOf(mesh: Mesh): Promise<number[]> {
    const { rows } = await sql<{ pid: number }>`select pid from starts`.execute(mesh.database.db);
    return rows.map(({ pid }) => pid);
  }

  it('is replaced within 25 s, twice, and the effect is there once', async () => {
    await using server = await startRedisServer();
    await using mesh = await openMesh(server.url);
    const relay = mesh.relay();
    for (let count = 0; count < 3; count += 1) startChild(mesh, server.url);
    await mesh.accept(['a']);
    relay.nudge();

    for (let deaths = 1; deaths <= 2; deaths += 1) {
      const pids = await waitFor(
        async () => {
          const starts = await startsOf(mesh);
          return starts.length === deaths && starts;
        },
        { timeoutMs: 25_000, intervalMs: 100, what: `start ${String(deaths)}` },
      );
      process.kill(pids.at(-1) ?? 0, 'SIGKILL');
    }

    await waitFor(async () => (await mesh.effects())['a'] === 1, { timeoutMs: 25_000, intervalMs: 100 });
    await waitFor(async () => (await mesh.outboxRows()) === 0);
    expect(await mesh.effects()).toEqual({ a: 1 });
    expect(new Set(await startsOf(mesh)).size).toBe(3);
    expect(await mesh.deadLetters.list()).toEqual([]);
  }, 90_000);
});
