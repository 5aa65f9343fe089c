import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** A provider that asked to be left alone, and until when. */
export interface Rest {
  until: Date;
  reason: string;
}

export async function findRest(db: Kysely<Schema>, holder: string, provider: string): Promise<Rest | null> {
  const row = await db
    .selectFrom('provider_rests')
    .select(['until', 'reason'])
    .where('holder', '=', holder)
    .where('provider', '=', provider)
    .where('until', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return row ?? null;
}

export async function listRests(
  db: Kysely<Schema>,
  holders: readonly string[],
): Promise<(Rest & { holder: string; provider: string })[]> {
  return db
    .selectFrom('provider_rests')
    .select(['holder', 'provider', 'until', 'reason'])
    .where('holder', 'in', holders)
    .where('until', '>', sql<Date>`clock_timestamp()`)
    .execute();
}

/** The longer of two rests holds. */
export async function saveRest(
  db: Kysely<Schema>,
  holder: string,
  provider: string,
  { restMs, reason }: { restMs: number; reason: string },
): Promise<void> {
  await sql`
    insert into provider_rests as rests (holder, provider, until, reason)
    values (${holder}, ${provider}, clock_timestamp() + ${restMs} * interval '1 ms', ${reason})
    on conflict (holder, provider) do update
      set until = greatest(rests.until, excluded.until), reason = excluded.reason
  `.execute(db);
}

/** With another credential it need not rest. */
export async function endRests(db: Kysely<Schema>, holder: string): Promise<void> {
  await db.deleteFrom('provider_rests').where('holder', '=', holder).execute();
}
