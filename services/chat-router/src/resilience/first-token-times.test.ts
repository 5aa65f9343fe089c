import { describe, expect, it } from '@jest/globals';
import { FirstTokenTimes } from './first-token-times.ts';

const target = { provider: 'openai', model: 'm' };

describe('OD-4: the observed time to the first token', () => {
  it('is the median of the last 64 of one connection and model', () => {
    const times = new FirstTokenTimes();
    expect(times.median('a', target, 0)).toBeNull();
    for (let ms = 1; ms <= 100; ms += 1) times.observe('a', target, ms, ms);
    // 37 to 100 are left.
    expect(times.median('a', target, 100)).toBe(68);
    expect(times.median('b', target, 100)).toBeNull();
    expect(times.median('a', { ...target, model: 'n' }, 100)).toBeNull();
  });

  it('forgets after 10 minutes, so that who was slow once is taken as it is now', () => {
    const times = new FirstTokenTimes();
    for (let index = 0; index < 64; index += 1) times.observe('a', target, 5_000, 0);
    times.observe('a', target, 100, 599_999);
    expect(times.median('a', target, 599_999)).toBe(5_000);
    expect(times.median('a', target, 600_000)).toBe(100);
    expect(times.median('a', target, 1_200_000)).toBeNull();
  });
});
