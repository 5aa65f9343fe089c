import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Task } from '@signalbox/contracts';
import { IdentityKeys, signIdentity } from '@signalbox/identity';
import { createTestDatabase, simulateProvider, startRedisServer, waitFor } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { aCaller, audience, newIdentityKeys } from './systems-harness.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('a worker that is killed in the middle of a task (R3)', () => {
  it('is replaced; what was paid for is not paid for again, and there is one result', async () => {
    const keys = newIdentityKeys();
    const prefix = `test-${randomBytes(6).toString('hex')}`;
    await using redis = await startRedisServer();
    await using provider = await simulateProvider();
    await using database = await createTestDatabase({ service: audience, migrations });
    const start = async (): Promise<{ pid: number; url: string }> => {
      const child = spawn(
        process.execPath,
        ['--conditions=@signalbox/source', join(import.meta.dirname, 'systems-child.ts')],
        {
          env: {
            DATABASE_URL: database.url,
            REDIS_URL: redis.url,
            IDENTITY_KEYS: keys,
            PREFIX: prefix,
            PROVIDER_URL: provider.url,
          },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      children.push(child);
      const [url] = (await once(child.stdout, 'data')) as [Buffer];
      return { pid: child.pid ?? 0, url: url.toString().trim() };
    };
    const workers = [await start(), await start()];
    const identityKeys = IdentityKeys.parse(keys);
    const caller = aCaller();
    const send = (of: { url: string } | undefined, path: string, body?: unknown) => {
      const method = body === undefined ? 'GET' : 'POST';
      const identity = signIdentity(identityKeys, { audience, method, path }, caller);
      const headers = { 'x-signalbox-identity': identity, 'content-type': 'application/json' };
      return fetch((of?.url ?? '') + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    };
    const spec = { domain: 'd', use_case: 'u', architecture: 'ensemble', models: ['a', 'b'] };
    await send(workers[0], '/api/v1/systems', { id: 'team', ...spec });

    const pieces = ['proposal'];
    provider.behaveOnce({ pieces });
    provider.behaveOnce({ pieces });
    // The synthesis hangs; the one that is killed waits for it.
    provider.behaveOnce({ headDelayMs: 60_000 });
    provider.behave({ pieces: ['the one result'] });
    const posted = await send(workers[0], '/api/v1/systems/team/tasks', { input: 'Which?' });
    const { id } = (await posted.json()) as Task;

    await waitFor(() => provider.requests.length === 3, { timeoutMs: 30_000, what: 'the synthesis to be asked for' });
    const pid = Number(String(provider.requests[2]?.json['user']).replace('pid-', ''));
    const other = workers.find((worker) => worker.pid !== pid);
    expect(workers.map((worker) => worker.pid)).toContain(pid);
    process.kill(pid, 'SIGKILL');

    const read = async () => (await (await send(other, `/api/v1/systems/team/tasks/${id}`)).json()) as Task;
    const done = await waitFor(async () => ((await read()).status === 'processing' ? false : await read()), {
      timeoutMs: 45_000,
      intervalMs: 200,
    });
    expect(done).toMatchObject({
      status: 'completed',
      result: { output: 'the one result', usage: { calls: 3 }, confidence: 1 },
    });
    // Two proposals, asked once; one synthesis, asked twice under one key: the router answers the second from the first.
    const asked = provider.requests.map(({ headers }) => headers['x-key']);
    expect(asked.toSorted()).toEqual(
      [`${id}/proposal-1`, `${id}/proposal-2`, `${id}/synthesis`, `${id}/synthesis`].toSorted(),
    );
    const told = await (await send(other, `/api/v1/systems/team/tasks/${id}/events`)).text();
    expect(told.match(/"completed"/g)).toHaveLength(1);
    expect(told.match(/event: step/g)).toHaveLength(3);
  }, 120_000);
});
