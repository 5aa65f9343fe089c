import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isId, newId } from './id.ts';

const timesMax = 2 ** 48 - 1;

describe('ids', () => {
  it('carry their kind and the same number of characters, whatever the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: timesMax }), (now) => {
        expect(newId('tenant', now)).toMatch(/^tenant_[0-9a-hjkmnp-tv-z]{26}$/);
      }),
    );
  });

  it('sort by the millisecond of their making', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: timesMax - 1 }), fc.integer({ min: 1, max: 10_000 }), (now, later) => {
        expect(newId('key', now) < newId('key', Math.min(now + later, timesMax))).toBe(true);
      }),
    );
  });

  it('differ, also within one millisecond and past the end of the random pool', () => {
    const made = Array.from({ length: 10_000 }, () => newId('req', 0));
    expect(new Set(made).size).toBe(made.length);
  });

  it('are known by kind and form, and nothing else is', () => {
    const id = newId('key');
    expect(isId('key', id)).toBe(true);
    expect(isId('tenant', id)).toBe(false);
    for (const other of ['', 'key_', `${id}0`, id.slice(0, -1), id.toUpperCase(), `${id.slice(0, -1)}u`, ` ${id}`]) {
      expect(isId('key', other)).toBe(false);
    }
  });
});
