import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checksumHolds, randomSecret, withChecksum } from './opaque-token.ts';
import { isRefreshToken, makeRefreshToken } from './refresh-token.ts';

describe('checksums', () => {
  it('hold for what they were made for, whatever it is', () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => checksumHolds(withChecksum(text))));
  });

  it('do not hold for another text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (text, other) => {
        const checksum = withChecksum(text).slice(text.length);
        return text === other || !checksumHolds(other + checksum);
      }),
    );
  });

  it('keep their value: keys that are in use depend on it', () => {
    expect(withChecksum('sbx_live_00000000000000000000000000_secret')).toBe(
      'sbx_live_00000000000000000000000000_secret_0OLMUT',
    );
  });
});

describe('secrets', () => {
  it('are 43 characters in which every digit comes up', () => {
    const secrets = Array.from({ length: 500 }, randomSecret);
    expect(secrets.every((secret) => /^[0-9A-Za-z]{43}$/.test(secret))).toBe(true);
    expect(new Set(secrets.join('')).size).toBe(62);
    expect(new Set(secrets).size).toBe(500);
  });
});

describe('refresh tokens', () => {
  it('are told from everything else without asking anybody', () => {
    const token = makeRefreshToken();
    expect(isRefreshToken(token)).toBe(true);
    expect(isRefreshToken(token.replace('sbr_', 'sbx_'))).toBe(false);
    expect(isRefreshToken(`${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`)).toBe(false);
    expect(isRefreshToken('')).toBe(false);
  });
});
