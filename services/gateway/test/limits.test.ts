import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startRedisServer, waitFor } from '@signalbox/test-kit';
import { Agent, request } from 'undici';
import { startTestGateway, wideLimits, window, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;
const dispatcher = new Agent({ connections: 100 });

beforeAll(async () => {
  upstream = await startRecordingUpstream();
});
beforeEach(() => {
  upstream.requests.length = 0;
});
afterAll(async () => {
  await dispatcher.close();
  await upstream[Symbol.asyncDispose]();
});

const standard = wideLimits.classes.default;

function limitsOf(requests: object, more: object = {}, others: object = {}): unknown {
  return { ...wideLimits, ...others, classes: { default: { ...standard, requests }, ...more } };
}

/** A credential that no other test and no other run has used. */
function newcomer(): { authorization: string } {
  return { authorization: `Bearer limits-${randomUUID()}` };
}

async function ask(gateway: TestGateway, headers: Record<string, string>, path = '/api/v1/things/1') {
  const answer = await request(gateway.url + path, { headers, dispatcher });
  await answer.body.dump();
  return { status: answer.statusCode, headers: answer.headers };
}

function count(answers: readonly { status: number }[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}

describe('limits that replicas share (LA-2, S17)', () => {
  it('let exactly 100 of 300 concurrent calls against two replicas through, and the service sees exactly those', async () => {
    const limits = limitsOf({ ...window, limit: 100 });
    await using first = await startTestGateway({ upstreamUrl: upstream.url, limits });
    await using second = await startTestGateway({ upstreamUrl: upstream.url, limits });
    const who = newcomer();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => ask(index % 2 === 0 ? first : second, who)),
    );
    expect([count(answers, 200), count(answers, 429)]).toEqual([100, 200]);
    expect(upstream.requests).toHaveLength(100);
    expect((await ask(first, newcomer())).status).toBe(200);
  });

  it('count per principal and route class, whatever the path, its alias or its method', async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      limits: limitsOf({ ...window, limit: 3 }),
    });
    const who = newcomer();
    const paths = ['/api/v1/things/1', '/api/things/2', '/api/v1/things/3?x=1', '/api/v1/things/4'];
    const statuses = [];
    for (const path of paths) statuses.push((await ask(gateway, who, path)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const other = await request(`${gateway.url}/v1/things`, { method: 'POST', headers: who, body: '{}' });
    expect(other.statusCode).toBe(200);
    await other.body.dump();
  });

  it('say when to come back, and are right: not a second earlier, and then it succeeds', async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      limits: limitsOf({ ...window, window_seconds: 2, limit: 2 }),
    });
    const who = newcomer();
    const first = await ask(gateway, who);
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"default";q=2;w=2',
      ratelimit: expect.stringMatching(/^"default";r=1;t=[12]$/),
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset': expect.stringMatching(/^[12]$/),
    });
    await ask(gateway, who);
    const refused = await ask(gateway, who);
    expect(refused.status).toBe(429);
    const retryAfter = Number(refused.headers['retry-after']);
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    const refusedAt = performance.now();
    await waitFor(() => performance.now() - refusedAt >= retryAfter * 1_000);
    expect((await ask(gateway, who)).status).toBe(200);
  });

  it('MX-17: give a class that says gcra its burst and then its rate', async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      limits: limitsOf({ algorithm: 'gcra', limit: 60, burst: 5, window_seconds: 60 }),
    });
    const who = newcomer();
    const answers = [];
    for (let round = 0; round < 8; round += 1) answers.push(await ask(gateway, who));
    expect(answers.map(({ status }) => status).slice(0, 6)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[5]?.headers['retry-after']).toBe('1');
  });

  it('hold several policies at once, all or nothing: what one refuses costs the others nothing', async () => {
    const tenant = { requests: { ...window, limit: 4 }, cost_units: { ...window, limit: 1_000 } };
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      limits: limitsOf(
        { ...window, limit: 2 },
        { chat: { requests: { ...window, limit: 3 }, cost_units: 7 } },
        { tenant },
      ),
    });
    const who = newcomer();
    const chat = async () => {
      const answer = await request(`${gateway.url}/v1/things`, { method: 'POST', headers: who, body: '{}' });
      await answer.body.dump();
      return { status: answer.statusCode, headers: answer.headers };
    };
    expect(count([await ask(gateway, who), await ask(gateway, who)], 200)).toBe(2);
    for (let round = 0; round < 5; round += 1) expect((await ask(gateway, who)).status).toBe(429);
    const third = await chat();
    expect(third.headers['ratelimit']).toMatch(/"chat";r=2;t=\d+, "tenant";r=1;t=\d+, "tenant-cost";r=991;t=\d+/);
    expect(third.headers['ratelimit-policy']).toContain('"tenant-cost";q=1000;w=60;qu="cost-units"');
    expect((await chat()).status).toBe(200);
    const refused = await chat();
    expect([refused.status, refused.headers['x-ratelimit-limit']]).toEqual([429, '4']);
  });

  it("put a key's own limits in place of the class'", async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      limits: limitsOf({ ...window, limit: 100 }),
      parts: {
        authenticator: {
          authenticate: () =>
            Promise.resolve({
              kind: 'api_key',
              principalId: `key_${randomUUID()}`,
              tenantId: 'tenant_own',
              scopes: ['*'],
              credential: { kind: 'api_key', keyId: 'key_own' },
              isOperator: false,
              limits: { requestsPerMinute: 7, costUnitsPerMinute: null },
            }),
        },
      },
    });
    expect((await ask(gateway, {})).headers['ratelimit-policy']).toBe('"default";q=7;w=60');
  });
});

