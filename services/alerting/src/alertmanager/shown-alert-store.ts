import { sql, type Kysely } from 'kysely';
import { endless } from '../alerts/alert.ts';
import type { Schema } from '../app/schema.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { ShownAlert } from './list-alerts.ts';

/** The alerts of a tenant that fire, and carry these labels, as they are shown to Alertmanager's clients. */
export async function listFiringAlerts(
  db: Kysely<Schema>,
  tenantId: string,
  now: Date,
  carrying: LabelSet = {},
): Promise<ShownAlert[]> {
  const rows = await db
    .selectFrom('alerts')
    .select(['fingerprint', 'labels', 'annotations', 'generator_url', 'starts_at', 'ends_at', 'updated_at'])
    .where('tenant_id', '=', tenantId)
    .where('state', '=', sql.lit('firing'))
    .where('ends_at', '>', now)
    .$if(Object.keys(carrying).length > 0, (query) =>
      query.where(sql<boolean>`labels @> ${JSON.stringify(carrying)}::jsonb`),
    )
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    labels: row.labels,
    annotations: row.annotations,
    generatorUrl: row.generator_url,
    startsAt: row.starts_at,
    endsAt: row.ends_at >= endless ? null : row.ends_at,
    updatedAt: row.updated_at,
  }));
}

/** Forgets posted alerts that ended before a moment. */
export async function pruneEndedAlerts(db: Kysely<Schema>, tenantId: string, endedBefore: Date): Promise<void> {
  await db
    .deleteFrom('alerts')
    .where('tenant_id', '=', tenantId)
    .where('rule_id', 'is', null)
    .where('ends_at', '<', endedBefore)
    .execute();
}
