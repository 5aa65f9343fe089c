import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobContract } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { emit } from '@signalbox/postgres';
import { startRedisServer, waitFor, type PrivateStore } from '@signalbox/test-kit';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { createEmitter } from '../src/index.ts';
import { caller, countJob, countUp, identityKeys, openMesh } from './mesh.ts';

const strangers = IdentityKeys.parse(`gateway:k1:${Buffer.alloc(32, 9).toString('base64url')}`);

describe('a job that cannot be worked off (R19, CD-2)', () => {
  let server: PrivateStore;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const poisons: [string, JobContract, IdentityKeys, string][] = [
    ['of an unknown version', { ...countJob, version: 9 }, identityKeys, 'version 9 is unknown'],
    ['whose payload does not parse', { ...countJob, payload: z.object({}) }, identityKeys, 'does not parse'],
    ['whose identity is not ours', countJob, strangers, 'identity'],
  ];

  it.each(poisons)(
    'is put aside at once when it is one %s, and the queue keeps moving',
    async (_, job, keys, reason) => {
      await using mesh = await openMesh(server.url);
      const relay = mesh.relay();
      mesh.worker();
      const rows = createEmitter({ service: 'gateway', identityKeys: keys }).outboxRows(job, { key: 'poison' }, caller);
      await emit(mesh.database.db, rows);
      await mesh.accept(['good']);
      relay.nudge();
      const [letter] = await waitFor(async () => {
        const letters = await mesh.deadLetters.list();
        return letters.length > 0 && letters;
      });
      expect(letter).toMatchObject({ id: rows[0]?.id, name: 'test.count', attempts: 1 });
      expect(letter?.reason).toContain(reason);
      await waitFor(async () => (await mesh.effects())['good'] === 1);
      await waitFor(async () => (await mesh.outboxRows()) === 0);
      expect(await mesh.effects()).toEqual({ good: 1 });
    },
  );

  it('is put aside when it is no message at all', async () => {
    await using mesh = await openMesh(server.url);
    mesh.worker();
    await mesh.queues.publish([{ id: 'junk', name: 'test.count', message: '"hello"' }]);
    const [letter] = await waitFor(async () => {
      const letters = await mesh.deadLetters.list();
      return letters.length > 0 && letters;
    });
    expect(letter).toMatchObject({ id: 'test.count/junk', message: 'hello' });
  });

  it('is tried as often as the contract says, put aside with the reason, and works off when it is replayed', async () => {
    await using mesh = await openMesh(server.url);
    const relay = mesh.relay();
    const attempts: number[] = [];
    let mended = false;
    mesh.worker({
      handle: async ({ payload, jobId, attempt }) => {
        attempts.push(attempt);
        if (!mended) throw new RangeError('it hurt');
        await countUp(mesh.database, payload.key, jobId);
      },
    });
    const [id = ''] = await mesh.accept(['a']);
    relay.nudge();
    const [letter] = await waitFor(async () => {
      const letters = await mesh.deadLetters.list();
      return letters.length > 0 && letters;
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(letter).toMatchObject({ id, reason: 'RangeError: it hurt', attempts: 3 });
    await waitFor(async () => (await mesh.outboxRows()) === 0);

    mended = true;
    expect(await mesh.deadLetters.replay(id)).toBe(true);
    relay.nudge();
    await waitFor(async () => (await mesh.effects())['a'] === 1);
    await waitFor(async () => (await mesh.outboxRows()) === 0);
    expect(attempts).toEqual([1, 2, 3, 1]);
    expect(await mesh.deadLetters.list()).toEqual([]);
  });

  it('stays in the queue until the dead letters can be written, and is told once', async () => {
    await using mesh = await openMesh(server.url);
    let away = true;
    mesh.worker({
      handle: () => Promise.reject(new Error('no')),
      deadLetters: {
        record: (letter) =>
          away ? Promise.reject(new Error('the database is away')) : mesh.deadLetters.record(letter),
      },
    });
    await mesh.queues.enqueue({ ...countJob, attempts: 1 }, { key: 'a' }, caller, { jobId: 'a' });
    await waitFor(() => mesh.lines.some(({ event }) => event === 'queue.not_collected'));
    away = false;
    await waitFor(async () => (await mesh.deadLetters.list()).length === 1);
    await using redis = disposable(new Redis(server.url));
    await waitFor(async () => (await redis.client.zcard(`${mesh.prefix}:test.count:failed`)) === 0);
    expect(mesh.lines.filter(({ event }) => event === 'job.dead_lettered')).toHaveLength(1);
  });

  it('keeps neither stack nor payload values in its reason', async () => {
    await using mesh = await openMesh(server.url);
    mesh.worker({ handle: () => Promise.reject(new Error('no')) });
    await mesh.queues.enqueue({ ...countJob, attempts: 1 }, { key: 'a' }, caller);
    const letters = await waitFor(async () => {
      const found = await mesh.deadLetters.list();
      return found.length > 0 && found;
    });
    expect(letters[0]?.reason).toBe('Error: no');
  });
});

function disposable(client: Redis): AsyncDisposable & { client: Redis } {
  return {
    client,
    [Symbol.asyncDispose]: () => {
      client.disconnect();
      return Promise.resolve();
    },
  };
}
