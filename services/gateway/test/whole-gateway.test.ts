import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { startPostgresServer, startRedisServer, waitFor } from '@signalbox/test-kit';
import { request } from 'undici';
import type { GatewaySchema } from '../src/app/schema.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';
import { startWholeGateway } from './running-gateway.ts';

let upstream: RecordingUpstream;
let admin: Server;
const service = { status: 'healthy' as string };

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  admin = createServer((_request, response) => {
    response.statusCode = service.status === 'unhealthy' ? 503 : 200;
    response.end(
      JSON.stringify({
        status: service.status,
        service: 'chat-router',
        version: '1',
        uptime_seconds: 1,
        components: { postgres: { status: service.status, latency_ms: 1 } },
      }),
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => admin.once('listening', resolve));
});
afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
  admin.close();
});

function behind(): Record<string, string> {
  const adminUrl = `http://127.0.0.1:${String((admin.address() as AddressInfo).port)}`;
  return {
    CHAT_ROUTER_URL: upstream.url,
    CHAT_ROUTER_ADMIN_URL: adminUrl,
    MONITORING_INGEST_URL: upstream.url,
    ALERTING_URL: upstream.url,
    ALERTING_ADMIN_URL: adminUrl,
    RESEARCH_PIPELINE_URL: upstream.url,
    RESEARCH_PIPELINE_ADMIN_URL: adminUrl,
    MONITORING_INGEST_ADMIN_URL: adminUrl,
  };
}

async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await request(url, { headers });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as any };
}

describe('a whole gateway', () => {
  it('takes the first administrator in, and forwards what their key may do, signed', async () => {
    await using gateway = await startWholeGateway(behind());
    upstream.requests.length = 0;
    const models = await get(`${gateway.url}/v1/models`, { authorization: `Bearer ${gateway.adminKey}` });
    expect(models.status).toBe(200);
    expect(models.headers['ratelimit-policy']).toMatch(/^"default";q=100;w=60/);
    expect(upstream.requests).toMatchObject([
      { url: '/v1/models', headers: { 'x-signalbox-identity': expect.any(String) } },
    ]);
    expect(JSON.stringify(upstream.requests)).not.toContain(gateway.adminKey);
    const me = await get(`${gateway.url}/api/v1/users/me`, { 'x-api-key': gateway.adminKey });
    expect(me.body).toMatchObject({ kind: 'api_key', scopes: ['*'] });
    const junk = await get(`${gateway.url}/v1/models`, { authorization: 'Bearer sbx_live_junk' });
    expect(junk.body).toEqual({
      error: expect.objectContaining({ type: 'authentication_error', code: 'invalid_api_key' }),
    });
    const keys = await get(`${gateway.url}/.well-known/jwks.json`);
    expect(keys.body.keys).toHaveLength(1);
  });

  it('R24: takes a changed limits file over while it runs, keeps the last good one, and notes both', async () => {
    await using gateway = await startWholeGateway({ ...behind(), LIMITS_FILE: await copyOfLimits() });
    const headers = { 'x-api-key': gateway.adminKey };
    const policy = async () => String((await get(`${gateway.url}/v1/models`, headers)).headers['ratelimit-policy']);
    expect(await policy()).toContain('"default";q=100;w=60');
    const shipped = await readFile(limitsPath, 'utf8');
    await writeFile(limitsPath, shipped.replace('limit: 100', 'limit: 250'));
    await waitFor(async () => (await policy()).includes('"default";q=250;w=60'));
    await writeFile(limitsPath, shipped.replace('limit: 100', 'limit: many'));
    await waitFor(() => gateway.lines.some(({ event }) => event === 'limits.rejected'));
    expect(await policy()).toContain('"default";q=250;w=60');
    const logger = createLogger({ service: 'test', level: 'silent' });
    await using database = openDatabase<GatewaySchema>({ url: gateway.database.url, applicationName: 'test', logger });
    await waitFor(async () => {
      const rows = await database.db
        .selectFrom('audit_events')
        .where('action', '=', 'limits.reloaded')
        .select('actor')
        .execute();
      return rows.length === 1;
    });
  });

  it('R24: does not start on a bad limits file, a taken port or a database without its tables', async () => {
    await writeFile(await copyOfLimits(), 'classes: []');
    await expect(startWholeGateway({ LIMITS_FILE: limitsPath })).rejects.toThrow(
      /signalbox-limits-\d+\.yaml: .*classes/,
    );
    const { port } = admin.address() as AddressInfo;
    await expect(startWholeGateway({ PORT: String(port) })).rejects.toThrow('EADDRINUSE');
    await using empty = await startPostgresServer();
    await expect(startWholeGateway({ DATABASE_URL: empty.url })).rejects.toThrow('migrations');
  });

  const limitsPath = join(tmpdir(), `signalbox-limits-${String(process.pid)}.yaml`);
  async function copyOfLimits(): Promise<string> {
    await writeFile(limitsPath, await readFile(new URL('../limits.yaml', import.meta.url)));
    return limitsPath;
  }
  afterAll(() => rm(limitsPath, { force: true }));
});

