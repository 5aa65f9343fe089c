import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** What people said about alerts: whom nobody needs to tell again, and which are to be quiet for a while. */
export interface Attended {
  readonly acknowledged: ReadonlySet<string>;
  readonly snoozed: ReadonlySet<string>;
}

export async function findAttended(
  db: Kysely<Schema>,
  tenantId: string,
  fingerprints: readonly string[],
  now: Date,
): Promise<Attended> {
  const rows = await db
    .selectFrom('alerts')
    .select(['fingerprint', 'acknowledged_at', 'acknowledged_until', 'snoozed_until'])
    .where('tenant_id', '=', tenantId)
    .where('fingerprint', '=', sql<string>`any(${[...fingerprints]})`)
    .where((eb) => eb.or([eb('acknowledged_at', 'is not', null), eb('snoozed_until', '>', now)]))
    .execute();
  const acknowledged = rows.filter(
    ({ acknowledged_at: at, acknowledged_until: until }) => at !== null && (until === null || until > now),
  );
  const snoozed = rows.filter(({ snoozed_until: until }) => until !== null && until > now);
  return {
    acknowledged: new Set(acknowledged.map(({ fingerprint }) => fingerprint)),
    snoozed: new Set(snoozed.map(({ fingerprint }) => fingerprint)),
  };
}
