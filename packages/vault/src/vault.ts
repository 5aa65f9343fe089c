import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { VaultError } from './vault-error.ts';
import type { VaultKeys } from './vault-keys.ts';

/** Whose secret it is and what for. An envelope opens only for the context that it was sealed for. */
export interface SealContext {
  tenantId: string;
  /** What the secret is for, down to the thing it belongs to: `provider_connection/conn_…`. */
  purpose: string;
}

export interface Vault {
  /** An envelope: text that may lie in a database. Two of the same secret are different. */
  seal(plaintext: string | Uint8Array, context: SealContext): string;
  /** Throws `VaultError`, whose reason says why. */
  open(envelope: string, context: SealContext): Buffer;
  /**
   * The envelope under the key that seals now; its payload stays as it is, byte by byte. The same text where that key
   * sealed it already. Throws `VaultError` like `open`.
   */
  rewrap(envelope: string, context: SealContext): string;
  /** The name of the key that an envelope needs: what is left to be re-wrapped can be told. Throws `malformed`. */
  keyOf(envelope: string): string;
}

interface Envelope {
  kid: string;
  wrappedKey: Buffer;
  payload: Buffer;
}

const version = 'sbv1';
const cipher = 'aes-256-gcm';
const [ivBytes, tagBytes, dataKeyBytes] = [12, 16, 32];
const plaintextBytesMax = 1_048_576;

/**
 * Every envelope has a data key of its own, drawn for it, that encrypts the secret; a key-encryption key encrypts the data
 * key. So one key-encryption key never encrypts more than random keys, and changing it changes 60 bytes per envelope.
 */
export function createVault(keys: VaultKeys): Vault {
  function unwrap({ kid, wrappedKey }: Envelope, context: SealContext): Buffer {
    const key = keys.find(kid);
    if (key === null) throw new VaultError('unknown_key');
    return decrypt(key.secret, wrappedKey, boundTo('key', context, kid));
  }

  function wrap(dataKey: Buffer, context: SealContext): { kid: string; wrappedKey: Buffer } {
    const { kid, secret } = keys.sealing;
    return { kid, wrappedKey: encrypt(secret, dataKey, boundTo('key', context, kid)) };
  }

  return {
    seal(plaintext, context) {
      const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : Buffer.from(plaintext);
      if (bytes.length > plaintextBytesMax) throw new RangeError('a secret has at most a mebibyte');
      const dataKey = randomBytes(dataKeyBytes);
      // Without the key's name, so that another key can take the envelope over.
      const payload = encrypt(createSecretKey(dataKey), bytes, boundTo('payload', context));
      return write({ ...wrap(dataKey, context), payload });
    },
    open(text, context) {
      const envelope = read(text);
      const dataKey = unwrap(envelope, context);
      if (dataKey.length !== dataKeyBytes) throw new VaultError('not_authentic');
      return decrypt(createSecretKey(dataKey), envelope.payload, boundTo('payload', context));
    },
    rewrap(text, context) {
      const envelope = read(text);
      const dataKey = unwrap(envelope, context);
      return envelope.kid === keys.sealing.kid ? text : write({ ...wrap(dataKey, context), payload: envelope.payload });
    },
    keyOf: (text) => read(text).kid,
  };
}

function encrypt(key: KeyObject, plaintext: Buffer, additionalData: Buffer): Buffer {
  const iv = randomBytes(ivBytes);
  const encrypting = createCipheriv(cipher, key, iv, { authTagLength: tagBytes }).setAAD(additionalData);
  return Buffer.concat([iv, encrypting.update(plaintext), encrypting.final(), encrypting.getAuthTag()]);
}

function decrypt(key: KeyObject, sealed: Buffer, additionalData: Buffer): Buffer {
  if (sealed.length < ivBytes + tagBytes) throw new VaultError('malformed');
  const iv = sealed.subarray(0, ivBytes);
  const tag = sealed.subarray(-tagBytes);
  try {
    const decrypting = createDecipheriv(cipher, key, iv, { authTagLength: tagBytes })
      .setAAD(additionalData)
      .setAuthTag(tag);
    return Buffer.concat([decrypting.update(sealed.subarray(ivBytes, -tagBytes)), decrypting.final()]);
  } catch {
    // What the cipher throws says no more, and its stack may hold more than it should.
    throw new VaultError('not_authentic');
  }
}

/** Each part with its length before it: no two contexts have the same bytes. */
function boundTo(part: 'key' | 'payload', { tenantId, purpose }: SealContext, kid = ''): Buffer {
  return Buffer.concat(
    [version, part, tenantId, purpose, kid].map((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

function write({ kid, wrappedKey, payload }: Envelope): string {
  return [version, kid, wrappedKey.toString('base64url'), payload.toString('base64url')].join('.');
}

function read(text: string): Envelope {
  const [mark, kid, wrappedKey, payload, ...rest] = text.split('.');
  if (mark !== version || !kid || !wrappedKey || !payload || rest.length > 0) throw new VaultError('malformed');
  return { kid, wrappedKey: bytesOf(wrappedKey), payload: bytesOf(payload) };
}

/** One way to write it and no other: an envelope that was changed is never the same one. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new VaultError('malformed');
  return bytes;
}