describe('health (OD-1, LA-12, OD-23)', () => {
  it('tells of every part and every service, and how the whole is from that', async () => {
    await using gateway = await startWholeGateway(behind());
    const health = async () => get(`${gateway.url}/api/v1/health`);
    const first = await health();
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      status: 'healthy',
      degraded: [],
      components: {
        postgres: { status: 'healthy' },
        redis_cache: { status: 'healthy' },
        redis_queue: { status: 'healthy' },
        audit_worker: { status: 'healthy' },
      },
      services: { 'chat-router': { status: 'healthy', components: { postgres: { status: 'healthy' } } } },
    });
    service.status = 'degraded';
    expect(await health()).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        degraded: [
          'chat-router',
          'chat-router.postgres',
          'monitoring-ingest',
          'monitoring-ingest.postgres',
          'alerting',
          'alerting.postgres',
          'research-pipeline',
          'research-pipeline.postgres',
        ],
      },
    });
    service.status = 'unhealthy';
    expect(await health()).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    service.status = 'healthy';
    const last = await health();
    expect(last.body.uptime_seconds).toBeGreaterThan(first.body.uptime_seconds);
    expect((await get(`${gateway.url}/health/live`)).body.status).toBe('healthy');
    for (const base of [gateway.url, gateway.adminUrl]) expect((await get(`${base}/health/ready`)).status).toBe(200);
    const metrics = await (await request(`${gateway.adminUrl}/metrics`)).body.text();
    expect(metrics).toContain('http_requests_total');
    const closed = await request(`${gateway.url}/metrics`);
    expect(closed.statusCode).toBe(404);
  });

  it('ADR 3: is degraded and ready without Redis, still serves, and still revokes', async () => {
    await using redis = await startRedisServer();
    await using gateway = await startWholeGateway({
      ...behind(),
      REDIS_CACHE_URL: redis.url,
      REDIS_QUEUE_URL: redis.url,
      GATEWAY_REPLICAS: '2',
    });
    const made = await request(`${gateway.url}/api/v1/api-keys`, {
      method: 'POST',
      headers: { 'x-api-key': gateway.adminKey, 'content-type': 'application/json' },
      body: '{"name":"stolen","scopes":["chat:read"]}',
    });
    const stolen = (await made.body.json()) as { id: string; key: string };
    await redis.kill();
    const ready = await waitFor(async () => {
      const answer = await get(`${gateway.url}/health/ready`);
      return answer.body.status === 'degraded' ? answer : null;
    });
    expect(ready.status).toBe(200);
    expect(ready.body.components).toMatchObject({
      postgres: { status: 'healthy' },
      redis_cache: { status: 'degraded' },
      redis_queue: { status: 'degraded' },
    });
    const models = await get(`${gateway.url}/v1/models`, { 'x-api-key': gateway.adminKey });
    expect(models.status).toBe(200);
    const login = await request(`${gateway.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"email":"a@b.example","password":"wrong"}',
    });
    expect(login.statusCode).toBe(503);
    expect(Number(login.headers['retry-after'])).toBeGreaterThan(0);
    const revoked = await request(`${gateway.url}/api/v1/api-keys/${stolen.id}`, {
      method: 'DELETE',
      headers: { 'x-api-key': gateway.adminKey },
    });
    expect(revoked.statusCode).toBe(204);
    expect((await get(`${gateway.url}/v1/models`, { 'x-api-key': stolen.key })).status).toBe(401);
    await redis.restart();
    await waitFor(async () => (await get(`${gateway.url}/health/ready`)).body.status === 'healthy', {
      timeoutMs: 20_000,
    });
  });
});
