import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, testStore, type TestDatabase } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { startGateway, type RunningGateway } from '../src/app/app.ts';
import { readConfig } from '../src/app/config.ts';
import type { GatewaySchema } from '../src/app/schema.ts';
import { openOperators } from '../src/people/open-operators.ts';

export interface WholeGateway extends RunningGateway, AsyncDisposable {
  database: TestDatabase;
  /** The first administrator's, with scope `*`. */
  adminKey: string;
  folder: string;
  lines: Record<string, unknown>[];
}

/** The gateway as a process would run it, from its environment: real Postgres, real Redis, real credentials. */
export async function startWholeGateway(environment: Record<string, string> = {}): Promise<WholeGateway> {
  const owned = new AsyncDisposableStack();
  try {
    return await startOn(owned, environment);
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

async function startOn(owned: AsyncDisposableStack, environment: Record<string, string>): Promise<WholeGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-gateway-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const database = owned.use(await createTestDatabase({ service: 'gateway', migrations }));
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    service: 'gateway',
    level: 'debug',
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });

  await using operators = openDatabase<GatewaySchema>({
    url: database.url,
    applicationName: 'test',
    poolMax: 1,
    logger,
  });
  const adminKey = (await openOperators(operators.db, new Date())) ?? '';
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keysFile = join(folder, 'token-keys.json');
  await writeFile(
    keysFile,
    JSON.stringify({
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'test' }],
    }),
  );

  const redisUrl = testStore('SIGNALBOX_TEST_REDIS_URL');
  const secret = randomBytes(32).toString('base64url');
  const config = readConfig({
    PORT: '0',
    ADMIN_PORT: '0',
    DATABASE_URL: database.url,
    REDIS_QUEUE_URL: redisUrl,
    REDIS_CACHE_URL: redisUrl,
    IDENTITY_KEYS: ['gateway', 'chat-router', 'monitoring-ingest', 'alerting', 'research-pipeline']
      .map((audience) => `${audience}:a:${secret}`)
      .join(','),
    TOKEN_SIGNING_KEYS_FILE: keysFile,
    TOKEN_ISSUER: 'https://gateway.test',
    CHAT_ROUTER_URL: 'http://127.0.0.1:9',
    CHAT_ROUTER_ADMIN_URL: 'http://127.0.0.1:9',
    MONITORING_INGEST_URL: 'http://127.0.0.1:9',
    MONITORING_INGEST_ADMIN_URL: 'http://127.0.0.1:9',
    ALERTING_URL: 'http://127.0.0.1:9',
    ALERTING_ADMIN_URL: 'http://127.0.0.1:9',
    RESEARCH_PIPELINE_URL: 'http://127.0.0.1:9',
    RESEARCH_PIPELINE_ADMIN_URL: 'http://127.0.0.1:9',
    LOOP_DELAY_MS_MAX: '60000',
    ...environment,
  });
  const running = await startGateway(config, {
    logger,
    owned,
    queuePrefix: `gateway-${randomBytes(6).toString('hex')}`,
  });
  return {
    ...running,
    database,
    adminKey,
    folder,
    lines,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
