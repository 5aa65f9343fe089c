import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { TokenKeys } from './token-keys.ts';

function privateJwk(kid: string, curve: 'P-256' | 'ed25519' = 'P-256') {
  const { privateKey } =
    curve === 'P-256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return { ...privateKey.export({ format: 'jwk' }), kid };
}
const set = (...keys: unknown[]) => JSON.stringify({ keys });

describe('TokenKeys (OD-7, LA-24)', () => {
  it('signs with the first key and verifies with all', () => {
    const keys = TokenKeys.parse(set(privateJwk('new'), privateJwk('old', 'ed25519')));
    expect(keys.signing.kid).toBe('new');
    expect(keys.verifying('new')?.algorithm).toBe('ES256');
    expect(keys.verifying('old')?.algorithm).toBe('EdDSA');
    expect(keys.verifying('__proto__')).toBeNull();
  });

  it('publishes the public halves and nothing private', () => {
    const shown = TokenKeys.parse(set(privateJwk('a'), privateJwk('b', 'ed25519'))).publicKeySet();
    expect(shown.keys.map((key) => [key.kid, key.alg, key.use])).toEqual([
      ['a', 'ES256', 'sig'],
      ['b', 'EdDSA', 'sig'],
    ]);
    expect(shown.keys.flatMap((key) => Object.keys(key))).not.toContain('d');
  });

  const good = privateJwk('good');
  it.each([
    ['no JSON', '{"keys": [secret', 'the key set is not JSON'],
    ['no list of keys', '{}', 'must read {"keys": [...]}'],
    ['no key', set(), 'holds no key'],
    ['a shared secret', set({ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }), 'must be a P-256 or an Ed25519 key'],
    [
      'an RSA key',
      set({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: 'a' }),
      'must be a P-256 or an Ed25519 key',
    ],
    ['a public key', set({ ...good, d: undefined }), 'must hold x and the private d'],
    ['a key without a kid', set({ ...good, kid: undefined }), 'needs a kid'],
    ['a kid that is a path', set({ ...good, kid: '../../dev/null' }), 'needs a kid'],
    ['an algorithm of another kind', set({ ...good, alg: 'HS256' }), 'an alg that is not its own'],
    ['two keys of one kid', set(good, privateJwk('good')), 'two keys have the same kid'],
    ['one key under two kids', set(good, { ...good, kid: 'other' }), 'one key stands there twice'],
    ['halves that do not match', set({ ...privateJwk('a'), d: good.d }), 'do not belong together'],
    [
      'Ed25519 halves that do not match',
      set({ ...privateJwk('a', 'ed25519'), d: privateJwk('b', 'ed25519').d }),
      'do not belong together',
    ],
    [
      'the key pair printed in RFC 8037',
      set({
        kty: 'OKP',
        crv: 'Ed25519',
        d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
        x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
        kid: 'a',
      }),
      'a published example key',
    ],
  ])('refuses %s, in a sentence without key material', (_case, text, sentence) => {
    let message = '';
    try {
      TokenKeys.parse(text);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(sentence);
    expect(message).not.toContain(good.d);
    expect(message).not.toContain('secret');
  });
});
