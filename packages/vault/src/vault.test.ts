import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createVault, type SealContext } from './vault.ts';
import { VaultError, type VaultErrorReason } from './vault-error.ts';
import { VaultKeys } from './vault-keys.ts';

const entry = (kid: string) => `${kid}:${randomBytes(32).toString('base64url')}`;
const [first, second, otherFirst] = [entry('k1'), entry('k2'), entry('k1')];
const vaultOf = (...entries: string[]) => createVault(VaultKeys.parse(entries.join(',')));
const context: SealContext = { tenantId: 'tenant_1', purpose: 'provider_connection/1' };

function reasonOf(work: () => unknown): VaultErrorReason | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof VaultError) return error.reason;
    throw error;
  }
}

const contexts = fc.record({ tenantId: fc.string(), purpose: fc.string() });

describe('OP-10: an envelope', () => {
  it('gives back what was sealed, for every secret and every context', () => {
    const vault = vaultOf(first);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), contexts, (secret, where) => {
        expect(Buffer.compare(vault.open(vault.seal(secret, where), where), secret)).toBe(0);
      }),
    );
    expect(vault.open(vault.seal('sk-ünïcode', context), context).toString()).toBe('sk-ünïcode');
  });

  it('holds nothing of the secret and is never the same twice', () => {
    const vault = vaultOf(first);
    const secret = `sk-canary-${randomBytes(16).toString('hex')}`;
    const [one, two] = [vault.seal(secret, context), vault.seal(secret, context)];
    expect(one).not.toBe(two);
    for (const part of one.split('.')) {
      expect(part).not.toContain(secret);
      expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain(secret);
    }
  });

  it('opens for no other context, not even one whose parts read the same together', () => {
    const vault = vaultOf(first);
    fc.assert(
      fc.property(contexts, contexts, (sealedFor, openedFor) => {
        fc.pre(sealedFor.tenantId !== openedFor.tenantId || sealedFor.purpose !== openedFor.purpose);
        const envelope = vault.seal('secret', sealedFor);
        expect(reasonOf(() => vault.open(envelope, openedFor))).toBe('not_authentic');
        expect(reasonOf(() => vault.rewrap(envelope, openedFor))).toBe('not_authentic');
      }),
    );
    const shifted = vault.seal('secret', { tenantId: 'ab', purpose: 'c' });
    expect(reasonOf(() => vault.open(shifted, { tenantId: 'a', purpose: 'bc' }))).toBe('not_authentic');
  });

  it('opens with no other key: unknown where its name is, not authentic where only its bytes are', () => {
    const envelope = vaultOf(first).seal('secret', context);
    expect(reasonOf(() => vaultOf(second).open(envelope, context))).toBe('unknown_key');
    expect(reasonOf(() => vaultOf(otherFirst).open(envelope, context))).toBe('not_authentic');
  });

  it('does not open when any one character of it was changed', () => {
    const vault = vaultOf(first, second);
    const envelope = vault.seal('secret', context);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    fc.assert(
      fc.property(fc.nat(envelope.length - 1), fc.constantFrom(...alphabet.split('')), (place, character) => {
        fc.pre(envelope.charAt(place) !== character);
        const changed = envelope.slice(0, place) + character + envelope.slice(place + 1);
        expect(reasonOf(() => vault.open(changed, context))).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('is not mistaken for one when it is none', () => {
    const vault = vaultOf(first);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(reasonOf(() => vault.open(text, context))).toBe('malformed');
      }),
    );
    for (const text of [
      '',
      'sbv1',
      'sbv1.k1.AA.AA',
      'sbv2.k1.AAAA.AAAA',
      'sbv1.k1.AAAA.AAAA.AAAA',
      'sbv1..AAAA.AAAA',
    ]) {
      expect(reasonOf(() => vault.open(text, context))).toBe('malformed');
    }
  });
});

describe('OP-10: rotation', () => {
  it('puts an envelope under the new key, leaves its payload alone, and needs the old key no longer', () => {
    const sealed = vaultOf(first).seal('secret', context);
    const rewrapped = vaultOf(second, first).rewrap(sealed, context);
    expect(vaultOf(second).keyOf(rewrapped)).toBe('k2');
    expect(rewrapped.split('.')[3]).toBe(sealed.split('.')[3]);
    expect(rewrapped.split('.')[2]).not.toBe(sealed.split('.')[2]);
    expect(vaultOf(second).open(rewrapped, context).toString()).toBe('secret');
    expect(reasonOf(() => vaultOf(first).open(rewrapped, context))).toBe('unknown_key');
  });

  it('does nothing to an envelope that the first key sealed', () => {
    const vault = vaultOf(first, second);
    const sealed = vault.seal('secret', context);
    expect(vault.rewrap(sealed, context)).toBe(sealed);
  });

  it('seals with the first key and opens with all', () => {
    const old = vaultOf(first).seal('old', context);
    const both = vaultOf(second, first);
    expect(both.keyOf(both.seal('new', context))).toBe('k2');
    expect(both.open(old, context).toString()).toBe('old');
  });
});

describe('OP-10: the keys', () => {
  it.each([
    ['nothing', '', 'must read'],
    ['no name', `:${randomBytes(32).toString('base64url')}`, 'must read'],
    ['a name that would break the envelope', `a.b:${randomBytes(32).toString('base64url')}`, 'must read'],
    ['a short secret', `k:${randomBytes(31).toString('base64url')}`, '32 bytes'],
    ['a long secret', `k:${randomBytes(33).toString('base64url')}`, '32 bytes'],
    ['other letters', `k:${randomBytes(31).toString('base64url')}!!`, '32 bytes'],
    ['zeros', `k:${Buffer.alloc(32).toString('base64url')}`, 'random'],
    ['a repeated pattern', `k:${Buffer.from('0123456789abcdef'.repeat(4), 'hex').toString('base64url')}`, 'random'],
    ['a sentence', `k:${Buffer.from('correct horse battery staple 123').toString('base64url')}`, 'random'],
    ['one name twice', `${first},${otherFirst}`, 'one name'],
  ])('are refused with %s, in a sentence without a secret', (_name, text, sentence) => {
    let message = '';
    try {
      VaultKeys.parse(text);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(sentence);
    for (const secret of text.split(/[:,]/).filter((part) => part.length > 20)) expect(message).not.toContain(secret);
  });

  it('show nothing of themselves', () => {
    const keys = VaultKeys.parse(first);
    const secret = first.slice('k1:'.length);
    for (const text of [JSON.stringify(keys), inspect(keys, { depth: 9, showHidden: true })]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
    }
  });
});
