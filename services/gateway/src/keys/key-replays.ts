import { createHash } from 'node:crypto';
import { AppError } from '@signalbox/errors';
import type { Database } from '@signalbox/postgres';
import type { Logger } from '@signalbox/telemetry';
import { VaultError, type SealContext, type Vault } from '@signalbox/vault';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import { findApiKey } from './api-key-store.ts';
import type { MadeApiKey } from './create-api-key.ts';
import { forgetKeyReplays, keepKeyReplay, takeKeyReplay, type KeyReplayId } from './key-replay-store.ts';

const keepMs = 86_400_000;
const forgetEveryMs = 60_000;

/** Requests for a key with the same `Idempotency-Key` are one request for 24 hours: one key, told to each of them. */
export interface KeyReplays extends AsyncDisposable {
  /**
   * Calls `make`, or gives what it made for the same request before. Throws `unprocessable` when the `Idempotency-Key` was
   * used for another request, and `conflict` when the key that was made cannot be shown again.
   */
  once(
    trx: Transaction<GatewaySchema>,
    id: KeyReplayId,
    request: unknown,
    make: () => Promise<MadeApiKey>,
  ): Promise<{ made: MadeApiKey; isReplay: boolean }>;
}

export interface KeyReplaysOptions {
  database: Pick<Database<GatewaySchema>, 'db'>;
  /** Null: this installation keeps no secrets; a repeat makes no other key, and cannot be shown the first. */
  vault: Vault | null;
  logger: Logger;
  now: () => Date;
}

export function openKeyReplays({ database, vault, logger, now }: KeyReplaysOptions): KeyReplays {
  const forgetting = setInterval(() => {
    forgetKeyReplays(database.db, now()).catch((error: unknown) => {
      logger.warn('api_keys.replays_not_forgotten', { error });
    });
  }, forgetEveryMs).unref();

  function open(envelope: string | null, context: SealContext): string {
    if (vault === null || envelope === null) throw cannotBeShown();
    try {
      return vault.open(envelope, context).toString('utf8');
    } catch (thrown) {
      if (thrown instanceof VaultError) throw cannotBeShown(thrown);
      throw thrown;
    }
  }

  return {
    async once(trx, id, request, make) {
      const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest();
      const time = now();
      const expiresAt = new Date(time.getTime() + keepMs);
      const earlier = await takeKeyReplay(trx, id, { fingerprint, now: time, expiresAt });
      if (earlier === null) {
        const made = await make();
        const sealedKey = vault === null ? null : vault.seal(made.key, contextOf(id, made.record.id));
        await keepKeyReplay(trx, id, { apiKeyId: made.record.id, sealedKey });
        return { made, isReplay: false };
      }
      if (!fingerprint.equals(earlier.fingerprint))
        throw new AppError('unprocessable', 'This Idempotency-Key was used for another request.');
      const record = await findApiKey(trx, id.tenantId, earlier.apiKeyId);
      if (record === null) throw new TypeError('a key that was made is not there');
      return { made: { record, key: open(earlier.sealedKey, contextOf(id, record.id)) }, isReplay: true };
    },
    [Symbol.asyncDispose]() {
      clearInterval(forgetting);
      return Promise.resolve();
    },
  };
}

function contextOf({ tenantId }: KeyReplayId, apiKeyId: string): SealContext {
  return { tenantId, purpose: `api_key_replay/${apiKeyId}` };
}

function cannotBeShown(cause?: unknown): AppError {
  return new AppError('conflict', 'A key was made for this Idempotency-Key, and cannot be shown again.', { cause });
}
