import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { waitFor } from '@signalbox/test-kit';
import { openOutbound, type Lookup, type Outbound, type OutboundOptions, type OutboundRequest } from '../src/index.ts';

let server: Server;
let port: number;
let origin: string;
const asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
const sockets = new Set<Socket>();

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/hello': (_request, response) => response.end('hello'),
  '/gzip': (_request, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('packed')),
  '/br': (_request, response) => response.setHeader('content-encoding', 'br').end(brotliCompressSync('packed')),
  '/deflate': (_request, response) => response.setHeader('content-encoding', 'deflate').end(deflateSync('packed')),
  '/bomb': (_request, response) =>
    response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(50_000_000))),
  '/double': (_request, response) => response.setHeader('content-encoding', 'gzip, gzip').end(gzipSync(gzipSync('x'))),
  '/broken-gzip': (_request, response) => response.setHeader('content-encoding', 'gzip').end('not gzip'),
  '/big': (_request, response) => response.end(Buffer.alloc(200_000)),
  '/endless': (_request, response) => {
    const writing = setInterval(() => response.write(Buffer.alloc(10_000)), 1);
    response.on('close', () => {
      clearInterval(writing);
    });
  },
  '/silent': () => undefined,
  '/head-then-silence': (_request, response) => {
    response.writeHead(200);
    response.write('a');
  },
  '/cut': (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('a');
    setTimeout(() => response.destroy(), 20);
  },
  '/loop': (_request, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/many-headers': (_request, response) => response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end('x'),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://x');
      asked.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      const to = url.searchParams.get('to');
      if (url.pathname === '/redirect' && to !== null)
        response.writeHead(Number(url.searchParams.get('status') ?? 302), { location: to }).end('moved');
      else (routes[url.pathname] ?? routes['/hello'])?.(request, response);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  origin = `http://127.0.0.1:${String(port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Names of the tests: whatever they are given, in turn; the last one for ever. */
function lookupOf(...answers: string[][]): Lookup & { count: () => number } {
  let count = 0;
  const lookup: Lookup = () => {
    const addresses = answers[Math.min(count, answers.length - 1)] ?? [];
    count += 1;
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
  return Object.assign(lookup, { count: () => count });
}

async function outcomeOf(
  url: string,
  options: OutboundOptions & { request?: OutboundRequest } = {},
): Promise<AppError | string> {
  const { request, ...rest } = options;
  await using outbound = openOutbound(rest);
  try {
    return (await (await outbound.request(url, request)).bytes()).toString();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

const local = (more: OutboundOptions = {}): OutboundOptions => ({ allow: ['127.0.0.0/8'], ...more });

describe('S8: what is refused before anything connects', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://0x7f000001:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://0:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::1]:PORT/',
    'http://[::]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[::127.0.0.1]:PORT/',
    'http://[0:0:0:0:0:0:0:1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://[2002:7f00:1::]:PORT/',
    'http://[fe80::1]:PORT/',
    'http://[fc00::1]:PORT/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
    'http://127。0。0。1:PORT/',
    'http://①②⑦.0.0.1:PORT/',
    'http://127.0.0.1.:PORT/',
    'http://user@example.com/',
    'http://example.com:secret@127.0.0.1:PORT/',
    'http://8.8.8.8:22/',
    'http://8.8.8.8:6379/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_FLUSHALL',
    'ftp://8.8.8.8/',
    'data:text/plain,x',
    'javascript:1',
    'unix:/var/run/docker.sock',
    'http://',
    '//127.0.0.1/',
    'not a url',
    '',
  ])('%s', async (text) => {
    const before = asked.length;
    const lookup = lookupOf(['8.8.8.8']);
    expect(await outcomeOf(text.replace('PORT', String(port)), { lookup, connectTimeoutMs: 200 })).toMatchObject({
      code: 'validation_failed',
      message: 'This address cannot be reached from here.',
    });
    expect(asked).toHaveLength(before);
    expect(lookup.count()).toBe(0);
  });

  it.each([
    ['localhost', ['127.0.0.1']],
    ['a name of nip.io', ['10.0.0.1']],
    ['kubernetes.default.svc', ['10.96.0.1']],
    ['one address of several', ['8.8.8.8', '127.0.0.1']],
    ['one IPv6 address of several', ['8.8.8.8', '::1']],
    ['no address', []],
    ['what is no address', ['localhost']],
  ])('a name that stands for %s', async (_what, addresses) => {
    const before = asked.length;
    expect(await outcomeOf(`http://name.example:${String(port)}/`, { lookup: lookupOf(addresses) })).toMatchObject({
      code: 'validation_failed',
    });
    expect(asked).toHaveLength(before);
  });

  it('and a name that does not exist says exactly the same', async () => {
    const unknown = await outcomeOf('http://name.example/', {
      lookup: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
    });
    const inside = await outcomeOf('http://name.example/', { lookup: lookupOf(['10.0.0.1']) });
    const literal = await outcomeOf('http://10.0.0.1/');
    for (const outcome of [unknown, inside, literal]) {
      expect(outcome).toMatchObject({
        code: 'validation_failed',
        message: 'This address cannot be reached from here.',
        fields: [],
        details: {},
      });
    }
  });

  it('whether a port is open or closed', async () => {
    const open = await outcomeOf(`${origin}/hello`);
    const closed = await outcomeOf('http://127.0.0.1:9/');
    for (const member of ['code', 'message', 'fields', 'details', 'retryAfterMs'] as const)
      expect((open as AppError)[member]).toEqual((closed as AppError)[member]);
  });
});

