import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase } from '@signalbox/test-kit';
import { sql } from 'kysely';
import pg from 'pg';
import {
  assertMigrated,
  dumpSchema,
  migrateDown,
  migrateToLatest,
  migrationStatus,
  openDatabase,
  type Migrations,
} from '../src/index.ts';
import { migrations, openRoom } from './room.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

describe('migrations (LA-10, OP-9)', () => {
  it('fill an empty schema, do nothing the second time, and go back one step', async () => {
    await using empty = await createTestDatabase({
      service: 'room',
      migrations: {},
    });
    const options = { url: empty.ownerUrl, schema: 'room', migrations, logger };
    expect(await migrationStatus(options)).toEqual([
      { name: '0001-messages', executedAt: null },
      { name: '0002-effects', executedAt: null },
    ]);
    await migrateToLatest(options);
    const once = await dumpSchema(empty.ownerUrl, 'room');
    await migrateToLatest(options);
    expect(await dumpSchema(empty.ownerUrl, 'room')).toBe(once);
    expect(once).toContain('create table effects');

    await migrateDown(options);
    expect((await migrationStatus(options)).map(({ executedAt }) => executedAt !== null)).toEqual([true, false]);
    expect(await dumpSchema(empty.ownerUrl, 'room')).not.toContain('create table effects');
  });

  it('run once although several services start at the same moment', async () => {
    await using empty = await createTestDatabase({
      service: 'room',
      migrations: {},
    });
    let runs = 0;
    const counted: Migrations = {
      '0001-slow': {
        async up(db) {
          runs += 1;
          await sql`create table slow (id integer)`.execute(db);
          await sql`select pg_sleep(0.2)`.execute(db);
        },
      },
    };
    const start = (): Promise<void> =>
      migrateToLatest({
        url: empty.ownerUrl,
        schema: 'room',
        migrations: counted,
        logger,
      });
    await Promise.all([start(), start(), start(), start()]);
    expect(runs).toBe(1);
  });

  it("do not wait for another schema's", async () => {
    await using empty = await createTestDatabase({
      service: 'room',
      migrations: {},
    });
    const other = new pg.Client({ connectionString: empty.superuserUrl });
    await other.connect();
    try {
      await other.query(`select pg_advisory_lock(hashtextextended('signalbox migrations of elsewhere', 0))`);
      await other.query('select pg_advisory_lock(3853314791062309107)');
      await migrateToLatest({
        url: empty.ownerUrl,
        schema: 'room',
        migrations,
        logger,
      });
    } finally {
      await other.end();
    }
  });

  it('leave nothing behind when one fails, and say which schema it was', async () => {
    await using empty = await createTestDatabase({
      service: 'room',
      migrations: {},
    });
    const broken: Migrations = {
      ...migrations,
      '0003-broken': {
        up: (db) => sql`select no_such_function()`.execute(db).then(() => undefined),
      },
    };
    const options = {
      url: empty.ownerUrl,
      schema: 'room',
      migrations: broken,
      logger,
    };
    await expect(migrateToLatest(options)).rejects.toThrow('The migrations of room failed.');
    expect(await dumpSchema(empty.ownerUrl, 'room')).toBe('');
  });

  it('are demanded at start: behind is refused by name, ahead is fine', async () => {
    await using room = await openRoom();
    const { db } = room.database;
    await assertMigrated(db, migrations);
    await assertMigrated(db, {
      '0001-messages': { up: () => Promise.resolve() },
    });
    await expect(
      assertMigrated(db, {
        ...migrations,
        '0003-next': { up: () => Promise.resolve() },
      }),
    ).rejects.toThrow('lacks 0003-next');
    await using empty = await createTestDatabase({
      service: 'room',
      migrations: {},
    });
    await using unmigrated = openDatabase({
      url: empty.url,
      applicationName: 'test',
      logger,
    });
    await expect(assertMigrated(unmigrated.db, migrations)).rejects.toThrow('lacks 0001-messages, 0002-effects');
  });
});

