import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { startTestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
});
afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
});

const headers = { authorization: 'Bearer legacy' };

describe('deprecated paths (LA-5)', () => {
  it('answer the same body, and say since when, until when, and what to use', async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      parts: { legacySunset: new Date('2099-12-31T00:00:00Z') },
    });
    const [canonical, legacy] = await Promise.all(
      ['/api/v1/things/7?a=1', '/api/things/7?a=1'].map(async (path) => {
        const answer = await request(gateway.url + path, { headers });
        return { status: answer.statusCode, headers: answer.headers, body: await answer.body.json() };
      }),
    );
    expect(legacy?.body).toEqual(canonical?.body);
    expect(legacy?.headers).toMatchObject({
      deprecation: '@1767225600',
      sunset: 'Thu, 31 Dec 2099 00:00:00 GMT',
      link: '</api/v1/things/7?a=1>; rel="successor-version"',
    });
    for (const name of ['deprecation', 'sunset', 'link']) expect(canonical?.headers).not.toHaveProperty(name);
    expect(upstream.requests.map(({ url }) => url)).toEqual(['/api/v1/things/7?a=1', '/api/v1/things/7?a=1']);
    expect(await gateway.metric('signalbox_gateway_deprecated_total', 'operation="readThing"')).toBe(1);
  });

  it('answer 410 once their end has come, while the canonical ones go on', async () => {
    await using gateway = await startTestGateway({
      upstreamUrl: upstream.url,
      parts: { legacySunset: new Date('2026-01-02T00:00:00Z') },
    });
    const ended = await request(`${gateway.url}/api/things/7`, { headers });
    expect([ended.statusCode, ended.headers['content-type']]).toEqual([410, 'application/problem+json']);
    expect(ended.headers['sunset']).toBe('Fri, 02 Jan 2026 00:00:00 GMT');
    expect(await ended.body.json()).toMatchObject({ error_code: 'GONE', successor: '/api/v1/things/7' });
    const canonical = await request(`${gateway.url}/api/v1/things/7`, { headers });
    expect(canonical.statusCode).toBe(200);
    await canonical.body.dump();
  });
});
