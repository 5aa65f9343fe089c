import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openMesh, type OpenedMesh } from '../harness.ts';

describe('nobody speaks to a service around the gateway (law 1, S4, MX-16)', () => {
  let opened: OpenedMesh;
  let serviceUrl: string;
  beforeAll(async () => {
    opened = await openMesh();
    serviceUrl = String(opened.mesh.services['chat-router']?.url);
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  it("refuses a direct call with forged headers on every route, with problem+json or the vendor's shape", async () => {
    for (const [method, path] of [
      ['GET', '/v1/models'],
      ['POST', '/v1/chat/completions'],
      ['GET', '/api/v1/usage'],
    ] as const) {
      for (const headers of [
        {},
        { 'x-user-id': 'admin', 'x-tenant-id': 'operators' },
        { 'x-signalbox-identity': 'v1.1.eyJrIjoiYXBpX2tleSJ9.AAAA' },
        { authorization: `Bearer ${opened.adminKey}`, 'x-api-key': opened.adminKey },
      ]) {
        const answer = await fetch(new URL(path, serviceUrl), {
          method,
          headers: { 'content-type': 'application/json', ...headers } as Record<string, string>,
          ...(method === 'POST'
            ? { body: '{"model":"signalbox/extractive","messages":[{"role":"user","content":"x"}]}' }
            : {}),
        });
        expect({ path, status: answer.status }).toEqual({ path, status: 401 });
        expect(answer.headers.get('content-type')).toMatch(/json/);
      }
    }
  });

  it('refuses a captured identity on another path, for another service and once it is old', async () => {
    // A service that only listens: what the gateway would send to chat-router, seen from inside.
    const seen: IncomingHttpHeaders[] = [];
    const listener: Server = createServer((request, response) => {
      seen.push(request.headers);
      response.setHeader('content-type', 'application/json').end('{"object":"list","data":[]}');
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    try {
      const gateway = opened.mesh.services['gateway'];
      if (gateway === undefined) throw new Error('there is no gateway');
      await gateway.restart({
        CHAT_ROUTER_URL: `http://127.0.0.1:${String((listener.address() as AddressInfo).port)}`,
      });
      expect((await opened.ask('/v1/models')).status).toBe(200);
    } finally {
      listener.close();
    }
    const captured = String(seen[0]?.['x-signalbox-identity']);
    expect(seen[0]).not.toHaveProperty('authorization');
    expect(seen[0]).not.toHaveProperty('x-api-key');
    const use = async (path: string) =>
      (await fetch(new URL(path, serviceUrl), { headers: { 'x-signalbox-identity': captured } })).status;
    expect(await use('/v1/models')).toBe(200);
    expect(await use('/api/v1/usage')).toBe(401);
    expect(await use('/v1/models?x=1')).toBe(401);
    const [version, kid, payload, mac] = captured.split('.');
    const raised = {
      ...(JSON.parse(Buffer.from(String(payload), 'base64url').toString()) as object),
      t: 'tenant_other',
    };
    const forged = [version, kid, Buffer.from(JSON.stringify(raised)).toString('base64url'), mac].join('.');
    expect(
      (await fetch(new URL('/v1/models', serviceUrl), { headers: { 'x-signalbox-identity': forged } })).status,
    ).toBe(401);
    await opened.mesh.services['gateway']?.restart();
  });
});
