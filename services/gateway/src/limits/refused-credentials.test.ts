import { describe, expect, it } from '@jest/globals';
import { createRefusedCredentials } from './refused-credentials.ts';

const limit = { limit: 3, windowMs: 30_000 };

describe('refused credentials (S3, S17)', () => {
  it('allows so many per address, then says how long to wait, and is right about it', () => {
    const refused = createRefusedCredentials();
    const tries = [0, 0, 0, 0].map(() => refused.note('a', limit, 1_000));
    expect(tries).toEqual([0, 0, 0, 10_000]);
    expect(refused.note('b', limit, 1_000)).toBe(0);
    expect(refused.note('a', limit, 10_999)).toBe(1);
    expect(refused.note('a', limit, 11_000)).toBe(0);
  });

  it('remembers a bounded number of addresses, the latest ones', () => {
    const refused = createRefusedCredentials({ addressesMax: 2 });
    for (const address of ['a', 'a', 'a', 'b', 'c']) refused.note(address, limit, 0);
    expect(refused.note('a', limit, 0)).toBe(0);
  });
});
