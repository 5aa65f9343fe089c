import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** As many as go within a fraction of the time that a statement may take. */
const keysPerStatement = 50_000;

/** Makes the partitions of these days (`YYYY-MM-DD`, both included) that are not there; how many it made. */
export async function makePartitions(db: Kysely<Schema>, firstDay: string, lastDay: string): Promise<number> {
  const { rows } = await sql<{ made: number }>`
    select make_partitions(${firstDay}::date, ${lastDay}::date) as made`.execute(db);
  return rows[0]?.made ?? 0;
}

/** Detaches and drops the partitions of the days before; their names. */
export async function dropPartitions(db: Kysely<Schema>, beforeDay: string): Promise<string[]> {
  const { rows } = await sql<{ dropped: string[] }>`select drop_partitions(${beforeDay}::date) as dropped`.execute(db);
  return rows[0]?.dropped ?? [];
}

/** How many days ahead of this one have their partitions, in the table that has the fewest. */
export async function daysAhead(db: Kysely<Schema>, today: string): Promise<number> {
  const { rows } = await sql<{ ahead: number }>`
    select coalesce(min(newest - ${today}::date), -1) as ahead from (
      select max(to_date(right(relname, 8), 'YYYYMMDD')) as newest
      from unnest(array['samples', 'points', 'spans']) as parent
      left join pg_inherits on inhparent = parent::regclass
      left join pg_class on pg_class.oid = inhrelid and relname ~ '_p[0-9]{8}$'
      group by parent) as tables`.execute(db);
  return rows[0]?.ahead ?? -1;
}

/** How many rows found no partition of their day. */
export async function strayRows(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<{ rows: string }>`
    select (select count(*) from samples_default) + (select count(*) from points_default)
      + (select count(*) from spans_default) as rows`.execute(db);
  return Number(rows[0]?.rows ?? 0);
}

/** Forgets what made a sample of the days before one with its repeats, some at a time; how many keys went. */
export async function forgetSampleKeys(db: Kysely<Schema>, beforeDay: string): Promise<number> {
  for (let forgotten = 0; ;) {
    const { numAffectedRows } = await sql`
      delete from sample_keys where ctid = any(array(
        select ctid from sample_keys where day < ${beforeDay}::date limit ${keysPerStatement}))`.execute(db);
    forgotten += Number(numAffectedRows ?? 0n);
    if (Number(numAffectedRows ?? 0n) < keysPerStatement) return forgotten;
  }
}

/** Forgets the answers that were given before. */
export async function forgetBatches(db: Kysely<Schema>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`delete from intake_batches where at < ${before}`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

export async function forgetReportedDrift(db: Kysely<Schema>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`delete from reported_drift where time < ${before}`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
