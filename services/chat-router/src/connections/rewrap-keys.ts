import type { Vault } from '@signalbox/vault';
import { VaultError } from '@signalbox/vault';
import type { ConnectionRecord } from './connection-record.ts';
import { sealContext } from './connection-record.ts';

const perRound = 100;

export interface RewrapResult {
  rewrapped: number;
  /** Envelopes that no key of this process opens. */
  unopened: number;
}

/** Puts every envelope under the key that seals now, one after another; whatever was done stays done when it is cut short. */
export async function rewrapKeys(
  vault: Vault,
  sealedAfter: (afterId: string, limit: number) => Promise<readonly ConnectionRecord[]>,
  replace: (record: ConnectionRecord, envelope: string) => Promise<boolean>,
): Promise<RewrapResult> {
  const result = { rewrapped: 0, unopened: 0 };
  let afterId = '';
  for (;;) {
    const records = await sealedAfter(afterId, perRound);
    for (const record of records) {
      afterId = record.id;
      if (record.sealedKey === null) continue;
      try {
        const envelope = vault.rewrap(record.sealedKey, sealContext(record));
        if (envelope !== record.sealedKey && (await replace(record, envelope))) result.rewrapped += 1;
      } catch (error) {
        if (!(error instanceof VaultError)) throw error;
        result.unopened += 1;
      }
    }
    if (records.length < perRound) return result;
  }
}
