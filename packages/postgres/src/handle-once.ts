import { sql, type Kysely, type Transaction } from 'kysely';

/**
 * Runs `effect` in a transaction that also remembers the message: however often and however concurrently a message is
 * delivered, its effect is there once. An effect that throws leaves no trace, and the message may come again.
 */
export async function handleOnce<Schema>(
  db: Kysely<Schema>,
  consumer: string,
  messageId: string,
  effect: (trx: Transaction<Schema>) => Promise<void>,
): Promise<'handled' | 'duplicate'> {
  return db.transaction().execute(async (trx) => {
    // A twin that is at work holds this back until it has committed or given up.
    const { numAffectedRows } = await sql`
      insert into inbox (consumer, message_id) values (${consumer}, ${messageId}) on conflict do nothing`.execute(trx);
    if (numAffectedRows !== 1n) return 'duplicate';
    await effect(trx);
    return 'handled';
  });
}