describe('S8: names that change', () => {
  it('are resolved once for a connection, and connected to as they were checked', async () => {
    const lookup = lookupOf(['127.0.0.1'], ['10.0.0.1']);
    expect(await outcomeOf(`http://rebind.example:${String(port)}/hello`, local({ lookup }))).toBe('hello');
    expect(lookup.count()).toBe(1);
  });

  it('are checked again for a new connection', async () => {
    const lookup = lookupOf(['127.0.0.1'], ['10.0.0.1']);
    await using outbound = openOutbound(local({ lookup }));
    const url = `http://rebind.example:${String(port)}/hello`;
    await (await outbound.request(url)).bytes();
    for (const socket of sockets) socket.destroy();
    await waitFor(async () => {
      const again = await outbound.request(url).catch((error: unknown) => error);
      return again instanceof AppError && again.code === 'validation_failed';
    });
  });

  it('keep their Host, whatever address they stand for', async () => {
    await outcomeOf(`http://name.example:${String(port)}/hello`, local({ lookup: lookupOf(['127.0.0.1']) }));
    expect(asked.at(-1)?.headers.host).toBe(`name.example:${String(port)}`);
  });
});

describe('S8: redirects', () => {
  it('are followed, and checked at every hop like the first address', async () => {
    expect(await outcomeOf(`${origin}/redirect?to=/hello`, local())).toBe('hello');
    for (const to of [
      'http://10.0.0.1/',
      'http://[::1]/',
      'file:///etc/passwd',
      `http://user@127.0.0.1:${String(port)}/`,
      'http://169.254.169.254/',
      'http://2852039166/',
    ])
      expect(await outcomeOf(`${origin}/redirect?to=${encodeURIComponent(to)}`, local())).toMatchObject({
        code: 'validation_failed',
      });
  });

  it('to a name inside are refused at the socket', async () => {
    const outcome = await outcomeOf(
      `${origin}/redirect?to=${encodeURIComponent('http://inside.example/')}`,
      local({ lookup: lookupOf(['192.168.0.1']) }),
    );
    expect(outcome).toMatchObject({ code: 'validation_failed' });
  });

  it('carry no credentials to another origin', async () => {
    const to = `http://other.example:${String(port)}/hello`;
    const headers = { authorization: 'Bearer canary', 'x-signature': 'canary', accept: 'text/plain' };
    await outcomeOf(`${origin}/redirect?to=${encodeURIComponent(to)}`, {
      ...local({ lookup: lookupOf(['127.0.0.1']) }),
      request: { headers },
    });
    expect(JSON.stringify(asked.at(-1))).not.toContain('canary');
    expect(asked.at(-1)?.headers.accept).toBe('text/plain');
    await outcomeOf(`${origin}/redirect?to=/hello`, { ...local(), request: { headers } });
    expect(asked.at(-1)?.headers.authorization).toBe('Bearer canary');
  });

  it('change the method as they must', async () => {
    const request: OutboundRequest = { method: 'POST', body: 'payload', headers: { 'content-type': 'text/plain' } };
    await outcomeOf(`${origin}/redirect?status=303&to=/hello`, { ...local(), request });
    expect(asked.at(-1)).toMatchObject({ method: 'GET', body: '' });
    await outcomeOf(`${origin}/redirect?status=307&to=/hello`, { ...local(), request });
    expect(asked.at(-1)).toMatchObject({ method: 'POST', body: 'payload' });
  });

  it('are counted, and with a maximum of 0 are the answer', async () => {
    const before = asked.length;
    expect(await outcomeOf(`${origin}/loop`, local({ redirectsMax: 3 }))).toMatchObject({ code: 'provider_failed' });
    expect(asked).toHaveLength(before + 4);
    await using outbound = openOutbound(local({ redirectsMax: 0 }));
    const answer = await outbound.request(`${origin}/redirect?to=/hello`);
    expect(answer.status).toBe(302);
    answer.body.destroy();
  });
});

