import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { request } from 'undici';
import { startTestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
});
beforeEach(() => {
  upstream.requests.length = 0;
});
afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
});

const headers = { authorization: 'Bearer overload' };

describe('more work than can be done (R18, R25)', () => {
  it('is turned away over the cap of requests at once, with a time to come back that differs; health is never', async () => {
    await using gateway = await startTestGateway({ upstreamUrl: upstream.url, inFlightMax: 5 });
    const held: (() => void)[] = [];
    upstream.answer = (_request, response, { url }) => {
      if (url.includes('health')) response.end();
      else held.push(() => response.end());
    };
    const running = Array.from({ length: 5 }, () => request(`${gateway.url}/api/v1/things/1`, { headers }));
    await waitFor(() => held.length === 5);
    const refused = await Promise.all(
      Array.from({ length: 8 }, () => request(`${gateway.url}/api/v1/things/1`, { headers })),
    );
    for (const answer of refused) {
      expect(answer.statusCode).toBe(503);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(5);
      await answer.body.dump();
    }
    const health = await request(`${gateway.url}/api/v1/test-health`);
    expect(health.statusCode).toBe(200);
    await health.body.dump();
    for (const release of held) release();
    for (const answer of await Promise.all(running)) {
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    }
    expect(await gateway.metric('signalbox_gateway_shed_total', 'reason="in_flight"')).toBe(8);
    const after = request(`${gateway.url}/api/v1/things/1`, { headers });
    await waitFor(() => held.length === 6);
    held[5]?.();
    expect((await after).statusCode).toBe(200);
  });

  it('is turned away while the event loop is late, and taken again when it is not', async () => {
    await using gateway = await startTestGateway({ upstreamUrl: upstream.url, loopDelayMsMax: 80 });
    upstream.answer = (_request, response) => response.end();
    const block = setInterval(() => {
      const until = performance.now() + 150;
      while (performance.now() < until);
    }, 160);
    try {
      const status = async (path: string) => {
        const answer = await request(gateway.url + path, { headers });
        await answer.body.dump();
        return answer.statusCode;
      };
      await waitFor(async () => (await status('/api/v1/things/1')) === 503, { timeoutMs: 15_000 });
      expect(await status('/api/v1/test-health')).toBe(200);
      clearInterval(block);
      await waitFor(async () => (await status('/api/v1/things/1')) === 200, { timeoutMs: 15_000 });
    } finally {
      clearInterval(block);
    }
  });
});
