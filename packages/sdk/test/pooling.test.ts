import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { json, sample, startWireServer, storeBatch } from './wire-server.ts';

describe('connections (MX-24)', () => {
  it.each([1, 4, 16])(
    'sends 1,000 calls over %i sockets at most, as the server counts them',
    async (connectionsMax) => {
      await using server = await startWireServer(json(201, {}));
      const { metrics } = server.client({ connectionsMax });
      await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => metrics.collectInferenceMetric(sample(String(index)))),
      );
      expect(server.requests).toHaveLength(1_000);
      expect(server.sockets().opened).toBeLessThanOrEqual(connectionsMax);
      expect(server.sockets().opened).toBeGreaterThan(0);
    },
  );

  it('sends calls one after the other over one socket', async () => {
    await using server = await startWireServer(json(200, {}));
    const client = server.client();
    for (let call = 0; call < 50; call += 1) await client.keys.get('key_1');
    expect(server.sockets().opened).toBe(1);
  });

  it('closes its sockets with the client, be it by close() or at the end of a scope', async () => {
    await using server = await startWireServer(json(200, {}));
    {
      await using client = server.client();
      await client.keys.get('key_1');
      expect(server.sockets().open).toBe(1);
    }
    await waitFor(() => server.sockets().open === 0);
    const client = server.client();
    await client.keys.get('key_1');
    await client.close();
    await client.close();
    await waitFor(() => server.sockets().open === 0);
  });

  it('sends what is buffered before it closes, and breaks off what is under way', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored));
    const client = server.client();
    client.metrics.record(sample('last'));
    await client.close();
    expect([...stored.keys()]).toEqual(['last']);
    server.answer(() => undefined);
    const hanging = server.client();
    const outcome = hanging.keys.list().catch((error: unknown) => error);
    await waitFor(() => server.requests.at(-1)?.method === 'GET');
    await hanging.close();
    expect(await outcome).toMatchObject({ kind: 'closed', message: 'The client was closed.' });
  });
});