describe('answers', () => {
  it.each(['/gzip', '/br', '/deflate'])('%s is unpacked', async (path) => {
    expect(await outcomeOf(origin + path, local())).toBe('packed');
  });

  it.each([
    ['/bomb', 'more than 100000 bytes'],
    ['/big', 'more than 100000 bytes'],
    ['/endless', 'more than 100000 bytes'],
    ['/double', 'an encoding that was not asked for'],
    ['/broken-gzip', 'did not answer properly'],
    ['/cut', 'did not answer properly'],
    ['/many-headers', 'did not answer properly'],
  ])('%s is refused: %s', async (path, message) => {
    const outcome = await outcomeOf(origin + path, local({ bytesMax: 100_000 }));
    expect(outcome).toMatchObject({
      code: 'provider_failed',
      message: expect.stringContaining(message) as unknown as string,
    });
  });

  it.each(['/silent', '/head-then-silence', '/endless'])('%s is over at the deadline', async (path) => {
    const startedAt = performance.now();
    expect(await outcomeOf(origin + path, local({ deadlineMs: 200, bytesMax: 1e9 }))).toMatchObject({
      code: 'timeout',
    });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('end with the reason of the signal that the caller gave', async () => {
    const caller = new AbortController();
    const reason = new Error('no longer wanted');
    await using outbound = openOutbound(local());
    const answer = outbound.request(`${origin}/silent`, { signal: caller.signal });
    caller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await expect(outbound.request(`${origin}/hello`, { signal: caller.signal })).rejects.toBe(reason);
  });

  it('come as a stream; whoever destroys it ends the transfer', async () => {
    await using outbound = openOutbound(local());
    const { body, status, url } = await outbound.request(`${origin}/redirect?to=/endless`);
    expect({ status, url }).toEqual({ status: 200, url: `${origin}/endless` });
    const before = sockets.size;
    body.destroy();
    await waitFor(() => sockets.size < before);
  });

  it('that nobody reads end at the deadline and end nothing else', async () => {
    await using outbound = openOutbound(local({ deadlineMs: 100 }));
    const before = sockets.size;
    await outbound.request(`${origin}/endless`);
    await waitFor(() => sockets.size <= before);
  });

  it('to HEAD have no body and no size', async () => {
    expect(await outcomeOf(`${origin}/big`, { ...local({ bytesMax: 10 }), request: { method: 'HEAD' } })).toBe('');
  });

  it('from something that is no HTTP are refused, and quoted nowhere', async () => {
    const tcp = createTcpServer((socket) => socket.end('-ERR canary\r\n'));
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const outcome = await outcomeOf(`http://127.0.0.1:${String((tcp.address() as AddressInfo).port)}/`, local());
    tcp.close();
    expect(outcome).toMatchObject({ code: 'provider_failed' });
    expect((outcome as AppError).message).not.toContain('canary');
  });
});

describe('TLS', () => {
  it('asks for the name that was meant, not for the address it stands for, and believes no plain answer', async () => {
    let hello = '';
    const tcp = createTcpServer((socket) => {
      socket.once('data', (chunk: Buffer) => {
        hello = chunk.toString('latin1');
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain');
      });
    });
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const url = `https://name.example:${String((tcp.address() as AddressInfo).port)}/`;
    const outcome = await outcomeOf(url, local({ lookup: lookupOf(['127.0.0.1']) }));
    tcp.close();
    expect(outcome).toMatchObject({ code: 'provider_failed' });
    expect(hello).toContain('name.example');
    expect(hello).not.toContain('127.0.0.1');
  });
});

describe('requests', () => {
  it.each(['host', 'Connection', 'transfer-encoding', 'Content-Length', 'upgrade'])(
    'cannot choose the header %s',
    async (name) => {
      expect(await outcomeOf(`${origin}/hello`, { ...local(), request: { headers: { [name]: 'x' } } })).toMatchObject({
        code: 'validation_failed',
      });
    },
  );

  it('cannot split a header', async () => {
    const before = asked.length;
    expect(
      await outcomeOf(`${origin}/hello`, { ...local(), request: { headers: { 'x-a': 'b\r\nX-C: d' } } }),
    ).toMatchObject({ code: 'validation_failed' });
    expect(asked).toHaveLength(before);
  });

  it('share connections, a bounded number of them', async () => {
    await using outbound: Outbound = openOutbound(local({ connectionsPerOriginMax: 3 }));
    for (const socket of sockets) socket.destroy();
    await waitFor(() => sockets.size === 0);
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        await (await outbound.request(`${origin}/hello`)).bytes();
        most = Math.max(most, sockets.size);
      }),
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('to more origins than there may be at a time are told to wait', async () => {
    await using outbound = openOutbound(local({ originsMax: 1 }));
    const first = await outbound.request(`${origin}/endless`, { bytesMax: 1e9 });
    await expect(outbound.request(`http://127.0.0.2:${String(port)}/`)).rejects.toMatchObject({ code: 'unavailable' });
    first.body.destroy();
  });

  it('leave no connection open once it is disposed of', async () => {
    const outbound = openOutbound(local());
    for (const socket of sockets) socket.destroy();
    await (await outbound.request(`${origin}/hello`)).bytes();
    expect(sockets.size).toBe(1);
    await outbound[Symbol.asyncDispose]();
    await waitFor(() => sockets.size === 0);
  });
});
