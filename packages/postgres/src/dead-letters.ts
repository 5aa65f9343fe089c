import { sql, type Kysely, type QueryExecutorProvider } from 'kysely';
import type { OutboxRow } from './outbox.ts';

/** A message that could not be worked off, as it was, and why. */
export interface DeadLetter {
  id: string;
  name: string;
  message: unknown;
  reason: string;
  /** How often it was tried. */
  attempts: number;
  failedAt: Date;
}

/** For a service's migration: `dead_letters`, which outlive the queue. */
export async function createDeadLetterTable(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table dead_letters (
      id text primary key,
      name text not null,
      message json not null,
      reason text not null,
      attempts integer not null,
      failed_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index dead_letters_failed_at on dead_letters (failed_at desc, id)`.execute(db);
}

export async function dropDeadLetterTable(db: Kysely<unknown>): Promise<void> {
  await sql`drop table dead_letters`.execute(db);
}

export interface DeadLetterStore {
  /** Keeps the letter; one that failed once more replaces its former self. */
  record(letter: Omit<DeadLetter, 'failedAt'>): Promise<void>;
  /** The newest first. */
  list(options?: { limit?: number }): Promise<DeadLetter[]>;
  /** Puts the message back into the outbox for another round of attempts. False: there is no such letter. */
  replay(id: string): Promise<boolean>;
  /** Throws the message away for good. False: there is no such letter. */
  discard(id: string): Promise<boolean>;
}

/** What somebody does with a letter. */
export type DeadLetterAct = 'replayed' | 'discarded';

export interface DeadLettersOptions {
  /** What the outbox gets besides when somebody does something with a letter: both happen or neither. Default: nothing. */
  tell?: (act: DeadLetterAct, letter: Pick<DeadLetter, 'id' | 'name' | 'message'>) => readonly OutboxRow[];
}

/** The dead letters of the service whose database this is. */
export function openDeadLetters(
  { db }: { readonly db: QueryExecutorProvider },
  { tell = () => [] }: DeadLettersOptions = {},
): DeadLetterStore {
  /** The rows to be told as a table, once the letter was there in the same statement. */
  async function toldOf(act: DeadLetterAct, id: string) {
    const { rows } = await sql<Pick<DeadLetter, 'id' | 'name' | 'message'>>`
      select id, name, message from dead_letters where id = ${id}`.execute(db);
    const told = rows.flatMap((letter) => tell(act, letter));
    return sql`
      insert into outbox (id, name, message)
      select row.id, row.name, row.message::json
      from letter, unnest(${told.map((row) => row.id)}::text[], ${told.map((row) => row.name)}::text[],
        ${told.map((row) => row.message)}::text[]) as row (id, name, message)
      on conflict (id) do nothing`;
  }

  return {
    async record({ id, name, message, reason, attempts }) {
      await sql`
        insert into dead_letters (id, name, message, reason, attempts)
        values (${id}, ${name}, ${JSON.stringify(message ?? null)}::json, ${reason}, ${attempts})
        on conflict (id) do update set message = excluded.message, reason = excluded.reason,
          attempts = excluded.attempts, failed_at = excluded.failed_at`.execute(db);
    },
    async list({ limit = 100 } = {}) {
      const { rows } = await sql<DeadLetter>`
        select id, name, message, reason, attempts, failed_at as "failedAt"
        from dead_letters order by failed_at desc, id limit ${limit}`.execute(db);
      return rows;
    },
    async replay(id) {
      const { rows } = await sql`
        with letter as (delete from dead_letters where id = ${id} returning id, name, message),
          told as (${await toldOf('replayed', id)})
        insert into outbox (id, name, message) select id, name, message from letter
        on conflict (id) do update set claim_after = now(), publishes = 0
        returning id`.execute(db);
      return rows.length === 1;
    },
    async discard(id) {
      const { rows } = await sql`
        with letter as (delete from dead_letters where id = ${id} returning id),
          told as (${await toldOf('discarded', id)})
        select id from letter`.execute(db);
      return rows.length === 1;
    },
  };
}
