import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { openMesh, type OpenedMesh } from '../harness.ts';

const canary = 'canary-7f3a9b-do-not-tell';

describe('a credential appears in no log, metric, job, row or error (OD-10, S20)', () => {
  let opened: OpenedMesh;
  beforeAll(async () => {
    opened = await openMesh();
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  it('keeps a canary in every header and body position to itself', async () => {
    const secrets: string[] = [canary, opened.adminKey];
    const { key } = await opened.createKey({ name: 'the canary' });
    secrets.push(key);
    const answers: string[] = [];
    const person = { email: 'canary@example.org', password: `${canary} and more` };
    expect((await opened.ask('/api/v1/users', { body: { ...person, role: 'viewer' } })).status).toBe(201);
    const login = await opened.ask('/api/v1/auth/login', { key: null, body: person });
    expect(login.status).toBe(200);
    secrets.push(String(login.body['access_token']), String(login.body['refresh_token']));
    const headers = [
      'authorization',
      'x-api-key',
      'cookie',
      'proxy-authorization',
      'x-signalbox-identity',
      'x-request-id',
      'user-agent-secret',
    ];
    for (const header of headers) {
      const answer = await opened.ask('/v1/models', { key: null, headers: { [header]: `Bearer ${canary}` } });
      answers.push(answer.text);
    }
    for (const body of [
      { email: 'someone@example.org', password: canary },
      { refresh_token: canary },
      { name: canary, scopes: [canary], password: canary, api_key: canary },
      { model: canary, messages: [{ role: 'user', content: canary }], api_key: canary },
      `{"password":"${canary}"`,
    ]) {
      for (const path of [
        '/api/v1/auth/login',
        '/api/v1/auth/refresh',
        '/api/v1/auth/logout',
        '/api/v1/api-keys',
        '/api/v1/users',
      ]) {
        answers.push((await opened.ask(path, { body, key })).text);
      }
    }
    // The prompt is somebody's private matter as well: it is in no log and no row.
    expect(
      (
        await opened.ask('/v1/chat/completions', {
          key,
          body: {
            model: 'signalbox/extractive',
            messages: [{ role: 'user', content: `The word is ${canary}. What is the word?` }],
          },
        })
      ).status,
    ).toBe(200);

    const told: Record<string, string> = { answers: answers.join('\n') };
    for (const service of Object.values(opened.mesh.services)) {
      told[`log of ${service.name}`] = service.logs();
      told[`metrics of ${service.name}`] = await (await fetch(`${service.adminUrl}/metrics`)).text();
    }
    told['redis'] = await everythingInRedis(opened.mesh.redisUrl);
    told['postgres'] = await everythingInPostgres(opened.mesh.postgresUrl);
    for (const [place, text] of Object.entries(told)) {
      // A place that is empty would prove nothing.
      expect({ place, empty: text === '' }).toEqual({ place, empty: false });
      for (const secret of secrets) expect({ place, tells: text.includes(secret) }).toEqual({ place, tells: false });
    }
  });
});

async function everythingInRedis(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    const parts: string[] = [];
    for await (const keys of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
      for (const key of keys) parts.push(key, ((await redis.dumpBuffer(key)) ?? Buffer.alloc(0)).toString('latin1'));
    }
    return parts.join('\n');
  } finally {
    redis.disconnect();
  }
}

async function everythingInPostgres(url: string): Promise<string> {
  const sql = new pg.Client(url);
  await sql.connect();
  try {
    const tables = await sql.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const parts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await sql.query<{ row: string }>(`select t::text as row from ${name} t`);
      parts.push(...rows.map(({ row }) => row));
    }
    return parts.join('\n');
  } finally {
    await sql.end();
  }
}
