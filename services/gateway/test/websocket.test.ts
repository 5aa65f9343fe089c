import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyIdentity } from '@signalbox/identity';
import { waitFor } from '@signalbox/test-kit';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { identityKeys, sendRaw, startTestGateway, wideLimits, window, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

let upstream: RecordingUpstream;
let gateway: TestGateway;
const sockets = new WebSocketServer({ noServer: true });

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  upstream.onUpgrade = (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data) => {
        client.send(`echo ${textOf(data)}`);
      });
    });
  };
  gateway = await startTestGateway({
    upstreamUrl: upstream.url,
    limits: {
      ...wideLimits,
      classes: { default: { ...wideLimits.classes.default, requests: { ...window, limit: 3 } } },
    },
  });
});
beforeEach(() => {
  upstream.requests.length = 0;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : '';
}

let names = 0;
function credential(): string {
  names += 1;
  return `Bearer socket-${String(process.pid)}-${String(Date.now())}-${String(names)}`;
}

/** Opens a socket, or gives the status of the refusal. */
function open(
  headers: Record<string, string>,
  path = '/api/v1/things/watch?since=1',
  at = gateway,
): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(at.url.replace('http', 'ws') + path, { headers });
    socket.once('open', () => {
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
    });
    socket.once('error', reject);
  });
}

describe('WebSocket upgrades (CD-1, S23)', () => {
  it('go through the whole chain and then both ways, with the identity signed', async () => {
    const authorization = credential();
    const socket = await open({ authorization, 'x-user-id': 'admin' });
    if (typeof socket === 'number') throw new Error(`refused: ${String(socket)}`);
    const echoed = new Promise((resolve) =>
      socket.once('message', (data) => {
        resolve(textOf(data));
      }),
    );
    socket.send('hello');
    expect(await echoed).toBe('echo hello');
    const [seen] = upstream.requests;
    expect(seen?.headers).not.toHaveProperty('authorization');
    expect(seen?.headers).not.toHaveProperty('x-user-id');
    const binding = { audience: 'chat-router', method: 'GET', path: '/api/v1/things/watch?since=1' };
    expect(
      verifyIdentity(identityKeys, binding, String(seen?.headers['x-signalbox-identity'])).principal.tenantId,
    ).toBe(authorization.replace('Bearer ', 'tenant_'));
    socket.close();
    await waitFor(async () => (await gateway.metric('http_requests_total', 'status_code="101"')) === 1);
    expect(await gateway.metric('http_requests_in_progress')).toBe(0);
  });

  it('are refused without a credential, also after an authorised request and on its connection', async () => {
    const upgrade = [
      'GET /api/v1/things/watch HTTP/1.1',
      'Host: a',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      '\r\n',
    ].join('\r\n');
    const first = `GET /api/v1/things/1 HTTP/1.1\r\nHost: a\r\nAuthorization: ${credential()}\r\n\r\n`;
    const client = connect(gateway.port, '127.0.0.1').setEncoding('latin1');
    let received = '';
    client.on('data', (text: string) => {
      received += text;
    });
    client.write(first);
    await waitFor(() => received.endsWith('}'));
    client.write(upgrade);
    await waitFor(() => client.closed);
    expect([...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401']);
    // Sent together with a request that is still being answered, an upgrade costs the connection.
    expect(await sendRaw(gateway.port, first + upgrade)).toBe('');
    expect(upstream.requests.filter(({ url }) => url.includes('watch'))).toEqual([]);
    expect(await open({})).toBe(401);
    expect(await open({ authorization: 'Bearer bad' })).toBe(401);
  });

  it('are refused without the scope, over the limit, on a path that is none, and on one that speaks HTTP', async () => {
    expect(await open({ authorization: `${credential()} alerts:read` })).toBe(403);
    const authorization = credential();
    const answers = [];
    for (let round = 0; round < 4; round += 1) answers.push(await open({ authorization }));
    expect(answers.map((answer) => (typeof answer === 'number' ? answer : 101))).toEqual([101, 101, 101, 429]);
    for (const answer of answers) if (typeof answer !== 'number') answer.terminate();
    expect(await open({ authorization: credential() }, '/api/v1/nothing')).toBe(404);
    expect(await open({ authorization: credential() }, '/api/v1/things/1')).toBe(400);
  });

  it('S23: are refused to pages of other origins, and allowed to those on the list and to our own', async () => {
    for (const [origin, expected] of [
      ['https://evil.example', 403],
      ['null', 403],
      ['https://app.example.com', 101],
      [gateway.url, 101],
    ] as const) {
      const answer = await open({ authorization: credential(), origin });
      expect(typeof answer === 'number' ? answer : 101).toBe(expected);
      if (typeof answer !== 'number') answer.terminate();
    }
  });

  it('are answered 426 when a plain request comes instead, and 502 when the service is away', async () => {
    const plain = await sendRaw(
      gateway.port,
      `GET /api/v1/things/watch HTTP/1.1\r\nHost: a\r\nAuthorization: ${credential()}\r\nConnection: close\r\n\r\n`,
    );
    expect(plain).toMatch(/^HTTP\/1\.1 426 /);
    expect(plain).toMatch(/\r\nupgrade: websocket\r\n/i);
    await using lonely = await startTestGateway({ upstreamUrl: 'http://127.0.0.1:9' });
    expect(await open({ authorization: credential() }, undefined, lonely)).toBe(502);
    await waitFor(async () => (await lonely.metric('http_requests_in_progress')) === 0);
    expect(await lonely.metric('http_requests_total', 'status_code="502"')).toBe(1);
  });

  it('end on both sides when either goes away', async () => {
    const authorization = credential();
    const socket = await open({ authorization });
    if (typeof socket === 'number') throw new Error('refused');
    const [client] = sockets.clients;
    socket.terminate();
    await waitFor(() => client?.readyState === WebSocket.CLOSED);
    const other = await open({ authorization });
    if (typeof other === 'number') throw new Error('refused');
    for (const each of sockets.clients) each.terminate();
    await waitFor(() => other.readyState === WebSocket.CLOSED);
    await waitFor(async () => (await gateway.metric('http_requests_in_progress')) === 0);
  });
});
