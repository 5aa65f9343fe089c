import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgresServer, startRedisServer, waitFor } from '@signalbox/test-kit';

describe('a private Redis', () => {
  it('keeps its address and its data when it is killed and started again', async () => {
    await using server = await startRedisServer({ config: { appendfsync: 'always' } });
    const redis = new Redis(server.url);
    redis.on('error', () => undefined);
    await redis.set('a', '1');
    const first = server.pid;
    await server.kill();
    await server.restart();
    expect(server.pid).not.toBe(first);
    await waitFor(async () => (await redis.get('a')) === '1');
    redis.disconnect();
  });

  it('answers nothing while it is frozen, and goes on when it is thawed', async () => {
    await using server = await startRedisServer();
    const redis = new Redis(server.url, { commandTimeout: 100 });
    redis.on('error', () => undefined);
    await redis.ping();
    server.freeze();
    await expect(redis.ping()).rejects.toThrow('timed out');
    server.thaw();
    await waitFor(async () => (await redis.ping()) === 'PONG');
    redis.disconnect();
  });

  it('takes configuration of its own', async () => {
    await using server = await startRedisServer({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    const redis = new Redis(server.url);
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru']);
    redis.disconnect();
  });
});

describe('a private Postgres', () => {
  it('can be killed, started again with its data, and frozen in the middle of a connection', async () => {
    await using server = await startPostgresServer();
    const ask = async (text: string) => {
      const client = new pg.Client({ connectionString: server.url, query_timeout: 300 });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return await client.query<{ n: number }>(text);
      } finally {
        await client.end();
      }
    };
    await ask('CREATE TABLE numbers AS SELECT 7 AS n');
    await server.kill();
    await expect(ask('SELECT n FROM numbers')).rejects.toThrow('ECONNREFUSED');
    await server.restart();
    expect((await ask('SELECT n FROM numbers')).rows).toEqual([{ n: 7 }]);

    const open = new pg.Client({ connectionString: server.url, query_timeout: 300 });
    open.on('error', () => undefined);
    await open.connect();
    server.freeze();
    await expect(open.query('SELECT 1')).rejects.toThrow('timeout');
    server.thaw();
    await waitFor(async () => (await ask('SELECT n FROM numbers')).rowCount === 1);
    await open.end();
  });
});