describe("a service's room (CD-3)", () => {
  it("cannot be read by another service's role, even where it may connect", async () => {
    await using room = await openRoom();
    await using other = await createTestDatabase({
      service: 'neighbour',
      migrations: {},
    });
    const neighbour = new URL(other.url);
    neighbour.pathname = `/${room.test.name}`;
    await using database = openDatabase({
      url: neighbour.href,
      applicationName: 'test',
      logger,
    });
    await using superuser = openDatabase({
      url: room.test.superuserUrl,
      applicationName: 'test',
      logger,
    });
    await sql`grant connect on database ${sql.id(room.test.name)} to neighbour_app`.execute(superuser.db);
    await expect(sql`select * from room.outbox`.execute(database.db)).rejects.toThrow(
      'permission denied for schema room',
    );
    await expect(sql`insert into room.effects values ('a', 1)`.execute(database.db)).rejects.toThrow(
      'permission denied',
    );
  });

  it('lets the application change rows and nothing else: no tables, no history', async () => {
    await using room = await openRoom();
    await migrateToLatest({
      url: room.test.ownerUrl,
      schema: 'room',
      migrations,
      logger,
    });
    const { db } = room.database;
    await sql`insert into effects values ('a', 1)`.execute(db);
    await expect(sql`create table mine (id integer)`.execute(db)).rejects.toThrow('permission denied');
    await expect(sql`drop table effects`.execute(db)).rejects.toThrow('must be owner');
    await expect(sql`delete from kysely_migration`.execute(db)).rejects.toThrow('permission denied');
  });
});

describe('dumpSchema', () => {
  const script = [
    `create type mood as enum ('sad', 'ok')`,
    `create table b (id bigint generated always as identity primary key, mood mood not null default 'ok')`,
    `create table a (b_id bigint references b (id) on delete cascade, n numeric(10,2) check (n > 0), t text collate "C")`,
    'create index a_t on a (lower(t)) where n > 1',
    'create view v as select id from b',
    `create function f() returns trigger language plpgsql as 'begin return new; end'`,
    'create trigger on_b before update on b for each row execute function f()',
    'alter table a enable row level security',
    'create policy mine on a using (n > 2)',
    'revoke update, delete on b from room_app',
  ];

  it('says everything that matters, the same however often and by whatever way it came about', async () => {
    const dumps: string[] = [];
    for (const order of [
      script,
      [...script.slice(0, 2), 'create table temporary_detour (id integer)', ...script.slice(2)],
    ]) {
      await using empty = await createTestDatabase({
        service: 'room',
        migrations: {},
      });
      await using owner = openDatabase({
        url: empty.ownerUrl,
        applicationName: 'test',
        logger,
      });
      for (const statement of order) await sql.raw(statement).execute(owner.db);
      await sql`drop table if exists temporary_detour`.execute(owner.db);
      dumps.push(await dumpSchema(empty.ownerUrl, 'room'), await dumpSchema(empty.superuserUrl, 'room'));
    }
    expect(new Set(dumps).size).toBe(1);
    expect(dumps[0]).toMatchInlineSnapshot(`
     "create type mood as enum ('sad', 'ok');

     create table a (
       b_id bigint,
       n numeric(10,2),
       t text collate "C",
       constraint a_b_id_fkey FOREIGN KEY (b_id) REFERENCES b(id) ON DELETE CASCADE,
       constraint a_n_check CHECK ((n > (0)::numeric))
     );
     alter table a enable row level security;
     create table b (
       id bigint generated always as identity not null,
       mood mood default 'ok'::mood not null,
       constraint b_pkey PRIMARY KEY (id)
     );

     CREATE INDEX a_t ON room.a USING btree (lower(t)) WHERE (n > (1)::numeric);

     create view v as
      SELECT id
        FROM b;

     CREATE OR REPLACE FUNCTION room.f()
      RETURNS trigger
      LANGUAGE plpgsql
     AS $function$begin return new; end$function$;

     CREATE TRIGGER on_b BEFORE UPDATE ON room.b FOR EACH ROW EXECUTE FUNCTION f();

     create policy mine on a for all to public using ((n > (2)::numeric));

     grant delete, insert, select, update on a to room_app;
     grant insert, select on b to room_app;
     grant select, usage on b_id_seq to room_app;
     grant delete, insert, select, update on v to room_app;
     "
    `);
  });
});
