import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { handleOnce, openDeadLetters, tendDeadLetters, type Database } from '../src/index.ts';
import { openRoom, type Schema } from './room.ts';

const count = async (database: Database<Schema>, key: string): Promise<number> =>
  (await database.db.selectFrom('effects').select('times').where('key', '=', key).executeTakeFirst())?.times ?? 0;

function countUp(database: Database<Schema>, key: string): Promise<'handled' | 'duplicate'> {
  return handleOnce(database.db, 'counter', key, async (trx) => {
    await sql`insert into effects values (${key}, 1)
      on conflict (key) do update set times = effects.times + 1`.execute(trx);
  });
}

describe('handleOnce (law 3, R16)', () => {
  it('lets 20 deliveries of one message at once have one effect', async () => {
    await using room = await openRoom();
    const results = await Promise.all(Array.from({ length: 20 }, () => countUp(room.database, 'a')));
    expect(results.filter((result) => result === 'handled')).toHaveLength(1);
    expect(await count(room.database, 'a')).toBe(1);
  });

  it('remembers nothing of an effect that threw, so that the next delivery counts', async () => {
    await using room = await openRoom();
    const failing = handleOnce(room.database.db, 'counter', 'a', async (trx) => {
      await trx.insertInto('effects').values({ key: 'a', times: 1 }).execute();
      throw new Error('half way');
    });
    await expect(failing).rejects.toThrow('half way');
    expect(await count(room.database, 'a')).toBe(0);
    expect(await countUp(room.database, 'a')).toBe('handled');
  });

  it('tells consumers apart', async () => {
    await using room = await openRoom();
    const handle = (consumer: string): Promise<string> =>
      handleOnce(room.database.db, consumer, 'a', () => Promise.resolve());
    expect([await handle('one'), await handle('two'), await handle('one')]).toEqual([
      'handled',
      'handled',
      'duplicate',
    ]);
  });
});

describe('dead letters (R19)', () => {
  const letter = { id: 'a', name: 'test.job', message: { id: 'a', deep: [1, null] }, reason: 'it hurt', attempts: 3 };

  it('are kept as they were, the newest first; one that fails again replaces its former self', async () => {
    await using room = await openRoom();
    const letters = openDeadLetters(room.database);
    await letters.record(letter);
    await letters.record({ ...letter, id: 'b', message: undefined });
    await letters.record({ ...letter, reason: 'it hurt again' });
    const listed = await letters.list();
    expect(listed).toMatchObject([
      { ...letter, reason: 'it hurt again' },
      { id: 'b', message: null },
    ]);
    expect(listed[0]?.failedAt).toBeInstanceOf(Date);
    expect(await letters.list({ limit: 1 })).toHaveLength(1);
  });

  it('go back into the outbox when they are replayed, once', async () => {
    await using room = await openRoom();
    const letters = openDeadLetters(room.database);
    await letters.record(letter);
    expect(await Promise.all([letters.replay('a'), letters.replay('a')])).toContain(true);
    expect(await letters.replay('a')).toBe(false);
    expect(await letters.list()).toEqual([]);
    const { rows } = await sql`select id, name, message, publishes from outbox`.execute(room.database.db);
    expect(rows).toEqual([{ id: 'a', name: 'test.job', message: letter.message, publishes: 0 }]);
  });

  it('R19: are listed without what they say, replayed and discarded from a command line', async () => {
    await using room = await openRoom();
    const letters = openDeadLetters(room.database);
    for (const id of ['a', 'b']) await letters.record({ ...letter, id });
    const listed = await tendDeadLetters(letters, ['list']);
    expect(listed.ok).toBe(true);
    const lines = listed.text.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).sort()).toEqual(['a', 'b']);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      id: expect.any(String),
      name: letter.name,
      reason: letter.reason,
      attempts: letter.attempts,
      failed_at: expect.any(String),
    });
    expect(await tendDeadLetters(letters, ['replay', 'a', 'c'])).toEqual({
      ok: false,
      text: 'a goes back into the queue.\nc is no dead letter here.\n',
    });
    expect(await tendDeadLetters(letters, ['discard', 'b'])).toEqual({ ok: true, text: 'b is gone.\n' });
    expect(await letters.list()).toEqual([]);
    const { rows } = await sql`select id from outbox`.execute(room.database.db);
    expect(rows).toEqual([{ id: 'a' }]);
    for (const words of [[], ['replay'], ['burn', 'a']])
      expect(await tendDeadLetters(letters, words)).toMatchObject({
        ok: false,
        text: expect.stringContaining('replay <id>'),
      });
  });

  it('OD-14: what is done with one, and the word of it, are both there or neither', async () => {
    await using room = await openRoom();
    const acts: string[] = [];
    const letters = openDeadLetters(room.database, {
      tell: (act, { id, name }) => {
        acts.push(`${act} ${name}`);
        return [{ id: `word-of-${id}`, name: 'audit.record', message: '{}' }];
      },
    });
    for (const id of ['a', 'b']) await letters.record({ ...letter, id });
    expect([await letters.replay('a'), await letters.discard('b'), await letters.replay('c')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(acts).toEqual(['replayed test.job', 'discarded test.job']);
    const { rows } = await sql<{ id: string }>`select id from outbox order by id`.execute(room.database.db);
    expect(rows.map(({ id }) => id)).toEqual(['a', 'word-of-a', 'word-of-b']);
  });

  it('are gone when they are discarded', async () => {
    await using room = await openRoom();
    const letters = openDeadLetters(room.database);
    await letters.record(letter);
    expect([await letters.discard('a'), await letters.discard('a'), await letters.replay('a')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
