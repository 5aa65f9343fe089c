import { createSecretKey, type KeyObject } from 'node:crypto';

/** A key that encrypts the keys of envelopes. */
export interface VaultKey {
  kid: string;
  secret: KeyObject;
}

const keyBytes = 32;
const kidForm = /^[A-Za-z0-9_-]{1,64}$/;

/** The key-encryption keys of a process: the first seals, all open. Shows nothing of itself when it is printed. */
export class VaultKeys {
  readonly #keys: readonly [VaultKey, ...VaultKey[]];

  private constructor(keys: readonly [VaultKey, ...VaultKey[]]) {
    this.#keys = keys;
  }

  /**
   * Reads `kid:secret[,…]`, secrets in base64url and of exactly 32 bytes. Throws a plain sentence, without any secret, for
   * one that is too short, that nobody drew by lot, or whose name comes twice.
   */
  static parse(text: string): VaultKeys {
    const keys = text.split(',').map((entry, index) => parseKey(entry.trim(), index + 1));
    const [first, ...others] = keys;
    if (first === undefined) throw new TypeError('one key is needed');
    const kids = new Set(keys.map(({ kid }) => kid));
    if (kids.size < keys.length) throw new TypeError('two keys bear one name');
    return new VaultKeys([first, ...others]);
  }

  get sealing(): VaultKey {
    return this.#keys[0];
  }

  find(kid: string): VaultKey | null {
    return this.#keys.find((key) => key.kid === kid) ?? null;
  }
}

function parseKey(entry: string, place: number): VaultKey {
  const [kid, secret, ...rest] = entry.split(':');
  if (!kid || !secret || rest.length > 0 || !kidForm.test(kid)) {
    throw new TypeError(`entry ${String(place)} must read kid:secret`);
  }
  const bytes = Buffer.from(secret, 'base64url');
  if (bytes.length !== keyBytes || bytes.toString('base64url') !== secret.replace(/=+$/, '')) {
    throw new TypeError(`the secret of ${kid} must be 32 bytes in base64url`);
  }
  if (isGuessable(bytes))
    throw new TypeError(`the secret of ${kid} was not drawn at random: make one with a generator`);
  return { kid, secret: createSecretKey(bytes) };
}

/**
 * 32 random bytes have fewer than 16 different values, or are all printable, less often than once in 10¹³: what is so was
 * typed by somebody.
 */
function isGuessable(bytes: Buffer): boolean {
  return new Set(bytes).size < 16 || bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}
