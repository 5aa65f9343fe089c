import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { dumpSchema, migrateDown, migrateToLatest, migrationStatus, openDatabase } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, startRedisServer } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import type { GatewaySchema } from '../src/app/schema.ts';
import { hashToken } from '../src/tokens/opaque-token.ts';

const run = promisify(execFile);
const entry = (file: string) => join(import.meta.dirname, '..', 'src', file);
const runEntry = (file: string, env: NodeJS.ProcessEnv, ...options: string[]) =>
  run(process.execPath, ['--conditions=@signalbox/source', entry(file), ...options], { env });

describe('the first start (B-6, LA-25)', () => {
  it('migrates an empty database as its owner, and again without doing anything', async () => {
    await using empty = await createTestDatabase({
      service: 'gateway',
      migrations: {},
    });
    const env = { MIGRATION_DATABASE_URL: empty.ownerUrl };
    await runEntry('migrate.ts', env);
    await runEntry('migrate.ts', env);
    const state = await migrationStatus({
      url: empty.ownerUrl,
      schema: 'gateway',
      migrations,
    });
    expect(state.map(({ name }) => name)).toEqual(Object.keys(migrations));
    expect(state.every(({ executedAt }) => executedAt !== null)).toBe(true);
  });

  it('can take every migration back and do it again', async () => {
    await using database = await createTestDatabase({
      service: 'gateway',
      migrations,
    });
    const logger = createLogger({ service: 'gateway', level: 'silent' });
    const options = {
      url: database.ownerUrl,
      schema: 'gateway',
      migrations,
      logger,
    };
    const before = await dumpSchema(database.ownerUrl, 'gateway');
    for (const _ of Object.keys(migrations)) await migrateDown(options);
    expect(await dumpSchema(database.ownerUrl, 'gateway')).not.toContain('api_keys');
    await migrateToLatest(options);
    expect(await dumpSchema(database.ownerUrl, 'gateway')).toBe(before);
  });

  it('prints the first administrator’s key and nothing else, once, however many start at the same time', async () => {
    await using database = await createTestDatabase({
      service: 'gateway',
      migrations,
    });
    const env = { DATABASE_URL: database.url };
    const outputs = (await Promise.all([1, 2, 3].map(() => runEntry('create-admin.ts', env)))).map(
      ({ stdout }) => stdout,
    );
    const printed = outputs.filter((output) => output !== '');
    expect(printed).toEqual([expect.stringMatching(/^sbx_live_\w{77}\n$/)]);
    expect((await runEntry('create-admin.ts', env)).stdout).toBe('');

    const logger = createLogger({ service: 'gateway', level: 'silent' });
    await using own = openDatabase<GatewaySchema>({
      url: database.url,
      applicationName: 'first-start',
      logger,
    });
    const keys = await own.db.selectFrom('api_keys').selectAll().execute();
    expect(keys).toMatchObject([{ key_hash: hashToken(printed[0]?.trim() ?? ''), scopes: ['*'] }]);
    expect(await own.db.selectFrom('tenants').selectAll().execute()).toMatchObject([
      { id: keys[0]?.tenant_id, name: 'operators', is_operator: true },
    ]);
    const audited = await own.db.selectFrom('audit_events').select('action').orderBy('action').execute();
    expect(audited.map(({ action }) => action)).toEqual(['api_key.created', 'tenant.created']);
  }, 30_000);

  it('prints another key for operators who have lost theirs', async () => {
    await using database = await createTestDatabase({
      service: 'gateway',
      migrations,
    });
    const env = { DATABASE_URL: database.url };
    expect((await runEntry('create-admin.ts', env, '--another-key')).stdout).toBe('');
    const first = (await runEntry('create-admin.ts', env)).stdout;
    const second = (await runEntry('create-admin.ts', env, '--another-key')).stdout;
    expect(second).toMatch(/^sbx_live_\w{77}\n$/);
    expect(second).not.toBe(first);
  }, 30_000);

  it('CD-2: refuses, in production, to start on a Redis that would evict jobs', async () => {
    await using redis = await startRedisServer({
      config: { 'maxmemory-policy': 'allkeys-lru' },
    });
    const env = {
      NODE_ENV: 'production',
      PORT: '0',
      ADMIN_PORT: '0',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      REDIS_QUEUE_URL: redis.url,
      REDIS_CACHE_URL: redis.url,
      IDENTITY_KEYS: ['gateway', 'chat-router', 'monitoring-ingest', 'alerting', 'research-pipeline']
        .map((audience) => `${audience}:1:${Buffer.alloc(32, 7).toString('base64url')}`)
        .join(','),
      TOKEN_SIGNING_KEYS_FILE: '/nowhere',
      TOKEN_ISSUER: 'https://gateway.example',
      CHAT_ROUTER_URL: 'http://127.0.0.1:1',
      CHAT_ROUTER_ADMIN_URL: 'http://127.0.0.1:1',
      MONITORING_INGEST_URL: 'http://127.0.0.1:1',
      MONITORING_INGEST_ADMIN_URL: 'http://127.0.0.1:1',
      ALERTING_URL: 'http://127.0.0.1:1',
      ALERTING_ADMIN_URL: 'http://127.0.0.1:1',
      RESEARCH_PIPELINE_URL: 'http://127.0.0.1:1',
      RESEARCH_PIPELINE_ADMIN_URL: 'http://127.0.0.1:1',
    };
    await expect(runEntry('main.ts', env)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('it must be noeviction, or jobs vanish'),
    });
  }, 30_000);

  it('names the variable that is missing', async () => {
    await expect(runEntry('create-admin.ts', {})).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('DATABASE_URL'),
    });
  });
});
