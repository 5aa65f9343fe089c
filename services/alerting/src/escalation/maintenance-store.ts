import { AppError } from '@signalbox/errors';
import { isUniqueViolation } from '@signalbox/postgres';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { MaintenanceWindow } from './maintenance-window.ts';

/** Throws `conflict` where the tenant has another one of that name. */
export async function addWindow(db: Kysely<Schema>, window: MaintenanceWindow): Promise<void> {
  try {
    await db
      .insertInto('maintenance_windows')
      .values({
        id: window.id,
        tenant_id: window.tenantId,
        name: window.name,
        matchers: JSON.stringify(window.matchers),
        weekdays: [...window.weekdays],
        start_minute: window.startMinute,
        end_minute: window.endMinute,
        time_zone: window.timeZone,
        created_at: window.createdAt,
      })
      .execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new AppError('conflict', 'There is a maintenance window of this name.', { details: { name: window.name } });
  }
}

/** The newest first. */
export async function listWindows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<MaintenanceWindow[]> {
  const rows = await db
    .selectFrom('maintenance_windows')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    matchers: row.matchers,
    weekdays: row.weekdays,
    startMinute: row.start_minute,
    endMinute: row.end_minute,
    timeZone: row.time_zone,
    createdAt: row.created_at,
  }));
}

/** False where there was none. */
export async function removeWindow(db: Kysely<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('maintenance_windows')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}
