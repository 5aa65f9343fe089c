import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { openConfigFile } from '@signalbox/config';
import { LimitsFile } from './limits-file.ts';
import { limitsInForce, policiesForRequest, type Payer } from './policies-for-request.ts';

const shipped = await openConfigFile(fileURLToPath(new URL('../../limits.yaml', import.meta.url)), LimitsFile);
const file = shipped.current();
await shipped[Symbol.asyncDispose]();
const key: Payer = {
  kind: 'principal',
  principalId: 'key_1',
  tenantId: 'tenant_1',
  limits: { requestsPerMinute: null, costUnitsPerMinute: null },
};
const window = { algorithm: 'sliding_window', window_seconds: 60 } as const;

describe('the limits of a request (LA-2, MX-17)', () => {
  it('ships 100 requests a minute per principal and class, in an exact window, with a local limiter for an outage', () => {
    const limits = limitsInForce(file, null);
    for (const routeClass of ['default', 'chat', 'documents'] as const)
      expect(policiesForRequest(limits, routeClass, key)[0]).toEqual({
        name: routeClass,
        key: 'key_1',
        algorithm: 'sliding_window',
        limit: 100,
        windowMs: 60_000,
        cost: 1,
        unit: 'requests',
        onOutage: 'local',
      });
  });

  it('ships room for a comparison of each of a thousand columns at once', () => {
    const [compute] = policiesForRequest(limitsInForce(file, null), 'compute', key);
    expect(compute).toMatchObject({ algorithm: 'gcra', limit: 1_200, windowMs: 60_000, burst: 1_200 });
  });

  it('ships login and key creation closed while Redis is away, and few logins per address', () => {
    const limits = limitsInForce(file, null);
    const [login] = policiesForRequest(limits, 'login', { kind: 'address', address: '2001:db8::1' });
    expect(login).toMatchObject({ key: 'ip:2001:db8:0:0::/64', limit: 30, onOutage: 'closed' });
    expect(policiesForRequest(limits, 'keys', key)[0]).toMatchObject({ onOutage: 'closed' });
  });

  it("puts the environment's limit in place of the default's, for every class that has none of its own", () => {
    const limits = limitsInForce(file, 50_000);
    expect(policiesForRequest(limits, 'default', key)[0]?.limit).toBe(50_000);
    expect(policiesForRequest(limits, 'chat', key)[0]?.limit).toBe(50_000);
    const address: Payer = { kind: 'address', address: '192.0.2.1' };
    expect(policiesForRequest(limits, 'login', address)[0]?.limit).toBe(30);
    const tenant = { requests: { ...window, limit: 6_000 } };
    const withTenant = limitsInForce({ ...file, tenant }, 50_000);
    expect(policiesForRequest(withTenant, 'chat', key).find(({ name }) => name === 'tenant')?.limit).toBe(50_000);
  });

  it("puts a key's own limits in place of the class'", () => {
    const limits = limitsInForce(file, null);
    const own: Payer = { ...key, limits: { requestsPerMinute: 7, costUnitsPerMinute: 9 } };
    const policies = policiesForRequest(limits, 'chat', own);
    expect(policies.find(({ name }) => name === 'chat')).toMatchObject({ limit: 7, windowMs: 60_000 });
    expect(policies.find(({ name }) => name === 'cost')).toMatchObject({ limit: 9, cost: 1, unit: 'cost_units' });
  });

  it('holds one request against key, tenant and class, in requests and in cost units', () => {
    const limits = limitsInForce(
      LimitsFile.parse({
        classes: {
          default: { requests: { ...window, limit: 10 }, cost_units: 1, on_outage: 'local' },
          chat: { cost_units: 5, total_requests: { ...window, limit: 1_000 } },
          health: { cost_units: 0 },
        },
        principal: { cost_units: { ...window, limit: 50 } },
        tenant: {
          requests: { ...window, limit: 40 },
          cost_units: { algorithm: 'gcra', limit: 200, burst: 20, window_seconds: 60 },
        },
        refused_credentials: { limit: 5, window_seconds: 60 },
      }),
      null,
    );
    const summary = policiesForRequest(limits, 'chat', key).map(
      ({ name, key: who, limit, cost }) => `${name} ${who} ${String(limit)} ${String(cost)}`,
    );
    expect(summary).toEqual([
      'chat key_1 10 1',
      'cost key_1 50 5',
      'tenant tenant_1 40 1',
      'tenant-cost tenant_1 200 5',
      'chat-total all 1000 1',
    ]);
    expect(policiesForRequest(limits, 'health', key).map(({ name }) => name)).toEqual(['health', 'tenant']);
  });

  it.each([
    ['an unknown class', { classes: { ...file.classes, vision: {} } }],
    ['an unknown member', { classes: file.classes, extra: 1 }],
    ['a limit of nothing', { classes: { default: { ...file.classes.default, requests: { ...window, limit: 0 } } } }],
    [
      'a burst without gcra',
      { classes: { default: { ...file.classes.default, requests: { ...window, limit: 5, burst: 9 } } } },
    ],
    ['no default', { classes: { chat: {} } }],
  ])('R24: a file with %s is refused', (_what, change) => {
    expect(LimitsFile.safeParse({ ...file, ...change }).success).toBe(false);
  });
});
