import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Advisory } from './advisory.ts';

export interface AdvisoryNews extends Advisory {
  alertId: string;
  episode: number;
  ended: boolean;
  at: Date;
}

/** Keeps the news of an alert unless something newer is known of it; true when it changed anything. */
export async function keepAdvisory(trx: Transaction<Schema>, tenantId: string, news: AdvisoryNews): Promise<boolean> {
  const { numInsertedOrUpdatedRows: changed } = await trx
    .insertInto('advisories')
    .values({
      tenant_id: tenantId,
      alert_id: news.alertId,
      episode: news.episode,
      model: news.model,
      alert_name: news.alertName,
      ended: news.ended,
      at: news.at,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'alert_id'])
        .doUpdateSet((row) => ({
          episode: row.ref('excluded.episode'),
          model: row.ref('excluded.model'),
          alert_name: row.ref('excluded.alert_name'),
          ended: row.ref('excluded.ended'),
          at: row.ref('excluded.at'),
        }))
        // The end of an episode is newer than its beginning.
        .where(sql<boolean>`(excluded.episode, excluded.ended) > (advisories.episode, advisories.ended)`),
    )
    .executeTakeFirst();
  return (changed ?? 0n) > 0n;
}

/** Those in force. */
export async function advisoriesOf(db: Kysely<Schema>, tenantId: string): Promise<Advisory[]> {
  const rows = await db
    .selectFrom('advisories')
    .select(['model', 'alert_name'])
    .where('tenant_id', '=', tenantId)
    .where('ended', '=', false)
    .orderBy('alert_id')
    .execute();
  return rows.map((row) => ({ model: row.model, alertName: row.alert_name }));
}
