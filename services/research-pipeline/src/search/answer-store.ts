import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** An answer that a provider may be asked for again by its mark. */
export interface KnownAnswer {
  etag: string;
  body: string;
}

export async function findAnswer(db: Kysely<Schema>, holder: string, url: string): Promise<KnownAnswer | null> {
  const row = await db
    .selectFrom('provider_answers')
    .select(['etag', 'body'])
    .where('holder', '=', holder)
    .where('url_sha256', '=', hashOf(url))
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
  return row ?? null;
}

/** Kept for a week. */
export async function saveAnswer(
  db: Kysely<Schema>,
  holder: string,
  url: string,
  { etag, body }: KnownAnswer,
): Promise<void> {
  const expires_at = sql<Date>`now() + interval '7 days'`;
  await db
    .insertInto('provider_answers')
    .values({ holder, url_sha256: hashOf(url), etag, body, expires_at })
    .onConflict((conflict) => conflict.columns(['holder', 'url_sha256']).doUpdateSet({ etag, body, expires_at }))
    .execute();
}

/** What was found with a credential goes with it. */
export async function forgetAnswers(db: Kysely<Schema>, holder: string): Promise<void> {
  await db.deleteFrom('provider_answers').where('holder', '=', holder).execute();
}

export async function forgetOldAnswers(db: Kysely<Schema>): Promise<void> {
  await db
    .deleteFrom('provider_answers')
    .where('expires_at', '<', sql<Date>`now()`)
    .execute();
  await db
    .deleteFrom('provider_rests')
    .where('until', '<', sql<Date>`now()`)
    .execute();
}

function hashOf(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}
