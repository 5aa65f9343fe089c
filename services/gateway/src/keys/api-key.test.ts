import { describe, expect, it } from '@jest/globals';
import { isId, newId } from '@signalbox/ids';
import fc from 'fast-check';
import { hintOf, keyStatus, makeApiKey, readKeyId } from './api-key.ts';

describe('the form of an API key (OD-6, S3)', () => {
  it('bears its id, a secret of its own and a checksum', () => {
    const id = newId('key');
    const [key, other] = [makeApiKey(id), makeApiKey(id)];
    expect(readKeyId(key)).toBe(id);
    expect(isId('key', readKeyId(key) ?? '')).toBe(true);
    expect(other).not.toBe(key);
    expect(hintOf(other)).toBe(hintOf(key));
    expect(hintOf(key)).toHaveLength('sbx_live_'.length + 26);
  });

  it('is always 86 characters of the alphabet', () => {
    for (let round = 0; round < 2_000; round += 1) {
      expect(makeApiKey(newId('key'))).toMatch(/^sbx_live_[0-9a-hjkmnp-tv-z]{26}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    }
  });

  it('is lost by changing any one character', () => {
    const key = makeApiKey(newId('key'));
    fc.assert(
      fc.property(
        fc.nat({ max: key.length - 1 }),
        fc.constantFrom('0', '9', 'A', 'Z', 'a', 'z', '_', '-', '.', ' ', '\n', 'é'),
        (at, replacement) => {
          const changed = key.slice(0, at) + replacement + key.slice(at + 1);
          return changed === key || readKeyId(changed) === null;
        },
      ),
    );
  });

  it('is lost by taking a part away, adding one, or swapping two', () => {
    const key = makeApiKey(newId('key'));
    fc.assert(
      fc.property(fc.nat({ max: 85 }), fc.integer({ min: 1, max: 86 }), fc.string(), (from, length, inserted) => {
        const cut = key.slice(0, from) + key.slice(from + length);
        const grown = key.slice(0, from) + inserted + key.slice(from);
        const turned = key.slice(from) + key.slice(0, from);
        return [cut, grown, turned].every((text) => text === key || readKeyId(text) === null);
      }),
    );
  });

  it('is not met by chance', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => readKeyId(text) === null));
  });

  it('refuses ten megabytes at once', () => {
    const started = performance.now();
    expect(readKeyId('sbx_live_'.padEnd(10_000_000, 'a'))).toBeNull();
    expect(performance.now() - started).toBeLessThan(5);
  });
});

describe('the status of an API key', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const none = { revokedAt: null, expiresAt: null, replacedBy: null };
  it.each([
    ['active', none],
    ['active', { ...none, expiresAt: new Date(now.getTime() + 1) }],
    ['expiring', { ...none, expiresAt: new Date(now.getTime() + 1), replacedBy: 'key_2' }],
    ['expired', { ...none, expiresAt: now }],
    ['expired', { ...none, expiresAt: now, replacedBy: 'key_2' }],
    ['revoked', { ...none, expiresAt: now, revokedAt: now }],
  ])('is %s', (status, key) => {
    expect(keyStatus(key, now)).toBe(status);
  });
});
