import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Problem } from '@signalbox/contracts';
import { waitFor } from '@signalbox/test-kit';
import { rawExchange, startHarness, type Harness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({
    firstByteTimeoutMs: 300,
    headersTimeoutMs: 600,
    requestTimeoutMs: 1_200,
    requestsPerSocketMax: 5,
  });
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
});

function statusOf(text: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
}

function problemIn(text: string): Problem {
  expect(text).toMatch(/content-type: application\/problem\+json/i);
  expect(text).toMatch(/connection: close/i);
  return Problem.parse(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)));
}

function closed(socket: Socket): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve(performance.now() - startedAt);
      });
    socket.resume();
  });
}

describe('S6, §2.1: what the server refuses before any application sees it', () => {
  it.each([
    ['two Host headers', 'GET /v1/models/a HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', 400],
    ['no Host header', 'GET /v1/models/a HTTP/1.1\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    [
      'content-length and chunked at once',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef', 400],
    ['an unknown transfer encoding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', 400],
    ['no HTTP at all', 'hello, world\r\n\r\n', 400],
    ['a tunnel', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n', 400],
    [
      '1,000 header fields',
      `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 1_000 }, (_, index) => `a${String(index)}: b\r\n`).join('')}\r\n`,
      431,
    ],
    [
      'fields of 17 kB in all',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9_000)}\r\nY: ${'y'.repeat(8_000)}\r\n\r\n`,
      431,
    ],
    ['a target of 17 kB', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a target of 40 kB', `GET /?${'x'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ['a header of 64 kB', `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`, 431],
  ])('%s: a problem document and the end of the connection', async (_what, bytes, status) => {
    const text = await rawExchange(harness.port, bytes);
    expect(statusOf(text)).toBe(status);
    const problem = problemIn(text);
    expect(problem.status).toBe(status);
    expect(/^x-request-id: (\S+)/im.exec(text)?.[1]).toBe(problem.request_id);
  });

  it('serves HTTP/1.0 without a Host, and ignores an expectation that it does not know', async () => {
    expect(statusOf(await rawExchange(harness.port, 'GET /v1/models/a HTTP/1.0\r\n\r\n'))).toBe(200);
    expect(
      statusOf(
        await rawExchange(
          harness.port,
          'GET /v1/models/a HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
        ),
      ),
    ).toBe(200);
  });

  it('answers the whole request that came before garbage, and nothing after it', async () => {
    const text = await rawExchange(harness.port, 'GET /v1/models/a HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n');
    expect(statusOf(text)).toBe(200);
    expect(text).not.toContain('HTTP/1.1 400');
  });

  it('never sends a line that a client wrote: header values cannot be split', async () => {
    const text = await rawExchange(
      harness.port,
      'GET /v1/models/a%0d%0aX-Split:%20yes HTTP/1.1\r\nHost: a\r\nX-Request-Id: a%0d%0aX-Split: yes\r\nConnection: close\r\n\r\n',
    );
    expect(statusOf(text)).toBe(200);
    expect(text).not.toMatch(/^X-Split/im);
  });
});

describe('§1.5: clients that hold a connection', () => {
  it('without ever sending a byte are cut', async () => {
    expect(await closed(connect(harness.port, '127.0.0.1'))).toBeLessThan(5_000);
  });

  it('dripping headers are answered 408', async () => {
    const socket = connect(harness.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const dripping = setInterval(() => socket.write('x-a: b\r\n'), 100);
    await closed(socket);
    clearInterval(dripping);
    expect(statusOf(text)).toBe(408);
    expect(problemIn(text).error_code).toBe('REQUEST_TIMEOUT');
  });

  it('dripping a body are answered 408', async () => {
    const socket = connect(harness.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write(
      'POST /api/v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[',
    );
    const dripping = setInterval(() => socket.write('1,'), 100);
    await closed(socket);
    clearInterval(dripping);
    expect(statusOf(text)).toBe(408);
  });

  it('are told to close after the last request that a connection may carry', async () => {
    const socket = connect(harness.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const end = closed(socket);
    for (let number = 1; number <= 5; number += 1) {
      socket.write('GET /v1/models/a HTTP/1.1\r\nHost: a\r\n\r\n');
      await waitFor(() => text.split('HTTP/1.1 200').length - 1 === number);
    }
    await end;
    expect(text.toLowerCase().split('connection: close').length - 1).toBe(1);
  });

  it('leave the server in peace: it still answers', async () => {
    expect((await fetch(`${harness.url}/v1/models/a`)).status).toBe(200);
  });
});

describe('startServer', () => {
  it('rejects when the port is taken', async () => {
    await expect(startHarness({ port: harness.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
