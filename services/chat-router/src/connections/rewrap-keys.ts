import { VaultError, type SealContext, type Vault } from '@signalbox/vault';

const perRound = 100;

export interface RewrapResult {
  rewrapped: number;
  /** Envelopes that no key of this process opens. */
  unopened: number;
}

/** Something whose secret lies in an envelope. */
export interface Sealed {
  readonly sealedKey: string | null;
}

export interface SealedThings<Record extends Sealed> {
  /** Some of them in their order, after one of them. */
  after: (last: Record | null, limit: number) => Promise<readonly Record[]>;
  contextOf: (record: Record) => SealContext;
  /** Puts another envelope in the place of a record's, unless that was replaced meanwhile. */
  replace: (record: Record, envelope: string) => Promise<boolean>;
}

/** Puts every envelope under the key that seals now, one after another; whatever was done stays done when it is cut short. */
export async function rewrapKeys<Record extends Sealed>(
  vault: Vault,
  { after, contextOf, replace }: SealedThings<Record>,
): Promise<RewrapResult> {
  const result = { rewrapped: 0, unopened: 0 };
  let last: Record | null = null;
  for (;;) {
    const records: readonly Record[] = await after(last, perRound);
    for (const record of records) {
      last = record;
      if (record.sealedKey === null) continue;
      try {
        const envelope = vault.rewrap(record.sealedKey, contextOf(record));
        if (envelope !== record.sealedKey && (await replace(record, envelope))) result.rewrapped += 1;
      } catch (error) {
        if (!(error instanceof VaultError)) throw error;
        result.unopened += 1;
      }
    }
    if (records.length < perRound) return result;
  }
}
