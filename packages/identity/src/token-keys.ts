import { createPrivateKey, createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

export type TokenAlgorithm = 'ES256' | 'EdDSA';

/** One key pair for access tokens. A key has one algorithm, whatever a token's header says. */
export interface TokenKey {
  kid: string;
  algorithm: TokenAlgorithm;
  privateKey: KeyObject;
  publicKey: KeyObject;
  publicJwk: PublicTokenJwk;
}

/** A public key as `/.well-known/jwks.json` shows it. */
export interface PublicTokenJwk {
  kty: string;
  crv: string;
  x: string;
  y?: string;
  kid: string;
  alg: TokenAlgorithm;
  use: 'sig';
}

/** `x` of the key pairs printed in RFC 7515, 7517 and 8037 and on jwt.io: anybody can sign with those. */
const published = new Set([
  'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  'EVs_o5-uQbTjL3chynL4wXgUg2R9q9UU8I5mEovUf84',
]);

/**
 * The keys that sign and verify access tokens. The first signs and all verify, so that a key can be rotated without a
 * gap: put the new one in front, and take the old one out when the last token it signed has expired.
 */
export class TokenKeys {
  readonly #keys: ReadonlyMap<string, TokenKey>;
  /** The key that signs from now on. */
  readonly signing: TokenKey;

  constructor(keys: readonly [TokenKey, ...TokenKey[]]) {
    this.signing = keys[0];
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
  }

  /**
   * Reads a JSON Web Key Set of private keys, P-256 or Ed25519. Throws a plain sentence without key material for
   * anything that must not sign: shared secrets, RSA, published example keys, halves that do not match, equal `kid`s.
   */
  static parse(text: string): TokenKeys {
    const entries = keySetEntries(text);
    const [first, ...rest] = entries.map((entry, index) => readKey(entry, `key ${String(index + 1)}`));
    if (first === undefined) throw new TypeError('the key set holds no key');
    const keys = [first, ...rest] as const;
    if (new Set(keys.map((key) => key.kid)).size < keys.length) throw new TypeError('two keys have the same kid');
    if (new Set(keys.map((key) => key.publicJwk.x)).size < keys.length)
      throw new TypeError('one key stands there twice');
    return new TokenKeys([first, ...rest]);
  }

  verifying(kid: string): TokenKey | null {
    return this.#keys.get(kid) ?? null;
  }

  /** The public halves, as a JSON Web Key Set (RFC 7517). */
  publicKeySet(): { keys: PublicTokenJwk[] } {
    return { keys: [...this.#keys.values()].map((key) => key.publicJwk) };
  }
}

function keySetEntries(text: string): readonly unknown[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, and the text is secret.
    throw new TypeError('the key set is not JSON');
  }
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new TypeError('the key set must read {"keys": [...]}');
  return keys;
}

function readKey(entry: unknown, name: string): TokenKey {
  const jwk = (typeof entry === 'object' && entry !== null ? entry : {}) as JsonWebKey & Record<string, unknown>;
  const { kid, kty, crv, x, y, d } = jwk;
  if (typeof kid !== 'string' || !/^[\w.-]{1,64}$/.test(kid)) {
    throw new TypeError(`${name} needs a kid of 1 to 64 letters, digits, dots or hyphens`);
  }
  const algorithm = algorithmOf(kty, crv);
  if (algorithm === null) throw new TypeError(`${name} must be a P-256 or an Ed25519 key`);
  if (jwk['alg'] !== undefined && jwk['alg'] !== algorithm)
    throw new TypeError(`${name} has an alg that is not its own`);
  if (typeof x !== 'string' || typeof d !== 'string') throw new TypeError(`${name} must hold x and the private d`);
  if (published.has(x)) throw new TypeError(`${name} is a published example key`);
  const publicPart = { kty: kty ?? '', crv: crv ?? '', x, ...(y === undefined ? {} : { y }) };
  const pair = readPair({ ...publicPart, d }, publicPart, name);
  return { kid, algorithm, ...pair, publicJwk: { ...publicPart, kid, alg: algorithm, use: 'sig' } };
}

function algorithmOf(kty: unknown, crv: unknown): TokenAlgorithm | null {
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA';
  return null;
}

function readPair(
  privatePart: JsonWebKey,
  publicPart: JsonWebKey,
  name: string,
): { privateKey: KeyObject; publicKey: KeyObject } {
  const probe = Buffer.from('signalbox');
  try {
    const privateKey = createPrivateKey({ key: privatePart, format: 'jwk' });
    const publicKey = createPublicKey({ key: publicPart, format: 'jwk' });
    const hash = publicPart.kty === 'EC' ? 'sha256' : null;
    if (verify(hash, probe, publicKey, sign(hash, probe, privateKey))) return { privateKey, publicKey };
  } catch {
    // OpenSSL's message says nothing that helps, and the material must not reach a log.
  }
  throw new TypeError(`${name} is damaged: its private and its public half do not belong together`);
}
