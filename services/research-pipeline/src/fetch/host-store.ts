import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

/**
 * Takes the next turn at a host, among all replicas: the milliseconds until it comes, or null when more than `waitMsMax` are
 * taken already. A turn that nobody uses any more passes by itself.
 */
export async function takeHostTurn(
  db: Kysely<Schema>,
  host: string,
  { spacingMs, waitMsMax }: { spacingMs: number; waitMsMax: number },
): Promise<number | null> {
  const { rows } = await sql<{ wait_ms: number }>`
    insert into host_turns as turns (host, free_at)
    values (${host}, clock_timestamp() + ${spacingMs} * interval '1 ms')
    on conflict (host) do update
      set free_at = greatest(turns.free_at, clock_timestamp()) + ${spacingMs} * interval '1 ms'
      where turns.free_at <= clock_timestamp() + ${waitMsMax} * interval '1 ms'
    returning (extract(epoch from turns.free_at - clock_timestamp()) * 1000)::float8 - ${spacingMs} as wait_ms
  `.execute(db);
  const wait = rows[0]?.wait_ms;
  return wait === undefined ? null : Math.max(0, Math.ceil(wait));
}

/** Leaves a host alone for as long as it asked for. */
export async function restHost(db: Kysely<Schema>, host: string, restMs: number): Promise<void> {
  await sql`
    insert into host_turns as turns (host, free_at)
    values (${host}, clock_timestamp() + ${restMs} * interval '1 ms')
    on conflict (host) do update set free_at = greatest(turns.free_at, excluded.free_at)
  `.execute(db);
}

/** What an origin answered for its robots.txt, while that may still be used. */
export interface KnownRobots {
  /** `rules`: `body` holds them. `unreachable`: nobody knows what it asks for, so nothing is allowed. */
  verdict: 'rules' | 'unreachable';
  body: string;
}

export async function findRobots(db: Kysely<Schema>, origin: string): Promise<KnownRobots | null> {
  const row = await db
    .selectFrom('robots_files')
    .select(['verdict', 'body'])
    .where('origin', '=', origin)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return row ?? null;
}

export async function saveRobots(
  db: Kysely<Schema>,
  origin: string,
  { verdict, body }: KnownRobots,
  keptForMs: number,
): Promise<void> {
  const expires_at = sql<Date>`clock_timestamp() + ${keptForMs} * interval '1 ms'`;
  await db
    .insertInto('robots_files')
    .values({ origin, verdict, body, expires_at })
    .onConflict((conflict) => conflict.column('origin').doUpdateSet({ verdict, body, expires_at }))
    .execute();
}

/** Forgets hosts and their rules that nobody asked for in the last while. */
export async function forgetHosts(db: Kysely<Schema>): Promise<void> {
  await db
    .deleteFrom('host_turns')
    .where('free_at', '<', sql<Date>`clock_timestamp() - interval '1 day'`)
    .execute();
  await db
    .deleteFrom('robots_files')
    .where('expires_at', '<', sql<Date>`clock_timestamp()`)
    .execute();
}
