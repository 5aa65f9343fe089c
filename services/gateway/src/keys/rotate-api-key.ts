import { AppError } from '@signalbox/errors';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import { markReplaced } from './api-key-store.ts';
import type { ApiKeyRecord } from './api-key.ts';
import { createApiKey, type MadeApiKey } from './create-api-key.ts';

/**
 * Replaces `old` by a new key with the same name, scopes, limits and length of life, and lets the old one end after the
 * overlap. Throws `conflict` when the old one has ended or was replaced already: of two rotations at once one wins.
 */
export async function rotateApiKey(
  trx: Transaction<GatewaySchema>,
  old: ApiKeyRecord,
  { overlapSeconds, createdBy }: { overlapSeconds: number; createdBy: string },
  now: Date,
): Promise<MadeApiKey> {
  const lifetimeMs = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
  const made = await createApiKey(
    trx,
    { ...old, expiresAt: lifetimeMs === null ? null : new Date(now.getTime() + lifetimeMs), createdBy },
    now,
  );
  const replaced = await markReplaced(trx, old.tenantId, old.id, {
    replacedBy: made.record.id,
    endsAt: new Date(now.getTime() + overlapSeconds * 1_000),
    now,
  });
  if (!replaced) throw new AppError('conflict', 'This key has ended or has been rotated already.');
  return made;
}
