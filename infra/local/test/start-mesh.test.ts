import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startMesh, startPostgres, startRedis, type Mesh } from '@signalbox/local';
import { findRedis } from '../src/find-redis.ts';
import { silent } from '../src/tell.ts';
import { isThere } from './processes.ts';
import { writeFakeMesh, type FakeMesh } from './fake-mesh.ts';

async function environmentOf(url: string): Promise<Record<string, string>> {
  return (await (await fetch(url)).json()) as Record<string, string>;
}

describe('startMesh', () => {
  let fake: FakeMesh;
  beforeAll(async () => {
    fake = await writeFakeMesh();
  });
  afterAll(async () => {
    await fake[Symbol.asyncDispose]();
  });

  describe('when everything starts', () => {
    let mesh: Mesh;
    let home: string;
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'signalbox home '));
      mesh = await startMesh({
        ...fake,
        home,
        chromaUrl: null,
        gatewayReplicas: 2,
        replicas: { worker: 2 },
        environment: {
          LIMITS_FILE: 'limits.yaml',
          OPENAI_API_KEY: 'for the worker',
          AWS_SECRET_ACCESS_KEY: 'for nobody',
        },
        relativeTo: '/somewhere',
        overrides: { gateway: { COLOUR: 'red' }, 'gateway-2': { COLOUR: 'green' } },
      });
    });
    afterAll(async () => {
      await mesh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    });

    it('gives each service its own database role, and the owner of its schema to its migration alone', async () => {
      const gateway = await environmentOf(mesh.gatewayUrl);
      expect(new URL(gateway['DATABASE_URL'] ?? '').username).toBe('gateway_app');
      expect(gateway['MIGRATION_DATABASE_URL']).toBeUndefined();
      expect(await readFile(join(fake.servicesFolder, 'gateway', 'migrated-as'), 'utf8')).toBe('gateway_owner');
      const client = new pg.Client({ connectionString: gateway['DATABASE_URL'] });
      await client.connect();
      expect((await client.query('SELECT current_schema() AS schema')).rows).toEqual([{ schema: 'gateway' }]);
      await expect(client.query('CREATE TABLE worker.mine ()')).rejects.toThrow('permission denied for schema worker');
      await client.end();
    });

    it('gives the gateway the keys of those it calls, and a service its own alone', async () => {
      const gateway = await environmentOf(mesh.gatewayUrl);
      const worker = await environmentOf(mesh.services['worker']?.url ?? '');
      const [ownKey, workersKey] = (gateway['IDENTITY_KEYS'] ?? '').split(',');
      expect(ownKey).toMatch(/^gateway:1:[\w-]{43}$/);
      expect(workersKey).toMatch(/^worker:1:[\w-]{43}$/);
      expect(worker['IDENTITY_KEYS']).toBe(workersKey);
    });

    it('passes settings on to those they are meant for, and nothing else of the environment', async () => {
      const gateway = await environmentOf(mesh.gatewayUrl);
      const worker = await environmentOf(mesh.services['worker']?.url ?? '');
      expect(gateway).toMatchObject({
        LIMITS_FILE: '/somewhere/limits.yaml',
        WORKER_URL: mesh.services['worker']?.url,
        WORKER_URLS: [mesh.services['worker']?.url, mesh.services['worker-2']?.url].join(','),
      });
      expect(gateway['OPENAI_API_KEY']).toBeUndefined();
      expect(worker).toMatchObject({ OPENAI_API_KEY: 'for the worker' });
      expect({ ...gateway, ...worker }).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
    });

    it('starts replicas of the gateway and of services, which can be told apart', async () => {
      expect(Object.keys(mesh.services)).toEqual(['gateway', 'gateway-2', 'worker', 'worker-2']);
      expect(mesh.gatewayUrls).toEqual([mesh.services['gateway']?.url, mesh.services['gateway-2']?.url]);
      expect((await environmentOf(mesh.gatewayUrls[0] ?? ''))['COLOUR']).toBe('red');
      expect((await environmentOf(mesh.gatewayUrls[1] ?? ''))['COLOUR']).toBe('green');
    });

    it('keeps secrets and the admin key where only their owner can read', async () => {
      expect(mesh.adminKey).toBe('sbx_fake_key');
      for (const file of [
        mesh.adminKeyFile,
        ...readdirSync(join(home, 'secrets')).map((name) => join(home, 'secrets', name)),
      ]) {
        expect((await stat(file)).mode & 0o777).toBe(0o600);
      }
    });

    it('starts a killed service again at the same address, with changes to its environment', async () => {
      const worker = mesh.services['worker'];
      const { url, pid } = worker ?? {};
      await worker?.kill('SIGKILL');
      await expect(fetch(url ?? '')).rejects.toThrow();
      await worker?.restart({ COLOUR: 'blue' });
      expect(worker?.pid).not.toBe(pid);
      expect((await environmentOf(url ?? ''))['COLOUR']).toBe('blue');
      expect(worker?.logs().match(/listening/g)).toHaveLength(2);
    });
  });

  it('keeps data, passwords and the admin key when it starts again in the same home', async () => {
    const home = await mkdtemp(join(tmpdir(), 'signalbox-home-'));
    const second = await writeFakeMesh();
    const start = () => startMesh({ ...second, home, chromaUrl: null });
    {
      await using mesh = await start();
      const client = new pg.Client({ connectionString: mesh.postgresUrl });
      await client.connect();
      await client.query('CREATE TABLE gateway.kept AS SELECT 42 AS answer');
      await client.end();
    }
    {
      await using mesh = await start();
      const client = new pg.Client({ connectionString: mesh.postgresUrl });
      await client.connect();
      expect((await client.query('SELECT answer FROM gateway.kept')).rows).toEqual([{ answer: 42 }]);
      await client.end();
      expect(mesh.adminKey).toBe('sbx_fake_key');
    }
    await second[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  it('stops all that it started, a service that does not listen included, and removes its temporary home', async () => {
    const mesh = await startMesh({ ...fake, overrides: { worker: { FAKE: 'deaf' } } });
    const pids = [...Object.values(mesh.services), ...Object.values(mesh.stores)].map(({ pid }) => pid);
    expect(pids.filter(isThere)).toHaveLength(5);
    await mesh[Symbol.asyncDispose]();
    expect(pids.filter(isThere)).toEqual([]);
    expect(existsSync(join(mesh.adminKeyFile, '..'))).toBe(false);
  });

  it('uses stores that are there already, in the database they name, and leaves them running', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-theirs-'));
    const place = (name: string) => ({ folder: join(folder, name), logFile: join(folder, `${name}.log`) });
    await using postgres = await startPostgres({ ...place('postgres'), durable: false });
    const binary = await findRedis(
      join(resolve(import.meta.dirname, '../../..'), '.signalbox/tools'),
      process.env,
      silent,
    );
    await using redis = await startRedis({ ...place('redis'), binary });
    const ask = async (url: string, text: string) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query<{ answer: string }>(text)).rows[0]?.answer;
      } finally {
        await client.end();
      }
    };
    await ask(postgres.url, 'CREATE DATABASE theirs');
    const theirs = postgres.url.replace(/postgres$/, 'theirs');
    {
      await using mesh = await startMesh({
        ...fake,
        postgresUrl: theirs,
        redisQueueUrl: redis.url,
        redisCacheUrl: redis.url,
        chromaUrl: null,
      });
      expect(mesh.stores).toEqual({});
      expect(mesh.postgresUrl).toBe(theirs);
      expect((await environmentOf(mesh.gatewayUrl))['REDIS_QUEUE_URL']).toBe(redis.url);
    }
    expect(
      await ask(theirs, `SELECT schema_owner AS answer FROM information_schema.schemata WHERE schema_name = 'worker'`),
    ).toBe('worker_owner');
    expect(isThere(redis.pid)).toBe(true);
    await rm(folder, { recursive: true, force: true });
  });

  it('says which service died at its start and what it wrote last, without waiting for the others', async () => {
    const startedAt = performance.now();
    const start = startMesh({
      ...fake,
      chromaUrl: null,
      overrides: { worker: { FAKE: 'dies' }, gateway: { FAKE: 'sick' } },
    });
    await expect(start).rejects.toThrow(
      /worker ended while starting\. The last lines of \S+worker\.log:\nI cannot live like this/,
    );
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('says in one line what a service has against its settings (R24)', async () => {
    const start = startMesh({ ...fake, chromaUrl: null, overrides: { worker: { FAKE: 'refuses' } } });
    await expect(start).rejects.toThrow(/^worker does not start: environment: COLOUR: is required$/);
  });

  it('says which migration failed', async () => {
    const start = startMesh({ ...fake, chromaUrl: null, overrides: { worker: { FAKE: 'does not migrate' } } });
    await expect(start).rejects.toThrow('worker migrate failed:\n0002-broken failed');
  });

  it('names the variable of a store that cannot be reached', async () => {
    const start = startMesh({
      ...fake,
      redisQueueUrl: 'redis://127.0.0.1:1',
      redisCacheUrl: 'redis://127.0.0.1:1',
      chromaUrl: null,
    });
    await expect(start).rejects.toThrow('REDIS_QUEUE_URL points at 127.0.0.1:1, and nothing can be reached there.');
  });

  it('gives up when it is told to, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const start = startMesh({
      ...fake,
      chromaUrl: null,
      signal: controller.signal,
      overrides: { gateway: { FAKE: 'sick' } },
      onAddresses: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(start).rejects.toThrow('enough');
  });
});
