import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMesh, wideLimits, type Answer, type OpenedMesh } from '../harness.ts';
import { pathOf, readOperations, type Operation, type Operations } from '../operations.ts';

describe('old paths through the gateway (LA-5)', () => {
  let opened: OpenedMesh;
  let operations: Operations;
  /** Every operation under `/api/v1/`, with the old path that answers alike. */
  let aliases: { operation: Operation; path: string; old: string }[];
  beforeAll(async () => {
    opened = await openMesh({ limits: wideLimits, overrides: { gateway: { LEGACY_SUNSET: '2099-12-31' } } });
    operations = await readOperations(opened);
    const byName = (operationId: string, old: string) => {
      const operation = operations.all.find((one) => one.operationId === operationId);
      if (operation === undefined) throw new Error(`there is no ${operationId}`);
      return { operation, path: operation.path, old };
    };
    aliases = [
      ...operations.all
        .filter(({ path }) => path.startsWith('/api/v1/'))
        .map((operation) => {
          // What would go on for ever is asked for so that it is refused.
          const path = pathOf(operation, 'absent_00000000') + (operation.isStream ? '?unknown=1' : '');
          return { operation, path, old: path.replace('/api/v1/', '/api/') };
        }),
      // Those that the predecessors had without `/api`.
      byName('getMeshHealth', '/health'),
      byName('getMe', '/users/me'),
      byName('createApiKey', '/auth/api-keys'),
    ];
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  const ask = ({ operation }: { operation: Operation }, path: string): Promise<Answer> =>
    opened.ask(path, {
      method: operation.method,
      ...(operation.bodySchema === null ? {} : { body: { unknown: 1 } }),
    });

  /** What is said, without what is another at each answer. */
  function said({ body }: Answer): object {
    const changing = ['request_id', 'instance', 'timestamp', 'uptime_seconds', 'components', 'services', 'from', 'to'];
    return Object.fromEntries(Object.entries(body).filter(([name]) => !changing.includes(name)));
  }

  it('answer as the present ones do, and say since when they are old, until when they live, and what to use', async () => {
    expect(aliases.length).toBeGreaterThan(15);
    let answered = 0;
    for (const alias of aliases) {
      const [present, old] = [await ask(alias, alias.path), await ask(alias, alias.old)];
      expect([alias.old, old.status, said(old)]).toEqual([alias.old, present.status, said(present)]);
      expect([alias.old, old.headers.get('deprecation')]).toEqual([alias.old, '@1767225600']);
      expect(old.headers.get('sunset')).toBe('Thu, 31 Dec 2099 00:00:00 GMT');
      expect([alias.old, old.headers.get('link')]).toEqual([
        alias.old,
        expect.stringContaining(`<${alias.path}>; rel="successor-version"`),
      ]);
      if (old.status < 400) answered += 1;
      for (const name of ['deprecation', 'sunset']) expect(present.headers.get(name)).toBeNull();
      expect(present.headers.get('link') ?? '').not.toContain('successor-version');
    }
    expect(answered).toBeGreaterThan(5);
  });

  it('keep the query, in what is asked and in what they point to', async () => {
    const made = await opened.createKey({ name: 'the newest' });
    const old = await opened.ask('/api/api-keys?limit=1');
    expect((old.body['data'] as { id: string }[]).map(({ id }) => id)).toEqual([made.id]);
    for (const link of ['</api/v1/api-keys?limit=1>; rel="successor-version"', 'rel="first"', 'rel="next"'])
      expect(old.headers.get('link')).toContain(link);
    const forwarded = await opened.ask('/api/usage?limit=1');
    for (const link of ['</api/v1/usage?limit=1>; rel="successor-version"', 'rel="first"'])
      expect(forwarded.headers.get('link')).toContain(link);
  });

  it('ask for the same credential and the same scope as the present ones', async () => {
    const { key } = await opened.createKey({ scopes: ['usage:read'] });
    expect((await opened.ask('/api/api-keys', { key: null })).status).toBe(401);
    expect((await opened.ask('/api/api-keys', { key })).status).toBe(403);
    expect((await opened.ask('/api/usage', { key })).status).toBe(200);
  });

  it('are gone once their day has come, each with a problem that names its successor; the present ones stay', async () => {
    await opened.service('gateway').restart({ LEGACY_SUNSET: '2026-01-02' });
    for (const alias of aliases) {
      const old = await ask(alias, alias.old);
      expect([alias.old, old.status]).toEqual([alias.old, 410]);
      expect(old.headers.get('content-type')).toBe('application/problem+json');
      expect(old.body).toMatchObject({ error_code: 'GONE', successor: alias.path });
      expect(old.headers.get('sunset')).toBe('Fri, 02 Jan 2026 00:00:00 GMT');
      expect((await ask(alias, alias.path)).status).not.toBe(410);
    }
  });
});
