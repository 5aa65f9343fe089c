import { describe, expect, it } from '@jest/globals';
import { createRefusalTally } from './refusal-tally.ts';

const entry = {
  tenantId: null,
  actor: 'anonymous',
  action: 'credential.refused',
  target: null,
  requestId: 'req_1',
  ip: '10.0.0.1',
  details: { reason: 'junk_key' },
} as const;
const at = new Date();

describe('the tally of refusals (OD-14)', () => {
  it('makes one entry of equal ones, with their number and the first one’s facts', () => {
    const tally = createRefusalTally();
    for (let count = 0; count < 10_000; count += 1) tally.add({ ...entry, requestId: `req_${String(count)}` }, at);
    expect(tally.take()).toEqual([{ entry: { ...entry, requestId: 'req_0' }, at, count: 10_000 }]);
    expect(tally.take()).toEqual([]);
  });

  it('tells actions, actors, tenants, addresses and reasons apart', () => {
    const tally = createRefusalTally();
    tally.add(entry, at);
    tally.add({ ...entry, action: 'login.failed' }, at);
    tally.add({ ...entry, actor: 'key_1' }, at);
    tally.add({ ...entry, tenantId: 'tenant_1' }, at);
    tally.add({ ...entry, ip: '10.0.0.2' }, at);
    tally.add({ ...entry, details: { reason: 'expired_key' } }, at);
    expect(tally.take().map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('stays small under a flood of different ones, and loses none from the count', () => {
    const tally = createRefusalTally();
    for (let count = 0; count < 10_000; count += 1) tally.add({ ...entry, ip: `10.0.${String(count)}` }, at);
    const taken = tally.take();
    expect(taken.length).toBe(51);
    expect(taken.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
    expect(taken.at(-1)?.entry).toMatchObject({ actor: 'several', ip: null });
  });

  it('takes back what could not be stored, with its number', () => {
    const tally = createRefusalTally();
    for (const refusal of [1, 2, 3]) tally.add({ ...entry, requestId: `req_${String(refusal)}` }, at);
    for (const { entry: first, at: then, count } of tally.take()) tally.add(first, then, count);
    tally.add(entry, at);
    expect(tally.take()).toMatchObject([{ count: 4 }]);
  });
});
