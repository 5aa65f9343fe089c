import { createSecretKey, type KeyObject } from 'node:crypto';
import { AppError } from '@signalbox/errors';

/** One shared secret between callers and one audience (a service). */
export interface IdentityKey {
  audience: string;
  kid: string;
  /** Made once: Node takes six times as long over a signature whose key comes as bytes. */
  secret: KeyObject;
}

/**
 * The identity keys a process holds: its own, to verify with, and those of the services it calls, to sign with. Of
 * several keys for one audience the first signs and all verify, so that a key can be rotated without a gap.
 */
export class IdentityKeys {
  readonly #keys: readonly IdentityKey[];

  constructor(keys: readonly IdentityKey[]) {
    this.#keys = keys;
  }

  /** Reads `audience:kid:secret[,…]`, secrets in base64url and of 32 bytes or more. Throws a plain sentence, no secret in it. */
  static parse(text: string): IdentityKeys {
    const keys = text.split(',').map((entry, index): IdentityKey => {
      const [audience, kid, secret, ...rest] = entry.trim().split(':');
      if (!audience || !kid || !secret || rest.length > 0 || !/^[\w-]+$/.test(kid)) {
        throw new TypeError(`entry ${String(index + 1)} must read audience:kid:secret`);
      }
      const bytes = Buffer.from(secret, 'base64url');
      if (bytes.length < 32)
        throw new TypeError(`the secret of ${audience}:${kid} must be 32 bytes or more in base64url`);
      return { audience, kid, secret: createSecretKey(bytes) };
    });
    return new IdentityKeys(keys);
  }

  /** The key that signs for this audience. Throws when the process holds none: a wiring mistake. */
  signing(audience: string): IdentityKey {
    const key = this.#keys.find((candidate) => candidate.audience === audience);
    if (key === undefined)
      throw new AppError('internal', undefined, { cause: new Error(`no identity key for ${audience}`) });
    return key;
  }

  signsFor(audience: string): boolean {
    return this.#keys.some((key) => key.audience === audience);
  }

  verifying(audience: string, kid: string): IdentityKey | null {
    return this.#keys.find((key) => key.audience === audience && key.kid === kid) ?? null;
  }
}
