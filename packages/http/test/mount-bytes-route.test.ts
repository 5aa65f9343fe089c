import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineRoute } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import { BytesReply, mountBytesRoute, mountRoute } from '../src/index.ts';
import { startHarness, writer, type Harness } from './harness.ts';

const measure = defineRoute({
  operationId: 'measure',
  service: 'gateway',
  method: 'post',
  path: '/v1/metrics',
  tag: 'Test',
  summary: 'Measure bytes',
  scope: 'documents:write',
  dialect: 'otlp',
  bodyTypes: ['application/x-protobuf', 'application/json'],
  bodyBytesMax: 1_000,
  body: z.looseObject({}),
  response: { status: 200, description: 'How many', schema: z.object({ bytes: z.int() }) },
});

let harness: Harness;
let admits = true;
const read: Buffer[] = [];
beforeAll(async () => {
  harness = await startHarness();
  const last = harness.app.router.stack.splice(-2);
  mountBytesRoute(
    harness.routes,
    measure,
    ({ bodyBytes, request }) => {
      read.push(bodyBytes);
      if (bodyBytes.includes('limit')) throw new AppError('rate_limited', 'Slow down.', { retryAfterMs: 3_000 });
      const isJson = request.headers['content-type']?.startsWith('application/json') === true;
      return Promise.resolve(
        isJson
          ? { bytes: bodyBytes.length }
          : new BytesReply(Buffer.from([bodyBytes.length]), 'application/x-protobuf'),
      );
    },
    {
      decoders: { twice: (bytes) => Promise.resolve(Buffer.concat([bytes, bytes])) },
      admit: (length) => {
        if (!admits) throw new AppError('unavailable', `No room for ${String(length)}.`);
      },
    },
  );
  harness.app.router.stack.push(...last);
});
afterAll(() => harness[Symbol.asyncDispose]());

function send(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${harness.url}/v1/metrics`, { method: 'POST', body, headers: { ...writer, ...headers } });
}
const protobuf = { 'content-type': 'application/x-protobuf' };

describe('mountBytesRoute', () => {
  it('gives the handler the body as bytes, inflated, and answers in JSON or in bytes', async () => {
    const json = await send('not even JSON', { 'content-type': 'application/json; charset=utf-8' });
    expect([json.status, await json.json()]).toEqual([200, { bytes: 13 }]);
    const bytes = await send(new Uint8Array(gzipSync('12345')), { ...protobuf, 'content-encoding': 'gzip' });
    expect([bytes.headers.get('content-type'), Buffer.from(await bytes.arrayBuffer())]).toEqual([
      'application/x-protobuf',
      Buffer.from([5]),
    ]);
    const twice = await send('ab', { ...protobuf, 'content-encoding': 'twice' });
    expect(Buffer.from(await twice.arrayBuffer())).toEqual(Buffer.from([4]));
    expect((await send('', protobuf)).status).toBe(200);
  });

  it('takes no other media type, no unknown coding, and not more than the contract allows, inflated or not', async () => {
    expect((await send('x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send('x', { ...protobuf, 'content-encoding': 'zstd' })).status).toBe(415);
    expect((await send('x'.repeat(1_001), protobuf)).status).toBe(413);
    const inflated = { ...protobuf, 'content-encoding': 'gzip' };
    expect((await send(new Uint8Array(gzipSync(Buffer.alloc(100_000))), inflated)).status).toBe(413);
    expect((await send('no gzip', inflated)).status).toBe(400);
  });

  it('asks for room before it reads anything', async () => {
    const before = read.length;
    admits = false;
    const answer = await send('abc', protobuf);
    admits = true;
    expect([answer.status, read.length]).toEqual([503, before]);
    expect(Buffer.from(await answer.arrayBuffer()).toString()).toContain('No room for 3.');
  });

  it("refuses in OTLP's shape and in the encoding of the request, and with 503 in place of 429", async () => {
    const json = await send('limit', { 'content-type': 'application/json' });
    expect([json.status, json.headers.get('retry-after'), await json.json()]).toEqual([
      503,
      '3',
      { code: 14, message: 'Slow down.' },
    ]);
    const bytes = await send('limit', protobuf);
    expect([bytes.status, bytes.headers.get('content-type')]).toEqual([503, 'application/x-protobuf']);
    expect(Buffer.from(await bytes.arrayBuffer())).toEqual(
      Buffer.concat([Buffer.from([0x08, 14, 0x12, 10]), Buffer.from('Slow down.')]),
    );
    const nobody = await fetch(`${harness.url}/v1/metrics`, { method: 'POST' });
    expect([nobody.status, await nobody.json()]).toEqual([401, { code: 16, message: expect.any(String) }]);
  });

  it('belongs to contracts that say so, and to no others', () => {
    expect(() => {
      mountRoute(harness.routes, measure, () => ({ bytes: 1 }));
    }).toThrow('bodyTypes and mountBytesRoute belong together');
  });
});
