import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';
import { answersIn, sendRaw } from '../raw-request.ts';

const windowMs = 2_000;
const windowLimit = 10;

describe('nobody gets more than a limit by asking differently (LA-2, S17)', () => {
  let opened: OpenedMesh;
  beforeAll(async () => {
    const perWindow = { limit: windowLimit, window_seconds: windowMs / 1_000, algorithm: 'sliding_window' };
    const logins = { limit: 10, window_seconds: 60, algorithm: 'sliding_window' };
    opened = await openMesh({
      gatewayReplicas: 2,
      limits: {
        ...wideLimits,
        classes: {
          default: { requests: perWindow, cost_units: 1, on_outage: 'local' },
          keys: { requests: wideLimits.classes.default.requests },
          health: { requests: wideLimits.classes.default.requests, cost_units: 0 },
          login: { requests: logins },
        },
        tenant: { requests: { limit: 400, window_seconds: 60, algorithm: 'sliding_window' } },
        refused_credentials: { limit: 20, window_seconds: 60 },
      },
    });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  let decidedAlone = 0;
  beforeEach(async () => {
    decidedAlone = await countDecidedAlone();
  });

  async function countDecidedAlone(): Promise<number> {
    const counts = await Promise.all(
      ['gateway', 'gateway-2'].map((name) => opened.metric(name, 'signalbox_gateway_limits_degraded_total')),
    );
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  /**
   * The limit; or, when the machine was so busy that Redis was not heard in time, the limit and the replicas' shares of it,
   * which come on top (ADR 3).
   */
  async function mostOf(limit: number): Promise<number> {
    return (await countDecidedAlone()) > decidedAlone ? 2 * limit : limit;
  }

  const passed = (statuses: readonly number[]) => statuses.filter((status) => status !== 429).length;

  it('whatever address the headers claim, on either replica', async () => {
    const claims = [
      'x-forwarded-for',
      'x-real-ip',
      'forwarded',
      'x-client-ip',
      'true-client-ip',
      'cf-connecting-ip',
      'x-originating-ip',
      'via',
    ];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        opened.ask('/api/v1/auth/refresh', {
          key: null,
          gateway: index % 2,
          body: { refresh_token: 'sbr_nobody' },
          headers: {
            [claims[index % claims.length] ?? '']:
              index % 3 === 0 ? `203.0.113.${String(index)}` : `for=2001:db8:${String(index)}::1`,
          },
        }),
      ),
    );
    expect(passed(answers.map(({ status }) => status))).toBeGreaterThanOrEqual(10);
    expect(passed(answers.map(({ status }) => status))).toBeLessThanOrEqual(await mostOf(10));
  });

  it('whatever way the path is written, the credential is shown, or the method is named', async () => {
    const { key } = await opened.createKey({ limits: { requests_per_minute: 6 } });
    const bearer = { authorization: `Bearer ${key}` };
    const apiKey = { 'x-api-key': key };
    const ways: [path: string, headers: Record<string, string>, method?: string][] = [
      ['/v1/models', bearer],
      ['/v1/models', apiKey],
      ['/v1/models', { authorization: `bearer   ${key}` }],
      ['/v1/models', { ...bearer, ...apiKey }],
      ['/v1/models', bearer, 'HEAD'],
      ['/v1/models?', bearer],
      ['/v1/models?x=1', bearer],
      ['/v1/models/', bearer],
      ['/V1/models', bearer],
      ['/v1/%6dodels', bearer],
      ['/v1/models%2f', bearer],
      ['/v1/models/signalbox/extractive', bearer],
      ['/v1/models/signalbox%2fextractive', bearer],
      ['/api/v1/users/me', bearer],
      ['/api/users/me', bearer],
      ['/users/me', apiKey],
      ['/API/V1/users/me', bearer],
    ];
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const [index, [path, headers, method]] of ways.entries()) {
        const { status } = await opened.ask(path, {
          key: null,
          headers,
          gateway: index % 2,
          ...(method === undefined ? {} : { method }),
        });
        expect([path, status < 500]).toEqual([path, true]);
        // What another way of writing does not reach at all gives nothing away, and costs nothing.
        if (status !== 404 || path.startsWith('/v1/models/s')) statuses.push(status);
      }
    }
    expect(passed(statuses.filter((status) => status !== 400))).toBeLessThanOrEqual(await mostOf(6));
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10);
  });

  it('not on one connection, with all of it pipelined at once', async () => {
    const { key } = await opened.createKey({ limits: { requests_per_minute: 5 } });
    const request = (last: boolean) =>
      `GET /v1/models HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
    const received = await Promise.all(
      opened.mesh.gatewayUrls.map((url) => sendRaw(url, request(false).repeat(19) + request(true))),
    );
    const statuses = received.flatMap((text) => answersIn(text)).map(({ status }) => status);
    expect(statuses).toHaveLength(40);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(passed(statuses)).toBeGreaterThanOrEqual(5);
    expect(passed(statuses)).toBeLessThanOrEqual(await mostOf(5));
  });

  it('not at the edge of a window: no stretch of its length holds more than the limit', async () => {
    const { key } = await opened.createKey();
    const admitted: { sentAt: number; answeredAt: number }[] = [];
    const until = performance.now() + 3.5 * windowMs;
    const client = async (gateway: number) => {
      while (performance.now() < until) {
        const sentAt = performance.now();
        const { status } = await opened.ask('/v1/models', { key, gateway });
        if (status === 200) admitted.push({ sentAt, answeredAt: performance.now() });
      }
    };
    await Promise.all([client(0), client(1), client(0), client(1)]);
    // It was admitted again and again, whenever it might.
    expect(admitted.length).toBeGreaterThanOrEqual(3 * windowLimit);
    const most = await mostOf(windowLimit);
    admitted.sort((one, other) => one.answeredAt - other.answeredAt);
    const spans = admitted.slice(most).map(({ answeredAt }, index) => {
      // Each was decided between being sent and being answered, so that one more than the limit took at least this long.
      const sentAt = Math.min(...admitted.slice(index, index + most + 1).map((one) => one.sentAt));
      return answeredAt - sentAt;
    });
    expect(Math.min(Number.POSITIVE_INFINITY, ...spans)).toBeGreaterThanOrEqual(windowMs - 1);
  });

  it('not with more keys: what all keys of a tenant may do together is bounded, too', async () => {
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'many keys' } });
    const { key: first } = tenant.body['api_key'] as { key: string };
    const keys = await Promise.all(
      Array.from({ length: 5 }, () => opened.createKey({ key: first, limits: { requests_per_minute: 1_000 } })),
    );
    const answers = await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        opened.ask('/v1/models', { key: keys[index % 5]?.key ?? '', gateway: index % 2 }),
      ),
    );
    const ok = answers.filter(({ status }) => status === 200).length;
    // The five keys were made on the tenant's account.
    expect(ok).toBeGreaterThanOrEqual(400 - 5);
    expect(ok).toBeLessThanOrEqual((await mostOf(400)) - 5);
    // Another tenant does not feel it.
    const { key } = await opened.createKey();
    expect((await opened.ask('/v1/models', { key })).status).toBe(200);
  });

  it('not by guessing: wrong keys from one address are told to wait, and a right one is still let in', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        opened.ask('/v1/models', {
          key: `sbx_live_${'0'.repeat(26)}_${String(index).padStart(43, 'A')}_AAAAAA`,
          headers: { 'x-forwarded-for': `203.0.113.${String(index)}` },
        }),
      ),
    );
    const statuses = guesses.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(passed(statuses)).toBeLessThanOrEqual(21);
    const { key } = await opened.createKey();
    expect((await opened.ask('/v1/models', { key })).status).toBe(200);
  });
});
