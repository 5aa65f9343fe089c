import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { Agent, request } from 'undici';
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

const headers = { authorization: 'Bearer drain' };

describe('a gateway that is told to stop (LA-18, LA-23, R12)', () => {
  it('fails no request: what it took it answers, and what comes later finds another replica', async () => {
    upstream.answer = (_incoming, response) => {
      setTimeout(() => response.end('{}'), 40);
    };
    const first = await startTestGateway({ upstreamUrl: upstream.url, shutdownDelayMs: 1_500 });
    await using second = await startTestGateway({ upstreamUrl: upstream.url });
    const replicas = [first.url, second.url];
    const dispatcher = new Agent({ connections: 10, pipelining: 1 });
    const outcomes: string[] = [];

    // A load balancer: round robin over what it believes to be ready, which it learns a while after the fact.
    async function client(index: number): Promise<void> {
      for (let round = 0; round < 25; round += 1) {
        const replica = replicas[(index + round) % replicas.length] ?? '';
        const outcome = await request(`${replica}/api/v1/things/1`, { headers, dispatcher }).then(
          async (answer) => {
            await answer.body.text();
            return String(answer.statusCode);
          },
          (error: unknown) => `${String((error as NodeJS.ErrnoException).code)} ${replica}`,
        );
        outcomes.push(outcome);
        if (index === 0 && round === 8) {
          void first.server.drain();
          setTimeout(() => replicas.shift(), 200);
        }
      }
    }

    await Promise.all(Array.from({ length: 12 }, (_, index) => client(index)));
    await first[Symbol.asyncDispose]();
    await dispatcher.close();
    expect(outcomes).toHaveLength(300);
    expect(outcomes.filter((outcome) => outcome !== '200')).toEqual([]);
  }, 30_000);

  it('R12: lets a stream finish in its time, and tells one that does not why it ends', async () => {
    const gateway = await startTestGateway({ upstreamUrl: upstream.url, shutdownGraceMs: 1_200 });
    upstream.answer = (_incoming, response, { body }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: begun\n\n');
      if (body === 'short') setTimeout(() => response.end('data: [DONE]\n\n'), 400);
      else setInterval(() => response.write('data: more\n\n'), 100).unref();
    };
    const [short, endless] = await Promise.all(
      ['short', 'endless'].map((body) => request(`${gateway.url}/v1/things`, { method: 'POST', headers, body })),
    );
    const stopped = gateway[Symbol.asyncDispose]();
    expect(await short?.body.text()).toBe('data: begun\n\ndata: [DONE]\n\n');
    expect(await endless?.body.text()).toMatch(/\n\nevent: shutdown\nretry: \d+\ndata: \{\}\n\n$/);
    await stopped;
    await waitFor(() => upstream.requests.every(({ body, abortedAt }) => body === 'short' || abortedAt !== null));
    const late = connect(gateway.port, '127.0.0.1');
    const refused = await new Promise((resolve) => late.once('error', resolve));
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
