import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sendRaw, startTestGateway, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  gateway = await startTestGateway({ upstreamUrl: upstream.url });
});
beforeEach(() => {
  upstream.requests.length = 0;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const authorised = 'Authorization: Bearer hostile\r\n';
const smuggled = `GET /api/v1/things/smuggled HTTP/1.1\r\nHost: a\r\n${authorised}\r\n`;
const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;

function head(line: string, ...fields: string[]): string {
  return `${line}\r\n${[...fields, authorised.trimEnd()].join('\r\n')}\r\n\r\n`;
}

function lastHead(line: string, ...fields: string[]): string {
  return head(line, ...fields, 'Connection: close');
}

function statuses(answer: string): string[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? '');
}

describe('requests that two parsers would read differently (S5)', () => {
  it.each([
    [
      'a chunked body on DELETE',
      head('DELETE /api/v1/things/1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + chunk,
    ],
    [
      'a chunked body on OPTIONS',
      head('OPTIONS /api/v1/things/1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + chunk,
    ],
    ['a chunked body on GET', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + chunk],
    [
      'a length that Connection would drop',
      head(
        'GET /api/v1/things/1 HTTP/1.1',
        'Host: a',
        'Connection: Content-Length',
        `Content-Length: ${smuggled.length}`,
      ) + smuggled,
    ],
    ['two Hosts', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'Host: b')],
    ['two equal Hosts', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'Host: a')],
    ['no Host', head('GET /api/v1/things/1 HTTP/1.1')],
    [
      'Content-Length and Transfer-Encoding',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Content-Length: 6', 'Transfer-Encoding: chunked') + chunk,
    ],
    [
      'two lengths',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Content-Length: 6', 'Content-Length: 7') + '1234567',
    ],
    [
      'an unknown transfer coding',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Transfer-Encoding: xchunked') + chunk,
    ],
    [
      'a second transfer coding',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Transfer-Encoding: gzip, chunked') + chunk,
    ],
    [
      'Transfer-Encoding twice',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity') +
        chunk,
    ],
    [
      'a space before the colon',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Transfer-Encoding : chunked') + chunk,
    ],
    ['a folded field', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'X-A: 1\r\n folded')],
    ['a bare LF in a field', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'X-A: 1\nX-B: 2')],
    ['a bare CR in a field', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'X-A: 1\rX-B: 2')],
    ['a NUL in a field', head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', 'X-A: 1\u00002')],
    [
      'an endless chunk size',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n',
    ],
    [
      'a chunk that ends in LF alone',
      head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + '1\r\na\n0\r\n\r\n',
    ],
  ])('answers %s with one 4xx, closes, and lets no second request through', async (_what, bytes) => {
    const answer = await sendRaw(gateway.port, bytes);
    expect(statuses(answer)).toEqual([expect.stringMatching(/^4\d\d$/)]);
    expect(answer).toContain('application/problem+json');
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(upstream.requests.filter(({ url }) => url.includes('smuggled'))).toEqual([]);
    // A body that turns out malformed may have begun its way; nothing may have been made of it.
    expect(upstream.requests.every(({ body }) => body === '')).toBe(true);
  });

  it.each([
    '/api/v1/things/../things/1',
    '/api/v1/things/..%2fadmin',
    '/api/v1/things/%2e%2e/admin',
    '/api/v1/things/a%5cb',
    '/api/v1/things/\\..\\admin',
    '/api/v1//things/1',
    '//169.254.169.254/latest',
    'http://169.254.169.254/latest',
    '/api/v1/things/a%00b',
    '/api/v1/things/caf\u00e9',
    '/api/v1/things/1#part',
    '/api/v1/things/%zz',
    '*',
  ])('S17, S25: answers the target %s with 400', async (target) => {
    const answer = await sendRaw(gateway.port, head(`GET ${target} HTTP/1.1`, 'Host: a'));
    expect(statuses(answer)).toEqual(['400']);
    expect(answer).toMatch(/application\/(problem\+)?json/);
    // The head of an earlier test's malformed body may still be arriving.
    expect(upstream.requests.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  it('takes chunk extensions and trailers for what they are: nothing that the service sees', async () => {
    const body = '5;ext="a;b"\r\nhello\r\n0\r\nX-User-Id: admin\r\n\r\n';
    const answer = await sendRaw(
      gateway.port,
      lastHead('POST /api/v1/things HTTP/1.1', 'Host: a', 'Trailer: X-User-Id', 'Transfer-Encoding: chunked') + body,
    );
    expect(statuses(answer)).toEqual(['200']);
    expect(upstream.requests).toMatchObject([{ method: 'POST', body: 'hello' }]);
    expect(upstream.requests[0]?.headers).not.toHaveProperty('x-user-id');
    expect(upstream.requests[0]?.headers).not.toHaveProperty('trailer');
  });

  it('ignores the wish for h2c and serves the request as it is', async () => {
    const fields = ['Host: a', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', authorised.trimEnd()];
    const answer = await sendRaw(
      gateway.port,
      `GET /api/v1/things/1 HTTP/1.1\r\n${fields.join('\r\n')}\r\nConnection: close, Upgrade, HTTP2-Settings\r\n\r\n`,
    );
    expect(statuses(answer)).toEqual(['200']);
    expect(upstream.requests).toHaveLength(1);
    for (const name of ['upgrade', 'http2-settings']) expect(upstream.requests[0]?.headers).not.toHaveProperty(name);
  });

  it('answers Expect: 100-continue, and forwards the request once, without it', async () => {
    const answer = await sendRaw(
      gateway.port,
      lastHead('POST /api/v1/things HTTP/1.1', 'Host: a', 'Content-Length: 2', 'Expect: 100-continue') + '{}',
    );
    expect(statuses(answer)).toEqual(['100', '200']);
    expect(upstream.requests).toMatchObject([{ body: '{}' }]);
    expect(upstream.requests[0]?.headers).not.toHaveProperty('expect');
  });

  it('answers pipelined requests in order, each by itself and each with an id of its own', async () => {
    const request = (id: string, more: string): string =>
      `GET /api/v1/things/${id} HTTP/1.1\r\nHost: a\r\n${authorised}${more}\r\n`;
    const answer = await sendRaw(
      gateway.port,
      request('1', '') + request('2', '') + request('3', 'Connection: close\r\n'),
    );
    expect(statuses(answer)).toEqual(['200', '200', '200']);
    expect([...answer.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url)).toEqual(
      ['1', '2', '3'].map((id) => `/api/v1/things/${id}`),
    );
    expect(new Set([...answer.matchAll(/x-request-id: (\S+)/gi)].map(([, id]) => id)).size).toBe(3);
    expect(upstream.requests).toHaveLength(3);
  });
});

describe('heads that are too much (S6)', () => {
  it('answers 101 fields and a field of 64 KB with 431', async () => {
    const many = Array.from({ length: 101 }, (_, index) => `X-Field-${String(index)}: 1`);
    for (const fields of [many, [`X-Large: ${'a'.repeat(65_536)}`]]) {
      const answer = await sendRaw(gateway.port, head('GET /api/v1/things/1 HTTP/1.1', 'Host: a', ...fields));
      expect(statuses(answer)).toEqual(['431']);
      expect(answer).toContain('application/problem+json');
    }
    expect(upstream.requests).toEqual([]);
  });

  it('answers a target above 16 KB with 414, on the first request of a connection and on a later one', async () => {
    const long = head(`GET /api/v1/things/${'a'.repeat(17_000)} HTTP/1.1`, 'Host: a');
    expect(statuses(await sendRaw(gateway.port, long))).toEqual(['414']);
    expect(upstream.requests).toEqual([]);
    const first = head('GET /api/v1/things/1 HTTP/1.1', 'Host: a');
    const answer = await sendRaw(gateway.port, first + long);
    expect(statuses(answer)).toEqual(['200', '414']);
    expect(answer).toContain('"error_code":"URI_TOO_LONG"');
  });
});

describe('hosts (S25)', () => {
  it('answers a host that is not its own with 421, before it asks who is calling', async () => {
    await using strict = await startTestGateway({
      upstreamUrl: upstream.url,
      parts: { allowedHosts: new Set(['api.example.com']) },
    });
    for (const [host, status] of [
      ['api.example.com', '401'],
      ['API.example.com:8080', '401'],
      ['api.example.com.evil.example', '421'],
      ['evil.example', '421'],
    ] as const) {
      const answer = await sendRaw(
        strict.port,
        `GET /api/v1/things/1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect(statuses(answer)).toEqual([status]);
    }
  });
});

describe('connections', () => {
  it('R26, S5: a client that leaves in the middle of its head or body costs nothing that stays', async () => {
    for (let round = 0; round < 20; round += 1) {
      const bytes = head('POST /api/v1/things HTTP/1.1', 'Host: a', 'Content-Length: 4000') + 'half';
      const socket = connect(gateway.port, '127.0.0.1');
      await new Promise((resolve) => socket.write(bytes.slice(0, 20 + round * 12), resolve));
      socket.destroy();
    }
    const answer = await sendRaw(gateway.port, lastHead('GET /api/v1/things/1 HTTP/1.1', 'Host: a'));
    expect(statuses(answer)).toEqual(['200']);
    expect(await gateway.metric('http_requests_in_progress')).toBe(0);
  });
});
