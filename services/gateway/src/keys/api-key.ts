import type { ApiKey, Scope } from '@signalbox/contracts';
import { checksumHolds, randomSecret, withChecksum } from '../tokens/opaque-token.ts';

/** `sbx_live_` + 26 of the id + `_` + 43 of the secret + `_` + 6 of the checksum. */
const keyLength = 86;
const shape = /^sbx_live_([0-9a-hjkmnp-tv-z]{26})_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/;

/** A key as it is stored: everything but the key. */
export interface ApiKeyRecord {
  id: string;
  tenantId: string;
  name: string;
  hint: string;
  scopes: Scope[];
  requestsPerMinute: number | null;
  costUnitsPerMinute: number | null;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  replacedBy: string | null;
}

/** The whole key for the id `key_…`: `sbx_live_<id without key_>_<secret>_<checksum>`. */
export function makeApiKey(id: string): string {
  return withChecksum(`sbx_live_${id.slice('key_'.length)}_${randomSecret()}`);
}

/** The id that a key bears, or null for anything that cannot be a key of ours; asks nobody. */
export function readKeyId(text: string): string | null {
  if (text.length !== keyLength) return null;
  const id = shape.exec(text)?.[1];
  return id !== undefined && checksumHolds(text) ? `key_${id}` : null;
}

/** The beginning of a key, up to its id: enough to find it in a configuration, useless to an attacker. */
export function hintOf(key: string): string {
  return key.slice(0, 'sbx_live_'.length + 26);
}

export function keyStatus(
  key: Pick<ApiKeyRecord, 'revokedAt' | 'expiresAt' | 'replacedBy'>,
  now: Date,
): ApiKey['status'] {
  if (key.revokedAt !== null) return 'revoked';
  if (key.expiresAt !== null && key.expiresAt <= now) return 'expired';
  return key.replacedBy === null ? 'active' : 'expiring';
}