describe('callers without a credential (LA-2, S4, S17)', () => {
  it('are counted by the address of their connection, whatever they write into headers', async () => {
    await using redis = await startRedisServer();
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      redisUrl: redis.url,
      limits: limitsOf({ ...window, limit: 3 }),
    });
    const statuses = [];
    for (let round = 0; round < 5; round += 1) {
      const headers = {
        'x-forwarded-for': `6.6.6.${String(round)}`,
        'x-real-ip': `7.7.7.${String(round)}`,
        'x-api-key': 'any',
      };
      statuses.push((await ask(gateway, headers, '/api/v1/open-things')).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await ask(gateway, newcomer())).status).toBe(200);
  });

  it('are counted by the client that trusted proxies name, an IPv6 client by its /64', async () => {
    await using redis = await startRedisServer();
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      redisUrl: redis.url,
      limits: limitsOf({ ...window, limit: 2 }),
      parts: { trustedHops: 1 },
    });
    const from = async (address: string) =>
      (await ask(gateway, { 'x-forwarded-for': address }, '/api/v1/open-things')).status;
    expect([await from('2001:db8::1'), await from('6.6.6.6, 2001:db8::2'), await from('2001:db8::ffff:3')]).toEqual([
      200, 200, 429,
    ]);
    expect(await from('2001:db8:0:1::1')).toBe(200);
  });

  it('S3: are answered 429 in place of 401 after too many wrong credentials, while right ones go on', async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      limits: { ...wideLimits, refused_credentials: { limit: 5, window_seconds: 60 } },
    });
    const answers = [];
    for (let round = 0; round < 7; round += 1)
      answers.push(await ask(gateway, { authorization: `Bearer bad-${String(round)}` }));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(answers[0]?.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answers[6]?.headers['retry-after']).toBe('12');
    expect((await ask(gateway, newcomer())).status).toBe(200);
  });
});

describe('limits while Redis is away (LA-2, R6, OD-23)', () => {
  it('go on in each replica with its share, quickly, without a 5xx, marked; but login is refused', async () => {
    await using redis = await startRedisServer();
    const limits = limitsOf({ ...window, limit: 20 }, { login: { on_outage: 'closed' } });
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      redisUrl: redis.url,
      replicas: 2,
      limits,
    });
    const signIn = async () => {
      const answer = await request(`${gateway.url}/api/v1/sign-in`, { method: 'POST', body: '{}', dispatcher });
      await answer.body.dump();
      return answer;
    };
    expect((await ask(gateway, newcomer())).status).toBe(200);
    expect((await signIn()).statusCode).toBe(200);

    redis.freeze();
    const who = newcomer();
    const took: number[] = [];
    const answers = [];
    for (let round = 0; round < 30; round += 1) {
      const startedAt = performance.now();
      answers.push(await ask(gateway, who));
      took.push(performance.now() - startedAt);
    }
    expect([count(answers, 200), count(answers, 429)]).toEqual([10, 20]);
    expect(Math.max(...took)).toBeLessThan(400);
    expect(took.filter((ms) => ms > 60).length).toBeLessThanOrEqual(3);
    expect(await gateway.metric('signalbox_limiter_degraded')).toBe(1);
    expect(await gateway.metric('signalbox_gateway_limits_degraded_total', 'outcome="decided_locally"')).toBe(30);
    const closed = await signIn();
    expect([closed.statusCode, Number(closed.headers['retry-after']) > 0]).toEqual([503, true]);

    redis.thaw();
    await waitFor(async () => (await gateway.metric('signalbox_limiter_degraded')) === 0);
    expect((await signIn()).statusCode).toBe(200);
  });

  it('R6: come back by themselves after Redis was killed, restarted and flushed', async () => {
    await using redis = await startRedisServer();
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      redisUrl: redis.url,
      limits: limitsOf({ ...window, limit: 50 }),
    });
    const statuses = new Set<number>();
    const hammer = async () => {
      for (let round = 0; round < 10; round += 1) statuses.add((await ask(gateway, newcomer())).status);
    };
    await hammer();
    await redis.kill();
    await hammer();
    await redis.restart();
    await hammer();
    expect([...statuses]).toEqual([200]);
    await waitFor(async () => (await gateway.metric('signalbox_limiter_degraded')) === 0);
    expect((await ask(gateway, newcomer())).headers['ratelimit']).toMatch(/r=49/);
  });
});
