import { createHash } from 'node:crypto';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { request } from 'undici';
import { startTestGateway, type TestGateway } from './gateway-harness.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

const authorization = 'Bearer replicas';

/** An address where nobody is. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${String(port)}`;
}

describe.each([
  ['by http-proxy-middleware', { goesDirectly: () => false }],
  ['directly', { goesDirectly: () => true }],
])('a service with several replicas, %s (LA-23, R22)', (_name, way) => {
  let owned: AsyncDisposableStack;
  let replicas: RecordingUpstream[];
  beforeEach(async () => {
    owned = new AsyncDisposableStack();
    replicas = [owned.use(await startRecordingUpstream()), owned.use(await startRecordingUpstream())];
  });
  afterEach(() => owned.disposeAsync());

  async function gatewayTo(...urls: string[]): Promise<TestGateway> {
    return owned.use(await startTestGateway({ forwarder: { ...way, upstreams: { 'chat-router': urls } } }));
  }

  async function post(gateway: TestGateway, body: string): Promise<number> {
    const answer = await request(`${gateway.url}/api/v1/things`, { method: 'POST', headers: { authorization }, body });
    await answer.body.dump();
    return answer.statusCode;
  }

  const counts = () => replicas.map(({ requests }) => requests.length);

  it('gets its requests in turn, whether they come one by one or together', async () => {
    const gateway = await gatewayTo(...replicas.map(({ url }) => url));
    for (let count = 0; count < 6; count += 1) expect(await post(gateway, '{}')).toBe(200);
    expect(counts()).toEqual([3, 3]);
    await Promise.all(Array.from({ length: 20 }, () => post(gateway, '{}')));
    expect(counts()).toEqual([13, 13]);
  });

  it('loses no request, and no byte of one, while a replica is not there', async () => {
    const gone = await nowhere();
    const gateway = await gatewayTo(gone, replicas[0]?.url ?? '', await nowhere());
    const body = 'x'.repeat(9_000);
    const statuses = await Promise.all(Array.from({ length: 30 }, () => post(gateway, body)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    const digests = replicas[0]?.requests.map((each) => createHash('sha256').update(each.body).digest('hex'));
    expect(digests).toEqual(Array(30).fill(createHash('sha256').update(body).digest('hex')));
    expect(await gateway.metric('signalbox_gateway_upstream_failures_total')).toBe(0);
  });

  it('gets no request twice: what was sent and came to nothing is told, not repeated', async () => {
    const gateway = await gatewayTo(...replicas.map(({ url }) => url));
    for (const replica of replicas) replica.answer = (incoming) => incoming.socket.destroy();
    expect(await post(gateway, '{}')).toBe(502);
    expect(counts().reduce((sum, count) => sum + count)).toBe(1);
  });

  it('gets requests again soon after it has come back', async () => {
    const [away] = replicas;
    const port = Number(new URL(away?.url ?? '').port);
    const gateway = await gatewayTo(...replicas.map(({ url }) => url));
    await away?.[Symbol.asyncDispose]();
    for (let count = 0; count < 4; count += 1) expect(await post(gateway, '{}')).toBe(200);
    expect(counts()).toEqual([0, 4]);
    let connections = 0;
    const back = createServer((socket) => {
      connections += 1;
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    back.listen(port, '127.0.0.1');
    owned.defer(() => void back.close());
    await waitFor(async () => {
      expect(await post(gateway, '{}')).toBe(200);
      return connections > 0;
    });
  });

  it('is a 502 when nobody is there', async () => {
    const gateway = await gatewayTo(await nowhere(), await nowhere());
    expect(await post(gateway, '{}')).toBe(502);
    expect(await gateway.metric('signalbox_gateway_upstream_failures_total', 'reason="refused"')).toBe(1);
  });

  it('takes WebSockets, too, where another one is away', async () => {
    const gateway = await gatewayTo(await nowhere(), replicas[0]?.url ?? '');
    const upgraded: string[] = [];
    for (const replica of replicas) {
      replica.onUpgrade = (incoming, socket) => {
        upgraded.push(incoming.url ?? '');
        socket.destroy();
      };
    }
    for (let count = 0; count < 2; count += 1) {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.write(
        `GET /api/v1/things/watch HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n` +
          'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      await waitFor(() => upgraded.length === count + 1);
      socket.destroy();
    }
  });
});
