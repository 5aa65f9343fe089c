import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startRedisServer, waitFor } from '@signalbox/test-kit';
import { makeApiKey } from '../src/keys/api-key.ts';
import { auditedBy, startAccessHarness, type AccessHarness, type Replica } from './access-harness.ts';

let mesh: AccessHarness;
beforeAll(async () => {
  mesh = await startAccessHarness();
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

/** A wire to Postgres that can be cut and mended, while the server itself serves others. */
async function wireTo(url: string): Promise<AsyncDisposable & { url: string; cut(): void; mend(): void }> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const near = new URL(url);
  near.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  return {
    url: near.href,
    cut,
    mend: () => {
      whole = true;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const use = (replica: Replica, key: string) => replica.call('GET', '/api/v1/users/me', { key });
const makeKey = async () =>
  (
    await mesh.replica.call('POST', '/api/v1/api-keys', {
      key: mesh.adminKey,
      body: { name: 'x', scopes: ['chat:read'] },
    })
  ).body as { id: string; key: string };
const revoke = async (id: string, replica = mesh.replica) => {
  const started = performance.now();
  const { status } = await replica.call('DELETE', `/api/v1/api-keys/${id}`, { key: mesh.adminKey });
  return { status, ms: performance.now() - started };
};

describe('Postgres away (R7)', () => {
  it('lets keys in that were in lately, tells strangers to come back, and recovers by itself', async () => {
    await using wire = await wireTo(mesh.database.url);
    await using replica = await mesh.startReplica({ databaseUrl: wire.url });
    const known = await makeKey();
    expect((await use(replica, known.key)).status).toBe(200);
    wire.cut();
    expect((await use(replica, known.key)).status).toBe(200);
    const stranger = await use(replica, makeApiKey(newId('key')));
    expect(stranger.status).toBe(503);
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(stranger.body.error_code).toBe('SERVICE_UNAVAILABLE');
    expect((await use(replica, 'sbx_live_junk')).status).toBe(401);

    mesh.passSeconds(30);
    expect((await use(replica, known.key)).status).toBe(200);
    mesh.passSeconds(60);
    expect((await use(replica, known.key)).status).toBe(503);

    wire.mend();
    await waitFor(async () => (await use(replica, known.key)).status === 200, { what: 'the replica to recover' });
    expect((await use(replica, makeApiKey(newId('key')))).status).toBe(401);
  });

  it('refuses an expired key however long Postgres is away', async () => {
    await using wire = await wireTo(mesh.database.url);
    await using replica = await mesh.startReplica({ databaseUrl: wire.url });
    const { body } = await mesh.replica.call('POST', '/api/v1/api-keys', {
      key: mesh.adminKey,
      body: { name: 'x', scopes: ['chat:read'], expires_in_days: 1 },
    });
    mesh.passSeconds(86_400 - 20);
    expect((await use(replica, body.key)).status).toBe(200);
    wire.cut();
    mesh.passSeconds(21);
    expect((await use(replica, body.key)).status).toBe(401);
  });
});

describe('the audit of refusals (OD-14)', () => {
  it('is written when Postgres is back', async () => {
    await using wire = await wireTo(mesh.database.url);
    await using replica = await mesh.startReplica({ databaseUrl: wire.url });
    const { key, tenantId } = await mesh.openTenant();
    const entry = { tenantId, actor: 'user_1', target: 'deleteJob', requestId: null, ip: null } as const;
    wire.cut();
    replica.access.audit.refused({ ...entry, action: 'access.denied' });
    await waitFor(() => mesh.logged.some((line) => line.includes('audit.refusals_not_stored')));
    replica.access.audit.refused({ ...entry, action: 'access.denied' });
    wire.mend();
    expect(await auditedBy(mesh.replica, key, 'access.denied')).toMatchObject({ details: { count: 2 } });
  });
});

describe('Redis away (R6)', () => {
  it('refuses a revoked key after ten seconds at the latest, and revoking itself goes on', async () => {
    await using redis = await startRedisServer();
    await using first = await mesh.startReplica({ redisUrl: redis.url });
    await using second = await mesh.startReplica({ redisUrl: redis.url });
    const made = await makeKey();
    expect((await use(second, made.key)).status).toBe(200);
    await redis.kill();
    const revoked = await revoke(made.id, first);
    expect(revoked.status).toBe(204);
    expect((await use(first, made.key)).status).toBe(401);
    mesh.passSeconds(10);
    expect((await use(second, made.key)).status).toBe(401);
  });

  it('does not let a frozen Redis hold a revocation up', async () => {
    await using redis = await startRedisServer();
    await using replica = await mesh.startReplica({ redisUrl: redis.url });
    const made = await makeKey();
    expect((await use(replica, made.key)).status).toBe(200);
    redis.freeze();
    try {
      const revoked = await revoke(made.id, replica);
      expect(revoked.status).toBe(204);
      expect(revoked.ms).toBeLessThan(500);
      expect((await use(replica, made.key)).status).toBe(401);
    } finally {
      redis.thaw();
    }
  });

  it('believes nothing from before an outage when Redis is back, for messages may have been missed', async () => {
    await using redis = await startRedisServer();
    await using first = await mesh.startReplica({ redisUrl: redis.url });
    await using second = await mesh.startReplica({ redisUrl: redis.url });
    const made = await makeKey();
    expect((await use(second, made.key)).status).toBe(200);
    await redis.kill();
    await revoke(made.id, first);
    await redis.restart();
    await waitFor(async () => (await use(second, made.key)).status === 401, { timeoutMs: 8_000 });
  });
});
