import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePorts, isPortFree, startChroma, startPostgres } from '@signalbox/local';
import { ChromaClient } from 'chromadb';
import pg from 'pg';
import { isThere } from './processes.ts';

describe('the stores', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox stores '));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('starts a Chroma that keeps vectors over a restart, and stops it although it does not hear SIGTERM', async () => {
    const server = await startChroma({ folder: join(folder, 'chroma'), logFile: join(folder, 'chroma.log') });
    const open = async () => {
      const client = new ChromaClient({ host: '127.0.0.1', port: server.port, ssl: false });
      return client.getOrCreateCollection({ name: 'kept', embeddingFunction: null });
    };
    await (await open()).upsert({ ids: ['a'], embeddings: [[1, 0, 0]], documents: ['one'] });
    await server.restart();
    expect((await (await open()).get({ ids: ['a'] })).documents).toEqual(['one']);
    const { pid } = server;
    await server[Symbol.asyncDispose]();
    expect(isThere(pid)).toBe(false);
  });

  it('starts a Postgres that wants its password', async () => {
    await using server = await startPostgres({
      folder,
      logFile: join(folder, 'postgres.log'),
      password: 'secret',
      durable: false,
    });
    const stranger = new pg.Client({ connectionString: server.url.replace('secret', 'guess') });
    stranger.on('error', () => undefined);
    await expect(stranger.connect()).rejects.toThrow('password authentication failed');
  });

  it('does not run Postgres as root', async () => {
    await using server = await startPostgres({ folder, logFile: join(folder, 'postgres.log'), durable: false });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    await client.end();
    // It refuses a data folder that is not its own.
    expect((await stat(rows[0]?.data_directory ?? '')).uid).not.toBe(0);
  });

  it('finds ports that are free and hands none out twice', async () => {
    const ports = (await Promise.all([freePorts(5), freePorts(5), freePorts(5)])).flat();
    expect(new Set(ports).size).toBe(15);
    expect(await Promise.all(ports.map(isPortFree))).not.toContain(false);
  });
});
