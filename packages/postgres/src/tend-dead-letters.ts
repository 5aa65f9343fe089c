import type { DeadLetterStore } from './dead-letters.ts';

const usage = `list                 what could not be worked off, the newest first, one line each
replay <id> …        once the cause is mended: back into the queue, for another round of attempts
discard <id> …       gone for good
`;

/**
 * Does what an operator asks of a service's dead letters on a command line, and gives what to print. Messages are not
 * shown: they hold what tenants wrote. `ok` is false when a letter was not there, and when the words make no sense.
 */
export async function tendDeadLetters(
  letters: DeadLetterStore,
  [verb, ...ids]: readonly string[],
): Promise<{ ok: boolean; text: string }> {
  if (verb === 'list' && ids.length === 0) {
    const found = await letters.list();
    const lines = found.map(({ id, name, reason, attempts, failedAt }) =>
      JSON.stringify({ id, name, reason, attempts, failed_at: failedAt.toISOString() }),
    );
    return { ok: true, text: lines.map((line) => `${line}\n`).join('') };
  }
  if ((verb !== 'replay' && verb !== 'discard') || ids.length === 0) return { ok: false, text: usage };
  let ok = true;
  let text = '';
  for (const id of ids) {
    const wasThere = await letters[verb](id);
    const done = verb === 'replay' ? 'goes back into the queue' : 'is gone';
    text += wasThere ? `${id} ${done}.\n` : `${id} is no dead letter here.\n`;
    ok &&= wasThere;
  }
  return { ok, text };
}
