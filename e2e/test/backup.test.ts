import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { backUp, rehearse, restore, UnreadableCopy, type BackUpReport } from '@signalbox/backup';
import { createVault, VaultKeys } from '@signalbox/vault';
import pg from 'pg';
import { openMesh, type OpenedMesh } from '../harness.ts';

const newKey = () => randomBytes(32).toString('base64url');
const [first, second] = [newKey(), newKey()];
const vaultOf = (keys: string) => createVault(VaultKeys.parse(keys));
const vault = vaultOf(`1:${first}`);

describe('OP-29, OP-9, R28: copies of Postgres', () => {
  const owned = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-backup-'));
  const file = join(folder, 'whole.backup');
  let mesh: OpenedMesh;
  let report: BackUpReport;
  let key: string;

  beforeAll(async () => {
    owned.defer(() => {
      rmSync(folder, { recursive: true });
    });
    mesh = owned.use(await openMesh());
    ({ key } = await mesh.createKey({ name: 'kept through the fire', scopes: ['*'] }));
    for (let index = 0; index < 3; index += 1) {
      await mesh.ask('/v1/chat/completions', {
        key,
        body: {
          model: 'signalbox/extractive',
          messages: [{ role: 'user', content: `A line\nand "another", ünd ${String(index)}\\N\t.` }],
        },
      });
    }
    report = await backUp({ url: mesh.mesh.postgresUrl, vault, file });
  }, 180_000);
  afterAll(() => owned.disposeAsync());

  const rowsOf = (tables: readonly { rows: number }[]): number => tables.reduce((sum, { rows }) => sum + rows, 0);

  it('hold every table of every service, of one moment, while the mesh goes on', async () => {
    const schemas = new Set(report.tables.map(({ table }) => table.split('.')[0]));
    for (const schema of ['gateway', 'chat_router', 'monitoring_ingest', 'alerting'])
      expect(schemas).toContain(`"${schema}"`);
    expect(rowsOf(report.tables)).toBeGreaterThan(10);
    expect((await mesh.ask('/api/v1/health')).status).toBe(200);
    expect(existsSync(`${file}.unfinished`)).toBe(false);
  });

  it('show nothing of what is in them', () => {
    const bytes = readFileSync(file);
    for (const word of ['kept through the fire', 'CREATE', 'tenant_', 'gateway'])
      expect(bytes.includes(word)).toBe(false);
  });

  it('are rehearsed in a database that goes again, with the same counts and checksums', async () => {
    const rehearsed = await rehearse({ url: mesh.mesh.postgresUrl, vault, file });
    expect(rehearsed.tables).toEqual(report.tables);
    const client = new pg.Client({ connectionString: mesh.mesh.postgresUrl });
    await client.connect();
    const { rows } = await client.query(`select datname from pg_database where datname like 'rehearsal%'`);
    await client.end();
    expect(rows).toEqual([]);
  });

  it('are opened by a key that was replaced since, and by no other', async () => {
    const url = mesh.mesh.postgresUrl;
    expect((await rehearse({ url, vault: vaultOf(`2:${second},1:${first}`), file })).tables).toEqual(report.tables);
    await expect(rehearse({ url, vault: vaultOf(`2:${second}`), file })).rejects.toThrow(UnreadableCopy);
  });

  it.each<[string, (path: string) => void]>([
    [
      'cut off',
      (path) => {
        truncateSync(path, readFileSync(path).length - 20);
      },
    ],
    [
      'cut off before its last frame',
      (path) => {
        writeFileSync(path, readFileSync(path).subarray(0, readFileSync(path).indexOf(10) + 1));
      },
    ],
    [
      'changed',
      (path) => {
        const bytes = readFileSync(path);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 30) ^ 1, bytes.length - 30);
        writeFileSync(path, bytes);
      },
    ],
    [
      'none of ours',
      (path) => {
        writeFileSync(path, 'hello\n');
        appendFileSync(path, randomBytes(100));
      },
    ],
  ])('are refused when they are %s', async (_, spoil) => {
    const spoiled = join(folder, 'spoiled.backup');
    copyFileSync(file, spoiled);
    spoil(spoiled);
    await expect(rehearse({ url: mesh.mesh.postgresUrl, vault, file: spoiled })).rejects.toThrow(UnreadableCopy);
  });

  it('come back into another Postgres, and a mesh answers from them as the first one did', async () => {
    await using other = await openMesh();
    const before = await mesh.ask('/api/v1/api-keys', { key });
    const stranger = await other.ask('/api/v1/api-keys', { key });
    expect(stranger.status).toBe(401);
    const restored = await restore({ url: other.mesh.postgresUrl, vault, file });
    expect(restored.tables).toEqual(report.tables);
    // As after a disaster: processes that begin with what was restored.
    await other.service('gateway').kill('SIGKILL');
    await other.service('gateway').restart();
    const after = await other.ask('/api/v1/api-keys', { key });
    const known = ({ body }: { body: Record<string, unknown> }) =>
      (body['data'] as Record<string, unknown>[]).map(({ last_used_at: _, ...rest }) => rest);
    expect([after.status, known(after)]).toEqual([200, known(before)]);
    const answer = await other.ask('/v1/chat/completions', {
      key,
      body: { model: 'signalbox/extractive', messages: [{ role: 'user', content: 'It was built in 1932. When?' }] },
    });
    expect(answer.status).toBe(200);
  }, 180_000);

  it('change nothing when they do not fit: a schema that lacks a migration is left as it is', async () => {
    const url = mesh.mesh.postgresUrl;
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const names = await client.query<{ name: string }>('select name from alerting.kysely_migration order by name');
      const last = names.rows.at(-1)?.name ?? '';
      await client.query('delete from alerting.kysely_migration where name = $1', [last]);
      await expect(restore({ url, vault, file })).rejects.toThrow(`migrate alerting first: it lacks ${last}`);
      await client.query('insert into alerting.kysely_migration (name, timestamp) values ($1, $2)', [
        last,
        new Date().toISOString(),
      ]);
    } finally {
      await client.end();
    }
    expect((await mesh.ask('/api/v1/api-keys', { key })).status).toBe(200);
  });
});
