import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { guardedConnector } from '../src/index.ts';

const server = createServer((_request, response) => response.end('inside'));
let port: number;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function get(origin: string, options: Partial<Parameters<typeof guardedConnector>[0]> = {}): Promise<string> {
  await using pool = Object.assign(
    new Pool(origin, { connect: guardedConnector({ connectTimeoutMs: 1_000, ...options }) }),
    {
      [Symbol.asyncDispose]: () => pool.destroy(),
    },
  );
  const { body } = await pool.request({ method: 'GET', path: '/' });
  return await body.text();
}

describe('a pool with a guarded connector (S5)', () => {
  it('connects to what is allowed', async () => {
    expect(await get(`http://127.0.0.1:${String(port)}`, { allow: ['127.0.0.0/8'] })).toBe('inside');
    const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    expect(await get(`http://named.example:${String(port)}`, { allow: ['127.0.0.0/8'], lookup })).toBe('inside');
  });

  it.each([
    ['a literal address', 'http://127.0.0.1', {}],
    ['one in disguise', 'http://[::ffff:127.0.0.1]', {}],
    [
      'a name that leads inside',
      'http://named.example',
      { lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) },
    ],
    [
      'a name that leads inside once in a while',
      'http://named.example',
      {
        lookup: () =>
          Promise.resolve([
            { address: '93.184.215.14', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]),
      },
    ],
  ])('does not connect to %s', async (_name, origin, options) => {
    await expect(get(`${origin}:${String(port)}`, options)).rejects.toThrow();
  });

  it('is not made of an allow-list that nobody can read', () => {
    expect(() => guardedConnector({ allow: ['everything'], connectTimeoutMs: 1 })).toThrow(TypeError);
  });
});
