import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AppError } from '@signalbox/errors';

/** What a blob is kept for. One that is kept for two purposes is kept twice, so that each may go without the other. */
export type BlobUse = 'documents' | 'snapshots' | 'reports';

export interface BlobOwner {
  tenantId: string;
  use: BlobUse;
}

/**
 * Blobs by the hash of their content. A key is `<tenant>/<use>/<sha256 in hex>`, and what lies under it never changes.
 * Throws `unavailable` while the store is away, and nothing else that a caller could expect.
 */
export interface Storage extends AsyncDisposable {
  /** Keeps the bytes, whole or not at all, and gives their key: the same for the same bytes. */
  put(owner: BlobOwner, bytes: Buffer, signal?: AbortSignal): Promise<string>;
  /** Null where there is nothing. Bytes that are not those of their key are as good as away: they throw `unavailable`. */
  get(key: string, signal?: AbortSignal): Promise<Buffer | null>;
  /** Null where there is nothing. The stream breaks off with an error before its end when its bytes are not those of the key. */
  stream(key: string, signal?: AbortSignal): Promise<Readable | null>;
  has(key: string, signal?: AbortSignal): Promise<boolean>;
  /** Does nothing where there is nothing. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when blobs can be kept and had. */
  ping(signal?: AbortSignal): Promise<void>;
}

const shape = /^([a-z0-9_]{1,64})\/(documents|snapshots|reports)\/([0-9a-f]{64})$/;

/** The key that `put` gives for these bytes. */
export function keyOf({ tenantId, use }: BlobOwner, bytes: Buffer): string {
  return checkedKey(`${tenantId}/${use}/${sha256(bytes)}`);
}

/** The key itself. Throws a `TypeError` for what no `put` gave: nothing else becomes a path. */
export function checkedKey(key: string): string {
  if (!shape.test(key)) throw new TypeError('expected the key of a blob');
  return key;
}

/** The hash that a key names. */
export function hashIn(key: string): string {
  return checkedKey(key).slice(-64);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function away(cause: unknown): AppError {
  return new AppError('unavailable', 'The storage of files is not available at the moment.', {
    cause,
    retryAfterMs: 2_000,
  });
}

export function damaged(key: string): AppError {
  return away(new Error(`the bytes under ${key} are others than those that were kept`));
}
