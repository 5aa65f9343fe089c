import { describe, expect, it } from '@jest/globals';
import { sql, type Kysely } from 'kysely';
import pg from 'pg';
import { createTestDatabase } from '@signalbox/test-kit';

const migrations = {
  '0001-notes': {
    up: async (db: Kysely<unknown>) => {
      await sql`CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, text text NOT NULL)`.execute(db);
    },
  },
};

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

describe('a test database', () => {
  it('is migrated, and lets the service change rows but not tables', async () => {
    await using database = await createTestDatabase({ service: 'note-keeper', migrations });
    await query(database.url, `INSERT INTO notes (text) VALUES ('hello')`);
    expect((await query(database.url, 'SELECT text FROM note_keeper.notes')).rows).toEqual([{ text: 'hello' }]);
    await expect(query(database.url, 'DROP TABLE notes')).rejects.toThrow('must be owner');
    await expect(query(database.url, 'CREATE TABLE more ()')).rejects.toThrow('permission denied');
    await query(database.ownerUrl, 'ALTER TABLE notes ADD COLUMN done boolean');
    expect((await query(database.superuserUrl, 'SELECT count(*)::int FROM note_keeper.notes')).rows).toEqual([
      { count: 1 },
    ]);
  });

  it('is empty for each who asks, several at once', async () => {
    const databases = await Promise.all(
      [1, 2, 3].map(() => createTestDatabase({ service: 'note-keeper', migrations })),
    );
    for (const database of databases) {
      expect((await query(database.url, 'SELECT * FROM notes')).rows).toEqual([]);
      await query(database.url, `INSERT INTO notes (text) VALUES ('mine')`);
    }
    for (const database of databases) await database[Symbol.asyncDispose]();
  });

  it('shows one service nothing of another', async () => {
    await using notes = await createTestDatabase({ service: 'note-keeper', migrations });
    await using other = await createTestDatabase({ service: 'reader', migrations: {} });
    const asReader = new URL(notes.url);
    asReader.username = 'reader_app';
    await expect(query(asReader.href, 'SELECT 1')).rejects.toThrow('permission denied for database');
    await expect(query(other.url, 'SELECT * FROM note_keeper.notes')).rejects.toThrow('does not exist');
  });

  it('is gone when it has been disposed of, connections or not', async () => {
    const database = await createTestDatabase({ service: 'note-keeper', migrations });
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await database[Symbol.asyncDispose]();
    await expect(query(database.superuserUrl, 'SELECT 1')).rejects.toThrow('does not exist');
    await client.end();
  });

  it('says which migration failed', async () => {
    const broken = {
      '0001-broken': {
        up: async (db: Kysely<unknown>) => {
          await sql`CREATE NONSENSE`.execute(db);
        },
      },
    };
    await expect(createTestDatabase({ service: 'note-keeper', migrations: broken })).rejects.toThrow('0001-broken');
  });
});
