import { createHash } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { Agent, request } from 'undici';
import { sendRaw, startTestGateway, testAuthenticator, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

const authorization = 'Bearer forwarding';

async function* chunks(count: number, bytes: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index += 1) {
    yield Buffer.alloc(bytes, index);
    await sleep(1);
  }
}

/** ADR 9: who calls and who serves cannot tell which way a request has taken. */
const ways = {
  'by http-proxy-middleware': { goesDirectly: () => false },
  directly: { goesDirectly: () => true },
};

describe.each(Object.entries(ways))('%s', (_name, way) => {
  let upstream: RecordingUpstream;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    gateway = await startTestGateway({ upstreamUrl: upstream.url, forwarder: way });
  });
  const echo = { answer: undefined as RecordingUpstream['answer'] | undefined };
  beforeEach(() => {
    echo.answer ??= upstream.answer;
    upstream.answer = echo.answer;
    upstream.onHead = null;
    upstream.requests.length = 0;
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  function post(path: string, body: string | AsyncIterable<Buffer>, signal?: AbortSignal) {
    return request(gateway.url + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: body as string,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  describe('forwarding (CD-1)', () => {
    it('passes a body with and without a stated length through, byte by byte', async () => {
      upstream.onHead = (incoming, response) => {
        const received = createHash('sha256');
        incoming.on('data', (chunk: Buffer) => received.update(chunk));
        incoming.on('end', () => response.end(JSON.stringify({ digest: received.digest('hex') })));
      };
      const all: Buffer[] = [];
      for await (const chunk of chunks(9, 1_000)) all.push(chunk);
      const expected = createHash('sha256').update(Buffer.concat(all)).digest('hex');
      for (const body of [chunks(9, 1_000), Buffer.concat(all)]) {
        const answer = await post('/api/v1/things', body as AsyncIterable<Buffer>);
        expect(await answer.body.json()).toEqual({ digest: expected });
      }
      expect(upstream.requests.map(({ headers }) => headers['content-length'])).toEqual([undefined, '9000']);
    });

    it('keeps connections to the service open and uses them again', async () => {
      for (let round = 0; round < 5; round += 1) {
        await (await post('/api/v1/things', '{}')).body.dump();
        await (await post('/api/v1/things', chunks(2, 10))).body.dump();
      }
      expect(upstream.requests).toHaveLength(10);
      expect(upstream.connections.size).toBeLessThan(4);
    });

    it('OD-19: answers 200 requests at once, each with its own answer, id and tenant', async () => {
      upstream.answer = (incoming, response, { url }) => {
        setTimeout(() => response.end(JSON.stringify({ url, requestId: incoming.headers['x-request-id'] })), 50);
      };
      await using dispatcher = Object.assign(new Agent({ connections: 200 }), {
        [Symbol.asyncDispose]: () => dispatcher.close(),
      });
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const url = `/api/v1/things/${String(index)}`;
          const answer = await request(gateway.url + url, { headers: { authorization }, dispatcher });
          return { url, status: answer.statusCode, id: answer.headers['x-request-id'], body: await answer.body.json() };
        }),
      );
      for (const { url, status, id, body } of answers) {
        expect(status).toBe(200);
        expect(body).toEqual({ url, requestId: id });
      }
      expect(new Set(answers.map(({ id }) => id)).size).toBe(200);
    });

    it('answers 413 to a body over the cap of the route: stated, before the service hears of it; counted, while it passes; 400 to any body where there is to be none', async () => {
      const stated = await post('/api/v1/things', 'x'.repeat(10_001));
      expect(stated.statusCode).toBe(413);
      expect(await stated.body.json()).toMatchObject({
        error_code: 'PAYLOAD_TOO_LARGE',
        detail: 'The body may have 10000 bytes at most.',
      });
      expect(upstream.requests).toHaveLength(0);
      const counted = await post('/api/v1/things', chunks(30, 1_000));
      expect(counted.statusCode).toBe(413);
      expect(upstream.requests.every(({ body }) => body === '')).toBe(true);
      const without = await request(`${gateway.url}/api/v1/things/1`, {
        method: 'DELETE',
        headers: { authorization },
        body: 'x',
      });
      expect(without.statusCode).toBe(400);
      expect(await without.body.json()).toMatchObject({ errors: [{ path: '', message: 'Expected no body.' }] });
    });

    it('answers 502 when the service refuses, and names neither its address nor what was thrown', async () => {
      const closed = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => closed.once('listening', resolve));
      const { port } = closed.address() as AddressInfo;
      await new Promise((resolve) => closed.close(resolve));
      await using lonely = await startTestGateway({
        upstreamUrl: `http://127.0.0.1:${String(port)}`,
        forwarder: way,
      });
      for (const [path, contentType] of [
        ['/api/v1/things', 'application/problem+json'],
        ['/v1/things', 'application/json'],
      ] as const) {
        const answer = await request(lonely.url + path, { method: 'POST', headers: { authorization }, body: '{}' });
        const text = await answer.body.text();
        expect([answer.statusCode, answer.headers['content-type']]).toEqual([502, contentType]);
        expect(text).not.toContain(String(port));
        expect(text).not.toContain('ECONNREFUSED');
      }
      expect(await lonely.metric('signalbox_gateway_upstream_failures_total', 'reason="refused"')).toBe(2);
    });

    it('answers 503 for a service that is not part of the installation', async () => {
      const answer = await request(`${gateway.url}/api/v1/absent`, { headers: { authorization } });
      expect(answer.statusCode).toBe(503);
      expect(await answer.body.json()).toMatchObject({ error_code: 'SERVICE_UNAVAILABLE' });
    });

    it('answers 504 when the first byte does not come within the time of the contract, and lets the service know', async () => {
      upstream.answer = () => undefined;
      const startedAt = performance.now();
      const answer = await post('/api/v1/things', '{}');
      expect(answer.statusCode).toBe(504);
      expect(await answer.body.json()).toMatchObject({ error_code: 'TIMEOUT' });
      expect(performance.now() - startedAt).toBeGreaterThan(550);
      expect(performance.now() - startedAt).toBeLessThan(2_500);
      await waitFor(() => upstream.requests[0]?.abortedAt);
    });

    it('does not blame the service while the client is still sending', async () => {
      async function* slow(): AsyncGenerator<Buffer> {
        yield Buffer.from('{');
        await sleep(900);
        yield Buffer.from('}');
      }
      const answer = await post('/api/v1/things', slow());
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    });

    it('answers 502 when the service closes without an answer', async () => {
      upstream.answer = (incoming) => {
        incoming.socket.destroy();
      };
      expect((await post('/api/v1/things', '{}')).statusCode).toBe(502);
    });

    it.each([
      ['chunked', {}],
      ['of a stated length', { 'content-length': '5000' }],
    ])('cuts the connection when the service dies in the middle of a body, %s', async (_how, headers) => {
      upstream.answer = (incoming, response) => {
        response.writeHead(200, headers);
        response.write('half of it');
        setTimeout(() => incoming.socket.destroy(), 30);
      };
      const startedAt = performance.now();
      const answer = await post('/api/v1/things', '{}');
      expect(answer.statusCode).toBe(200);
      await expect(answer.body.text()).rejects.toThrow();
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    });

    it('R21: tells the service within 100 ms that the client has gone, before and after the answer began', async () => {
      const died = () => gateway.metric('signalbox_gateway_upstream_failures_total', 'reason="died"');
      const before = await died();
      upstream.answer = (_incoming, response, { url }) => {
        if (url === '/v1/things') response.write('begun');
      };
      for (const path of ['/api/v1/things', '/v1/things']) {
        upstream.requests.length = 0;
        const client = new AbortController();
        const answer = post(path, '{}', client.signal);
        answer.catch(() => undefined);
        await waitFor(() => upstream.requests.length === 1);
        const body = path === '/v1/things' ? (await answer).body : null;
        body?.on('error', () => undefined);
        const leftAt = performance.now();
        client.abort();
        // How late this process is by itself, on a machine that may be busy with other tests.
        const late = sleep(20).then(() => performance.now() - leftAt - 20);
        const abortedAt = await waitFor(() => upstream.requests[0]?.abortedAt);
        expect(abortedAt - leftAt - (await late)).toBeLessThan(100);
      }
      expect(await died()).toBe(before);
    });

    it('R21: leaves no connection behind after 200 clients that went away', async () => {
      upstream.answer = () => undefined;
      await Promise.all(
        Array.from({ length: 200 }, async () => {
          const client = new AbortController();
          const answer = post('/v1/things', '{}', client.signal).catch(() => undefined);
          await sleep(30 + Math.random() * 100);
          client.abort();
          await answer;
        }),
      );
      const timeoutMs = 5_000;
      await waitFor(async () => (await gateway.metric('http_requests_in_progress')) === 0, { timeoutMs });
      await waitFor(() => upstream.requests.every(({ abortedAt }) => abortedAt !== null), { timeoutMs });
      await waitFor(() => upstream.connections.size <= 8, { timeoutMs });
    });

    it('R21: begins nothing for a client that left while it was being let in, and keeps no place for it', async () => {
      let letIn: (() => void) | null = null;
      await using busy = await startTestGateway({
        upstreamUrl: upstream.url,
        forwarder: way,
        inFlightMax: 1,
        parts: {
          authenticator: {
            authenticate: async (bearer, origin) => {
              if (bearer.url.endsWith('slow')) await new Promise<void>((resolve) => (letIn = resolve));
              return testAuthenticator.authenticate(bearer, origin);
            },
          },
        },
      });
      const client = new AbortController();
      const left = request(`${busy.url}/api/v1/things/slow`, { headers: { authorization }, signal: client.signal });
      left.catch(() => undefined);
      const release = await waitFor(() => letIn);
      client.abort();
      await waitFor(async () => (await busy.metric('http_requests_in_progress')) === 0);
      release();
      const next = await request(`${busy.url}/api/v1/things/next`, { headers: { authorization } });
      expect(next.statusCode).toBe(200);
      await next.body.dump();
      expect(upstream.requests.map(({ url }) => url)).toEqual(['/api/v1/things/next']);
    });
  });

  describe('event streams (CD-1, R2)', () => {
    const stream = { 'content-type': 'text/event-stream; charset=utf-8' };

    it('arrive as they are sent: head and each event before the next one exists, and buffering of others is switched off', async () => {
      const events = 8;
      let seen = -1;
      upstream.answer = (_incoming, response) => {
        response.writeHead(200, stream);
        response.flushHeaders();
        let sent = 0;
        // Goes on only when the client has what was sent: whoever holds an event back stops the stream.
        const timer = setInterval(() => {
          if (seen < sent) return;
          sent += 1;
          if (sent <= events) {
            response.write(`data: ${String(sent)}\n\n`);
          } else {
            clearInterval(timer);
            response.end('data: [DONE]\n\n');
          }
        }, 5);
      };
      const answer = await post('/v1/things', '{}');
      expect(answer.headers).toMatchObject({ ...stream, 'x-accel-buffering': 'no' });
      seen = 0;
      let text = '';
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        text += chunk.toString();
        seen = text.split('data: ').length - 1;
      }
      expect(text).toBe(
        `${Array.from({ length: events }, (_, index) => `data: ${String(index + 1)}\n\n`).join('')}data: [DONE]\n\n`,
      );
    }, 10_000);

    it.each([
      ['/v1/things', { error: { message: expect.any(String), type: 'api_error', param: null, code: 'bad_gateway' } }],
      [
        '/api/v1/things',
        expect.objectContaining({ error_code: 'BAD_GATEWAY', status: 502, request_id: expect.any(String) }),
      ],
    ])('R2: of a service that dies end with an error event in the shape of %s, within a second', async (path, body) => {
      let diedAt = 0;
      upstream.answer = (incoming, response) => {
        response.writeHead(200, stream);
        response.write('data: {"half":');
        setTimeout(() => {
          diedAt = performance.now();
          incoming.socket.destroy();
        }, 50);
      };
      const answer = await post(path, '{}');
      const text = await answer.body.text();
      expect(performance.now() - diedAt).toBeLessThan(1_000);
      expect(text).toMatch(/^data: \{"half":\n\nevent: error\ndata: /);
      expect(JSON.parse(text.split('data: ')[2] ?? '')).toEqual(body);
    });

    it('of a service that falls silent end with an error event when the idle time of the contract is over', async () => {
      upstream.answer = (_incoming, response) => {
        response.writeHead(200, stream);
        response.write('data: 1\n\n');
      };
      const answer = await post('/v1/things', '{}');
      const text = await answer.body.text();
      expect(text).toContain('"code":"timeout"');
      await waitFor(() => upstream.requests[0]?.abortedAt);
    });

    it('R20: pause the service while the client does not read, and cut a client that never does', async () => {
      await using impatient = await startTestGateway({
        upstreamUrl: upstream.url,
        forwarder: { ...way, stalledClientMs: 1_000 },
      });
      let written = 0;
      let closed = false;
      upstream.answer = (_incoming, response) => {
        response.writeHead(200, stream);
        const more = (): void => {
          while (!closed && response.write(`data: ${'x'.repeat(65_536)}\n\n`)) written += 1;
        };
        response.on('drain', more);
        response.on('close', () => {
          closed = true;
        });
        more();
      };
      const { connect } = await import('node:net');
      const client = connect(impatient.port, '127.0.0.1');
      client.pause();
      client.write(
        `POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nContent-Length: 2\r\n\r\n{}`,
      );
      await waitFor(() => closed, { timeoutMs: 6_000 });
      // What the kernel buffers on four sockets, not what an unbounded gateway would have read.
      expect(written).toBeLessThan(600);
      client.destroy();
    });
  });

  describe('answers without a body', () => {
    it('serves HEAD, 204 and 304 on a connection that goes on', async () => {
      upstream.answer = (incoming, response, { url }) => {
        response.writeHead(url.endsWith('204') ? 204 : url.endsWith('304') ? 304 : 200, { etag: '"1"' });
        response.end(incoming.method === 'HEAD' ? undefined : '');
      };
      const one = (line: string, more = ''): string =>
        `${line} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n${more}\r\n`;
      const answer = await sendRaw(
        gateway.port,
        one('HEAD /api/v1/things/1') +
          one('GET /api/v1/things/204') +
          one('GET /api/v1/things/304') +
          one('GET /api/v1/things/200', 'Connection: close\r\n'),
      );
      expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
        '200',
        '204',
        '304',
        '200',
      ]);
    });
  });
});
