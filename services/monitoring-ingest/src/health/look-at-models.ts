import { modelHealthChanged } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { gatherFacts, type DriftingOf } from './gather-facts.ts';
import { stepHealth } from './health-step.ts';
import { healthOf, lockHealth, saveHealth, tenantsToLookAt } from './health-store.ts';

export interface LookDeps {
  db: Kysely<Schema>;
  /** Apart from what takes measurements in. */
  reading: Kysely<Schema>;
  driftingOf: DriftingOf;
  emitter: Emitter;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
}

/** A model is looked at no sooner again, however many processes look. */
const looksApartMs = 25_000;

/**
 * Looks at every model whose turn it is, writes how it is, and tells of each change in the same transaction. Gives how many
 * changed.
 */
export async function lookAtModels(
  { db, reading, driftingOf, emitter, nudgeRelay }: LookDeps,
  now: Date,
): Promise<number> {
  const before = new Date(now.getTime() - looksApartMs);
  let changes = 0;
  for (const tenantId of await tenantsToLookAt(db, before)) {
    const facts = await gatherFacts(reading, tenantId, driftingOf, now);
    const changed = await db.transaction().execute(async (trx) => {
      const known = await lockHealth(trx, tenantId);
      let told = 0;
      for (const [modelId, factsOfModel] of facts) {
        const row = known.get(modelId);
        // Another process has looked meanwhile.
        if (row !== undefined && row.evaluated_at > before) continue;
        const previous = row === undefined ? null : healthOf(row);
        const next = stepHealth(previous, factsOfModel, now.getTime());
        const saved = await saveHealth(trx, { tenantId, modelId, at: now }, next, previous === null);
        if (!saved || next.status === previous?.status) continue;
        const principal = { kind: 'service', principalId: 'monitoring-ingest', tenantId, scopes: [] } as const;
        const payload = {
          model_id: modelId,
          previous: previous?.status ?? null,
          current: next.status,
          reasons: [...next.reasons],
          at: now.toISOString(),
        };
        await emit(trx, emitter.outboxRows(modelHealthChanged, payload, { principal, requestId: newId('req') }));
        told += 1;
      }
      return told;
    });
    if (changed > 0) nudgeRelay();
    changes += changed;
  }
  return changes;
}
