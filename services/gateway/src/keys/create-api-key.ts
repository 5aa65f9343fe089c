import type { ApiKeyInput, Scope } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import { hashToken } from '../tokens/opaque-token.ts';
import { insertApiKey } from './api-key-store.ts';
import { hintOf, makeApiKey, type ApiKeyRecord } from './api-key.ts';

export interface CreateApiKey {
  tenantId: string;
  name: string;
  scopes: readonly Scope[];
  requestsPerMinute: number | null;
  costUnitsPerMinute: number | null;
  expiresAt: Date | null;
  /** The principal that asked for it. */
  createdBy: string;
}

/** A key that has just been made: the only moment at which it is known as a whole. */
export interface MadeApiKey {
  record: ApiKeyRecord;
  key: string;
}

/** Makes a key and stores its hash. Whether the caller may give these scopes is asked before. */
export async function createApiKey(
  trx: Transaction<GatewaySchema>,
  command: CreateApiKey,
  now: Date,
): Promise<MadeApiKey> {
  const id = newId('key', now.getTime());
  const key = makeApiKey(id);
  const record: ApiKeyRecord = {
    id,
    tenantId: command.tenantId,
    name: command.name,
    hint: hintOf(key),
    scopes: [...new Set(command.scopes)],
    requestsPerMinute: command.requestsPerMinute,
    costUnitsPerMinute: command.costUnitsPerMinute,
    createdAt: now,
    expiresAt: command.expiresAt,
    revokedAt: null,
    lastUsedAt: null,
    replacedBy: null,
  };
  await insertApiKey(trx, { record, hash: hashToken(key), createdBy: command.createdBy });
  return { record, key };
}

/** When a key of this input ends. */
export function expiryOf(input: Pick<ApiKeyInput, 'expires_in_days'>, now: Date): Date | null {
  return input.expires_in_days === undefined ? null : new Date(now.getTime() + input.expires_in_days * 86_400_000);
}
